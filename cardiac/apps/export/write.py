"""All that one sequence, or a patient with two views, gives to other tools, in one call."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cardiac.apps.export.dicom_object import save
from cardiac.apps.export.encapsulated_pdf import encapsulated_pdf, pdf_report
from cardiac.apps.export.fhir import fhir_bundle, save_bundle
from cardiac.apps.export.labels import write_labels
from cardiac.apps.export.provenance import Provenance
from cardiac.apps.export.reported import ReportedIndices
from cardiac.apps.export.secondary_capture import outline_capture
from cardiac.apps.export.seg import SegmentationType, mask_segmentation, uncertainty_segmentation
from cardiac.apps.export.source import Source, valid_value
from cardiac.apps.export.sr import Evidence, ReportClass, echo_report
from cardiac.errors import GeometryError, UnsupportedImageError
from cardiac.geometry import Mask
from cardiac.report import draw_picture
from cardiac.sequence import EchoSequence
from cardiac.types import FloatArray

if TYPE_CHECKING:
    from cardiac.study import Study


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """What to write, and how.

    Attributes:
        seg: Masks and uncertainty as DICOM Segmentations.
        capture: The cine with outlines, and with the uncertainty, as DICOM Secondary Captures.
        sr: Indices as a DICOM structured report.
        pdf: The report of a page as DICOM Encapsulated PDF.
        fhir: Indices as FHIR.
        labels: Label names and colours for ITK-SNAP and 3D Slicer.
        seg_form: BINARY or LABELMAP.
        report_class: What kind of document the structured report is.
        anonymous: Copy nothing that names the patient into DICOM.
        keep_phi: Put the patient's number and the date of the study into FHIR, and name and
            number onto the page of the PDF.
    """

    seg: bool = True
    capture: bool = True
    sr: bool = True
    pdf: bool = True
    fhir: bool = True
    labels: bool = True
    seg_form: SegmentationType = SegmentationType.BINARY
    report_class: ReportClass = ReportClass.COMPREHENSIVE
    anonymous: bool = False
    keep_phi: bool = False

    @property
    def dicom(self) -> bool:
        """Whether DICOM is to be written."""
        return self.seg or self.capture or self.sr or self.pdf

    @property
    def from_source(self) -> bool:
        """Whether a DICOM source is asked for anything."""
        return self.dicom or (self.fhir and self.keep_phi)

    @property
    def pictured(self) -> bool:
        """Whether the pixels of a cine or of its masks are needed."""
        return self.seg or self.capture or self.pdf


@dataclass(frozen=True, eq=False, slots=True)
class Pictured:
    """A cine with its results, pixel by pixel.

    Attributes:
        sequence: T frames of (H, W) with times and spacing.
        masks: (T, H, W) labels.
        uncertainty: (T, H, W) from 0 to 1, or None where it was not estimated.
        area: (T,) LV area in cm², or in pixels without calibration; None for no curve.
        geometry: How the mask file is laid out; the sequence itself if None.
    """

    sequence: EchoSequence
    masks: Mask
    uncertainty: FloatArray | None = None
    area: FloatArray | None = None
    geometry: EchoSequence | None = None


def export_study(
    study: Study,
    folder: str | Path,
    source: str | Path | None = None,
    options: ExportOptions | None = None,
) -> list[Path]:
    """Write a study for other tools.

    Args:
        study: The study.
        folder: Where; made if it does not exist.
        source: Its DICOM file; the file that it was read from by default.
        options: What to write; everything by default.

    Returns:
        The files written.

    Raises:
        UnsupportedImageError: DICOM is asked for, but the source is no DICOM image.
        GeometryError: The source is another cine.
        OutputError: The folder cannot be written to.
    """
    options, path = options or ExportOptions(), source or study.sequence.source
    if options.dicom and path is None:
        raise UnsupportedImageError(
            "the study was made from an array: DICOM results must name the frames they were "
            "made from.",
            hint="Name its DICOM file, or write without DICOM.",
        )
    folder, name, reported = Path(folder), study.name, ReportedIndices.of(study)
    seen: tuple[Evidence, ...] = ()
    if options.from_source and path is not None:
        seen = (Evidence(Source.read(path), reported.ed_frames, reported.es_frames),)
    files = write_labels(folder) if options.labels else []
    uncertainty = None if study.uncertainty is None else study.uncertainty.map
    area = study.certificate.attributes["lv_area"] / (1 if study.sequence.spacing is None else 100)
    pictured = Pictured(study.sequence, study.masks, uncertainty, area)
    made = Provenance.of(study)
    return files + write_results(
        folder / name, reported, made, options, evidence=seen, pictured=pictured
    )


def write_results(
    stem: Path,
    reported: ReportedIndices,
    provenance: Provenance,
    options: ExportOptions,
    *,
    evidence: Sequence[Evidence] = (),
    pictured: Pictured | None = None,
) -> list[Path]:
    """Write the files of one sequence, or of the two views of a patient.

    Args:
        stem: Folder and beginning of the files' names.
        reported: The indices.
        provenance: What measured them.
        options: What to write.
        evidence: The cines and frames they were measured on; without any no DICOM is written.
        pictured: Frames, masks and uncertainty of the first cine, or None to leave
            Segmentations, captures and the picture of the PDF out.

    Returns:
        The files written. Where no index could be measured there is no structured report.

    Raises:
        GeometryError: The cine is not the one that the results were made from.
        OutputError: The folder cannot be written to.
    """
    files: list[Path] = []
    if evidence and pictured is not None:
        files += _write_images(stem, pictured, evidence[0].source, provenance, options)
    if options.sr and evidence and reported.values:
        kind, hidden = options.report_class, options.anonymous
        report = echo_report(reported, evidence, provenance, report_class=kind, anonymous=hidden)
        files.append(save(report, _named(stem, "sr.dcm")))
    if options.pdf and evidence:
        files.append(
            _write_pdf(stem, reported, provenance, options, evidence=evidence, pictured=pictured)
        )
    if options.fhir:
        told = evidence[0].source if evidence and options.keep_phi else None
        bundle = fhir_bundle(reported, provenance, told)
        files.append(save_bundle(bundle, _named(stem, "fhir.json")))
    return files


def _write_images(
    stem: Path,
    pictured: Pictured,
    source: Source,
    provenance: Provenance,
    options: ExportOptions,
) -> list[Path]:
    """Segmentations and captures of one cine."""
    hidden, files = options.anonymous, []
    sequence, masks, uncertainty = pictured.sequence, pictured.masks, pictured.uncertainty
    if options.seg:
        spacing = sequence.spacing
        made = mask_segmentation(
            masks, source, provenance, form=options.seg_form, spacing=spacing, anonymous=hidden
        )
        files.append(save(made, _named(stem, "seg.dcm")))
        if uncertainty is not None:
            made = uncertainty_segmentation(
                uncertainty, source, provenance, spacing=spacing, anonymous=hidden
            )
            files.append(save(made, _named(stem, "uncertainty.dcm")))
    if options.capture:
        made = outline_capture(sequence, masks, source, provenance, anonymous=hidden)
        files.append(save(made, _named(stem, "outlines.dcm")))
        if uncertainty is not None:
            made = outline_capture(
                sequence, masks, source, provenance, uncertainty=uncertainty, anonymous=hidden
            )
            files.append(save(made, _named(stem, "outlines-uncertainty.dcm")))
    return files


def _write_pdf(
    stem: Path,
    reported: ReportedIndices,
    provenance: Provenance,
    options: ExportOptions,
    *,
    evidence: Sequence[Evidence],
    pictured: Pictured | None,
) -> Path:
    """The report of a page, with ED and ES of a single cine."""
    header = evidence[0].source.header
    told = [valid_value(header, key) for key in ("PatientName", "PatientID", "StudyDate")]
    patient = " · ".join(filter(None, told)) if options.keep_phi else ""
    with tempfile.TemporaryDirectory() as folder:
        picture = None
        if pictured is not None:
            picture = Path(folder) / "picture.png"
            _draw(picture, reported, pictured)
        document = pdf_report(stem.name, reported, provenance, patient=patient, picture=picture)
    sources = [one.source for one in evidence]
    made = encapsulated_pdf(document, sources, provenance, anonymous=options.anonymous)
    return save(made, _named(stem, "report.dcm"))


def _draw(path: Path, reported: ReportedIndices, pictured: Pictured) -> None:
    """ED and ES with outlines, and the area curve, as the run's own picture shows them."""
    sequence = pictured.sequence
    try:
        draw_picture(
            path,
            sequence,
            pictured.masks,
            title="",
            curve=pictured.area,
            curve_label="LV area (cm²)" if sequence.spacing else "LV area (pixels)",
            ed_frames=reported.ed_frames,
            es_frames=reported.es_frames,
            uncertainty=pictured.uncertainty,
        )
    except GeometryError as error:
        raise GeometryError(
            f"the results do not fit the cine: {error}", path=sequence.source
        ) from error


def _named(stem: Path, ending: str) -> Path:
    """A file's name: dots in the stem stay."""
    return stem.with_name(f"{stem.name}.{ending}")
