"""The report that opens in a browser: data of each case, and the page that shows them."""

from cardiac.report.page.build import write_report
from cardiac.report.page.case import case_data, write_case

__all__ = ["case_data", "write_case", "write_report"]
