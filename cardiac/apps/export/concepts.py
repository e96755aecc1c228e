"""What the indices of the catalogue are called in the vocabularies of echocardiography.

The catalogue says what an index is, in words; here stand the codes of those words: sites,
properties, phases and methods of CID 12305, 12304, 12307 and 12227, as pydicom names them,
and units of UCUM. An index that is added to the catalogue needs nothing here.
"""

from __future__ import annotations

from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

from cardiac.apps.export.dicom_object import private_code
from cardiac.clinical.catalogue import BIPLANE, Index, Kind, Method, Quantity, Site
from cardiac.clinical.volumes import Convention
from cardiac.states import Phase

VIEWS = {
    "A4C": codes.cid12226.ApicalFourChamber,
    "A2C": codes.cid12226.ApicalTwoChamber,
    "A3C": codes.cid12226.ApicalLongAxis,
}
PHASES = {
    Phase.ED: codes.SCT.EndDiastole,
    Phase.ES: codes.SCT.EndSystole,
    None: codes.DCM.FullCardiacCycle,
}
SITES = {
    Site.VENTRICLE: codes.cid12305.LeftVentricle,
    Site.WALL: codes.cid12305.LeftVentricleMyocardium,
    Site.ATRIUM: codes.cid12305.LeftAtrium,
}
PROPERTIES = {
    Quantity.VOLUME: codes.cid12304.Volume,
    Quantity.AREA: codes.cid12304.Area,
    Quantity.LENGTH: codes.cid12304.Length,
    Quantity.THICKNESS: codes.cid12304.Thickness,
    Quantity.EJECTION: codes.cid12304.CardiacEjectionFraction,
    Quantity.RATE: codes.LN.HeartRate,
}
KINDS = {
    Kind.MEASURED: codes.DCM.DirectlyMeasured,
    Kind.CALCULATED: codes.DCM.Calculated,
    Kind.CHANGE: codes.DCM.FractionalChange,
    Kind.INDEXED: codes.DCM.Indexed,
}
METHODS: dict[Method, tuple[Code, Code]] = {
    Method.DISCS: (codes.DCM.MethodOfDisksSinglePlane, codes.DCM.MethodOfDisksBiplane),
    Method.PLANIMETRY: (codes.DCM.Planimetry, codes.DCM.Planimetry),
    Method.AREA_LENGTH: (codes.DCM.AreaLengthSinglePlane, codes.DCM.AreaLengthBiplane),
}
"""In one plane, and in two."""
UNITS = {
    "mL": Code("mL", "UCUM", "milliliter"),
    "%": Code("%", "UCUM", "percent"),
    "cm²": Code("cm2", "UCUM", "square centimeter"),
    "mm": Code("mm", "UCUM", "millimeter"),
    "mL/m²": Code("mL/m2", "UCUM", "milliliter per square meter"),
    "/min": Code("/min", "UCUM", "per minute"),
}
BODY_SURFACE = Code("8277-6", "LN", "Body Surface Area")


def method_code(index: Index, view: str) -> Code | None:
    """How an index is measured in a view, if a method of CID 12227 says it."""
    if index.method is None:
        return None
    return METHODS[index.method][view == BIPLANE]


def core_code(index: Index, view: str, convention: str) -> Code | None:
    """The code of CID 12300 "Core Echo Measurement", where the index is what that code says.

    Volumes of discs that are not as high as the axis of their own phase are another thing
    than the guidelines' and never get their code.
    """
    if view not in index.core or _own_way(index, convention):
        return None
    value, meaning = index.core[view]
    return Code(value, "LN", meaning)


def other_code(index: Index, view: str, convention: str) -> Code:
    """The code outside CID 12300: a public one, or one of our own."""
    if index.public is None or _own_way(index, convention):
        return own_code(index, view, convention)
    scheme, value, meaning = index.public
    return Code(value, scheme, meaning)


def own_code(index: Index, view: str, convention: str, *, interval: bool = False) -> Code:
    """A private code that tells index, view, convention, and whether it has an interval."""
    own_way = _own_way(index, convention)
    where = view if view in VIEWS or view == BIPLANE else ""
    parts = (index.label, "BP" if where == BIPLANE else where, "L" * own_way, "I" * interval)
    meaning = index.term + (f", {where}" if where else "")
    meaning += " (longest axis)" * own_way + ", interval" * interval
    return private_code("_".join(filter(None, parts)), meaning)


def _own_way(index: Index, convention: str) -> bool:
    return index.method is Method.DISCS and convention != Convention.ASE
