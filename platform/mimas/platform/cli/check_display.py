"""What `mimas check` shows on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import click

from mimas.conformance.checking import Manner
from mimas.conformance.reports.words import MIM_TITLES, mim_words
from mimas.conformance.runner import CheckResult, Run
from mimas.conformance.selection import Chosen
from mimas.conformance.target import Target
from mimas.conformance.verdicts import LEVEL_RULE, Verdict

_COLOURS = {Verdict.PASS: "green", Verdict.FAIL: "red", Verdict.ERROR: "yellow", Verdict.WARN: "yellow"}
_TOLD = frozenset({Verdict.FAIL, Verdict.ERROR})
_AT_MOST = 40


def plain(text: str) -> str:
    """Text of the target without anything a terminal would obey."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


class Display:
    """A line that counts, on a terminal; only what went wrong, elsewhere."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._counts = not quiet and sys.stderr.isatty()
        self._told: set[str] = set()

    def progress(self, result: CheckResult, done: int, total: int) -> None:
        """Show one more result."""
        if self._counts:
            click.echo(f"\r\033[K[{done:>3}/{total}] {result.check.id[:60]}", nl=False, err=True)
        new = result.message not in self._told and len(self._told) < _AT_MOST
        if not self._quiet and result.verdict in _TOLD and new:
            self._told.add(result.message)
            self._tell(result)

    def end(self) -> None:
        """Clear the line."""
        if self._counts:
            click.echo("\r\033[K", nl=False, err=True)

    def _tell(self, result: CheckResult) -> None:
        if self._counts:
            click.echo("\r\033[K", nl=False, err=True)
        word = click.style(f"{result.verdict.value:5}", fg=_COLOURS.get(result.verdict))
        click.echo(f"{word} {result.check.id}: {plain(result.message)[:300]}", err=True)


def listed(chosen: Chosen) -> Iterator[str]:
    """The checks, one a line."""
    for each in chosen.checks:
        needs = f" (needs {', '.join(sorted(each.needs))})" if each.needs else ""
        yield f"{each.id:50} {each.level:6} {each.mechanism:16} {', '.join(each.requirements)}{needs}"
    yield f"{len(chosen.checks)} checks."


def planned(target: Target, chosen: Chosen, manner: Manner) -> Iterator[str]:
    """What a run would do, without sending anything."""
    yield f"{target.name}: profiles {', '.join(chosen.profiles) or 'none, a selection'}"
    for each in target.interfaces.values():
        count = sum(check.mechanism == each.mechanism for check in chosen.checks)
        yield f"  {each.mechanism} at {each.url}: {count} checks"
    writing = sum("write" in check.needs for check in chosen.checks)
    allowed = f"allowed ({target.writes})" if target.writes != "none" else "not allowed, so they will not run"
    yield f"  {writing} checks write: {allowed}"
    strict = ", SHOULD like MUST" if manner.strict else ""
    yield f"  {len(chosen.requirements)} requirements are judged{strict}"
    limits = target.limits
    yield f"  at most {limits.requests_per_second:g} requests a second, {limits.concurrency} at once"


def summary(run: Run) -> Iterator[str]:
    """The result: each MIM with its share, then the whole."""
    yield f"{'MIM':14} {'result':22} {'level':8} MUSTs tested"
    for each in run.mims:
        word = mim_words(each.verdict.value, each.must_tested, each.must_total)
        styled = click.style(f"{word:22}", fg=_COLOURS.get(each.verdict))
        share = f"{each.must_tested} of {each.must_total}"
        yield f"{each.mim:14} {styled} {each.level:8} {share:10} {MIM_TITLES.get(each.mim, '')}"
    for result in (each for each in run.checks if each.left_behind):
        yield f"LEFT BEHIND by {result.check.id}: {plain('; '.join(result.left_behind))}"
    for left in run.left_behind:
        yield f"LEFT BEHIND by first contact: {plain(left)}"
    yield f"Levels. {LEVEL_RULE}"
    yield _verdict(run)


def _verdict(run: Run) -> str:
    tested = sum(each.must_tested for each in run.mims)
    total = sum(each.must_total for each in run.mims)
    share = f"{tested} of {total} MUSTs were tested"
    if run.verdict is Verdict.PASS:
        return click.style(f"CONFORMANT as far as tested: {share}.", fg="green")
    if run.verdict is Verdict.FAIL:
        binding = {"MUST", "SHOULD"} if run.strict else {"MUST"}
        failed = [
            each.requirement.id
            for each in run.requirements
            if each.verdict is Verdict.FAIL and each.requirement.level in binding
        ]
        return click.style(f"NOT CONFORMANT: {', '.join(failed)} ({share}).", fg="red")
    open_mims = [each.mim for each in run.mims if each.verdict in (Verdict.ERROR, Verdict.NOT_TESTED)]
    return click.style(f"COULD NOT JUDGE {', '.join(open_mims) or 'anything'} ({share}).", fg="yellow")
