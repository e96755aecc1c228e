"""TID 5300 "Simplified Echo Procedure Report" and the templates in it (PS3.16).

Pre-coordinated measurements (TID 5301) have one standard code that says all, and only what
that template allows beside the number: a label, and the frames they were measured on. An
interval is not among these. So a number with an interval stands a second time among the
post-coordinated measurements (TID 5302), which may be extended, under a private code: with
the same value, so that nobody takes a bound for the measurement, and with the distances to
both bounds as properties, named as in CID 225 "Measurement Uncertainty Concepts".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cardiac.apps.export.concept import Concept
from cardiac.apps.export.concepts import CONCEPTS
from cardiac.apps.export.dicom.codes import Code
from cardiac.apps.export.dicom.modules import hashed_uid
from cardiac.apps.export.dicom.source import Source
from cardiac.apps.export.maker import MANUFACTURER, NAME, PURPOSE, Maker
from cardiac.apps.export.results import Results
from cardiac.apps.export.sr.content import code, container, image, number, text, uid
from cardiac.apps.export.sr.enums import Relation
from cardiac.apps.export.vocabulary import END_DIASTOLE, END_SYSTOLE, VIEWS

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

IDENTIFIER = "5300"
TITLE = Code("125200", "DCM", "Adult Echocardiography Procedure Report")
PRE_COORDINATED = Code("125301", "DCM", "Pre-coordinated Measurements")
POST_COORDINATED = Code("125302", "DCM", "Post-coordinated Measurements")
SHORT_LABEL = Code("125309", "DCM", "Short Label")
SOURCE = Code("121112", "DCM", "Source of Measurement")
BELOW = Code("371885007", "SCT", "-, range of lower measurement uncertainty")
ABOVE = Code("371886008", "SCT", "+, range of upper measurement uncertainty")
COMMENT = Code("121106", "DCM", "Comment")
_LANGUAGE = Code("121049", "DCM", "Language of Content Item and Descendants")
_ENGLISH = Code("en", "RFC5646", "English")
_OBSERVER_TYPE = Code("121005", "DCM", "Observer Type")
_DEVICE = Code("121007", "DCM", "Device")
_OBSERVER_UID = Code("121012", "DCM", "Device Observer UID")
_OBSERVER_NAME = Code("121013", "DCM", "Device Observer Name")
_OBSERVER_MAKER = Code("121014", "DCM", "Device Observer Manufacturer")
_OBSERVER_MODEL = Code("121015", "DCM", "Device Observer Model Name")
_OBSERVER_SERIAL = Code("121016", "DCM", "Device Observer Serial Number")
_ALGORITHM_NAME = Code("111001", "DCM", "Algorithm Name")
_ALGORITHM_VERSION = Code("111003", "DCM", "Algorithm Version")
_ALGORITHM_PARAMETERS = Code("111002", "DCM", "Algorithm Parameters")
_KIND = Code("125306", "DCM", "Measurement Type")
_SITE = Code("363698007", "SCT", "Finding Site")
_OBSERVED = Code("125305", "DCM", "Finding Observation Type")
_STRUCTURE = Code("125311", "DCM", "Structure of the Finding Site")
_BEHAVIOR = Code("125312", "DCM", "Behavior of the Finding Site")
_PROPERTY = Code("125307", "DCM", "Measured Property")
_METHOD = Code("370129005", "SCT", "Measurement Method")
_MODE = Code("399264008", "SCT", "Image Mode")
_TWO_D = Code("399064001", "SCT", "2D mode")
_VIEW = Code("111031", "DCM", "Image View")
_POINT = Code("272518008", "SCT", "Cardiac Cycle Point")
_DIVISOR = Code("125308", "DCM", "Measurement Divisor")
_DERIVATION = Code("121401", "DCM", "Derivation")
_MEAN = Code("373098007", "SCT", "Mean")
_STILL = (END_DIASTOLE, END_SYSTOLE)


@dataclass(frozen=True, slots=True)
class Evidence:
    """A cine that was measured on, and its frames (from 0) at the two phases."""

    source: Source
    ed_frames: tuple[int, ...] = ()
    es_frames: tuple[int, ...] = ()

    def frames(self, phase: Code) -> tuple[int, ...]:
        """The frames that a number of this phase was measured on."""
        if phase == END_DIASTOLE:
            return self.ed_frames
        if phase == END_SYSTOLE:
            return self.es_frames
        return tuple(sorted({*self.ed_frames, *self.es_frames}))


def report_content(results: Results, evidence: tuple[Evidence, ...], maker: Maker) -> Dataset:
    """The root of the report with all that stands below it."""
    core, other = [], []
    for name, value in results.values.items():
        concept = CONCEPTS[name]
        exact = concept.core_code(results.view, results.convention)
        images = list(_images(concept, evidence))
        if exact is not None:
            core.append(_pre_coordinated(exact, concept, value, results, images))
        if exact is None or name in results.bounds:
            other.append(_post_coordinated(name, value, results, images, maker))
    sections = [
        container(title, items, Relation.CONTAINS)
        for title, items in ((PRE_COORDINATED, core), (POST_COORDINATED, other))
        if items
    ]
    return container(TITLE, [*_context(maker), *sections], None)


def _context(maker: Maker) -> list[Dataset]:
    """Language (TID 1204) and the software as the observer (TID 1001, 1002 and 1004)."""
    seen = Relation.OBSERVATION_CONTEXT
    return [
        code(_LANGUAGE, _ENGLISH, Relation.CONCEPT_MODIFIER),
        code(_OBSERVER_TYPE, _DEVICE, seen),
        uid(_OBSERVER_UID, hashed_uid(NAME, maker.version, maker.weights), seen),
        text(_OBSERVER_NAME, f"{NAME} {maker.version}", seen),
        text(_OBSERVER_MAKER, MANUFACTURER, seen),
        text(_OBSERVER_MODEL, NAME, seen),
        text(_OBSERVER_SERIAL, maker.serial, seen),
    ]


def _images(concept: Concept, evidence: tuple[Evidence, ...]) -> Iterator[Dataset]:
    """The frames that a number was measured on (TID 320)."""
    for seen in evidence:
        yield image(SOURCE, seen.source, seen.frames(concept.phase), Relation.INFERRED_FROM)


def _derivation(results: Results) -> list[Dataset]:
    if results.n_beats < 2:
        return []
    return [code(_DERIVATION, _MEAN, Relation.CONCEPT_MODIFIER)]


def _pre_coordinated(
    name: Code, concept: Concept, value: float, results: Results, images: list[Dataset]
) -> Dataset:
    """TID 5301: a number whose code says all."""
    label = text(SHORT_LABEL, concept.short, Relation.PROPERTIES)
    children = [*_derivation(results), label, *images]
    return number(name, value, concept.unit, Relation.CONTAINS, children)


def _post_coordinated(
    index: str, value: float, results: Results, images: list[Dataset], maker: Maker
) -> Dataset:
    """TID 5302: a number whose meaning is told by its modifiers, extended by an interval."""
    concept, view, bounds = CONCEPTS[index], results.view, results.bounds.get(index)
    convention = results.convention
    name = concept.other_code(view, convention)
    if concept.core_code(view, convention) is not None:
        name = concept.own_code(view, convention, interval=True)
    children = [*_modifiers(concept, view), *_derivation(results), *_algorithm(maker)]
    children.append(text(SHORT_LABEL, concept.short, Relation.PROPERTIES))
    remarks = [results.verdict, *results.remarks, PURPOSE]
    if bounds is not None:
        for end, distance in ((BELOW, value - bounds[0]), (ABOVE, bounds[1] - value)):
            far = max(0.0, distance)
            children.append(number(end, far, concept.unit, Relation.PROPERTIES))
        remarks.insert(0, results.interval(index, concept.unit.value))
    children.append(text(COMMENT, "; ".join(filter(None, remarks)), Relation.PROPERTIES))
    return number(name, value, concept.unit, Relation.CONTAINS, [*children, *images])


def _modifiers(concept: Concept, view: str) -> list[Dataset]:
    """What is measured, where, when and how."""
    still = concept.phase in _STILL
    found = [
        (_KIND, concept.kind),
        (_SITE, concept.site),
        (_OBSERVED, _STRUCTURE if still else _BEHAVIOR),
        (_PROPERTY, concept.prop),
        (_METHOD, concept.measured_by(view)),
        (_MODE, _TWO_D),
        (_VIEW, VIEWS.get(view)),
        (_POINT, concept.phase),
        (_DIVISOR, concept.divisor),
    ]
    return [
        code(name, value, Relation.CONCEPT_MODIFIER) for name, value in found if value is not None
    ]


def _algorithm(maker: Maker) -> list[Dataset]:
    """TID 4019 Algorithm Identification."""
    return [
        text(name, value, Relation.CONCEPT_MODIFIER)
        for name, value in (
            (_ALGORITHM_NAME, NAME),
            (_ALGORITHM_VERSION, maker.version),
            (_ALGORITHM_PARAMETERS, maker.parameters),
        )
    ]
