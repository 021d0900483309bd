"""EARL 1.0 as JSON-LD: one assertion for each check and for each attested requirement."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

Report = dict[str, Any]

OUTCOMES = {
    "pass": "earl:passed",
    "fail": "earl:failed",
    "warn": "earl:passed",
    "attested": "earl:cantTell",
    "equivalent": "earl:cantTell",
    "not_applicable": "earl:inapplicable",
    "not_tested": "earl:untested",
    "error": "earl:cantTell",
}
_CONTEXT = {
    "earl": "http://www.w3.org/ns/earl#",
    "dct": "http://purl.org/dc/terms/",
    "doap": "http://usefulinc.com/ns/doap#",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "dct:date": {"@type": "xsd:dateTime"},
    "earl:outcome": {"@type": "@id"},
    "earl:mode": {"@type": "@id"},
    "earl:assertedBy": {"@type": "@id"},
    "earl:subject": {"@type": "@id"},
}
_TOOL = "urn:mimas:checker"
_SUBJECT = "urn:mimas:target"


def earl(report: Report) -> Report:
    """The report as a JSON-LD document that needs no remote context."""
    checks = [_assertion(each, report["finished"]) for each in report["checks"]]
    attested = [
        _attested(requirement, each)
        for requirement in report["requirements"]
        for each in requirement["attestations"]
    ]
    return {"@context": _CONTEXT, "@graph": [_tool(report), _subject(report), *checks, *attested]}


def _tool(report: Report) -> Report:
    return {
        "@id": _TOOL,
        "@type": ["earl:Assertor", "earl:Software"],
        "dct:title": "Mimas conformance checker",
        "dct:hasVersion": report["tool"]["version"],
    }


def _subject(report: Report) -> Report:
    target = report["target"]
    return {
        "@id": _SUBJECT,
        "@type": ["earl:TestSubject", "doap:Project"],
        "dct:title": target["name"],
        "dct:hasVersion": target["version"] or "not stated",
        "dct:relation": [each["url"] for each in target["interfaces"]],
    }


def _assertion(check: Report, finished: str) -> Report:
    return {
        "@type": "earl:Assertion",
        "earl:assertedBy": _TOOL,
        "earl:subject": _SUBJECT,
        "earl:mode": "earl:automatic",
        "earl:test": {
            "@id": f"urn:mimas:check:{quote(check['id'], safe='')}",
            "@type": "earl:TestCase",
            "dct:title": check["title"],
            "dct:isPartOf": [{"@id": _requirement(each)} for each in check["requirements"]],
        },
        "earl:result": {
            "@type": "earl:TestResult",
            "earl:outcome": OUTCOMES[check["verdict"]],
            "dct:description": check["message"],
            "dct:date": finished,
        },
    }


def _attested(requirement: Report, attestation: Report) -> Report:
    return {
        "@type": "earl:Assertion",
        "earl:assertedBy": {"@type": ["earl:Assertor", "foaf:Person"], "foaf:name": attestation["by"]},
        "earl:subject": _SUBJECT,
        "earl:mode": "earl:manual",
        "earl:test": {
            "@id": _requirement(requirement["id"]),
            "@type": "earl:TestRequirement",
            "dct:title": requirement["title"],
        },
        "earl:result": {
            "@type": "earl:TestResult",
            "earl:outcome": "earl:cantTell",
            "dct:description": attestation["text"] or "Attested, not tested.",
            "dct:source": attestation["link"],
            "dct:date": f"{attestation['date']}T00:00:00Z",
        },
    }


def _requirement(requirement_id: str) -> str:
    return f"urn:mimas:requirement:{quote(requirement_id, safe='')}"
