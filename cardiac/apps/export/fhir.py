"""All indices of a sequence as FHIR R4 Observations in one Bundle."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

from pydicom.sr.coding import Code

from cardiac.apps.export.concepts import SITES, UNITS, core_code, method_code, other_code, own_code
from cardiac.apps.export.dicom_object import PRIVATE, private_code
from cardiac.apps.export.provenance import MANUFACTURER, NAME, PURPOSE, Provenance
from cardiac.apps.export.reported import ReportedIndices
from cardiac.apps.export.source import Source, valid_value
from cardiac.clinical.catalogue import INDEX, NAMES, Index, Method
from cardiac.io.files import write_atomically
from cardiac.types import Data

_OWN = "5b4c2f0e-7d0a-5c1f-9f0e-2c9b6a7f4e11"
SYSTEMS = {
    "LN": "http://loinc.org",
    "SCT": "http://snomed.info/sct",
    "DCM": "http://dicom.nema.org/resources/ontology/DCM",
    "UCUM": "http://unitsofmeasure.org",
    PRIVATE: f"urn:uuid:{_OWN}",
}
"""Names of the code systems in FHIR; the private codes' one is a fixed random name."""
_PATIENTS = "urn:uuid:0d6a5d52-30d8-5be5-8f6f-0d3b0b0c7a55"
"""System of the patients' names in the tables, which are pseudonyms unless they were kept."""
_CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
_ABSENT = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
_LOW = private_code("INTERVAL_LOW", "Lower bound of the interval")
_HIGH = private_code("INTERVAL_HIGH", "Upper bound of the interval")


def fhir_bundle(
    reported: ReportedIndices, provenance: Provenance, source: Source | None = None
) -> Data:
    """A Bundle of type collection: the device and an Observation for every index.

    No date, name or number of the patient goes in but what the tables call the patient, a
    pseudonym unless the run was told to keep numbers.

    Args:
        reported: The indices.
        provenance: What measured them.
        source: The DICOM cine, only to put in its patient's number, study and date.
    """
    names = [name for name in NAMES if name in reported.values or name in reported.reasons]
    device = _device(provenance)
    head = _about(reported, source) | {
        "issued": provenance.made.isoformat(timespec="milliseconds"),
        "device": {"reference": _name(device)},
    }
    resources = [device, *({**_observation(name, reported), **head} for name in names)]
    bundle: Data = {
        "resourceType": "Bundle",
        "type": "collection",
        "timestamp": provenance.made.isoformat(timespec="milliseconds"),
        "entry": [{"fullUrl": _name(item), "resource": item} for item in resources],
    }
    return bundle


def save_bundle(bundle: Data, path: str | Path) -> Path:
    """Write a Bundle as JSON.

    Raises:
        OutputError: It cannot be written.
    """
    path = Path(path)
    text = json.dumps(bundle, indent=1, allow_nan=False, ensure_ascii=True)
    write_atomically(path, (text + "\n").encode())
    return path


def _about(reported: ReportedIndices, source: Source | None) -> Data:
    """Whose the numbers are and when they are from, as far as that may be told."""
    if source is None:
        if not reported.patient:
            return {}
        return {"subject": {"identifier": {"system": _PATIENTS, "value": reported.patient}}}
    study = {"system": "urn:dicom:uid", "value": f"urn:oid:{source.uid('StudyInstanceUID')}"}
    found: Data = {"derivedFrom": [{"type": "ImagingStudy", "identifier": study}]}
    patient = valid_value(source.header, "PatientID")
    if patient is not None:
        found["subject"] = {"identifier": {"value": patient}}
    date = valid_value(source.header, "StudyDate")
    if date is not None and len(date) == 8:
        found["effectiveDateTime"] = f"{date[:4]}-{date[4:6]}-{date[6:]}"
    return found


def _device(provenance: Provenance) -> Data:
    return {
        "resourceType": "Device",
        "manufacturer": MANUFACTURER,
        "deviceName": [{"name": NAME, "type": "model-name"}],
        "version": [{"value": provenance.version}],
        "serialNumber": provenance.serial,
        "note": [{"text": provenance.parameters}],
    }


def _name(resource: Data) -> str:
    """A name made from the content: the same content has the same name."""
    text = json.dumps(resource, sort_keys=True)
    return uuid.uuid5(uuid.UUID(_OWN), text).urn


def _observation(name: str, reported: ReportedIndices) -> Data:
    """An index with its interval, or with the reason why it is missing.

    Args:
        name: Of the catalogue.
        reported: Where it stands.
    """
    index = INDEX[name]
    unit = UNITS[index.unit]
    found: Data = {
        "resourceType": "Observation",
        # Nobody has confirmed it.
        "status": "preliminary",
        "category": [{"coding": [{"system": _CATEGORY, "code": "imaging"}]}],
        "code": {
            "coding": [_coding(code) for code in _codes(index, reported)],
            "text": index.term,
        },
    }
    if name in reported.values:
        found["valueQuantity"] = _quantity(reported.values[name], unit)
    else:
        reason = reported.reasons.get(name, "it could not be measured")
        coded = {"system": _ABSENT, "code": "unknown"}
        found["dataAbsentReason"] = {"coding": [coded], "text": reason}
    found["bodySite"] = {"coding": [_coding(SITES[index.site])]}
    method = method_code(index, reported.view)
    if method is not None:
        found["method"] = {"coding": [_coding(method)]}
        if index.method is Method.DISCS:
            found["method"]["text"] = f"{method.meaning}, convention {reported.convention}"
    if name in reported.bounds and name in reported.values:
        found["component"] = [
            {
                "code": {
                    "coding": [_coding(end)],
                    "text": f"{end.meaning} ({reported.level:.0%})",
                },
                "valueQuantity": _quantity(bound, unit),
            }
            for end, bound in zip((_LOW, _HIGH), reported.bounds[name], strict=True)
        ]
    found["note"] = [{"text": text} for text in _notes(reported)]
    return found


def _coding(code: Code) -> Data:
    """A code as a FHIR Coding."""
    return {"system": SYSTEMS[code.scheme_designator], "code": code.value, "display": code.meaning}


def _quantity(value: float, unit: Code) -> Data:
    """A number with its unit as a FHIR Quantity."""
    return {"value": value, "unit": unit.value, "system": SYSTEMS["UCUM"], "code": unit.value}


def _codes(index: Index, reported: ReportedIndices) -> list[Code]:
    """The public code first, if there is one, then our own, which tells the view as well."""
    view, convention = reported.view, reported.convention
    known = core_code(index, view, convention) or other_code(index, view, convention)
    return list(dict.fromkeys([known, own_code(index, view, convention)]))


def _notes(reported: ReportedIndices) -> list[str]:
    frames = [
        f"{phase} frames {', '.join(map(str, numbers))} (counted from 0)"
        for phase, numbers in (("ED", reported.ed_frames), ("ES", reported.es_frames))
        if numbers
    ]
    told = [f"view {reported.view}", *frames, reported.verdict, *reported.remarks, PURPOSE]
    return [text for text in told if text]
