"""JUnit XML, for the pages of continuous integration: a suite for each MIM, a case for each check."""

from __future__ import annotations

from typing import Any
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from .xml_text import clean

Report = dict[str, Any]


def junit(report: Report) -> bytes:
    """The report as JUnit XML; failures fail, errors are errors, what was not tested is skipped."""
    suites = Element("testsuites", name=f"Mimas conformance of {clean(report['target']['name'])}")
    mim_of = {each["id"]: each["mim"] for each in report["requirements"]}
    for mim in report["mims"]:
        checks = [
            each
            for each in report["checks"]
            if mim_of.get(next((r for r in each["requirements"] if r in mim_of), "")) == mim["mim"]
        ]
        suites.append(_suite(mim["mim"], checks, report["started"]))
    indent(suites)
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(suites)


def _suite(name: str, checks: list[Report], started: str) -> Element:
    count = {verdict: sum(each["verdict"] == verdict for each in checks) for verdict in ("fail", "error")}
    skipped = sum(each["verdict"] in ("not_tested", "not_applicable") for each in checks)
    suite = Element(
        "testsuite",
        name=name,
        timestamp=started,
        tests=str(len(checks)),
        failures=str(count["fail"]),
        errors=str(count["error"]),
        skipped=str(skipped),
        time=f"{sum(each['milliseconds'] for each in checks) / 1000:.3f}",
    )
    for each in checks:
        _case(suite, each)
    return suite


def _case(suite: Element, check: Report) -> None:
    case = SubElement(
        suite,
        "testcase",
        name=check["id"],
        classname=f"{suite.get('name')}.{check['mechanism']}",
        time=f"{check['milliseconds'] / 1000:.3f}",
    )
    message = clean(check["message"])
    if check["verdict"] in ("fail", "error"):
        kind = "failure" if check["verdict"] == "fail" else "error"
        said = SubElement(case, kind, message=message, type=check["level"])
        said.text = clean("\n".join(filter(None, [check["title"], check["mend"], check["clause"]])))
    elif check["verdict"] in ("not_tested", "not_applicable"):
        SubElement(case, "skipped", message=message)
    elif check["verdict"] == "warn":
        SubElement(case, "system-out").text = f"Warning: {message}"
