"""An evaluation looks at every case with every method, and its tables say what it saw."""

import json

import numpy as np
import pytest

from cardiac.clinical import measure_indices
from cardiac.research.evaluation.uncertainty import EvaluationCase, all_rows
from cardiac.research.evaluation.uncertainty_report import (
    EvaluationRecord,
    draw_plots,
    interval_summary,
    markdown,
    method_rows,
)
from cardiac.uncertainty import MethodName

METHODS = (MethodName.FUSED, MethodName.ENTROPY, MethodName.EDGE)


@pytest.fixture(scope="module")
def record(estimators, segmenter):
    from cardiac.research.phantom import synthetic_cine

    cines = [synthetic_cine(n_frames=12, seed=seed, frame_rate=12) for seed in (1, 2)]
    cases = [
        EvaluationCase(
            str(c.seed), "cines", str(c.seed), c.sequence, c.masks, true_indices(c),
             {"lv_ef_percent": c.ef_percent, "lv_edv_ml": float(c.volumes_ml.max())})
        for c in cines
    ]  # fmt: skip

    def segment(sequence):
        found = segmenter.segment(sequence)
        return found, found.masks

    chosen = {str(m): estimators[m] for m in METHODS}
    rows = [row for case in cases for row in all_rows([case], segment, chosen, stride=4)]
    return EvaluationRecord.of(json.loads(json.dumps(rows)))


def true_indices(c):
    return measure_indices(c.masks, c.spacing, ed_frames=c.ed_frames, es_frames=c.es_frames)


def test_two_views_of_a_patient_give_a_biplane_row_as_well(estimators, segmenter):
    from cardiac.research.phantom import synthetic_cine

    cines = [synthetic_cine(n_frames=8, seed=seed, frame_rate=10) for seed in (1, 2)]
    views = [
        EvaluationCase("p", f"stills {n}", "p", c.sequence, c.masks, true_indices(c), {})
        for n, c in enumerate(cines)
    ]

    def segment(sequence):
        found = segmenter.segment(sequence)
        return found, found.masks

    rows = all_rows(views, segment, {"fused": estimators[MethodName.FUSED]})
    both = [row for row in rows if row["group"] == "stills biplane"]
    assert len(both) == 1
    found = {row["index"]: row for row in both[0]["intervals"]}
    assert set(found) == {"lv_ef_percent", "lv_edv_ml", "lv_esv_ml"}
    assert all(row["low"] < row["estimate"] < row["high"] for row in found.values())


def test_every_method_judges_the_same_frames(record):
    rows = method_rows(record)
    assert [row["method"] for row in rows] == [str(m) for m in METHODS]
    assert len({row["frames"] for row in rows}) == 1
    assert all(row["cases"] == 2 for row in rows)
    assert all(0 <= row["ece"] <= 1 and 0 <= row["mutual_information"] <= 1 for row in rows)
    dice = [found.dice for found in record.methods.values()]
    np.testing.assert_array_equal(dice[0], dice[1])


def test_every_true_value_has_its_interval_or_counts_as_missing(record):
    rows = interval_summary(record)
    assert {row["index"] for row in rows} == {"lv_ef_percent", "lv_edv_ml"}
    assert all(row["n"] + row["missing"] == 2 for row in rows)
    assert all(row["width"] is None or row["width"] > 0 for row in rows)


def test_tables_and_plots_can_be_written(record, tmp_path):
    text = markdown(method_rows(record))
    assert len(text.splitlines()) == 2 + len(METHODS)
    assert all(path.stat().st_size > 1000 for path in draw_plots(record, tmp_path))
    assert markdown([]) == "no rows\n"
