"""pytest plugin: with `--mimas-target target.yaml` every check is a test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .checks import Check
    from .runner import CheckResult, Runner

_ENDINGS = pytest.StashKey[list[Any]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options; without --mimas-target the plugin does nothing."""
    group = parser.getgroup("mimas", "conformance to MIMs Plus")
    group.addoption("--mimas-target", metavar="TARGET", help="check this target.yaml or base URL")
    group.addoption("--mimas-profile", action="append", default=[], help="a profile to judge; repeatable")
    group.addoption("--mimas-id", action="append", default=[], help="a check or requirement; repeatable")
    group.addoption("--mimas-strict", action="store_true", help="SHOULD counts like MUST")


def pytest_collection_modifyitems(
    session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Add the checks to the tests that were collected."""
    if config.getoption("mimas_target"):
        items.extend(_Checks.from_parent(session, name="mimas", nodeid="mimas").collect())


def pytest_unconfigure(config: pytest.Config) -> None:
    """Close the connections of the run."""
    for end in config.stash.get(_ENDINGS, []):
        end()


class _Checks(pytest.Collector):
    """The checks of the target."""

    def collect(self) -> Iterator[_CheckItem]:
        runner, checks = _prepare(self.config)
        for check in checks:
            yield _CheckItem.from_parent(self, name=check.id, check=check, runner=runner)


class _CheckItem(pytest.Item):
    """One check as a test."""

    def __init__(self, *, check: Check, runner: Runner, **members: Any) -> None:
        super().__init__(**members)
        self._check = check
        self._runner = runner

    def runtest(self) -> None:
        """Run it: a failure or an error fails, what could not be tested is skipped, a warning is told."""
        result = self._runner.run_one(self._check)
        self.user_properties += [
            ("verdict", result.verdict.value),
            ("requirements", self._check.requirements),
        ]
        if result.verdict in ("fail", "error"):
            raise _NotPassed(result)
        if result.verdict in ("not_tested", "not_applicable"):
            pytest.skip(result.message)
        if result.verdict == "warn":
            self.add_report_section("call", "mimas warning", result.message)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """What was found and how to mend it, without our own stack."""
        if isinstance(excinfo.value, _NotPassed):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where the test is said to be."""
        return Path("mimas"), None, f"{self._check.id}: {self._check.message}"


class _NotPassed(Exception):
    """A check failed or could not run."""

    def __init__(self, result: CheckResult) -> None:
        requirements = ", ".join(result.check.requirements)
        lines = [
            f"{result.verdict.value.upper()} {result.check.id} ({result.check.level}, {requirements})",
            result.message,
        ]
        if result.check.clause:
            lines.append(f"Says who: {result.check.clause}")
        if result.mend:
            lines.append(f"How to mend it: {result.mend}")
        lines += [f"  {each.method} {each.url} -> {each.status or each.error}" for each in result.exchanges]
        super().__init__("\n".join(lines))


def _prepare(config: pytest.Config) -> tuple[Runner, tuple[Check, ...]]:
    """A runner for the target, and the checks that the options choose."""
    from .catalogue import load_catalogue
    from .checking import Manner, open_listener
    from .checks import all_checks
    from .discovery import discover
    from .runner import Runner
    from .selection import Selection, SelectionError, choose
    from .session import Session
    from .target import TargetError, load_target

    place: str = config.getoption("mimas_target")
    options = Selection(
        profiles=tuple(config.getoption("mimas_profile")), ids=tuple(config.getoption("mimas_id"))
    )
    try:
        target = discover(place) if place.startswith(("http://", "https://")) else load_target(Path(place))
        chosen = choose(options, target, load_catalogue(), all_checks())
    except (TargetError, SelectionError) as error:
        raise pytest.UsageError(str(error)) from error
    listener = open_listener(target, Manner())
    session = Session(target, listener=listener)
    endings = config.stash.setdefault(_ENDINGS, [])
    endings += [session.close, *([listener.close] if listener else [])]
    return Runner(session, strict=config.getoption("mimas_strict")), chosen.checks
