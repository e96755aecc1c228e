"""The indices as a DICOM structured report: TID 5300 "Simplified Echo Procedure Report" (PS3.16).

Pre-coordinated measurements (TID 5301) have one standard code that says all, and only what
that template allows beside the number: a label, and the frames they were measured on. An
interval is not among these. So a number with an interval stands a second time among the
post-coordinated measurements (TID 5302), which may be extended, under a private code: with
the same value, so that nobody takes a bound for the measurement, and with the distances to
both bounds as properties, named as in CID 225 "Measurement Uncertainty Concepts".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code
from pydicom.uid import ComprehensiveSRStorage, SimplifiedAdultEchoSRStorage

from cardiac.apps.export.concepts import (
    BODY_SURFACE,
    KINDS,
    PHASES,
    PROPERTIES,
    SITES,
    UNITS,
    VIEWS,
    core_code,
    method_code,
    other_code,
    own_code,
)
from cardiac.apps.export.dicom_object import (
    code_item,
    hashed_uid,
    new_object,
    private_scheme,
    referenced_image,
    referenced_series,
    set_uid,
)
from cardiac.apps.export.provenance import MANUFACTURER, NAME, PURPOSE, Provenance
from cardiac.apps.export.reported import ReportedIndices
from cardiac.apps.export.source import Source
from cardiac.clinical.catalogue import INDEX, Index
from cardiac.errors import GeometryError, MeasurementError
from cardiac.states import Phase

_TEMPLATE = "5300"
_SERIES = 9003
_MAX_DECIMAL = 16
_DCM, _SCT = codes.DCM, codes.SCT
_ENGLISH = Code("en", "RFC5646", "English")
_MODE = Code("399264008", "SCT", "Image Mode")
_POINT = Code("272518008", "SCT", "Cardiac Cycle Point")


class ReportClass(StrEnum):
    """What kind of document the report is stored as. The content is the same.

    ``comprehensive`` is what archives and viewers take today; ``simplified-adult-echo`` is
    the class that the standard made for this template, which few know yet.
    """

    COMPREHENSIVE = "comprehensive"
    SIMPLIFIED_ADULT_ECHO = "simplified-adult-echo"

    @property
    def uid(self) -> str:
        """SOP Class UID."""
        if self is ReportClass.COMPREHENSIVE:
            return str(ComprehensiveSRStorage)
        return str(SimplifiedAdultEchoSRStorage)


class Relation(StrEnum):
    """How a content item belongs to its parent (PS3.3 C.17.3.2.4)."""

    CONTAINS = "CONTAINS"
    CONCEPT_MODIFIER = "HAS CONCEPT MOD"
    OBSERVATION_CONTEXT = "HAS OBS CONTEXT"
    PROPERTIES = "HAS PROPERTIES"
    INFERRED_FROM = "INFERRED FROM"


@dataclass(frozen=True, slots=True)
class Evidence:
    """A cine that was measured on, and its frames (from 0) at the two phases."""

    source: Source
    ed_frames: tuple[int, ...] = ()
    es_frames: tuple[int, ...] = ()

    def frames(self, phase: Phase | None) -> tuple[int, ...]:
        """The frames that a number of this phase, or of both for None, was measured on."""
        if phase is Phase.ED:
            return self.ed_frames
        if phase is Phase.ES:
            return self.es_frames
        return tuple(sorted({*self.ed_frames, *self.es_frames}))


def echo_report(
    reported: ReportedIndices,
    evidence: Evidence | Sequence[Evidence],
    provenance: Provenance,
    *,
    report_class: ReportClass = ReportClass.COMPREHENSIVE,
    anonymous: bool = False,
) -> Dataset:
    """The indices of a sequence, or of two views, as a structured report of TID 5300.

    Args:
        reported: The indices.
        evidence: The cine or the two that they were measured on; the first lends patient and
            study.
        provenance: What measured them.
        report_class: What kind of document to store it as.
        anonymous: Copy nothing that names the patient (see `new_object`).

    Raises:
        MeasurementError: There is no number to report.
        GeometryError: A frame is not in its cine, or the cines are not of one study.
    """
    seen = (evidence,) if isinstance(evidence, Evidence) else tuple(evidence)
    if not reported.values:
        raise MeasurementError("no index could be measured: there is nothing to report")
    for one in seen:
        _check(one, seen[0])
    made = new_object(report_class.uid, seen[0].source, provenance, anonymous=anonymous)
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
    set_uid(study, "StudyInstanceUID", seen[0].source.uid("StudyInstanceUID"))
    cines = [one.source for one in seen]
    study.ReferencedSeriesSequence = referenced_series(cines, "ReferencedSOPSequence")
    made.CurrentRequestedProcedureEvidenceSequence = [study]
    template = Dataset()
    template.MappingResource = "DCMR"
    template.TemplateIdentifier = _TEMPLATE
    made.ContentTemplateSequence = [template]
    made.update(_content(reported, seen, provenance))
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


def _content(
    reported: ReportedIndices, evidence: tuple[Evidence, ...], provenance: Provenance
) -> Dataset:
    """The root of the report with all that stands below it."""
    core, other = [], []
    for name, value in reported.values.items():
        index = INDEX[name]
        exact = core_code(index, reported.view, reported.convention)
        images = list(_images(index, evidence))
        if exact is not None:
            core.append(_pre_coordinated(exact, index, value, reported, images))
        if exact is None or name in reported.bounds:
            other.append(_post_coordinated(index, value, reported, images, provenance))
    sections = [
        _container(title, items, Relation.CONTAINS)
        for title, items in (
            (_DCM.PreCoordinatedMeasurements, core),
            (_DCM.PostCoordinatedMeasurements, other),
        )
        if items
    ]
    return _container(
        _DCM.AdultEchocardiographyProcedureReport, [*_context(provenance), *sections], None
    )


def _context(provenance: Provenance) -> list[Dataset]:
    """Language (TID 1204) and the software as the observer (TID 1001, 1002 and 1004)."""
    seen = Relation.OBSERVATION_CONTEXT
    return [
        _code(_DCM.LanguageOfContentItemAndDescendants, _ENGLISH, Relation.CONCEPT_MODIFIER),
        _code(_DCM.ObserverType, _DCM.Device, seen),
        _uid(
            _DCM.DeviceObserverUID, hashed_uid(NAME, provenance.version, provenance.weights), seen
        ),
        _text(_DCM.DeviceObserverName, f"{NAME} {provenance.version}", seen),
        _text(_DCM.DeviceObserverManufacturer, MANUFACTURER, seen),
        _text(_DCM.DeviceObserverModelName, NAME, seen),
        _text(_DCM.DeviceObserverSerialNumber, provenance.serial, seen),
    ]


def _images(index: Index, evidence: tuple[Evidence, ...]) -> Iterator[Dataset]:
    """The frames that a number was measured on (TID 320)."""
    for seen in evidence:
        frames = seen.frames(index.phase)
        yield _image(_DCM.SourceOfMeasurement, seen.source, frames, Relation.INFERRED_FROM)


def _derivation(reported: ReportedIndices) -> list[Dataset]:
    if reported.n_beats < 2:
        return []
    return [_code(_DCM.Derivation, _SCT.Mean, Relation.CONCEPT_MODIFIER)]


def _pre_coordinated(
    name: Code, index: Index, value: float, reported: ReportedIndices, images: list[Dataset]
) -> Dataset:
    """TID 5301: a number whose code says all."""
    label = _text(_DCM.ShortLabel, index.label, Relation.PROPERTIES)
    children = [*_derivation(reported), label, *images]
    return _number(name, value, UNITS[index.unit], Relation.CONTAINS, children)


def _post_coordinated(
    index: Index,
    value: float,
    reported: ReportedIndices,
    images: list[Dataset],
    provenance: Provenance,
) -> Dataset:
    """TID 5302: a number whose meaning is told by its modifiers, extended by an interval."""
    view, convention, unit = reported.view, reported.convention, UNITS[index.unit]
    name = other_code(index, view, convention)
    if core_code(index, view, convention) is not None:
        name = own_code(index, view, convention, interval=True)
    children = [*_modifiers(index, view), *_derivation(reported), *_algorithm(provenance)]
    children.append(_text(_DCM.ShortLabel, index.label, Relation.PROPERTIES))
    remarks = [reported.verdict, *reported.remarks, PURPOSE]
    if index.name in reported.bounds:
        low, high = reported.bounds[index.name]
        for end, distance in (
            (_SCT.RangeOfLowerMeasurementUncertainty, value - low),
            (_SCT.RangeOfUpperMeasurementUncertainty, high - value),
        ):
            children.append(_number(end, max(0.0, distance), unit, Relation.PROPERTIES))
        remarks.insert(0, reported.interval(index.name, unit.value))
    children.append(_text(_DCM.Comment, "; ".join(filter(None, remarks)), Relation.PROPERTIES))
    return _number(name, value, unit, Relation.CONTAINS, [*children, *images])


def _modifiers(index: Index, view: str) -> list[Dataset]:
    """What is measured, where, when and how."""
    still = index.phase is not None
    found = [
        (_DCM.MeasurementType, KINDS[index.kind]),
        (_SCT.FindingSite, SITES[index.site]),
        (
            _DCM.FindingObservationType,
            _DCM.StructureOfTheFindingSite if still else _DCM.BehaviorOfTheFindingSite,
        ),
        (_DCM.MeasuredProperty, PROPERTIES[index.quantity]),
        (_SCT.MeasurementMethod, method_code(index, view)),
        (_MODE, _SCT._2DMode),
        (_DCM.ImageView, VIEWS.get(view)),
        (_POINT, PHASES[index.phase]),
        (_DCM.MeasurementDivisor, BODY_SURFACE if index.base else None),
    ]
    return [
        _code(name, value, Relation.CONCEPT_MODIFIER) for name, value in found if value is not None
    ]


def _algorithm(provenance: Provenance) -> list[Dataset]:
    """TID 4019 Algorithm Identification."""
    return [
        _text(name, value, Relation.CONCEPT_MODIFIER)
        for name, value in (
            (_DCM.AlgorithmName, NAME),
            (_DCM.AlgorithmVersion, provenance.version),
            (_DCM.AlgorithmParameters, provenance.parameters),
        )
    ]


def _container(name: Code, children: Sequence[Dataset], relation: Relation | None) -> Dataset:
    """A heading with what stands below it; the root has no relation."""
    item = _item("CONTAINER", name, relation, children)
    item.ContinuityOfContent = "SEPARATE"
    return item


def _code(name: Code, value: Code, relation: Relation) -> Dataset:
    """A coded answer."""
    item = _item("CODE", name, relation)
    item.ConceptCodeSequence = [code_item(value)]
    return item


def _text(name: Code, value: str, relation: Relation) -> Dataset:
    """A text; line breaks and other control characters become spaces."""
    item = _item("TEXT", name, relation)
    item.TextValue = " ".join("".join(c if c.isprintable() else " " for c in value).split())
    return item


def _uid(name: Code, value: str, relation: Relation) -> Dataset:
    """A unique identifier."""
    item = _item("UIDREF", name, relation)
    item.UID = value
    return item


def _number(
    name: Code, value: float, unit: Code, relation: Relation, children: Sequence[Dataset] = ()
) -> Dataset:
    """A measured number with its unit.

    The decimal text holds at most 16 characters; where that is not the whole number, the
    number itself stands beside it (PS3.3 table C.18.1-1).
    """
    item = _item("NUM", name, relation, children)
    measured = Dataset()
    measured.NumericValue = decimal(value)
    if float(measured.NumericValue) != value:
        measured.FloatingPointValue = float(value)
    measured.MeasurementUnitsCodeSequence = [code_item(unit)]
    item.MeasuredValueSequence = [measured]
    return item


def _image(name: Code, source: Source, frames: tuple[int, ...], relation: Relation) -> Dataset:
    """A reference to frames (counted from 0) of a cine, or to all of it without any."""
    item = _item("IMAGE", name, relation)
    item.ReferencedSOPSequence = [referenced_image(source, frames)]
    return item


def decimal(value: float) -> str:
    """A number as decimal text of at most 16 characters (PS3.5 6.2, DS)."""
    exact = repr(float(value))
    return exact if len(exact) <= _MAX_DECIMAL else f"{value:.9g}"


def _item(
    kind: str, name: Code, relation: Relation | None, children: Sequence[Dataset] = ()
) -> Dataset:
    item = Dataset()
    if relation is not None:
        item.RelationshipType = str(relation)
    item.ValueType = kind
    item.ConceptNameCodeSequence = [code_item(name)]
    if children:
        item.ContentSequence = list(children)
    return item
