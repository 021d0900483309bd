"""One report with everything a report can hold, hostile text included."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from mimas.conformance.catalogue import load_catalogue
from mimas.conformance.checks import Check
from mimas.conformance.evidence import Exchange
from mimas.conformance.reports import report_of
from mimas.conformance.runner import CheckResult, Contact, RequirementResult, Run
from mimas.conformance.target import Attestation, Interface, Target
from mimas.conformance.verdicts import Verdict, judge_mim

HOSTILE = "</pre><script>alert('x')</script>]]>&\x1b[31m\x00\ud800<img src=x onerror=alert(1)>"
NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)


def _check(check_id: str, requirement: str) -> Check:
    return Check(
        id=check_id,
        requirements=(requirement,),
        mechanism="ngsi-ld",
        level="MUST",
        clause="ETSI GS CIM 009, 5.7.1",
        needs=frozenset(),
        documents=(),
        message=f"What {check_id} finds out.",
        run=lambda probe: None,
    )


def _results() -> list[RequirementResult]:
    catalogue = load_catalogue()
    shared = Exchange(
        NOW, 1.5, "GET", "http://x/?q=<b>", (("A", HOSTILE),), HOSTILE, 200, (("B", HOSTILE),), HOSTILE
    )
    silent = Exchange(NOW, 1.5, "POST", "http://x/", error="no usable answer: " + HOSTILE)
    word = Attestation("MIM0-C4", HOSTILE, date(2026, 1, 1), "javascript:alert(1)", text=HOSTILE)
    found = []
    for number, verdict in enumerate(Verdict):
        requirement = catalogue.requirements[number]
        result = CheckResult(
            _check(f"test/{verdict}", requirement.id),
            verdict,
            HOSTILE,
            mend=HOSTILE,
            milliseconds=12.3,
            exchanges=(shared, silent),
            left_behind=(HOSTILE,) if verdict is Verdict.FAIL else (),
            facts={"ids": ["a"], "share": 0.5},
        )
        found.append(RequirementResult(requirement, verdict, (result,), (word,)))
    return found


@pytest.fixture
def report() -> dict[str, Any]:
    """The report as a document."""
    results = _results()
    mim = judge_mim("MIM0", [(each.requirement.level, each.verdict) for each in results])
    target = Target(HOSTILE, {"ngsi-ld": Interface("ngsi-ld", "http://x/")}, version=HOSTILE)
    contact = Contact("ngsi-ld", "http://x/", Verdict.FAIL, HOSTILE)
    return report_of(Run(target, NOW, NOW, False, tuple(results), (mim,), (contact,), profiles=("geo",)))
