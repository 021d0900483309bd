"""Documents that are empty, old, or do not say what they should."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

from tests.conformance.servers.breaking import name_of

from mimas.conformance.testing import broken_target


def fault(sentence, check, document, change, *, must_catch=None, verdict="fail"):
    """Declare that a document is another: `change` works on its text."""

    def broken(target, folder):
        path = folder / document
        path.write_text(change(Path(target.documents[document]).read_text()))
        return replace(target, documents={**target.documents, document: str(path)})

    broken.__name__ = name_of("city-papers", sentence)
    broken.__doc__ = sentence
    broken_target(right="city-papers", caught_by=check, must_catch=must_catch, verdict=verdict)(broken)


def old(text):
    """The same, of long ago."""
    return re.sub(r"20\d\d-\d\d-\d\d", "2019-01-31", text)


def open_weakness(text):
    """A critical weakness that nobody looked at."""
    document = json.loads(text)
    document["vulnerabilities"][0]["analysis"] = {"state": "exploitable"}
    return json.dumps(document)


fault("A critical weakness is open.", "DOCUMENT.sbom", "sbom", open_weakness)
fault("The bill of materials is a list of words.", "DOCUMENT.sbom", "sbom", lambda _: '{"parts": ["httpx"]}')
fault(
    "The bill of materials is empty.",
    "DOCUMENT.sbom",
    "sbom",
    lambda text: text.replace('"name": "httpx", ', ""),
)
fault("The last restore was years ago.", "DOCUMENT.restore-drill", "restore-drill", old)
fault(
    "The restore drill is a PDF.",
    "DOCUMENT.restore-drill",
    "restore-drill",
    lambda _: "%PDF-1.7 ...",
    verdict="not_tested",
)
fault(
    "The risk register does not know NIS2.",
    "DOCUMENT.risk-register",
    "risk-register",
    lambda text: text.replace("NIS2", "Law"),
)
fault(
    "The risk register has no date.",
    "DOCUMENT.risk-register",
    "risk-register",
    lambda text: text.replace("20", "x"),
)
fault(
    "Keys are never rotated.",
    "DOCUMENT.key-management",
    "key-management",
    lambda text: text.replace("Rotation", "Keys"),
)
fault("The last review of rights is old.", "DOCUMENT.access-review", "access-review", old)
fault("The review of rights is an empty page.", "DOCUMENT.access-review", "access-review", lambda _: " ")
fault("The export names nobody.", "PERSONAL.export-is-open", "export", lambda _: '[{"name": "Person 1"}]')
fault(
    "The record of processing has words of its own.",
    "PERSONAL.processing-in-standard-terms",
    "processing-dpv",
    lambda text: text.replace("dpv:hasPurpose", "purpose"),
)
fault(
    "The architecture knows no pods.",
    "PERSONAL.places-of-data",
    "personal-architecture",
    lambda text: text.replace("Pods", "Files"),
)
fault(
    "There is no legal framework for operators.",
    "PERSONAL.one-connector",
    "operator-connector",
    lambda text: text.replace("legal agreement", "roof"),
)
fault("The record of processing is old.", "PERSONAL.records-are-kept", "processing-record", old)
fault(
    "The protection officer cannot be reached.",
    "PERSONAL.records-are-kept",
    "dpo-contact",
    lambda _: "Ask at the desk.",
)
fault(
    "An aggregate is of one household.",
    "PERSONAL.groups-are-large-enough",
    "published-aggregates",
    lambda text: text + "Castle;1;9\n",
    must_catch={"MIM4-D03": "group of one"},
)
fault(
    "Aggregates say not of how many.",
    "PERSONAL.groups-are-large-enough",
    "published-aggregates",
    lambda text: text.replace("count", "district2"),
)
