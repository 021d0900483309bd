"""A GITB TRL report (a TAR in the words of the EC Interoperability Test Bed)."""

from __future__ import annotations

from typing import Any
from xml.etree.ElementTree import Element, SubElement, indent, register_namespace, tostring

from .xml_text import clean

Report = dict[str, Any]

_TR = "http://www.gitb.com/tr/v1/"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_RESULTS = {"pass": "SUCCESS", "fail": "FAILURE", "error": "UNDEFINED", "not_tested": "UNDEFINED"}
_ITEMS = {"fail": "error", "error": "error", "warn": "warning"}


def gitb(report: Report) -> bytes:
    """The report as TRL XML: errors are failures and what could not run, warnings warn, the rest informs."""
    register_namespace("tr", _TR)
    register_namespace("xsi", _XSI)
    root = Element(_tr("TestStepReport"), {f"{{{_XSI}}}type": "tr:TAR", "id": "mimas-check"})
    _text(root, "date", report["finished"])
    _text(root, "result", _RESULTS.get(report["verdict"], "UNDEFINED"))
    overview = SubElement(root, _tr("overview"))
    _text(overview, "profileID", ", ".join(report["profiles"]) or "selection")
    _text(overview, "customizationID", f"MIMs Plus {report['catalogue']['edition']}")
    _text(overview, "validationServiceName", "Mimas conformance checker")
    _text(overview, "validationServiceVersion", report["tool"]["version"])
    _text(overview, "note", f"Catalogue {report['catalogue']['version']} ({report['catalogue']['sha256']})")
    counters = SubElement(root, _tr("counters"))
    items = [_ITEMS.get(each["verdict"], "info") for each in report["checks"]]
    _text(counters, "nrOfAssertions", str(len(items)))
    _text(counters, "nrOfErrors", str(items.count("error")))
    _text(counters, "nrOfWarnings", str(items.count("warning")))
    reports = SubElement(root, _tr("reports"))
    for each, item in zip(report["checks"], items, strict=True):
        _item(reports, item, each)
    indent(root)
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root)


def _item(reports: Element, kind: str, check: Report) -> None:
    item = SubElement(reports, _tr(kind), {f"{{{_XSI}}}type": "tr:BAR"})
    _text(item, "assertionID", check["id"])
    _text(item, "description", f"[{check['verdict']}] {check['message']}")
    _text(item, "location", check["mechanism"])
    _text(item, "test", ", ".join([*check["requirements"], *filter(None, [check["clause"]])]))


def _text(parent: Element, name: str, text: str) -> None:
    SubElement(parent, _tr(name)).text = clean(text)


def _tr(name: str) -> str:
    return f"{{{_TR}}}{name}"
