"""Rows of the tables: a patient's row knows its views; reasons come back as they were."""

from __future__ import annotations

import numpy as np
import pytest

from cardiac.clinical import Indices, measure_indices
from cardiac.reasons import Reason
from cardiac.results.rows import patient_rows, read_reasons, reasons_cell
from cardiac.sequence import View
from cardiac.states import Triage
from tests.shapes import Apical, beating

HEART = Apical()


def indices_of(view: View, **changes: float) -> Indices:
    masks = beating(20, 1.0, HEART.with_(**changes))
    return measure_indices(masks, HEART.spacing, np.arange(20) / 25, view)


def rows_of(four: str, two: str, **changes: float):
    views = ((View.A4C, four, {}), (View.A2C, two, changes))
    return patient_rows(
        (
            {"id": str(view), "patient": "p", "view": view, "triage": triage, "certified": True},
            indices_of(view, **changed),
            None,
        )
        for view, triage, changed in views
    )


@pytest.mark.parametrize(
    ("four", "two", "worse"),
    [
        ("accept", "accept", Triage.ACCEPT),
        ("accept", "review", Triage.REVIEW),
        ("review", "reject", Triage.REJECT),
        ("reject", "accept", Triage.REJECT),
    ],
)
def test_a_patient_is_as_doubtful_as_the_worse_view(four: str, two: str, worse: Triage):
    (row,) = rows_of(four, two)
    assert row["triage"] == worse
    assert (row["triage_reasons"] == "") == (worse == Triage.ACCEPT)
    assert row["certified"] is True


def test_no_biplane_number_comes_from_a_view_that_is_rejected():
    (row,) = rows_of("accept", "reject")
    assert row["lv_ef_percent"] is None
    assert row["lv_edv_ml"] is None
    told = dict(read_reasons(row["reasons"]))
    assert told["lv_ef_percent"].code == "view_rejected"
    assert "A2C" in told["lv_ef_percent"].text


def test_views_that_do_not_agree_are_told_and_looked_at():
    (same,) = rows_of("accept", "accept")
    assert same["warnings"] == ""
    (other,) = rows_of("accept", "accept", half_width=HEART.half_width * 0.5)
    assert other["triage"] == Triage.REVIEW
    assert "EDV of the two views do not agree" in other["warnings"]


def test_a_patient_without_triage_has_none():
    (row,) = rows_of("", "")
    assert row["triage"] is None


def test_reasons_in_a_cell_come_back_as_they_were():
    shared = Reason("not_calibrated", "the pixel size is not known; see: notes, or ask")
    reasons = [
        ("lv_edv_ml", shared),
        ("lv_esv_ml", shared),
        ("certificate", Reason("gap_lv_myo", "gap", (1, 5, 6))),
    ]
    assert sorted(read_reasons(reasons_cell(reasons)), key=str) == sorted(reasons, key=str)
    for cell in ("", None, "not JSON", '{"a": 1}', "[1]"):
        assert read_reasons(cell) == []
