"""Results for other tools: DICOM, FHIR, and label names for NIfTI viewers.

>>> from cardiac.apps.export import Provenance, Source, mask_segmentation, save  # doctest: +SKIP
>>> source = Source.read("a4c.dcm")                                           # doctest: +SKIP
>>> made = mask_segmentation(masks, source, Provenance("1.0"))                # doctest: +SKIP
>>> save(made, "masks.dcm")                                                   # doctest: +SKIP
"""

from cardiac.apps.export.cases import ExportCase, ReviewedRun
from cardiac.apps.export.dicom_object import save
from cardiac.apps.export.encapsulated_pdf import encapsulated_pdf, pdf_report
from cardiac.apps.export.fhir import fhir_bundle, save_bundle
from cardiac.apps.export.labels import write_labels
from cardiac.apps.export.provenance import Provenance
from cardiac.apps.export.reported import ReportedIndices
from cardiac.apps.export.secondary_capture import outline_capture
from cardiac.apps.export.seg import SegmentationType, mask_segmentation, uncertainty_segmentation
from cardiac.apps.export.source import Source
from cardiac.apps.export.sr import Evidence, ReportClass, echo_report
from cardiac.apps.export.write import ExportOptions, Pictured, export_study, write_results

__all__ = [
    "Evidence",
    "ExportCase",
    "ExportOptions",
    "Pictured",
    "Provenance",
    "ReportClass",
    "ReportedIndices",
    "ReviewedRun",
    "SegmentationType",
    "Source",
    "echo_report",
    "encapsulated_pdf",
    "export_study",
    "fhir_bundle",
    "mask_segmentation",
    "outline_capture",
    "pdf_report",
    "save",
    "save_bundle",
    "uncertainty_segmentation",
    "write_labels",
    "write_results",
]
