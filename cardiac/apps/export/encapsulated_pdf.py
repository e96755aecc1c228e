"""The report of a sequence or a patient on one page: PDF, and DICOM Encapsulated PDF (A.45.1)."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.backends.backend_pdf import FigureCanvasPdf
from matplotlib.figure import Figure
from matplotlib.image import imread
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pydicom.uid import EncapsulatedPDFStorage

from cardiac.apps.export.dicom_object import code_item, new_object, referenced_image
from cardiac.apps.export.provenance import NAME, PURPOSE, Provenance
from cardiac.apps.export.reported import ReportedIndices
from cardiac.apps.export.source import Source, valid_value
from cardiac.clinical.catalogue import CATALOGUE

_SERIES = 9006
_A4 = (8.27, 11.69)
"""Inches."""
_INK, _PALE, _WARNING = "#222222", "#666666", "#b00020"
_SMALL, _LEADING = 8.5, 1.5
"""Points, and height of a line by the size of its letters."""
_TOP, _BOTTOM, _GAP, _PICTURE = 0.955, 0.045, 0.008, 0.36
"""Parts of the page's height."""
_COLUMNS = (0.08, 0.5, 0.66)
_WIDE = 98
"""Letters a line holds."""


def pdf_report(
    title: str,
    reported: ReportedIndices,
    provenance: Provenance,
    *,
    patient: str = "",
    picture: Path | None = None,
) -> bytes:
    """The indices with their intervals, triage, warnings and picture on one A4 page.

    The same results give the same bytes.

    Args:
        title: What the case is called.
        reported: The indices.
        provenance: What measured them.
        patient: Name or number of the patient to print; "" for none.
        picture: PNG to show, such as ED and ES with outlines.
    """
    figure = Figure(figsize=_A4)
    canvas = FigureCanvasPdf(figure)
    place = _TOP

    def write(text: str, size: float = _SMALL, color: str = _INK, **style: Any) -> None:
        nonlocal place
        figure.text(_COLUMNS[0], place, text, fontsize=size, color=color, va="top", **style)
        place -= size * _LEADING / (72 * _A4[1])

    write(f"Echocardiography measurements: {title}", 14)
    write(" · ".join(filter(None, [patient, f"view {reported.view}", _beats(reported)])))
    write(f"{PURPOSE}. Nobody has confirmed these numbers.", color=_WARNING)
    write(reported.verdict, weight="bold")
    if picture is not None:
        axes = figure.add_axes((0.06, place - _PICTURE, 0.88, _PICTURE - 0.01))
        axes.imshow(imread(picture), interpolation="antialiased")
        axes.set_axis_off()
        place -= _PICTURE
    place -= _GAP
    for name, value, interval in _rows(reported):
        for x, text in zip(_COLUMNS[1:], (value, interval), strict=True):
            figure.text(x, place, text, fontsize=_SMALL, color=_INK, va="top")
        write(name)
    place -= _GAP
    for line in _remarks(reported):
        if place < _BOTTOM + 4 * _GAP:
            write("… and more in the structured report", color=_PALE)
            break
        write(line, color=_PALE)
    place = _BOTTOM
    write(f"{NAME} {provenance.version}; {provenance.parameters}"[:_WIDE], color=_PALE)
    buffer = io.BytesIO()
    canvas.print_figure(
        buffer,
        format="pdf",
        metadata={
            "Title": f"Echocardiography measurements: {title}",
            "Creator": f"{NAME} {provenance.version}",
            "Producer": "matplotlib",
            "Subject": PURPOSE,
            "CreationDate": provenance.made,
        },
    )
    return buffer.getvalue()


def encapsulated_pdf(
    document: bytes,
    sources: Sequence[Source],
    provenance: Provenance,
    *,
    anonymous: bool = False,
) -> Dataset:
    """A PDF as a DICOM object in the study of its cines.

    Args:
        document: The PDF.
        sources: The cines it is about; the first lends patient and study.
        provenance: What made it.
        anonymous: Copy nothing that names the patient (see `new_object`).
    """
    made = new_object(EncapsulatedPDFStorage, sources[0], provenance, anonymous=anonymous)
    made.Modality = "DOC"
    made.SeriesNumber = _SERIES
    made.SeriesDescription = "Cardiac measurements, research use only"
    made.ConversionType = "WSD"
    made.AcquisitionDateTime = ""
    # The page shows the picture of the sector, in which text may stand that names the patient.
    clean = all(valid_value(s.header, "BurnedInAnnotation") == "NO" for s in sources)
    made.BurnedInAnnotation = "NO" if clean else "YES"
    made.SourceInstanceSequence = [referenced_image(source) for source in sources]
    made.DocumentTitle = "Echocardiography measurements"
    made.ConceptNameCodeSequence = [code_item(codes.DCM.AdultEchocardiographyProcedureReport)]
    made.MIMETypeOfEncapsulatedDocument = "application/pdf"
    made.EncapsulatedDocument = document + b"\0" * (len(document) % 2)
    made.EncapsulatedDocumentLength = len(document)
    return made


def _beats(reported: ReportedIndices) -> str:
    beats = f"{reported.n_beats} beat{'s' * (reported.n_beats != 1)}"
    return f"20 discs, convention {reported.convention}, {beats}"


def _rows(reported: ReportedIndices) -> list[tuple[str, str, str]]:
    """Title, value with unit, and interval of every index that could be measured."""
    rows = []
    for index in CATALOGUE:
        if index.name not in reported.values:
            continue
        value = f"{reported.values[index.name]:.{index.digits}f} {index.unit}"
        interval = ""
        if index.name in reported.bounds:
            low, high = (f"{bound:.{index.digits}f}" for bound in reported.bounds[index.name])
            interval = f"{low} to {high} ({reported.level:.0%})"
        rows.append((index.title, value, interval))
    return rows


def _missing(reported: ReportedIndices) -> list[str]:
    """Indices that could not be measured, by reason."""
    grouped: dict[str, list[str]] = {}
    for index in CATALOGUE:
        if index.name in reported.reasons:
            grouped.setdefault(reported.reasons[index.name], []).append(index.title)
    return [f"Not measured, {why}: {', '.join(names)}." for why, names in grouped.items()]


def _remarks(reported: ReportedIndices) -> list[str]:
    told = [
        *reported.remarks,
        *_missing(reported),
    ]
    return [line for text in told if text for line in textwrap.wrap(text, _WIDE)]
