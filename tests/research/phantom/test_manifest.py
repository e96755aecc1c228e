"""Manifests are read strictly, and the ones that ship keep tuning and reporting apart."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from cardiac.errors import SettingsError, UnreadableFileError
from cardiac.research.phantom import CineSpec, iterate, make_cine, read_manifest, write_manifest
from cardiac.research.phantom.plan import quick_plan, real_plan, synthetic_plan

MANIFESTS = Path(__file__).parents[3] / "data_manifests"
SPEC = CineSpec("one", "synthetic", "", "", "A4C", 3, 6, 50.0, "blur:1+gain:2")


def splits() -> dict[str, str]:
    with (MANIFESTS / "camus.csv").open(newline="") as file:
        return {row["patient"]: row["split"] for row in csv.DictReader(file)}


@pytest.mark.parametrize(
    ("name", "split"), [("valid", "valid"), ("train", "train"), ("quick", "valid")]
)
def test_benchmarks_keep_to_their_split(name: str, split: str) -> None:
    known = splits()
    specs = read_manifest(MANIFESTS / f"benchmark_{name}.csv")
    assert {spec.split for spec in specs} == {split}
    assert {known[spec.patient] for spec in specs} == {split}


def test_shipped_manifests_follow_their_plan() -> None:
    known = splits()
    valid = [p for p, split in known.items() if split == "valid"]
    train = [p for p, split in known.items() if split == "train"]
    plans = {
        "valid": real_plan(valid, "valid", 3, 20000),
        "train": real_plan(train[::10], "train", 1, 10000),
        "quick": quick_plan(valid[::4], 30000),
        "synthetic": synthetic_plan(),
    }
    for name, plan in plans.items():
        assert read_manifest(MANIFESTS / f"benchmark_{name}.csv") == tuple(plan)


def test_seeds_of_tuning_and_reporting_differ() -> None:
    seeds = [
        {spec.seed for spec in read_manifest(MANIFESTS / f"benchmark_{name}.csv")}
        for name in ("train", "valid", "quick")
    ]
    assert not seeds[0] & seeds[1]
    assert not seeds[1] & seeds[2]


def test_a_manifest_survives_writing(tmp_path: Path) -> None:
    write_manifest(tmp_path / "m.csv", [SPEC])
    assert read_manifest(tmp_path / "m.csv") == (SPEC,)


def test_a_spec_makes_the_cine_it_describes() -> None:
    cine = make_cine(SPEC)
    assert cine.name == "one"
    assert cine.corruptions == ("blur:1", "gain:2")
    assert len(cine) == 6
    assert np.array_equal(cine.frames, make_cine(SPEC).frames)


def test_cines_are_made_when_their_turn_comes(tmp_path: Path) -> None:
    lazy = iterate(
        [SPEC, CineSpec("two", "real", "patient9999", "valid", "A4C", 1)], None, tmp_path
    )
    assert next(lazy)[0] is SPEC
    with pytest.raises(SettingsError, match="folder"):
        next(lazy)


def test_a_real_cine_comes_from_its_patient(data: Path) -> None:
    spec = CineSpec("r", "real", "patient0001", "train", "A4C", 1, 4, 50.0, "speckle:1")
    cine = make_cine(spec, data / "camus")
    assert cine.frames.shape == (4, 256, 256)
    with pytest.raises(UnreadableFileError):
        make_cine(CineSpec("r", "real", "patient9999", "train", "A4C", 1), data / "camus")


HEADER = "id,kind,patient,split,view,seed,n_frames,frame_rate,corruptions,mask_corruptions\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no rows"),
        ("id,kind\na,real\n", "no column"),
        (HEADER + "a,synthetic,,,A4C,x,9,50,,\n", "line 2"),
        (HEADER + "a,synthetic,,,A4C,1,9,50,fog:1,\n", "line 2.*fog"),
        (HEADER + "a,synthetic,,,PLAX,1,9,50,,\n", "PLAX"),
        (HEADER + "a,real,,valid,A4C,1,9,50,,\n", "patient"),
        (HEADER + "a,synthetic,,,A4C,1\n", "line 2"),
        (HEADER + 2 * "a,synthetic,,,A4C,1,9,50,,\n", "twice"),
    ],
)
def test_a_wrong_manifest_is_refused_with_the_reason(
    tmp_path: Path, text: str, message: str
) -> None:
    (tmp_path / "m.csv").write_text(text)
    with pytest.raises(SettingsError, match=message):
        read_manifest(tmp_path / "m.csv")


def test_a_missing_manifest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError):
        read_manifest(tmp_path / "none.csv")
