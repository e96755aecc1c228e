"""One index as a FHIR R4 Observation."""

from __future__ import annotations

from typing import Any, TypeAlias

from cardiac.apps.export.concept import Concept
from cardiac.apps.export.concepts import CONCEPTS
from cardiac.apps.export.dicom.codes import PRIVATE, Code, private
from cardiac.apps.export.maker import PURPOSE
from cardiac.apps.export.results import Results

Resource: TypeAlias = dict[str, Any]
SYSTEMS = {
    "LN": "http://loinc.org",
    "SCT": "http://snomed.info/sct",
    "DCM": "http://dicom.nema.org/resources/ontology/DCM",
    "UCUM": "http://unitsofmeasure.org",
    PRIVATE: "urn:uuid:5b4c2f0e-7d0a-5c1f-9f0e-2c9b6a7f4e11",
}
"""Names of the code systems in FHIR; the private codes' one is a fixed random name."""
_CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
_ABSENT = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
_LOW = private("INTERVAL_LOW", "Lower bound of the interval")
_HIGH = private("INTERVAL_HIGH", "Upper bound of the interval")


def observation(name: str, results: Results) -> Resource:
    """An index with its interval, or with the reason why it is missing.

    Args:
        name: One of `INDICES`.
        results: Where it stands.
    """
    concept = CONCEPTS[name]
    found: Resource = {
        "resourceType": "Observation",
        # Nobody has confirmed it.
        "status": "preliminary",
        "category": [{"coding": [{"system": _CATEGORY, "code": "imaging"}]}],
        "code": {"coding": [coding(code) for code in _codes(concept, results)]},
    }
    found["code"]["text"] = concept.title
    if name in results.values:
        found["valueQuantity"] = quantity(results.values[name], concept.unit)
    else:
        reason = results.reasons.get(name, "it could not be measured")
        coded = {"system": _ABSENT, "code": "unknown"}
        found["dataAbsentReason"] = {"coding": [coded], "text": reason}
    found["bodySite"] = {"coding": [coding(concept.site)]}
    method = concept.measured_by(results.view)
    if method is not None:
        text = f"{method.meaning}, convention {results.convention}"
        found["method"] = {"coding": [coding(method)], "text": text if concept.discs else ""}
        if not concept.discs:
            del found["method"]["text"]
    if name in results.bounds and name in results.values:
        found["component"] = [
            {
                "code": {
                    "coding": [coding(end)],
                    "text": f"{end.meaning} ({results.level:.0%})",
                },
                "valueQuantity": quantity(bound, concept.unit),
            }
            for end, bound in zip((_LOW, _HIGH), results.bounds[name], strict=True)
        ]
    found["note"] = [{"text": text} for text in _notes(results)]
    return found


def coding(code: Code) -> Resource:
    """A code as a FHIR Coding."""
    return {"system": SYSTEMS[code.scheme], "code": code.value, "display": code.meaning}


def quantity(value: float, unit: Code) -> Resource:
    """A number with its unit as a FHIR Quantity."""
    return {"value": value, "unit": unit.value, "system": SYSTEMS["UCUM"], "code": unit.value}


def _codes(concept: Concept, results: Results) -> list[Code]:
    """The public code first, if there is one, then our own, which tells the view as well."""
    view, convention = results.view, results.convention
    known = concept.core_code(view, convention) or concept.other_code(view, convention)
    return list(dict.fromkeys([known, concept.own_code(view, convention)]))


def _notes(results: Results) -> list[str]:
    frames = [
        f"{phase} frames {', '.join(map(str, numbers))} (counted from 0)"
        for phase, numbers in (("ED", results.ed_frames), ("ES", results.es_frames))
        if numbers
    ]
    told = [f"view {results.view}", *frames, results.verdict, *results.remarks, PURPOSE]
    return [text for text in told if text]
