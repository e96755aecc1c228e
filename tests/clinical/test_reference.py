"""A grade names its table, and societies may differ."""

from __future__ import annotations

from pathlib import Path

import pytest

from cardiac.clinical import grade_ef, reference_range
from cardiac.errors import SettingsError


@pytest.mark.parametrize(
    ("ef", "sex", "table", "grade"),
    [
        (60, "M", "ase-eacvi-2015", "normal"),
        (53, "M", "ase-eacvi-2015", "normal"),
        (53, "F", "ase-eacvi-2015", "mildly abnormal"),
        (35, "F", "ase-eacvi-2015", "moderately abnormal"),
        (29.4, "M", "ase-eacvi-2015", "severely abnormal"),
        (53, "M", "bse-2020", "borderline low"),
        (35, None, "bse-2020", "severely impaired"),
        (40, None, "heart-failure-2021", "reduced"),
        (49.4, None, "heart-failure-2021", "mildly reduced"),
        (49.6, None, "heart-failure-2021", "preserved"),
    ],
)
def test_grades_are_those_of_the_table(ef: float, sex: str | None, table: str, grade: str) -> None:
    found = grade_ef(ef, sex, table)
    assert found.grade == grade
    assert found.table
    assert found.reason == ""


def test_an_unknown_sex_matters_only_where_the_grades_differ() -> None:
    assert grade_ef(60).grade == "normal"
    unknown = grade_ef(53)
    assert unknown.grade is None
    assert "sex" in unknown.reason


def test_a_missing_number_has_no_grade() -> None:
    for value in (None, float("nan")):
        found = grade_ef(value, "M")
        assert found.grade is None
        assert "missing" in found.reason


def test_ranges_by_sex() -> None:
    assert reference_range("lv_edv_index_ml_m2", "F") == (29, 61)
    assert reference_range("lv_edv_index_ml_m2") is None
    assert reference_range("la_volume_index_ml_m2") == (16, 34)
    assert reference_range("heart_rate_bpm") is None


def test_a_table_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text("ours:\n  title: Ours\n  ef_grades: {any: [[50, fine], [0, poor]]}\n")
    assert grade_ef(49, table="ours", path=path) == ("poor", "Ours", "")
    with pytest.raises(SettingsError, match="no reference table"):
        grade_ef(49, table="theirs", path=path)
    path.write_text("- a\n- b\n")
    with pytest.raises(SettingsError):
        grade_ef(49, table="x", path=tmp_path / "absent.yaml")
