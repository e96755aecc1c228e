"""Properties, sites, phases, methods and units of echo: CID 12304, 12305, 12307 and 12227."""

from __future__ import annotations

from cardiac.apps.export.dicom.codes import Code

CALCULATED = Code("125315", "DCM", "Calculated")
MEASURED = Code("125316", "DCM", "Directly measured")
CHANGE = Code("125314", "DCM", "Fractional Change")
INDEXED = Code("125313", "DCM", "Indexed")
VENTRICLE = Code("87878005", "SCT", "Left ventricle")
WALL = Code("49848007", "SCT", "Left Ventricle Myocardium")
ATRIUM = Code("82471001", "SCT", "Left atrium")
VOLUME = Code("118565006", "SCT", "Volume")
AREA = Code("42798000", "SCT", "Area")
LENGTH = Code("410668003", "SCT", "Length")
THICKNESS = Code("59089-3", "LN", "Thickness")
EJECTION = Code("70822001", "SCT", "Cardiac ejection fraction")
RATE = Code("8867-4", "LN", "Heart rate")
END_DIASTOLE = Code("416190007", "SCT", "End diastole")
END_SYSTOLE = Code("416430001", "SCT", "End Systole")
CYCLE = Code("125324", "DCM", "Full Cardiac Cycle")
ONE_PLANE = Code("125208", "DCM", "Method of Disks, Single Plane")
TWO_PLANES = Code("125207", "DCM", "Method of Disks, Biplane")
AREA_LENGTH = Code("125205", "DCM", "Area-Length Single Plane")
PLANIMETRY = Code("125220", "DCM", "Planimetry")
SURFACE = Code("8277-6", "LN", "Body Surface Area")
VIEWS = {
    "A4C": Code("399214001", "SCT", "Apical four chamber"),
    "A2C": Code("399232001", "SCT", "Apical two chamber"),
    "A3C": Code("399339008", "SCT", "Apical long axis"),
}
UNITS = {
    "ml": Code("mL", "UCUM", "milliliter"),
    "percent": Code("%", "UCUM", "percent"),
    "cm2": Code("cm2", "UCUM", "square centimeter"),
    "mm": Code("mm", "UCUM", "millimeter"),
    "ml/m2": Code("mL/m2", "UCUM", "milliliter per square meter"),
    "rate": Code("/min", "UCUM", "per minute"),
}
