"""FHIR says the numbers with units and intervals, or why there is none, and not who it is."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from cardiac.apps.export import ReportedIndices, Source, fhir_bundle, save_bundle
from cardiac.apps.export.concepts import UNITS
from cardiac.clinical.catalogue import INDEX, NAMES
from tests.apps.export.test_sr import BOUNDS, FULL, VALUES

LACKING = replace(
    FULL, values={"lv_fac_percent": 40.0}, bounds={}, reasons={"lv_ef_percent": "no pixel size"}
)


def observations(bundle) -> dict[str, dict]:
    entries = [entry["resource"] for entry in bundle["entry"]]
    return {r["code"]["text"]: r for r in entries if r["resourceType"] == "Observation"}


def test_every_number_is_there_with_unit_and_interval(provenance):
    found = observations(fhir_bundle(FULL, provenance))
    for name, number in VALUES.items():
        item = found[INDEX[name].term]
        quantity = item["valueQuantity"]
        assert quantity["value"] == number
        assert quantity["code"] == UNITS[INDEX[name].unit].value
        assert quantity["system"] == "http://unitsofmeasure.org"
        bounds = tuple(part["valueQuantity"]["value"] for part in item.get("component", ()))
        assert bounds == BOUNDS.get(name, ())


def test_loinc_comes_first_where_it_exists(provenance):
    item = observations(fhir_bundle(FULL, provenance))["LV ejection fraction"]
    first = item["code"]["coding"][0]
    assert (first["system"], first["code"]) == ("http://loinc.org", "79993-2")
    assert item["method"]["coding"][0]["code"] == "125208"
    assert item["bodySite"]["coding"][0]["code"] == "87878005"


def test_the_heart_rate_has_the_code_that_every_record_knows(provenance):
    first = observations(fhir_bundle(FULL, provenance))["Heart rate"]["code"]["coding"][0]
    assert (first["system"], first["code"]) == ("http://loinc.org", "8867-4")


def test_a_missing_number_has_its_reason_and_never_a_value(provenance):
    item = observations(fhir_bundle(LACKING, provenance))["LV ejection fraction"]
    assert "valueQuantity" not in item
    assert item["dataAbsentReason"]["text"] == "no pixel size"


def test_what_was_neither_measured_nor_missed_is_not_mentioned(provenance):
    assert set(observations(fhir_bundle(LACKING, provenance))) == {
        "LV ejection fraction",
        "LV fractional area change",
    }


def test_nothing_tells_who_it_is_unless_asked(cine, provenance):
    source = Source.read(cine())
    hidden = json.dumps(fhir_bundle(FULL, provenance))
    told = json.dumps(fhir_bundle(FULL, provenance, source))
    for secret in ("P-17", "2024-03-01", source.uid("StudyInstanceUID")):
        assert secret not in hidden
        assert secret in told
    assert "Doe" not in told


def test_the_tables_name_of_the_patient_is_used(provenance):
    found = observations(fhir_bundle(replace(FULL, patient="0123abcd"), provenance))
    subject = found["Heart rate"]["subject"]["identifier"]
    assert subject["value"] == "0123abcd"


@pytest.mark.parametrize(
    "results", [FULL, LACKING, replace(FULL, view="biplane"), ReportedIndices({})]
)
@pytest.mark.parametrize("keep", [False, True])
def test_it_is_valid_fhir(cine, provenance, results, keep):
    bundle = pytest.importorskip("fhir.resources.R4B.bundle")
    told = fhir_bundle(results, provenance, Source.read(cine()) if keep else None)
    model = bundle.Bundle.model_validate(json.loads(json.dumps(told)))
    assert len(model.entry) == len(told["entry"])


def test_every_reference_is_in_the_bundle_and_names_are_unique(provenance):
    bundle = fhir_bundle(FULL, provenance)
    names = [entry["fullUrl"] for entry in bundle["entry"]]
    assert len(set(names)) == len(names) == len(NAMES) + 1
    for entry in bundle["entry"][1:]:
        assert entry["resource"]["device"]["reference"] in names


def test_hostile_text_stays_text_and_the_file_is_plain_ascii(tmp_path, provenance):
    told = '</script><img src=x onerror=alert(1)>"\\\u2028é'
    bundle = fhir_bundle(replace(FULL, remarks=(told,), patient=told), provenance)
    data = save_bundle(bundle, tmp_path / "x.fhir.json").read_bytes()
    assert data.isascii()
    assert json.loads(data) == bundle
    # No narrative: there is no place where markup would be shown as such.
    assert all("text" not in entry["resource"] for entry in bundle["entry"])


def test_the_same_results_give_the_same_bundle(provenance):
    assert fhir_bundle(FULL, provenance) == fhir_bundle(FULL, provenance)
