"""The list of what may fail can only shrink, and nothing else may fail."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from mimas.conformance.checks import checks_by_id
from mimas.conformance.target import load_target
from mimas.conformance.verdicts import Verdict

from .platform_run import HERE, allowed, problems

ONE = next(iter(checks_by_id().values()))


@dataclass
class Result:
    """As much of a result as is looked at."""

    verdict: Verdict
    check: object = ONE
    message: str = "because"
    left_behind: tuple[str, ...] = ()


@dataclass
class Outcome:
    """As much of a run as is looked at."""

    checks: list[Result] = field(default_factory=list)


@pytest.mark.parametrize("verdict", list(Verdict))
def test_what_fails_must_be_allowed_and_what_is_allowed_must_fail(verdict: Verdict) -> None:
    """An id that passes is an error as one that fails is."""
    run = Outcome([Result(verdict)])
    is_bad = verdict in (Verdict.FAIL, Verdict.ERROR)

    assert bool(problems(run, frozenset())) is is_bad  # type: ignore[arg-type]
    assert bool(problems(run, frozenset({ONE.id}))) is not is_bad  # type: ignore[arg-type]


def test_what_is_left_behind_is_a_problem() -> None:
    """Whatever the verdict."""
    run = Outcome([Result(Verdict.PASS, left_behind=("urn:x",))])

    assert problems(run, frozenset())  # type: ignore[arg-type]


def test_the_list_names_checks_that_there_are(tmp_path: Path) -> None:
    """A line that means nothing would allow nothing, and stay for ever."""
    path = tmp_path / "may_fail.txt"
    path.write_text("# why\nA.check  # because\n\n")

    assert allowed() <= checks_by_id().keys()
    assert allowed(path) == {"A.check"}


def test_the_target_can_be_read() -> None:
    """As a user would write it."""
    target = load_target(HERE / "target.yaml")

    assert target.profiles == ("starter_platform",)
    assert all(Path(place).exists() for place in target.documents.values())
