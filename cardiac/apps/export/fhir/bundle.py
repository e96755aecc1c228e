"""All indices of a sequence as one FHIR R4 Bundle."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

from cardiac.apps.export.dicom.source import Source
from cardiac.apps.export.dicom.values import valid_value
from cardiac.apps.export.fhir.observation import SYSTEMS, Resource, observation
from cardiac.apps.export.maker import MANUFACTURER, NAME, Maker
from cardiac.apps.export.results import INDICES, Results

_PATIENTS = "urn:uuid:0d6a5d52-30d8-5be5-8f6f-0d3b0b0c7a55"
"""System of the patients' names in the tables, which are pseudonyms unless they were kept."""


def fhir_bundle(results: Results, maker: Maker, source: Source | None = None) -> Resource:
    """A Bundle of type collection: the device and an Observation for every index.

    No date, name or number of the patient goes in but what the tables call the patient, a
    pseudonym unless the run was told to keep numbers.

    Args:
        results: The indices.
        maker: Who measured them.
        source: The DICOM cine, only to put in its patient's number, study and date.
    """
    names = [name for name in INDICES if name in results.values or name in results.reasons]
    device = _device(maker)
    head = _about(results, source) | {
        "issued": maker.made.isoformat(timespec="milliseconds"),
        "device": {"reference": _name(device)},
    }
    resources = [device, *({**observation(name, results), **head} for name in names)]
    bundle: Resource = {
        "resourceType": "Bundle",
        "type": "collection",
        "timestamp": maker.made.isoformat(timespec="milliseconds"),
        "entry": [{"fullUrl": _name(item), "resource": item} for item in resources],
    }
    return bundle


def save_bundle(bundle: Resource, path: str | Path) -> Path:
    """Write a Bundle as JSON.

    Raises:
        OutputError: It cannot be written.
    """
    from cardiac.io import write_atomically

    path = Path(path)
    text = json.dumps(bundle, indent=1, allow_nan=False, ensure_ascii=True)
    write_atomically(path, (text + "\n").encode())
    return path


def _about(results: Results, source: Source | None) -> Resource:
    """Whose the numbers are and when they are from, as far as that may be told."""
    if source is None:
        if not results.patient:
            return {}
        return {"subject": {"identifier": {"system": _PATIENTS, "value": results.patient}}}
    study = {"system": "urn:dicom:uid", "value": f"urn:oid:{source.uid('StudyInstanceUID')}"}
    found: Resource = {"derivedFrom": [{"type": "ImagingStudy", "identifier": study}]}
    patient = valid_value(source.header, "PatientID")
    if patient is not None:
        found["subject"] = {"identifier": {"value": patient}}
    date = valid_value(source.header, "StudyDate")
    if date is not None and len(date) == 8:
        found["effectiveDateTime"] = f"{date[:4]}-{date[4:6]}-{date[6:]}"
    return found


def _device(maker: Maker) -> Resource:
    return {
        "resourceType": "Device",
        "manufacturer": MANUFACTURER,
        "deviceName": [{"name": NAME, "type": "model-name"}],
        "version": [{"value": maker.version}],
        "serialNumber": maker.serial,
        "note": [{"text": maker.parameters}],
    }


def _name(resource: Resource) -> str:
    """A name made from the content: the same content has the same name."""
    text = json.dumps(resource, sort_keys=True)
    return uuid.uuid5(uuid.UUID(SYSTEMS["99CARDIAC"][9:]), text).urn
