"""Whatever a header holds: what is written is valid, and nobody is mistaken for somebody else."""

from __future__ import annotations

import io
import warnings

import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardiac.apps.export import Source, mask_segmentation, save
from cardiac.apps.export.dicom_object import finish, hashed_uid
from cardiac.apps.export.source import PATIENT, STUDY, valid_uid, valid_value
from cardiac.errors import CardiacError, UnreadableFileError, UnsupportedImageError
from tests.apps.export.conftest import write_dicom


def reread(made: pydicom.Dataset) -> pydicom.Dataset:
    return pydicom.dcmread(io.BytesIO(finish(made)))


HOSTILE = {
    "PatientID": ["x" * 65, "a\\b", "a\nb", "tab\there"],
    "PatientName": ["x" * 65, "A^B^C^D^E^F", "line\nbreak"],
    "PatientBirthDate": ["1950-01-02", "19501399", "unknown"],
    "PatientSex": ["X", "female", "m"],
    "PatientAge": ["74", "074Z", "old"],
    "PatientSize": ["1" * 17],
    "StudyDate": ["yesterday", "20240230x", "2024"],
    "StudyTime": ["25:00", "999999", "noon"],
    "StudyID": ["x" * 17],
    "AccessionNumber": ["x" * 17],
    "StudyDescription": ["x" * 65],
}


@pytest.mark.parametrize("keyword", HOSTILE)
def test_malformed_values_are_left_out_and_told(tmp_path, conforms, cine, masks, keyword):
    made = None
    for value in HOSTILE[keyword]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            source = Source.read(cine(**{keyword: value}))
            assert source.left_out == (keyword,)
        made = mask_segmentation(masks, source, _provenance())
        assert made.get(keyword) in ("", None)
    conforms(save(made, tmp_path / "seg.dcm"))


def _provenance():
    from cardiac.apps.export import Provenance

    return Provenance("0.1.0")


def test_a_number_that_is_none_is_left_out(tmp_path, conforms, cine, masks):
    path = cine(PatientSize="1.78")
    path.write_bytes(path.read_bytes().replace(b"1.78", b"tall"))
    source = Source.read(path)
    assert source.left_out == ("PatientSize",)
    conforms(save(mask_segmentation(masks, source, _provenance()), tmp_path / "seg.dcm"))


@pytest.mark.parametrize("drop", [True, False])
def test_absent_and_empty_values_are_no_hindrance(tmp_path, conforms, cine, masks, drop):
    tags = dict.fromkeys((*PATIENT, *STUDY), None if drop else "")
    source = Source.read(cine(**tags))
    assert source.left_out == ()
    made = mask_segmentation(masks, source, _provenance())
    assert all(keyword in made for keyword in (*PATIENT, *STUDY))
    conforms(save(made, tmp_path / "seg.dcm"))


@pytest.mark.parametrize(
    ("charset", "name"),
    [
        ("ISO_IR 100", "Müller^Jörg"),
        ("ISO_IR 144", "Люкceмбypг"),
        (["", "ISO 2022 IR 87"], "Yamada^Tarou=山田^太郎=やまだ^たろう"),
        ("ISO_IR 192", "Wang^XiaoDong=王^小东="),
        ("ISO_IR 192", "<b>Bobby</b>^'; DROP TABLE--"),
    ],
)
def test_names_of_all_scripts_come_through(cine, masks, charset, name):
    source = Source.read(cine(SpecificCharacterSet=charset, PatientName=name))
    made = reread(mask_segmentation(masks, source, _provenance()))
    assert str(made.PatientName).rstrip("=") == name.rstrip("=")


@given(text=st.text(max_size=80))
def test_any_text_is_copied_whole_or_not_at_all(tmp_path, text):
    from pydicom.dataset import Dataset

    header = Dataset()
    header.SpecificCharacterSet = "ISO_IR 192"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            header.PatientID = text
        except Exception:
            return
        kept = valid_value(header, "PatientID")
    assert kept is None or (kept == text.strip() and len(kept) <= 64)
    assert kept is None or not {"\n", "\r", "\t", "\x1b", "\\", "\x85", "\u2028"} & set(kept)


@pytest.mark.parametrize(
    "keyword", ["SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID"]
)
@pytest.mark.parametrize("value", ["", "1..2", "1.2.x", "1." * 40 + "1", "../../etc"])
def test_nothing_refers_to_what_has_no_valid_identifier(cine, keyword, value):
    path = cine()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        header = pydicom.dcmread(path)
        setattr(header, keyword, value)
        header.save_as(path)
        with pytest.raises(UnsupportedImageError, match=keyword):
            Source.read(path)


@pytest.mark.parametrize("keyword", ["SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID"])
def test_identifiers_with_leading_zeros_are_kept_as_they_are_and_told(
    cine, masks, recwarn, keyword
):
    """Archives hold such studies, and any other spelling would name another one."""
    path, irregular = cine(), "1.2.840.113619.2.001.5"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        header = pydicom.dcmread(path)
        setattr(header, keyword, irregular)
        header.save_as(path)
    source = Source.read(path)
    assert source.irregular_uids == (keyword,)
    recwarn.clear()
    data = finish(mask_segmentation(masks, source, _provenance()))
    assert irregular.encode() in data
    assert not [told for told in recwarn if "UI" in str(told.message)]
    assert Source.read(cine("regular.dcm")).irregular_uids == ()


def test_other_formats_are_refused_with_the_reason(tmp_path):
    for name in ("a.nii.gz", "b.avi", "c.png"):
        (tmp_path / name).write_bytes(b"x" * 200)
        with pytest.raises(UnsupportedImageError, match=r"must name the frames.*FHIR"):
            Source.read(tmp_path / name)
    with pytest.raises(UnsupportedImageError, match="folder"):
        Source.read(tmp_path)
    with pytest.raises(UnreadableFileError):
        Source.read(tmp_path / "missing.dcm")


@given(data=st.binary(min_size=1, max_size=300))
def test_rubbish_is_refused_and_never_crashes(tmp_path, data):
    path = tmp_path / "rubbish.dcm"
    for start in (b"", b"\0" * 128 + b"DICM"):
        path.write_bytes(start + data)
        with pytest.raises(CardiacError):
            Source.read(path)


def test_a_damaged_identifier_is_refused(cine):
    path = cine()
    data = path.read_bytes()
    assert data.count(b"\x20\x00\x0d\x00UI") == 1
    path.write_bytes(data.replace(b"\x20\x00\x0d\x00UI", b"\x20\x00\x0d\x00U\xfb"))
    with pytest.raises(CardiacError):
        Source.read(path)


def test_a_report_without_an_image_is_refused(cine):
    with pytest.raises(UnsupportedImageError, match="no DICOM image"):
        Source.read(cine(Rows=None, Columns=None, PixelData=None))


def test_the_clock_of_the_study_is_kept(cine, masks):
    source = Source.read(cine(TimezoneOffsetFromUTC="-0530"))
    from datetime import UTC, datetime

    from cardiac.apps.export import Provenance

    provenance = Provenance("0.1.0", made=datetime(2026, 3, 1, 2, 0, tzinfo=UTC))
    made = reread(mask_segmentation(masks, source, provenance))
    assert (made.ContentDate, made.ContentTime[:4]) == ("20260228", "2030")
    assert made.TimezoneOffsetFromUTC == "-0530"
    broken = Source.read(cine("b.dcm", TimezoneOffsetFromUTC="+9999"))
    assert len(reread(mask_segmentation(masks, broken, provenance)).TimezoneOffsetFromUTC) == 5


@given(parts=st.lists(st.text(), max_size=4))
def test_made_identifiers_are_valid_and_the_same_for_the_same(parts):
    name = hashed_uid(*parts)
    assert valid_uid(name) == name == hashed_uid(*parts)


def test_identifiers_are_told_from_what_is_none():
    assert valid_uid("1.2.840.10008") == "1.2.840.10008"
    assert valid_uid("1.2.0") == "1.2.0"
    for bad in (None, "", "1", "1..2", "1.2.", "a.b", "1.2 .3", "1." + "2" * 64):
        assert valid_uid(bad) is None


def test_frames_are_counted_even_without_their_number(tmp_path, masks):
    path = write_dicom(tmp_path / "one.dcm", masks[:1], NumberOfFrames=None)
    assert Source.read(path).shape == masks[:1].shape
    broken = write_dicom(tmp_path / "two.dcm", masks[:1])
    header = pydicom.dcmread(broken)
    header.NumberOfFrames = 0
    header.save_as(broken)
    assert Source.read(broken).shape == masks[:1].shape
