"""Results for other tools: DICOM, FHIR, and label names for NIfTI viewers.

>>> from cardiac.export import Maker, Source, mask_segmentation, save   # doctest: +SKIP
>>> source = Source.read("a4c.dcm")                                     # doctest: +SKIP
>>> save(mask_segmentation(masks, source, Maker("0.1.0")), "masks.dcm") # doctest: +SKIP
"""

from cardiac.export.dicom import Source
from cardiac.export.dicom.modules import save
from cardiac.export.fhir import fhir_bundle, save_bundle
from cardiac.export.labels import write_labels
from cardiac.export.maker import Maker
from cardiac.export.results import Results
from cardiac.export.seg import mask_segmentation, uncertainty_segmentation
from cardiac.export.sr import Evidence, ReportClass, echo_report
from cardiac.export.study import Choice, export_study

__all__ = [
    "Choice",
    "Evidence",
    "Maker",
    "ReportClass",
    "Results",
    "Source",
    "echo_report",
    "export_study",
    "fhir_bundle",
    "mask_segmentation",
    "save",
    "save_bundle",
    "uncertainty_segmentation",
    "write_labels",
]
