"""`mimas adapters diff` and `runs`: what a harvest would do, and what harvests did."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import orjson

from mimas.adapters.registry import is_harvested
from mimas.adapters.source import SourceError
from mimas.ngsi_ld.store.database import Database
from mimas.ngsi_ld.store.harvest_runs import Run, RunStore

from ..harvest.rehearsal import Rehearsed
from ..ingest_places import find_mapping
from ..processes import Refused
from ..settings import load_settings
from .adapters_harvest import rehearse_now
from .adapters_try import make_source
from .database import say, with_database
from .sources_option import chosen_folder, folder_option

SHOWN = 50


@click.command()
@click.argument("name")
@click.option("--limit", default=SHOWN, show_default=True, help="Show so many of each kind.")
@click.option("--full", is_flag=True, help="Read everything, also what has not changed since the last run.")
@click.option("--json", "as_json", is_flag=True, help="All of it as JSON.")
@folder_option
def diff(name: str, limit: int, full: bool, as_json: bool, sources: Path | None) -> None:
    """Show what a harvest would create, change and delete now; nothing is written."""
    settings = load_settings()
    file = find_mapping(name, chosen_folder(sources))
    try:
        source = make_source(file, settings)
    except SourceError as error:
        raise Refused(str(error)) from error
    if not is_harvested(source):
        raise Refused("This source delivers by itself; there is nothing to compare before it does.")
    found = rehearse_now(source, settings, full=full)
    if as_json:
        click.echo(_as_json(found))
    else:
        for line in _difference(found, limit):
            click.echo(line)
    if found.report is not None and found.report.state == "failed":
        raise Refused(str(found.report.detail))


@click.command()
@click.argument("name", required=False)
@click.option("--limit", default=20, show_default=True, help="At most so many.")
@click.option("--json", "as_json", is_flag=True, help="With what changed, as JSON.")
def runs(name: str | None, limit: int, as_json: bool) -> None:
    """List the newest runs of a harvested source, or of all."""

    async def work(database: Database) -> list[Run]:
        return await RunStore(database).latest(name, limit)

    found = with_database(work)
    if as_json:
        click.echo(orjson.dumps(found, option=orjson.OPT_INDENT_2).decode())
        return
    for each in found:
        for line in _run_lines(each):
            click.echo(line)
    if not found:
        say("There was no run yet.")


def _difference(found: Rehearsed, limit: int) -> Iterator[str]:
    for title, sign, ids in (
        ("created", "+", list(found.created)),
        ("changed", "~", list(found.changed)),
        ("deleted", "-", found.deleted),
    ):
        for each in ids[:limit]:
            names = ", ".join(found.changed[each]) if title == "changed" else ""
            yield f"{sign} {each}  {names}".rstrip()
        if len(ids) > limit:
            yield f"{sign} and {len(ids) - limit} more"
    for refusal in found.refusals[:limit]:
        yield f"! {refusal.topic}: {refusal.stage}, {refusal.place or 'the record'}: {refusal.reason}"
    if len(found.refusals) > limit:
        yield f"! and {len(found.refusals) - limit} more"
    report = found.report
    assert report is not None
    yield (
        f"{len(found.created)} would be created, {len(found.changed)} changed, {len(found.deleted)} deleted; "
        f"{len(found.refusals)} records refused, {report.tally.unchanged} unchanged."
    )
    if report.state == "unchanged":
        yield "The source is as it was in the last run; --full compares all the same."
    if report.state == "refused":
        yield f"The run would be refused: {report.detail}"


def _as_json(found: Rehearsed) -> str:
    report = found.report
    return orjson.dumps(
        {
            "created": list(found.created),
            "changed": {each: list(names) for each, names in found.changed.items()},
            "deleted": found.deleted,
            "refused": [
                {"place": each.topic, "stage": each.stage, "reason": each.reason} for each in found.refusals
            ],
            "state": report.state if report else None,
            "detail": report.detail if report else None,
        },
        option=orjson.OPT_INDENT_2,
    ).decode()


def _run_lines(run: Run) -> Iterator[str]:
    seconds = (run.finished_at - run.started_at).total_seconds() if run.finished_at else None
    took = f"{seconds:8.1f} s" if seconds is not None else f"{'':10}"
    counts = run.counts
    yield (
        f"{run.started_at:%Y-%m-%d %H:%M:%S}  {run.source:20} {run.state:11} {took}  "
        f"{counts.get('read', 0):>8} read {counts.get('created', 0):>7} created "
        f"{counts.get('changed', 0):>7} changed {counts.get('deleted', 0):>6} deleted "
        f"{counts.get('rejected', 0):>6} refused"
    )
    if run.detail:
        yield f"{'':21}{run.detail}"
