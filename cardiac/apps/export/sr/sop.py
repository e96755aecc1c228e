"""The structured report as a DICOM object."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from cardiac.apps.export.dicom.modules import new_object, private_scheme, referenced_series
from cardiac.apps.export.maker import Maker
from cardiac.apps.export.results import Results
from cardiac.apps.export.sr.enums import ReportClass
from cardiac.apps.export.sr.template import IDENTIFIER, Evidence, report_content
from cardiac.errors import GeometryError, MeasurementError

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_SERIES = 9003


def echo_report(
    results: Results,
    evidence: Evidence | Sequence[Evidence],
    maker: Maker,
    *,
    report_class: ReportClass = ReportClass.COMPREHENSIVE,
    anonymous: bool = False,
) -> Dataset:
    """The indices of a sequence, or of two views, as a structured report of TID 5300.

    Args:
        results: The indices.
        evidence: The cine or the two that they were measured on; the first lends patient and
            study.
        maker: Who measured them.
        report_class: What kind of document to store it as.
        anonymous: Copy nothing that names the patient (see `new_object`).

    Raises:
        MeasurementError: There is no number to report.
        GeometryError: A frame is not in its cine, or the cines are not of one study.
    """
    from pydicom.dataset import Dataset

    seen = (evidence,) if isinstance(evidence, Evidence) else tuple(evidence)
    if not results.values:
        raise MeasurementError("no index could be measured: there is nothing to report")
    for one in seen:
        _check(one, seen[0])
    made = new_object(report_class.uid, seen[0].source, maker, anonymous=anonymous)
    made.Modality = "SR"
    made.SeriesNumber = _SERIES
    made.SeriesDescription = "Cardiac measurements, research use only"
    made.ReferencedPerformedProcedureStepSequence = []
    made.PerformedProcedureCodeSequence = []
    made.CompletionFlag = "COMPLETE"
    made.PreliminaryFlag = "PRELIMINARY"
    made.VerificationFlag = "UNVERIFIED"
    made.CodingSchemeIdentificationSequence = [private_scheme()]
    study = Dataset()
    study.StudyInstanceUID = seen[0].source.uid("StudyInstanceUID")
    study.ReferencedSeriesSequence = list(_series(seen))
    made.CurrentRequestedProcedureEvidenceSequence = [study]
    template = Dataset()
    template.MappingResource = "DCMR"
    template.TemplateIdentifier = IDENTIFIER
    made.ContentTemplateSequence = [template]
    made.update(report_content(results, seen, maker))
    return made


def _check(one: Evidence, first: Evidence) -> None:
    frames = (*one.ed_frames, *one.es_frames)
    if any(not 0 <= frame < one.source.shape[0] for frame in frames):
        raise GeometryError(
            f"has {one.source.shape[0]} frames; the results name others.",
            path=one.source.path,
            hint="Name the file that the results were made from.",
        )
    if one.source.uid("StudyInstanceUID") != first.source.uid("StudyInstanceUID"):
        raise GeometryError(
            f"is of another study than {first.source.path.name}: one report cannot hold both.",
            path=one.source.path,
        )


def _series(seen: Sequence[Evidence]) -> Iterator[Dataset]:
    """The cines by series, each once."""
    found: dict[str, Dataset] = {}
    for one in seen:
        item = referenced_series(one.source, "ReferencedSOPSequence")
        known = found.setdefault(item.SeriesInstanceUID, item)
        have = {i.ReferencedSOPInstanceUID for i in known.ReferencedSOPSequence}
        if item.ReferencedSOPSequence[0].ReferencedSOPInstanceUID not in have:
            known.ReferencedSOPSequence.append(item.ReferencedSOPSequence[0])
    yield from found.values()
