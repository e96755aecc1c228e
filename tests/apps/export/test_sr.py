"""The report says the numbers that were measured, where they were measured, and no more."""

from __future__ import annotations

import io
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cardiac.apps.export import Evidence, ReportClass, ReportedIndices, Source, echo_report, save
from cardiac.apps.export.concepts import UNITS, core_code, other_code
from cardiac.apps.export.dicom_object import finish
from cardiac.apps.export.sr import decimal
from cardiac.clinical.catalogue import CATALOGUE, INDEX, NAMES
from cardiac.errors import GeometryError, MeasurementError
from tests.apps.export.conftest import STUDY_UID

VALUES = {name: 10.5 + number for number, name in enumerate(NAMES)}
BOUNDS = {"lv_ef_percent": (1.25, 99.5), "lv_edv_ml": (9.0, 12.0), "lv_fac_percent": (2.0, 60.0)}
FULL = ReportedIndices(
    VALUES,
    BOUNDS,
    view="A4C",
    level=0.8,
    n_beats=2,
    ed_frames=(0, 5),
    es_frames=(3,),
    certified=True,
    triage="review",
)
PRE, POST = "125301", "125302"


def reread(made: pydicom.Dataset) -> pydicom.Dataset:
    return pydicom.dcmread(io.BytesIO(finish(made)))


def report(results: ReportedIndices, cine: Source, provenance, **options) -> pydicom.Dataset:
    seen = Evidence(cine, results.ed_frames, results.es_frames)
    return reread(echo_report(results, seen, provenance, **options))


def items(parent: pydicom.Dataset, kind: str = "", name: str = "") -> list[pydicom.Dataset]:
    """Content items right below another, of a kind, or with a concept name."""
    return [
        item
        for item in parent.get("ContentSequence", [])
        if kind in ("", item.ValueType) and name in ("", item.ConceptNameCodeSequence[0].CodeValue)
    ]


def value(item: pydicom.Dataset) -> float:
    (measured,) = item.MeasuredValueSequence
    if "FloatingPointValue" in measured:
        return measured.FloatingPointValue
    return float(measured.NumericValue)


def unit(item: pydicom.Dataset) -> str:
    return item.MeasuredValueSequence[0].MeasurementUnitsCodeSequence[0].CodeValue


def numbers(made: pydicom.Dataset, section: str) -> dict[str, pydicom.Dataset]:
    found = items(made, "CONTAINER", section)
    return {item.ConceptNameCodeSequence[0].CodeValue: item for box in found for item in items(box)}


@pytest.mark.parametrize("view", ["A4C", "A2C", "A3C", "unknown", "biplane"])
@pytest.mark.parametrize("convention", ["ase", "camus-legacy"])
def test_every_number_is_there_with_its_unit(source, provenance, view, convention):
    made = report(replace(FULL, view=view, convention=convention), source, provenance)
    core, other = numbers(made, PRE), numbers(made, POST)
    for name, number in VALUES.items():
        index = INDEX[name]
        exact = core_code(index, view, convention)
        item = core[exact.value] if exact else other[other_code(index, view, convention).value]
        assert (value(item), unit(item)) == (number, UNITS[index.unit].value)
    assert len(core) + len(other) == len(VALUES) + sum(
        core_code(INDEX[name], view, convention) is not None for name in BOUNDS
    )


def test_numbers_of_one_view_have_the_guidelines_codes(source, provenance):
    core = numbers(report(FULL, source, provenance), PRE)
    assert value(core["79993-2"]) == VALUES["lv_ef_percent"]
    assert value(core["79999-9"]) == VALUES["lv_edv_ml"]
    biplane = numbers(report(replace(FULL, view="biplane"), source, provenance), PRE)
    assert value(biplane["79991-6"]) == VALUES["lv_ef_percent"]
    assert "79993-2" not in biplane


def test_codes_of_the_core_set_are_the_standards_own():
    from pydicom.sr.codedict import Collection

    core = Collection("CID12300")
    theirs = {getattr(core, key).value: getattr(core, key).meaning for key in core.dir()}
    for index in CATALOGUE:
        for value, meaning in index.core.values():
            assert theirs[value] == meaning


def test_public_codes_are_known_to_the_standard_under_the_same_meaning():
    from pydicom.sr._concepts_dict import concepts

    for index in CATALOGUE:
        if index.public is None:
            continue
        scheme, code, meaning = index.public
        known = [words[code][0] for words in concepts[scheme].values() if code in words]
        assert meaning in known


def test_volumes_of_another_convention_never_get_the_guidelines_codes(source, provenance):
    made = report(replace(FULL, convention="camus-legacy"), source, provenance)
    core, other = numbers(made, PRE), numbers(made, POST)
    assert not {"79993-2", "79999-9", "80004-5", "79986-6"} & set(core)
    meanings = [i.ConceptNameCodeSequence[0].CodeMeaning for i in other.values()]
    assert "LV ejection fraction, A4C (longest axis)" in meanings


def test_the_change_of_the_contour_is_never_filed_as_strain(source, provenance):
    made = report(FULL, source, provenance)
    told = {**numbers(made, PRE), **numbers(made, POST)}
    assert not {"130686", "130687", "130688", "130689"} & set(told)


def test_pre_coordinated_numbers_carry_only_what_their_template_allows(source, provenance):
    allowed = {"125309", "121404", "121401", "121112"}
    for item in numbers(report(FULL, source, provenance), PRE).values():
        names = {child.ConceptNameCodeSequence[0].CodeValue for child in items(item)}
        assert names <= allowed


@pytest.mark.parametrize("view", ["A4C", "unknown"])
def test_an_interval_comes_back_around_the_number(source, provenance, view):
    other = numbers(report(replace(FULL, view=view), source, provenance), POST)
    found = {}
    for item in other.values():
        below, above = (items(item, "NUM", code) for code in ("371885007", "371886008"))
        if below:
            label = items(item, "TEXT", "125309")[0].TextValue
            ends = value(item) - value(below[0]), value(item) + value(above[0])
            found[label] = (value(item), *ends)
            assert unit(below[0]) == unit(above[0]) == unit(item)
            assert "80% interval" in items(item, "TEXT", "121106")[0].TextValue
    expected = {INDEX[n].label: (VALUES[n], *ends) for n, ends in BOUNDS.items()}
    assert found == {key: pytest.approx(ends) for key, ends in expected.items()}


def test_a_bound_is_never_the_value_of_a_measurement(source, provenance):
    made = report(FULL, source, provenance)
    told = {value(i) for section in (PRE, POST) for i in numbers(made, section).values()}
    assert not told & {end for ends in BOUNDS.values() for end in ends}


def test_method_and_algorithm_are_told(source, provenance):
    item = numbers(report(replace(FULL, view="A3C"), source, provenance), POST)["18043-0"]
    methods = items(item, "CODE", "370129005")
    assert methods[0].ConceptCodeSequence[0].CodeValue == "125208"
    assert items(item, "TEXT", "111003")[0].TextValue == provenance.version
    assert "convention=ase" in items(item, "TEXT", "111002")[0].TextValue


def test_numbers_name_the_frames_of_their_phase(source, provenance):
    core = numbers(report(FULL, source, provenance), PRE)
    for code, frames in (("79999-9", [1, 6]), ("80004-5", 4), ("79993-2", [1, 4, 6])):
        (image,) = items(core[code], "IMAGE", "121112")
        (reference,) = image.ReferencedSOPSequence
        assert reference.ReferencedSOPInstanceUID == source.header.SOPInstanceUID
        assert reference.ReferencedFrameNumber == frames
        assert image.RelationshipType == "INFERRED FROM"


def test_two_views_are_both_named(cine, provenance):
    two = Source.read(cine("a2c.dcm", SOPInstanceUID="1.2.9", SeriesInstanceUID="1.2.8"))
    four = Source.read(cine())
    results = replace(FULL, view="biplane")
    made = reread(echo_report(results, (Evidence(four, (0,), (3,)), Evidence(two)), provenance))
    (study,) = made.CurrentRequestedProcedureEvidenceSequence
    named = {
        item.ReferencedSOPInstanceUID
        for series in study.ReferencedSeriesSequence
        for item in series.ReferencedSOPSequence
    }
    assert named == {four.header.SOPInstanceUID, "1.2.9"}
    other = Source.read(cine("x.dcm", StudyInstanceUID="1.2.77"))
    with pytest.raises(GeometryError, match="another study"):
        echo_report(results, (Evidence(four), Evidence(other)), provenance)


def test_highdicom_reads_the_same_numbers(tmp_path, source, provenance):
    hd = pytest.importorskip("highdicom")
    path = save(echo_report(FULL, Evidence(source, (0,), (3,)), provenance), tmp_path / "sr.dcm")
    made = hd.sr.srread(path)
    found = hd.sr.utils.find_content_items(
        made, value_type=hd.sr.ValueTypeValues.NUM, recursive=True
    )
    read = {item.name.value: (item.value, item.unit.value) for item in found}
    assert read["79993-2"] == (VALUES["lv_ef_percent"], "%")
    assert read["80004-5"] == (VALUES["lv_esv_ml"], "mL")
    assert made.content[0].name.value == "125200"


@given(number=st.floats(allow_nan=False, allow_infinity=False, width=64))
def test_decimal_text_is_short_and_near(number):
    text = decimal(number)
    assert len(text) <= 16
    assert float(text) == pytest.approx(number, rel=1e-8)


@settings(max_examples=12)
@given(number=st.floats(-1e6, 1e6))
def test_any_number_comes_back_exactly(tmp_path_factory, provenance, number):
    source = Source.read(_any_cine(tmp_path_factory))
    made = report(ReportedIndices({"lv_ef_percent": number}, view="A4C"), source, provenance)
    assert value(numbers(made, PRE)["79993-2"]) == number


def _any_cine(factory: pytest.TempPathFactory) -> Path:
    import numpy as np

    from tests.apps.export.conftest import write_dicom

    return write_dicom(factory.getbasetemp() / "any.dcm", np.zeros((2, 4, 4), np.uint8))


def test_without_any_number_there_is_no_report(source, provenance):
    with pytest.raises(MeasurementError, match="nothing to report"):
        echo_report(ReportedIndices({}), Evidence(source), provenance)


@pytest.mark.parametrize("frame", [-1, 8, 10**9])
def test_frames_beyond_the_cine_are_refused(source, provenance, frame):
    with pytest.raises(GeometryError, match="frames"):
        echo_report(FULL, Evidence(source, (frame,)), provenance)


def test_hostile_remarks_stay_text(source, provenance):
    told = '<script>alert("1")</script>\\..\\\x00\x1b[31m\nnext'
    item = numbers(report(replace(FULL, remarks=(told,)), source, provenance), POST)["18076-0"]
    text = items(item, "TEXT", "121106")[0].TextValue
    assert '<script>alert("1")</script>\\..\\' in text
    assert text.isprintable()


@pytest.mark.parametrize("anonymous", [False, True])
@pytest.mark.parametrize("view", ["A4C", "unknown", "biplane"])
def test_the_standard_is_kept(  # noqa: PLR0917
    tmp_path, conforms, source, provenance, view, anonymous
):
    results = replace(FULL, view=view, values={**VALUES, "lv_fac_percent": 100 / 3})
    made = echo_report(results, Evidence(source, (0,), (3,)), provenance, anonymous=anonymous)
    conforms(save(made, tmp_path / "sr.dcm"))


def test_the_class_made_for_this_template_has_the_same_content(tmp_path, source, provenance):
    one, other = (report(FULL, source, provenance, report_class=kind) for kind in ReportClass)
    assert other.SOPClassUID == "1.2.840.10008.5.1.4.1.1.88.72"
    assert one.ContentSequence == other.ContentSequence
    assert other.StudyInstanceUID == STUDY_UID
    assert other.TimezoneOffsetFromUTC


@pytest.mark.parametrize("kind", list(ReportClass))
def test_relations_are_those_that_each_class_allows(tmp_path, source, provenance, kind):
    if shutil.which("dsrdump") is None:
        pytest.skip("dsrdump is not installed (Debian package dcmtk)")
    made = echo_report(FULL, Evidence(source, (0,), (3,)), provenance, report_class=kind)
    path = save(made, tmp_path / "sr.dcm")
    done = subprocess.run(
        ["dsrdump", str(path)], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert not [line for line in done.stderr.splitlines() if line.startswith(("E:", "F:"))]
    assert "LVEF" in done.stdout
