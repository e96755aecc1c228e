"""A patient seen in two views has one row with intervals, and it survives a broken-off run."""

from __future__ import annotations

import csv

from cardiac.uncertainty.intervals import BIPLANE_INDICES
from tests.apps.batch.conftest import QUICK

ASSESSED = QUICK.model_copy(update={"assess": True})


def rows_of(out) -> dict[str, dict[str, str]]:
    with (out / "indices.csv").open(newline="") as file:
        return {row["id"]: row for row in csv.DictReader(file)}


def test_biplane_indices_have_intervals_also_when_the_run_is_taken_up_again(cines, tmp_path, run):
    manifest = tmp_path / "list.csv"
    manifest.write_text(
        "path,id,patient,view,spacing_row_mm,spacing_col_mm\n"
        "in/c0.nii.gz,a,P1,A4C,1.6,1.6\nin/c1.nii.gz,b,P1,A2C,1.6,1.6\n"
    )
    out = tmp_path / "out"
    run(manifest, out, ASSESSED)
    first = rows_of(out)["P1"]
    for name in BIPLANE_INDICES:
        if first[name]:
            low, value, high = (float(first[key]) for key in (f"{name}_low", name, f"{name}_high"))
            assert low <= value <= high
            assert low < high
    assert first["lv_ef_percent_low"]
    run(manifest, out, ASSESSED)
    assert rows_of(out)["P1"] == first
