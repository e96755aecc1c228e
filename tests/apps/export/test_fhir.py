"""FHIR says the numbers with units and intervals, or why there is none, and not who it is."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from cardiac.apps.export import Results, Source, fhir_bundle, save_bundle
from cardiac.apps.export.concepts import CONCEPTS
from cardiac.apps.export.results import INDICES
from tests.apps.export.test_sr import BOUNDS, FULL, VALUES

LACKING = replace(
    FULL, values={"lv_fac_percent": 40.0}, bounds={}, reasons={"lv_ef_percent": "no pixel size"}
)


def observations(bundle) -> dict[str, dict]:
    entries = [entry["resource"] for entry in bundle["entry"]]
    return {r["code"]["text"]: r for r in entries if r["resourceType"] == "Observation"}


def test_every_number_is_there_with_unit_and_interval(maker):
    found = observations(fhir_bundle(FULL, maker))
    for name, number in VALUES.items():
        item = found[CONCEPTS[name].title]
        quantity = item["valueQuantity"]
        assert quantity["value"] == number
        assert quantity["code"] == CONCEPTS[name].unit.value
        assert quantity["system"] == "http://unitsofmeasure.org"
        bounds = tuple(part["valueQuantity"]["value"] for part in item.get("component", ()))
        assert bounds == BOUNDS.get(name, ())


def test_loinc_comes_first_where_it_exists(maker):
    item = observations(fhir_bundle(FULL, maker))["LV ejection fraction"]
    first = item["code"]["coding"][0]
    assert (first["system"], first["code"]) == ("http://loinc.org", "79993-2")
    assert item["method"]["coding"][0]["code"] == "125208"
    assert item["bodySite"]["coding"][0]["code"] == "87878005"


def test_a_missing_number_has_its_reason_and_never_a_value(maker):
    item = observations(fhir_bundle(LACKING, maker))["LV ejection fraction"]
    assert "valueQuantity" not in item
    assert item["dataAbsentReason"]["text"] == "no pixel size"


def test_what_was_neither_measured_nor_missed_is_not_mentioned(maker):
    assert set(observations(fhir_bundle(LACKING, maker))) == {
        "LV ejection fraction",
        "LV fractional area change",
    }


def test_nothing_tells_who_it_is_unless_asked(cine, maker):
    source = Source.read(cine())
    hidden = json.dumps(fhir_bundle(FULL, maker))
    told = json.dumps(fhir_bundle(FULL, maker, source))
    for secret in ("P-17", "2024-03-01", source.uid("StudyInstanceUID")):
        assert secret not in hidden
        assert secret in told
    assert "Doe" not in told


def test_the_tables_name_of_the_patient_is_used(maker):
    found = observations(fhir_bundle(replace(FULL, patient="0123abcd"), maker))
    subject = found["Heart rate"]["subject"]["identifier"]
    assert subject["value"] == "0123abcd"


@pytest.mark.parametrize("results", [FULL, LACKING, replace(FULL, view="biplane"), Results({})])
@pytest.mark.parametrize("keep", [False, True])
def test_it_is_valid_fhir(cine, maker, results, keep):
    bundle = pytest.importorskip("fhir.resources.R4B.bundle")
    told = fhir_bundle(results, maker, Source.read(cine()) if keep else None)
    model = bundle.Bundle.model_validate(json.loads(json.dumps(told)))
    assert len(model.entry) == len(told["entry"])


def test_every_reference_is_in_the_bundle_and_names_are_unique(maker):
    bundle = fhir_bundle(FULL, maker)
    names = [entry["fullUrl"] for entry in bundle["entry"]]
    assert len(set(names)) == len(names) == len(INDICES) + 1
    for entry in bundle["entry"][1:]:
        assert entry["resource"]["device"]["reference"] in names


def test_hostile_text_stays_text_and_the_file_is_plain_ascii(tmp_path, maker):
    told = '</script><img src=x onerror=alert(1)>"\\\u2028é'
    bundle = fhir_bundle(replace(FULL, remarks=(told,), patient=told), maker)
    data = save_bundle(bundle, tmp_path / "x.fhir.json").read_bytes()
    assert data.isascii()
    assert json.loads(data) == bundle
    # No narrative: there is no place where markup would be shown as such.
    assert all("text" not in entry["resource"] for entry in bundle["entry"])


def test_the_same_results_give_the_same_bundle(maker):
    assert fhir_bundle(FULL, maker) == fhir_bundle(FULL, maker)
