"""The indices as FHIR R4 Observations in a Bundle."""

from cardiac.apps.export.fhir.bundle import fhir_bundle, save_bundle

__all__ = ["fhir_bundle", "save_bundle"]
