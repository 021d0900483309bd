"""`mimas check`: the conformance checker. Works in the base install."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from mimas.conformance.catalogue import load_catalogue
from mimas.conformance.checking import Manner, check_target
from mimas.conformance.checks import all_checks
from mimas.conformance.discovery import NothingFound, discover
from mimas.conformance.reports import FORMATS, ReportError, read_report, render, report_of, write_report
from mimas.conformance.reports.signing import SUFFIX, SigningUnavailable, sign
from mimas.conformance.runner import Run, Runner
from mimas.conformance.selection import Chosen, Selection, SelectionError, choose
from mimas.conformance.target import Target, TargetError, load_target
from mimas.conformance.verdicts import Verdict

from .check_display import Display, listed, plain, planned, summary

EXIT_CODES = {Verdict.PASS: 0, Verdict.FAIL: 1}
COULD_NOT_JUDGE = 2
USAGE = 3
NOWHERE = "none"
LEVELS = click.Choice(["MUST", "SHOULD", "MAY"], case_sensitive=False)


class Usage(click.ClickException):
    """The command was not understood, or cannot be done as it was given."""

    exit_code = USAGE


class NotJudged(click.ClickException):
    """There is nothing that could be judged."""

    exit_code = COULD_NOT_JUDGE


class CheckCommand(click.Command):
    """Ends with 3 where click would end with 2: 2 says that a product could not be judged."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Parse the command line."""
        try:
            return super().make_context(info_name, args, parent, **extra)
        except click.UsageError as error:
            error.exit_code = USAGE  # type: ignore[misc]
            raise


@click.command(cls=CheckCommand)
@click.argument("target", required=False)
@click.option(
    "--report",
    "reports",
    multiple=True,
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="PATH",
    help=f"Write a report; its suffix names the format: {', '.join(FORMATS)}.",
)
@click.option(
    "--sign",
    "key",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="KEY",
    help="Sign each JSON report with this Ed25519 key (PEM), beside it as .jws.",
)
@click.option("--profile", "profiles", multiple=True, help="Judge the MIMs of this profile.")
@click.option("--mim", "mims", multiple=True, help="Judge this MIM.")
@click.option("--id", "ids", multiple=True, help="Only this check or requirement; * and ? are wildcards.")
@click.option("--mechanism", "mechanisms", multiple=True, help="Only checks of this mechanism.")
@click.option("--level", "levels", multiple=True, type=LEVELS, help="Only requirements of this level.")
@click.option("--strict", is_flag=True, help="SHOULD counts like MUST.")
@click.option(
    "--baseline",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="JSON",
    help="The JSON report of an earlier run, for checks of what persists.",
)
@click.option(
    "--robot",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="XML",
    help="output.xml of the public NGSI-LD test suite, as evidence.",
)
@click.option(
    "--listener",
    metavar="HOST:PORT",
    help="Where the checker listens for notifications; `none`: nowhere, what needs it is not tested.",
)
@click.option("--listener-url", metavar="URL", help="Where the target finds that, if elsewhere.")
@click.option("--list", "list_only", is_flag=True, help="List the checks, and do nothing.")
@click.option("--dry-run", is_flag=True, help="Say what would run and what could not, and send nothing.")
@click.option("--quiet", is_flag=True, help="No progress, only the result.")
def check(
    target: str | None,
    reports: tuple[Path, ...],
    key: Path | None,
    profiles: tuple[str, ...],
    mims: tuple[str, ...],
    ids: tuple[str, ...],
    mechanisms: tuple[str, ...],
    levels: tuple[str, ...],
    strict: bool,
    baseline: Path | None,
    robot: Path | None,
    listener: str | None,
    listener_url: str | None,
    list_only: bool,
    dry_run: bool,
    quiet: bool,
) -> None:
    """Check TARGET, a target.yaml or a base URL, against MIMs Plus.

    \b
    Examples:
      mimas check https://broker.example.org
      mimas check target.yaml --report run.json --report run.html --sign key.pem
      mimas check target.yaml --profile geo --strict

    Ends with 0 conformant, 1 not conformant, 2 could not judge, 3 not understood.
    """
    selection = Selection(profiles, mims, ids, mechanisms, tuple(each.upper() for each in levels))
    try:
        _refuse_formats(reports, key)
        subject = _target(target, robot, list_only=list_only)
        chosen = choose(selection, subject, load_catalogue(), all_checks())
        manner = Manner(
            strict=strict,
            listener=_address(listener) if listener and listener != NOWHERE else None,
            listener_url=listener_url,
            listen=listener != NOWHERE,
            baseline=read_report(baseline) if baseline else None,
        )
    except NothingFound as error:
        raise NotJudged(plain(str(error))) from error
    except (TargetError, SelectionError, ReportError, SigningUnavailable) as error:
        raise Usage(str(error)) from error
    if list_only or dry_run:
        _say(listed(chosen) if list_only else planned(subject, chosen, manner))
        return
    run = _run(subject, chosen, manner, quiet=quiet)
    _write(run, reports, key)
    _say(summary(run))
    raise SystemExit(EXIT_CODES.get(run.verdict, COULD_NOT_JUDGE))


def _target(target: str | None, robot: Path | None, *, list_only: bool) -> Target:
    if target is None:
        if list_only:
            return Target("", {}, profiles=tuple(load_catalogue().profiles))
        raise TargetError("Name a target.yaml or a base URL.")
    found = load_target(Path(target)) if not target.startswith(("http://", "https://")) else _found(target)
    if robot:
        found = replace(found, documents={**found.documents, "ngsi-ld-test-suite": str(robot.resolve())})
    return found


def _found(url: str) -> Target:
    target = discover(url)
    for each in target.interfaces.values():
        click.echo(plain(f"found {each.mechanism} at {each.url}"), err=True)
    return target


def _address(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdigit() or int(port) > 65535:
        raise TargetError(f"--listener wants HOST:PORT, not {text!r}.")
    return host.strip("[]") or "127.0.0.1", int(port)


def _refuse_formats(reports: tuple[Path, ...], key: Path | None) -> None:
    """Nobody wants to learn after a long run that its report cannot be written."""
    for path in reports:
        if not path.name.endswith(tuple(FORMATS)):
            render({}, path.name)
    if key:
        sign({}, key)
        if not any(path.suffix == ".json" for path in reports):
            raise ReportError("--sign needs a JSON report to sign: add --report run.json.")


def _run(target: Target, chosen: Chosen, manner: Manner, *, quiet: bool) -> Run:
    display = Display(quiet=quiet)
    try:
        with _stoppable() as started:
            return check_target(target, chosen, manner, progress=display.progress, started=started)
    except OSError as error:
        raise Usage(f"The listener cannot listen: {error}") from error
    finally:
        display.end()


@contextmanager
def _stoppable() -> Iterator[Any]:
    """Ctrl-C and SIGTERM end the run, which then removes what it wrote."""
    runners: list[Runner] = []

    def stop(_: int, __: Any) -> None:
        click.echo("\nStopping; what was written is being removed.", err=True)
        for runner in runners:
            runner.stop()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield runners.append
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _write(run: Run, reports: tuple[Path, ...], key: Path | None) -> None:
    report = report_of(run)
    try:
        for path in reports:
            write_report(report, path)
            if key and path.suffix == ".json":
                path.with_name(path.name + SUFFIX).write_text(sign(report, key) + "\n")
    except (ReportError, SigningUnavailable, OSError) as error:
        raise Usage(str(error)) from error


def _say(lines: Iterator[str]) -> None:
    for line in lines:
        click.echo(line)
