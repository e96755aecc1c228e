"""All that one sequence gives to other tools, written in one call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from cardiac.apps.export.dicom import Source
from cardiac.apps.export.dicom.modules import save
from cardiac.apps.export.fhir import fhir_bundle, save_bundle
from cardiac.apps.export.labels import write_labels
from cardiac.apps.export.maker import Maker
from cardiac.apps.export.results import Results
from cardiac.apps.export.seg import mask_segmentation, uncertainty_segmentation
from cardiac.apps.export.sr import Evidence, ReportClass, echo_report
from cardiac.errors import UnsupportedImageError
from cardiac.geometry import Mask

if TYPE_CHECKING:
    from cardiac.study import Study


@dataclass(frozen=True, slots=True)
class Choice:
    """What to write, and how.

    Attributes:
        seg: Masks and uncertainty as DICOM Segmentations.
        sr: Indices as a DICOM structured report.
        fhir: Indices as FHIR.
        labels: Label names and colours for ITK-SNAP and 3D Slicer.
        report_class: What kind of document the structured report is.
        anonymous: Copy nothing that names the patient into DICOM.
        keep_phi: Put the patient's number and the date of the study into FHIR.
    """

    seg: bool = True
    sr: bool = True
    fhir: bool = True
    labels: bool = True
    report_class: ReportClass = ReportClass.COMPREHENSIVE
    anonymous: bool = False
    keep_phi: bool = False

    @property
    def dicom(self) -> bool:
        """Whether DICOM is to be written."""
        return self.seg or self.sr

    @property
    def from_source(self) -> bool:
        """Whether a DICOM source is asked for anything."""
        return self.dicom or (self.fhir and self.keep_phi)


def export_study(
    study: Study,
    folder: str | Path,
    source: str | Path | None = None,
    choice: Choice | None = None,
) -> list[Path]:
    """Write a study for other tools.

    Args:
        study: The study.
        folder: Where; made if it does not exist.
        source: Its DICOM file; the file that it was read from by default.
        choice: What to write; everything by default.

    Returns:
        The files written.

    Raises:
        UnsupportedImageError: DICOM is asked for, but the source is no DICOM image.
        GeometryError: The source is another cine.
        OutputError: The folder cannot be written to.
    """
    choice, path = choice or Choice(), source or study.sequence.source
    if choice.dicom and path is None:
        raise UnsupportedImageError(
            "the study was made from an array: DICOM results must name the frames they were "
            "made from.",
            hint="Name its DICOM file, or write without DICOM.",
        )
    folder, name, results = Path(folder), study.name, Results.of(study)
    seen: tuple[Evidence, ...] = ()
    if choice.from_source and path is not None:
        seen = (Evidence(Source.read(path), results.ed_frames, results.es_frames),)
    files = write_labels(folder) if choice.labels else []
    return files + write_results(
        folder / name,
        results,
        Maker.of(study),
        choice,
        evidence=seen,
        masks=study.masks,
        uncertainty=None if study.uncertainty is None else study.uncertainty.map,
    )


def write_results(
    stem: Path,
    results: Results,
    maker: Maker,
    choice: Choice,
    *,
    evidence: Sequence[Evidence] = (),
    masks: Mask | None = None,
    uncertainty: npt.NDArray[np.floating] | None = None,
) -> list[Path]:
    """Write the files of one sequence, or of the two views of a patient.

    Args:
        stem: Folder and beginning of the files' names.
        results: The indices.
        maker: Who measured them.
        choice: What to write.
        evidence: The cines and frames they were measured on; without any no DICOM is written.
        masks: (T, H, W) labels of the first cine, or None to leave the Segmentations out.
        uncertainty: (T, H, W) from 0 to 1, or None where it was not estimated.

    Returns:
        The files written. Where no index could be measured there is no structured report.

    Raises:
        GeometryError: The cine is not the one that the results were made from.
        OutputError: The folder cannot be written to.
    """
    files, hidden = [], choice.anonymous
    source = evidence[0].source if evidence else None
    if choice.seg and source is not None and masks is not None:
        made = mask_segmentation(masks, source, maker, anonymous=hidden)
        files.append(save(made, _named(stem, "seg.dcm")))
        if uncertainty is not None:
            made = uncertainty_segmentation(uncertainty, source, maker, anonymous=hidden)
            files.append(save(made, _named(stem, "uncertainty.dcm")))
    if choice.sr and evidence and results.values:
        kind = choice.report_class
        made = echo_report(results, evidence, maker, report_class=kind, anonymous=hidden)
        files.append(save(made, _named(stem, "sr.dcm")))
    if choice.fhir:
        told = source if choice.keep_phi else None
        files.append(save_bundle(fhir_bundle(results, maker, told), _named(stem, "fhir.json")))
    return files


def _named(stem: Path, ending: str) -> Path:
    """A file's name: dots in the stem stay."""
    return stem.with_name(f"{stem.name}.{ending}")
