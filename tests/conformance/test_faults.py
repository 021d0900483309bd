"""Every check passes its right target and fails on what is broken; every fault is caught by who it names."""

from __future__ import annotations

from pathlib import Path

import pytest

from mimas.conformance.catalogue import load_catalogue
from mimas.conformance.checks import all_checks, checks_by_id
from mimas.conformance.listener import Listener
from mimas.conformance.target import Target
from mimas.conformance.testing import Fault, fault_table, faults, judge
from mimas.conformance.testing.table import must_catch_phrases
from mimas.conformance.verdicts import Verdict

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "reference" / "fault-table.md"
CHECKED = {requirement for check in all_checks() for requirement in check.requirements}
PAIRS = sorted({(check_id, fault.right) for fault in faults() for check_id in fault.caught_by})


def right_target(name: str, request: pytest.FixtureRequest) -> Target:
    """The right target of this name."""
    target: Target = request.getfixturevalue(f"right_{name.replace('-', '_')}")
    return target


@pytest.mark.parametrize("fault", faults(), ids=lambda each: each.name)
def test_a_fault_is_caught_by_the_checks_it_names(
    fault: Fault, request: pytest.FixtureRequest, tmp_path: Path, listener: Listener
) -> None:
    """A check nobody can make fail does not ship."""
    right = right_target(fault.right, request)
    found = {}
    with fault.broken(right, tmp_path) as target:
        for check_id in fault.caught_by:
            earlier = right if "baseline" in checks_by_id()[check_id].needs else None
            result = judge(check_id, target, listener=listener, baseline=earlier)
            found[check_id] = (result.verdict, result.message)

    assert {check_id: verdict for check_id, (verdict, _) in found.items()} == dict.fromkeys(
        fault.caught_by, fault.verdict
    ), found


@pytest.mark.parametrize(("check_id", "right"), PAIRS)
def test_a_check_passes_a_right_target(
    check_id: str, right: str, request: pytest.FixtureRequest, listener: Listener
) -> None:
    """What is right is never called wrong, and nothing is left behind there."""
    target = right_target(right, request)
    earlier = target if "baseline" in checks_by_id()[check_id].needs else None
    result = judge(check_id, target, listener=listener, baseline=earlier)

    assert (result.verdict, result.left_behind) == (Verdict.PASS, ()), result.message


@pytest.mark.parametrize("check_id", [each.id for each in all_checks()])
def test_a_check_has_been_seen_to_fail(check_id: str) -> None:
    """At least one fault names it."""
    assert any(check_id in each.caught_by for each in faults())


@pytest.mark.parametrize("check", all_checks(), ids=lambda each: each.id)
def test_a_check_names_requirements_of_the_catalogue(check) -> None:  # type: ignore[no-untyped-def]
    """Its result would be lost otherwise."""
    known = {each.id for each in load_catalogue().requirements}

    assert set(check.requirements) <= known and check.requirements


@pytest.mark.parametrize("fault", faults(), ids=lambda each: each.name)
def test_a_fault_quotes_the_catalogue(fault: Fault) -> None:
    """Its phrases are phrases of `must_catch`, letter by letter."""
    assert set(fault.must_catch) <= set(must_catch_phrases())


@pytest.mark.parametrize(
    ("requirement", "phrase"), [each for each in must_catch_phrases() if each[0] in CHECKED]
)
def test_what_the_catalogue_names_is_caught(requirement: str, phrase: str) -> None:
    """A requirement that has checks has a fault for each phrase of its `must_catch`."""
    assert any((requirement, phrase) in each.must_catch for each in faults())


def test_the_table_of_faults_is_up_to_date() -> None:
    """`make docs` writes it."""
    assert PAGE.read_text() == fault_table(faults())
