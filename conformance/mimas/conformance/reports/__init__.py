"""The reports of a run: one JSON document, and the forms made of it."""

from .document import FORMAT, report_of, report_schema
from .write import FORMATS, ReportError, read_report, render, write_report

__all__ = [
    "FORMAT",
    "FORMATS",
    "ReportError",
    "read_report",
    "render",
    "report_of",
    "report_schema",
    "write_report",
]
