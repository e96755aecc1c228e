"""What every DICOM object that is written has in common."""

from cardiac.export.dicom.codes import Code
from cardiac.export.dicom.source import Source

__all__ = ["Code", "Source"]
