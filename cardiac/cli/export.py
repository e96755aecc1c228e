"""``cardiac export``: a run's results for archives, viewers and records."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from cardiac.errors import CardiacError, InputError, OutputError, UnsupportedImageError

if TYPE_CHECKING:
    from cardiac.apps.export import Evidence
    from cardiac.apps.export.run_folder import Case, RunFolder
    from cardiac.apps.export.study import Choice

log = logging.getLogger(__name__)


def export_command(
    folder: Path,
    /,
    *,
    out: Path,
    seg: Annotated[bool, Parameter(negative="")] = False,
    sr: Annotated[bool, Parameter(negative="")] = False,
    fhir: Annotated[bool, Parameter(negative="")] = False,
    labels: Annotated[bool, Parameter(negative="")] = False,
    image: Annotated[bool, Parameter(negative="")] = False,
    source: Annotated[list[Path] | None, Parameter(negative="")] = None,
    sr_class: Literal["comprehensive", "simplified-adult-echo"] = "comprehensive",
    anonymous: Annotated[bool, Parameter(negative="")] = False,
    keep_phi: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Write the results of a run for other tools: DICOM, FHIR, label names.

    Writes OUT/ID.seg.dcm, ID.uncertainty.dcm, ID.sr.dcm, ID.fhir.json, labels.txt and
    labels.ctbl; all of them where none is asked for by name. The DICOM files carry the name and
    number of the patient and the study of their source, so that an archive files them beside it.
    Exit code 0: all is written; 1: something could not be.

    Args:
        folder: Output folder of cardiac process.
        out: Folder for the files.
        seg: Masks and uncertainty as DICOM Segmentations.
        sr: Indices as DICOM structured reports (TID 5300).
        fhir: Indices as FHIR Bundles.
        labels: Label names and colours for ITK-SNAP and 3D Slicer.
        image: The grey cines as NIfTI, voxel for voxel where the masks are; only if asked for.
        source: The DICOM files, or folders of them, where they are not where the run read them.
        sr_class: What kind of document a structured report is: comprehensive, which archives and
            viewers take today, or simplified-adult-echo.
        anonymous: Copy nothing that names the patient into DICOM; the identifiers (UIDs) of study
            and cine stay, because without them a result names no frames.
        keep_phi: Put the patient's number and the date of the study into FHIR.
    """
    from cardiac.apps.export import ReportClass
    from cardiac.apps.export.run_folder import RunFolder
    from cardiac.apps.export.study import Choice

    everything = not (seg or sr or fhir or labels or image)
    choice = Choice(
        seg=seg or everything,
        sr=sr or everything,
        fhir=fhir or everything,
        labels=labels or everything,
        report_class=ReportClass(sr_class),
        anonymous=anonymous,
        keep_phi=keep_phi,
    )
    run = RunFolder(folder, source or [])
    done = Exported(out, choice, image=image, strict=not everything)
    done.run(run)
    return done.report()


@dataclass
class Exported:
    """What was written, and what could not be.

    Attributes:
        out: Folder for the files.
        choice: What to write.
        image: Write the grey cines too.
        strict: Whether DICOM was asked for by name: a cine that has no DICOM source is then a
            failure, and only worth a remark otherwise.
        files: What was written.
        remarks, failures: What to tell the user.
    """

    out: Path
    choice: Choice
    image: bool = False
    strict: bool = False
    files: list[Path] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def run(self, run: RunFolder) -> None:
        """Export every case of a run, and the patients with two views.

        Raises:
            OutputError: The folder cannot be written to.
        """
        from cardiac.apps.export import write_labels

        if self.choice.labels:
            self.files += write_labels(self.out)
        if not (self.choice.dicom or self.choice.fhir or self.image):
            return
        for case in run.cases():
            try:
                self._case(run, case)
            except OutputError:
                raise
            except CardiacError as error:
                self.failures.append(f"{case.id}: {error}")
            except Exception as error:
                log.exception("a case failed in a way that was not foreseen")
                self.failures.append(f"{case.id}: an unforeseen {type(error).__name__}: {error}")

    def _case(self, run: RunFolder, case: Case) -> None:
        from cardiac.apps.export.study import write_results
        from cardiac.io import write_image

        name = case.name
        if self.image and not case.views:
            path = self.out / f"{name}.image.nii.gz"
            self.files.append(write_image(path, run.image(case)))
        evidence = self._evidence(run, case) if self.choice.from_source else []
        masks = uncertainty = None
        if self.choice.seg and evidence and not case.views:
            masks, uncertainty = run.masks(case), run.uncertainty(case)
        self.files += write_results(
            self.out / name,
            case.results,
            run.maker,
            self.choice,
            evidence=evidence,
            masks=masks,
            uncertainty=uncertainty,
        )
        self._remark(case, evidence)

    def _evidence(self, run: RunFolder, case: Case) -> list[Evidence]:
        """The cines of a case with their frames; none where one cannot be had."""
        from cardiac.apps.export import Evidence

        found = []
        for view in case.views or (case,):
            try:
                cine = run.source(view)
            except InputError as error:
                told = self.failures if self._blame(error) else self.remarks
                what = (
                    "no DICOM was written" if self.choice.dicom else "FHIR has no patient's number"
                )
                told.append(f"{view.id}: {what}: {error}")
                return []
            found.append(Evidence(cine, view.results.ed_frames, view.results.es_frames))
        return found

    def _blame(self, error: InputError) -> bool:
        """Whether a missing source is a failure: not if it could never have been DICOM."""
        return self.strict or not isinstance(error, UnsupportedImageError)

    def _remark(self, case: Case, evidence: list[Evidence]) -> None:
        left_out = evidence[0].source.left_out if evidence else ()
        if left_out and not self.choice.anonymous:
            names = ", ".join(left_out)
            self.remarks.append(f"{case.id}: malformed in the source and not copied: {names}")
        if self.choice.sr and evidence and not case.results.values:
            self.remarks.append(f"{case.id}: no report, because no index could be measured")

    def report(self) -> int:
        """Tell what was done; returns the exit code."""
        from rich.console import Console

        console = Console(highlight=False, markup=False, soft_wrap=True)
        for line in dict.fromkeys(self.remarks):
            console.print(f"note: {line}")
        for line in dict.fromkeys(self.failures):
            console.print(f"failed: {line}")
        console.print(f"{len(self.files)} files written to {self.out} (not for clinical use)")
        return int(bool(self.failures))
