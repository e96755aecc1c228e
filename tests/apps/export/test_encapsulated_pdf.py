"""The page holds every number that was measured, and no name unless it was asked for."""

from __future__ import annotations

import io
import re
import zlib
from dataclasses import replace

import pydicom
import pytest

from cardiac.apps.export import ExportOptions, Source, encapsulated_pdf, export_study, pdf_report
from cardiac.apps.export.dicom_object import finish
from tests.apps.export.test_sr import FULL


def texts(document: bytes) -> str:
    """What the page shows, letter by letter as matplotlib sets it."""
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", document, re.DOTALL)
    shown = []
    for stream in streams:
        try:
            content = zlib.decompress(stream)
        except zlib.error:
            continue
        for block in re.findall(rb"BT(.*?)ET", content, re.DOTALL):
            parts = re.findall(rb"\(((?:\\.|[^\\)])*)\)", block)
            shown.append(re.sub(rb"\\(.)", rb"\1", b"".join(parts)).decode("latin-1"))
    return "\n".join(shown)


def test_the_same_results_give_the_same_page(provenance):
    one, two = (pdf_report("a4c", FULL, provenance) for _ in range(2))
    assert one == two
    assert one.startswith(b"%PDF-")


def test_numbers_stand_with_unit_and_interval_and_missing_ones_with_their_reason(provenance):
    lacking = {name: value for name, value in FULL.values.items() if name != "lv_esv_ml"}
    told = replace(FULL, values=lacking, reasons={"lv_esv_ml": "no end-systole in the clip"})
    page = texts(pdf_report("a4c", told, provenance))
    edv = FULL.values["lv_edv_ml"]
    assert f"{edv:.0f} mL" in page
    assert "9 to 12" in page
    assert "80%" in page
    assert "no end-systole in the clip" in page
    assert "not for clinical use" in page
    assert "review" in page


def test_many_remarks_do_not_leave_the_page_without_a_word(provenance):
    page = texts(pdf_report("a4c", replace(FULL, remarks=("a remark",) * 90), provenance))
    assert "more in the structured report" in page
    assert provenance.version in page


@pytest.mark.parametrize("keep_phi", [False, True])
def test_the_page_names_the_patient_only_where_asked(tmp_path, study, keep_phi):
    options = ExportOptions(False, False, False, fhir=False, labels=False, keep_phi=keep_phi)
    (path,) = export_study(study, tmp_path / "out", options=options)
    stored = pydicom.dcmread(path)
    page = texts(stored.EncapsulatedDocument[: stored.EncapsulatedDocumentLength])
    assert ("Doe" in page) == ("P-17" in page) == keep_phi


@pytest.mark.parametrize("anonymous", [False, True])
def test_the_standard_is_kept(tmp_path, conforms, cine, provenance, anonymous):
    source = Source.read(cine())
    document = pdf_report("a4c", FULL, provenance)
    data = finish(encapsulated_pdf(document, [source], provenance, anonymous=anonymous))
    path = tmp_path / "report.dcm"
    path.write_bytes(data)
    conforms(path)
    made = pydicom.dcmread(io.BytesIO(data))
    assert made.EncapsulatedDocument[: made.EncapsulatedDocumentLength] == document
    assert made.StudyInstanceUID == source.header.StudyInstanceUID
    assert (b"Doe" in data) != anonymous
