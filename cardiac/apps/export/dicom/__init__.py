"""What every DICOM object that is written has in common."""

from cardiac.apps.export.dicom.codes import Code
from cardiac.apps.export.dicom.source import Source

__all__ = ["Code", "Source"]
