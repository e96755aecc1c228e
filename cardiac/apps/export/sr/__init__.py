"""The indices as a DICOM structured report: TID 5300 "Simplified Echo Procedure Report"."""

from cardiac.apps.export.sr.enums import ReportClass
from cardiac.apps.export.sr.sop import echo_report
from cardiac.apps.export.sr.template import Evidence

__all__ = ["Evidence", "ReportClass", "echo_report"]
