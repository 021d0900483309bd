"""A harvest for a person who waits: now, or rehearsed."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import click

from mimas.adapters.harvest import RecordSource
from mimas.ngsi_ld.store.database import Database
from mimas.ngsi_ld.store.harvest_runs import RunStore
from mimas.ngsi_ld.store.harvests import HarvestStore
from mimas.ngsi_ld.store.source_states import SourceStates
from mimas.ngsi_ld.store.writer import Writer

from ..composition import ContextFetcher, subscribers_on
from ..harvest.harvester import Harvester, Progress, Surrounding, Wish
from ..harvest.outcome import RunReport, Tally
from ..harvest.rehearsal import Rehearsed, rehearse
from ..ingest_metrics import IngestMetrics
from ..ingest_patience import once
from ..ingest_stored import StoredDocuments
from ..outbound import OutboundGuard
from ..settings import Settings
from .database import with_database


def harvest_now(source: RecordSource, settings: Settings, wish: Wish) -> RunReport | None:
    """One run of `source`; None when another process harvests it now."""

    async def work(database: Database) -> RunReport | None:
        async with _surrounding(database, settings) as around:
            harvester = Harvester(source, around, IngestMetrics(source.name), once)
            with progress_bar() as progress:
                harvester.progress = progress
                return await harvester.run(wish)

    return with_database(work)


def rehearse_now(source: RecordSource, settings: Settings, *, full: bool = False) -> Rehearsed:
    """What a run of `source` would do to what is in the database."""
    guard = OutboundGuard(settings.outbound_allow)

    async def work(database: Database) -> Rehearsed:
        with progress_bar() as progress:
            return await rehearse(source, database, guard, settings.model_check, full=full, progress=progress)

    return with_database(work)


@asynccontextmanager
async def _surrounding(database: Database, settings: Settings) -> AsyncIterator[Surrounding]:
    guard = OutboundGuard(settings.outbound_allow)
    contexts = ContextFetcher(guard)
    listener = subscribers_on(database, contexts)
    try:
        async with Writer(database, listener=listener, keep_history=settings.keep_history) as writer:
            yield Surrounding(
                lambda tenant, name: HarvestStore(database, tenant, name),
                RunStore(database),
                SourceStates(database),
                StoredDocuments(database),
                writer,
                guard,
                settings.model_check,
            )
    finally:
        await contexts.close()


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """A bar on a terminal when it is known how many there will be, else a line that counts."""
    if not sys.stderr.isatty():
        yield lambda _tally, _total: None
        return
    bar = None
    done = 0

    def show(tally: Tally, total: int | None) -> None:
        nonlocal bar, done
        if total:
            if bar is None:
                bar = click.progressbar(length=total, label="records", file=sys.stderr)
                bar.render_progress()
            bar.update(tally.read - done)
        else:
            click.echo(
                f"\r{tally.read} records, {tally.created + tally.changed} entities written",
                nl=False,
                err=True,
            )
        done = tally.read

    yield show
    if bar is not None:
        bar.render_finish()
    elif done:
        click.echo(err=True)
