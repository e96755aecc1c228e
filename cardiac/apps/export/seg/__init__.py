"""DICOM Segmentation objects (PS3.3 A.51): masks as BINARY, uncertainty as FRACTIONAL."""

from cardiac.apps.export.seg.sop import mask_segmentation, uncertainty_segmentation

__all__ = ["mask_segmentation", "uncertainty_segmentation"]
