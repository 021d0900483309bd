"""Writes a report in the format its file name says, and reads the JSON one back."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import orjson
from jsonschema import Draft202012Validator

from .badge import badge
from .document import report_schema
from .earl import earl
from .gitb import gitb
from .html_report import html_report
from .junit import junit

Report = dict[str, Any]
_INDENTED = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE


class ReportError(Exception):
    """The report cannot be read or written; the message says why."""


FORMATS: Mapping[str, tuple[str, Callable[[Report], bytes]]] = {
    ".earl.jsonld": ("EARL 1.0 as JSON-LD", lambda report: orjson.dumps(earl(report), option=_INDENTED)),
    ".gitb.xml": ("GITB TRL, for the EC Interoperability Test Bed", gitb),
    ".jsonld": ("EARL 1.0 as JSON-LD", lambda report: orjson.dumps(earl(report), option=_INDENTED)),
    ".json": (
        "the whole run, by the published JSON Schema",
        lambda report: orjson.dumps(report, option=_INDENTED),
    ),
    ".xml": ("JUnit XML", junit),
    ".html": ("a page for people", lambda report: html_report(report).encode()),
    ".svg": ("a badge", lambda report: badge(report).encode()),
}


def render(report: Report, name: str) -> bytes:
    """The report in the format that the file name's suffix stands for."""
    for suffix, (_, make) in FORMATS.items():
        if name.endswith(suffix):
            return make(report)
    raise ReportError(f"{name}: a report is written as {', '.join(FORMATS)}.")


def write_report(report: Report, path: Path) -> None:
    """Write it; folders are made."""
    content = render(report, path.name)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except OSError as error:
        raise ReportError(f"{path} cannot be written: {error.strerror}") from error


def read_report(path: Path) -> Report:
    """A JSON report, checked against its schema."""
    try:
        report: Report = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise ReportError(f"{path} is no JSON report: {error}") from error
    wrong = next(Draft202012Validator(report_schema()).iter_errors(report), None)
    if wrong is not None:
        place = "/".join(map(str, wrong.absolute_path)) or "the whole file"
        raise ReportError(f"{path} is no report of this checker: {place}: {wrong.message[:200]}")
    return report
