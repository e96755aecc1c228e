"""What an index is called in the vocabularies of echocardiography."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cardiac.apps.export.dicom.codes import Code, private
from cardiac.apps.export.vocabulary import CALCULATED, END_DIASTOLE, ONE_PLANE, TWO_PLANES, VIEWS
from cardiac.clinical.volumes import Convention


@dataclass(frozen=True, slots=True)
class Concept:
    """What an index is.

    Attributes:
        title: For people to read.
        short: A label for narrow places; also the stem of the private code.
        unit: Its unit in UCUM.
        site: Where it is measured.
        prop: What is measured there.
        kind: Whether it is measured, calculated, a change or indexed.
        phase: When in the cycle.
        method: How, if one method of CID 12227 says it.
        discs: Whether it follows the method of discs, in one plane or two.
        divisor: What it is divided by.
        core: Code of CID 12300 by view, "biplane" included.
        public: Code of another public scheme, whatever the view.
    """

    title: str
    short: str
    unit: Code
    site: Code
    prop: Code
    kind: Code = CALCULATED
    phase: Code = END_DIASTOLE
    method: Code | None = None
    discs: bool = False
    divisor: Code | None = None
    core: Mapping[str, Code] = field(default_factory=dict)
    public: Code | None = None

    def measured_by(self, view: str) -> Code | None:
        """The code of its method in a view."""
        if self.discs:
            return TWO_PLANES if view == "biplane" else ONE_PLANE
        return self.method

    def core_code(self, view: str, convention: str) -> Code | None:
        """Its code of CID 12300, where it is what that code says.

        Volumes of discs that are not as high as the axis of their own phase are another
        thing than the guidelines' and never get their code.
        """
        return None if self._own_way(convention) else self.core.get(view)

    def other_code(self, view: str, convention: str) -> Code:
        """Its code outside CID 12300: a public one, or one of our own."""
        if self.public is not None and not self._own_way(convention):
            return self.public
        return self.own_code(view, convention)

    def own_code(self, view: str, convention: str, *, interval: bool = False) -> Code:
        """A private code that tells index, view, convention, and whether it has an interval."""
        own_way = self._own_way(convention)
        where = view if view in VIEWS or view == "biplane" else ""
        parts = (self.short, "BP" if where == "biplane" else where, "L" * own_way, "I" * interval)
        meaning = self.title + (f", {where}" if where else "")
        meaning += " (longest axis)" * own_way + ", interval" * interval
        return private("_".join(filter(None, parts)), meaning)

    def _own_way(self, convention: str) -> bool:
        return self.discs and convention != Convention.ASE
