"""``cardiac export``: a run's results for archives, viewers and records."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from cardiac.errors import CardiacError, InputError, OutputError, UnsupportedImageError

if TYPE_CHECKING:
    from cardiac.apps.export import Evidence, ExportCase, ExportOptions, ReviewedRun

log = logging.getLogger(__name__)
_NAMED = 3
"""Cases that a remark names; the rest are counted."""


def export_command(
    folder: Path,
    /,
    *,
    out: Path,
    seg: Annotated[bool, Parameter(negative="")] = False,
    capture: Annotated[bool, Parameter(negative="")] = False,
    sr: Annotated[bool, Parameter(negative="")] = False,
    pdf: Annotated[bool, Parameter(negative="")] = False,
    fhir: Annotated[bool, Parameter(negative="")] = False,
    labels: Annotated[bool, Parameter(negative="")] = False,
    image: Annotated[bool, Parameter(negative="")] = False,
    source: Annotated[list[Path] | None, Parameter(negative="")] = None,
    seg_form: Literal["binary", "labelmap"] = "binary",
    sr_class: Literal["comprehensive", "simplified-adult-echo"] = "comprehensive",
    anonymous: Annotated[bool, Parameter(negative="")] = False,
    keep_phi: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Write the results of a run for other tools: DICOM, FHIR, label names.

    Writes OUT/ID.seg.dcm, ID.uncertainty.dcm, ID.outlines.dcm, ID.sr.dcm, ID.report.dcm,
    ID.fhir.json, labels.txt and labels.ctbl; all of them where none is asked for by name. The
    DICOM files carry the name and number of the patient and the study of their source, so that
    an archive files them beside it.
    Exit code 0: all is written; 1: something could not be.

    Args:
        folder: Output folder of cardiac process.
        out: Folder for the files.
        seg: Masks and uncertainty as DICOM Segmentations.
        capture: The cine with outlines, and with uncertainty as colour, as DICOM Secondary
            Captures, which every viewer plays.
        sr: Indices as DICOM structured reports (TID 5300).
        pdf: A one-page report as DICOM Encapsulated PDF.
        fhir: Indices as FHIR Bundles.
        labels: Label names and colours for ITK-SNAP and 3D Slicer.
        image: Also the grey cines as NIfTI, voxel for voxel where the masks are; never unless
            asked for.
        source: The DICOM files, or folders of them, where they are not where the run read them.
        seg_form: How masks are stored: binary, which viewers read today, or labelmap (2024).
        sr_class: What kind of document a structured report is: comprehensive, which archives and
            viewers take today, or simplified-adult-echo.
        anonymous: Copy nothing that names the patient into DICOM; the identifiers (UIDs) of study
            and cine stay, because without them a result names no frames.
        keep_phi: Put the patient's number and the date of the study into FHIR, and name, number
            and date onto the page of the PDF.
    """
    from cardiac.apps.export import ExportOptions, ReportClass, ReviewedRun, SegmentationType
    from cardiac.results import RunFolder

    everything = not (seg or capture or sr or pdf or fhir or labels)
    options = ExportOptions(
        seg=seg or everything,
        capture=capture or everything,
        sr=sr or everything,
        pdf=pdf or everything,
        fhir=fhir or everything,
        labels=labels or everything,
        seg_form=SegmentationType(seg_form.upper()),
        report_class=ReportClass(sr_class),
        anonymous=anonymous,
        keep_phi=keep_phi,
    )
    run = ReviewedRun(RunFolder(folder, source or []))
    done = Exported(out, options, image=image, strict=not everything)
    done.run(run)
    return done.report()


@dataclass
class Exported:
    """What was written, and what could not be.

    Attributes:
        out: Folder for the files.
        options: What to write.
        image: Write the grey cines too.
        strict: Whether DICOM was asked for by name: a cine that has no DICOM source is then a
            failure, and only worth a remark otherwise.
        files: What was written.
        remarks, failures: What to tell the user, and of which cases.
    """

    out: Path
    options: ExportOptions
    image: bool = False
    strict: bool = False
    files: list[Path] = field(default_factory=list)
    remarks: dict[str, list[str]] = field(default_factory=dict)
    failures: dict[str, list[str]] = field(default_factory=dict)

    def run(self, run: ReviewedRun) -> None:
        """Export every case of a run, and the patients with two views.

        Raises:
            OutputError: The folder cannot be written to.
        """
        from cardiac.apps.export import write_labels

        if self.options.labels:
            self.files += write_labels(self.out)
        if not (self.options.dicom or self.options.fhir or self.image):
            return
        for case in run.cases():
            try:
                self._case(run, case)
            except OutputError:
                raise
            except CardiacError as error:
                self.failures.setdefault(str(error), []).append(case.id)
            except Exception as error:
                log.exception("a case failed in a way that was not foreseen")
                told = f"an unforeseen {type(error).__name__}: {error}"
                self.failures.setdefault(told, []).append(case.id)
        for name, why in run.failures:
            self.failures.setdefault(f"the edited masks cannot be used: {why}", []).append(name)
        for cases, told in (
            (run.rejected, "rejected in the review and left out"),
            (run.edited, "edited in the review: the edited masks and their indices are written"),
        ):
            if cases:
                self.remarks[told] = list(cases)

    def _case(self, run: ReviewedRun, case: ExportCase) -> None:
        from cardiac.apps.export import write_results
        from cardiac.io import write_image

        name = case.name
        evidence = self._evidence(run, case) if self.options.from_source else []
        drawn = bool(evidence) and self.options.pictured
        pictured = None
        if not case.views and (drawn or self.image):
            pictured = run.pictured(case)
        if self.image and pictured is not None:
            grid = pictured.geometry or pictured.sequence
            image = grid.replace(frames=pictured.sequence.frames)
            self.files.append(write_image(self.out / f"{name}.image.nii.gz", image))
        self.files += write_results(
            self.out / name,
            case.reported,
            run.provenance,
            self.options,
            evidence=evidence,
            pictured=pictured if drawn else None,
        )
        self._remark(case, evidence)

    def _evidence(self, run: ReviewedRun, case: ExportCase) -> list[Evidence]:
        """The cines of a case with their frames; none where one cannot be had."""
        found = []
        for view in case.views or (case,):
            try:
                found.append(run.evidence(view))
            except UnsupportedImageError as error:
                # It could never have been DICOM: no failure unless DICOM was asked for by name.
                told = self.failures if self.strict else self.remarks
                told.setdefault(f"{self._lost}: {error.message}", []).append(view.id)
                return []
            except InputError as error:
                self.failures.setdefault(f"{self._lost}: {error}", []).append(view.id)
                return []
        return found

    @property
    def _lost(self) -> str:
        """What is missing where there is no source."""
        return "no DICOM was written" if self.options.dicom else "FHIR has no patient's number"

    def _remark(self, case: ExportCase, evidence: list[Evidence]) -> None:
        left_out = evidence[0].source.left_out if evidence else ()
        if left_out and not self.options.anonymous:
            told = f"malformed in the source and not copied: {', '.join(left_out)}"
            self.remarks.setdefault(told, []).append(case.id)
        for one in evidence:
            if irregular := one.source.irregular_uids:
                told = (
                    f"kept as it is, though leading zeros are not allowed: {', '.join(irregular)}"
                )
                self.remarks.setdefault(told, []).append(case.id)
        if self.options.sr and evidence and not case.reported.values:
            told = "no structured report, because no index could be measured"
            self.remarks.setdefault(told, []).append(case.id)

    def report(self) -> int:
        """Tell what was done; returns the exit code."""
        from rich.console import Console

        console = Console(highlight=False, markup=False, soft_wrap=True)
        for kind, told in (("note", self.remarks), ("failed", self.failures)):
            for text, cases in told.items():
                console.print(f"{kind}: {_named(cases)}: {text}")
        console.print(f"{len(self.files)} files written to {self.out} (not for clinical use)")
        return int(bool(self.failures))


def _named(cases: list[str]) -> str:
    """The first cases by name, the rest by their number."""
    names = list(dict.fromkeys(cases))
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")
