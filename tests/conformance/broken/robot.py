"""Results of the public NGSI-LD suite that are none, or bad."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from mimas.conformance.target import Interface, Target
from mimas.conformance.testing import broken_target

CHECK = "imported.ngsi-ld-test-suite"


FINE = '<test name="3_02"><tag>5_6_1</tag><status status="PASS">fine'
BAD = '<test name="3_02"><tag>5_6_1</tag><status status="FAIL">404'


def _changed(target: Target, folder: Path, old: str, new: str) -> Target:
    path = folder / "output.xml"
    path.write_text(Path(target.documents["ngsi-ld-test-suite"]).read_text().replace(old, new))
    return replace(target, documents={"ngsi-ld-test-suite": str(path)})


@broken_target(right="robot-output", caught_by=CHECK)
def suite_with_a_failed_test(target: Target, folder: Path) -> Target:
    """One test of the public suite failed."""
    return _changed(target, folder, FINE, BAD)


@broken_target(right="robot-output", caught_by=CHECK, verdict="warn")
def suite_with_a_known_deviation(target: Target, folder: Path) -> Target:
    """The one test that failed is admitted as a known deviation."""
    changed = _changed(target, folder, FINE, BAD)
    claimed = Interface("ngsi-ld", "http://127.0.0.1:9", options={"known_deviations": ["3_02"]})
    return replace(changed, interfaces={"ngsi-ld": claimed})


@broken_target(right="robot-output", caught_by=CHECK, verdict="not_tested")
def suite_that_ran_nothing(target: Target, folder: Path) -> Target:
    """Every test of the suite was skipped."""
    return _changed(target, folder, 'status="PASS"', 'status="SKIP"')


@broken_target(right="robot-output", caught_by=CHECK, verdict="error")
def suite_output_that_is_html(target: Target, folder: Path) -> Target:
    """The file is the suite's HTML log, not its output.xml."""
    return _changed(target, folder, "robot", "html")


@broken_target(
    right="robot-output",
    caught_by=CHECK,
    verdict="warn",
    must_catch={"MIM1X-08": "partial run reported as full"},
)
def suite_that_ran_in_part(target: Target, folder: Path) -> Target:
    """The folder of context sources was left out of the run."""
    return _changed(target, folder, "ContextSource", "CommonBehaviours")
