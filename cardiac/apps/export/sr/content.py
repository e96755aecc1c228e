"""Content items: the leaves and branches of a structured report (PS3.3 C.17.3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cardiac.apps.export.dicom.codes import Code
from cardiac.apps.export.dicom.modules import referenced_image
from cardiac.apps.export.dicom.source import Source
from cardiac.apps.export.sr.enums import Relation

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_MAX_DECIMAL = 16


def container(name: Code, children: Sequence[Dataset], relation: Relation | None) -> Dataset:
    """A heading with what stands below it; the root has no relation."""
    item = _item("CONTAINER", name, relation, children)
    item.ContinuityOfContent = "SEPARATE"
    return item


def code(name: Code, value: Code, relation: Relation) -> Dataset:
    """A coded answer."""
    item = _item("CODE", name, relation)
    item.ConceptCodeSequence = [value.item()]
    return item


def text(name: Code, value: str, relation: Relation) -> Dataset:
    """A text; line breaks and other control characters become spaces."""
    item = _item("TEXT", name, relation)
    item.TextValue = " ".join("".join(c if c.isprintable() else " " for c in value).split())
    return item


def uid(name: Code, value: str, relation: Relation) -> Dataset:
    """A unique identifier."""
    item = _item("UIDREF", name, relation)
    item.UID = value
    return item


def number(
    name: Code, value: float, unit: Code, relation: Relation, children: Sequence[Dataset] = ()
) -> Dataset:
    """A measured number with its unit.

    The decimal text holds at most 16 characters; where that is not the whole number, the
    number itself stands beside it (PS3.3 table C.18.1-1).
    """
    from pydicom.dataset import Dataset

    item = _item("NUM", name, relation, children)
    measured = Dataset()
    measured.NumericValue = decimal(value)
    if float(measured.NumericValue) != value:
        measured.FloatingPointValue = float(value)
    measured.MeasurementUnitsCodeSequence = [unit.item()]
    item.MeasuredValueSequence = [measured]
    return item


def image(name: Code, source: Source, frames: tuple[int, ...], relation: Relation) -> Dataset:
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
    from pydicom.dataset import Dataset

    item = Dataset()
    if relation is not None:
        item.RelationshipType = str(relation)
    item.ValueType = kind
    item.ConceptNameCodeSequence = [name.item()]
    if children:
        item.ContentSequence = list(children)
    return item
