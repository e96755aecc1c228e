"""Results for other tools: DICOM, FHIR, and label names for NIfTI viewers.

>>> from cardiac.apps.export import Maker, Source, mask_segmentation, save   # doctest: +SKIP
>>> source = Source.read("a4c.dcm")                                     # doctest: +SKIP
>>> save(mask_segmentation(masks, source, Maker("0.1.0")), "masks.dcm") # doctest: +SKIP
"""

from cardiac.apps.export.dicom import Source
from cardiac.apps.export.dicom.modules import save
from cardiac.apps.export.fhir import fhir_bundle, save_bundle
from cardiac.apps.export.labels import write_labels
from cardiac.apps.export.maker import Maker
from cardiac.apps.export.results import Results
from cardiac.apps.export.seg import mask_segmentation, uncertainty_segmentation
from cardiac.apps.export.sr import Evidence, ReportClass, echo_report
from cardiac.apps.export.study import Choice, export_study

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
