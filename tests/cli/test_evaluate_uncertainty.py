"""The evaluation writes its tables, and computes nothing twice."""

from __future__ import annotations

import json

import pytest

from cardiac.cli.evaluate_uncertainty import evaluate_uncertainty
from cardiac.research.evaluation.uncertainty_cases import CLEAN, CORRUPTED, STILLS, plans, spread
from cardiac.uncertainty import MethodName

LIST = """id,kind,patient,split,view,seed,n_frames,frame_rate,corruptions,mask_corruptions
clean,synthetic,,,A4C,1,6,10,,
dark,synthetic,,,A4C,2,6,10,gain:3,
torn,synthetic,,,A4C,3,6,10,,bite:1
"""


@pytest.fixture
def cines(tmp_path):
    path = tmp_path / "cines.csv"
    path.write_text(LIST)
    return path


def test_a_run_is_taken_up_again_and_another_method_comes_to_it(cines, tmp_path, monkeypatch):
    monkeypatch.delenv("CARDIAC_DATA", raising=False)
    out, ledger = tmp_path / "out", tmp_path / "out" / "ledger.jsonl"
    told = {"cines": cines, "cache": tmp_path / "cache", "out": out}
    assert evaluate_uncertainty(methods=[MethodName.EDGE], **told) == 0
    first = ledger.read_text()
    assert len(first.splitlines()) == 2 * 3
    assert evaluate_uncertainty(methods=[MethodName.EDGE, MethodName.ENTROPY], **told) == 0
    assert ledger.read_text().startswith(first)
    assert len(ledger.read_text().splitlines()) == 2 * 4
    result = json.loads((out / "uncertainty.json").read_text())
    assert {row["method"] for row in result["methods"]} == {"fused", "edge", "entropy"}
    assert {row["group"] for row in result["methods"]} == {CORRUPTED, CLEAN}
    assert all(row["low"] <= row["value"] <= row["high"] for row in result["rows"] if row["low"])
    kinds = {row["kind"]: row for row in result["out_of_distribution"]}
    assert kinds["noise"]["out_of_distribution"] == kinds["noise"]["n"]
    assert (out / "uncertainty_clean_cines.png").exists()
    assert "| fused |" in (out / "uncertainty.md").read_text()


def test_stills_of_a_split_are_cases_of_their_own(data, cines, tmp_path):
    found = plans(data / "camus", "valid", data / "camus" / "patients.csv", cines=cines, cache=None,
                  limit=2)  # fmt: skip
    assert len(found) == 2 + 1 + 1
    cases = found[0].make()
    assert [case.group for case in cases] == list(STILLS.values())
    for case in cases:
        assert len(case.sequence) == 2 == len(case.truth)
        assert 0 < case.true_values["lv_ef_percent"] < 100


def test_a_limit_spreads_over_the_list():
    assert spread(range(10), 3) == [0, 4, 9]
    assert spread(range(3), 8) == spread(range(3), None) == [0, 1, 2]
