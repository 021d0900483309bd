"""The ingest process: every configured source, each with a pipeline of its own, over one writer."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import orjson
import uvloop

from mimas.adapters.mapping import MappingError, MappingFile
from mimas.adapters.registry import create_source, load_sources
from mimas.adapters.source import SourceError, Surroundings
from mimas.ngsi_ld.core.errors import Unavailable
from mimas.ngsi_ld.store.database import Database
from mimas.ngsi_ld.store.deliveries import DeliveryStore
from mimas.ngsi_ld.store.quarantine import QuarantineStore
from mimas.ngsi_ld.store.source_states import SourceStates
from mimas.ngsi_ld.store.write_group import ChangeListener
from mimas.ngsi_ld.store.writer import Writer

from .ingest_intake import Documents, Intake, Mode
from .ingest_metrics import IngestMetrics
from .ingest_pipeline import FIRST_DELAY, LONGEST_SOURCE_DELAY, Pipeline
from .metrics import MeasuredWriter, hand_over

logger = logging.getLogger(__name__)

STATUS_KEY = "status"
STATUS_EVERY = 5.0
SHUTDOWN_LIMIT = 10.0


@dataclass(frozen=True, slots=True)
class IngestOptions:
    """What the ingest needs to know; `sources` is a folder of YAML files, one such file, or some of both.

    With `stay` the process waits to be stopped after every source is exhausted, as a supervised one must.
    """

    sources: Path | tuple[Path, ...]
    database_url: str
    mqtt_url: str
    models: Mode = "warn"
    keep_history: bool = True
    listener: Callable[[Database], ChangeListener] | None = None
    stay: bool = True


class StoredDocuments:
    """Entities as they are stored, many at a time: the last values of counters are in them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def __call__(self, tenant: str, ids: Sequence[str]) -> Documents:
        """The documents of those of `ids` that exist."""
        sql = "SELECT id, doc FROM entity WHERE tenant = $1 AND id = any($2::text[])"
        rows = await self._database.fetch(sql, tenant, list(ids))
        return {row["id"]: orjson.loads(row["doc"]) for row in rows}


class Ingest:
    """Runs every source of a folder until told to stop, or until all of them are exhausted."""

    def __init__(self, options: IngestOptions, database: Database, writer: Writer) -> None:
        self._options = options
        self._writer = writer
        self._stored = StoredDocuments(database)
        self._quarantine = QuarantineStore(database)
        self._deliveries = DeliveryStore(database)
        self._states = SourceStates(database)
        self._surroundings = Surroundings(options.mqtt_url, self._states)
        self._metrics: list[IngestMetrics] = []
        self._pipelines: list[Pipeline] = []

    async def run(self, stopping: asyncio.Event) -> None:
        """Carry messages until `stopping` is set or every source is exhausted."""
        self._pipelines = [
            pipeline
            for folder in self._folders()
            for each in load_sources(folder)
            if (pipeline := self._open(each)) is not None
        ]
        reporter = asyncio.create_task(self._report_regularly())
        running = asyncio.gather(*(self._carry(pipeline) for pipeline in self._pipelines))
        stop = asyncio.create_task(stopping.wait())
        try:
            await asyncio.wait((running, stop), return_when=asyncio.FIRST_COMPLETED)
            if self._options.stay:
                await stop
            for pipeline in self._pipelines:
                pipeline.stop()
            await asyncio.wait((running,), timeout=SHUTDOWN_LIMIT)
        finally:
            for task in (running, reporter, stop):
                task.cancel()
            await asyncio.gather(running, reporter, stop, return_exceptions=True)
            await self._report()

    def _folders(self) -> tuple[Path, ...]:
        sources = self._options.sources
        return (sources,) if isinstance(sources, Path) else sources

    def intake(self, file: MappingFile) -> Intake:
        """The intake of one configured source; SourceError when it cannot be used."""
        metrics = IngestMetrics(file.name)
        self._metrics.append(metrics)
        source = create_source(file, self._surroundings)
        declaration = file.declaration
        mode: Mode = declaration.get("models", self._options.models)
        tenant = declaration.get("tenant", "")
        return Intake(source, tenant, mode, self._writer, self._stored, metrics, self._deliveries)

    def _open(self, file: MappingFile | MappingError) -> Pipeline | None:
        """The pipeline of a source; a wrong source is reported and leaves the others alone."""
        if isinstance(file, MappingError):
            self._refuse(file.name, file)
            return None
        if not file.declaration.get("enabled", True):
            logger.info("source %s is not enabled", file.name)
            return None
        try:
            return Pipeline(self.intake(file), self._quarantine)
        except SourceError as error:
            self._refuse(file.name, error)
            return None

    def _refuse(self, name: str, error: Exception) -> None:
        logger.error("source %s cannot be used:\n%s", name, error)
        metrics = next((each for each in self._metrics if each.source == name), None)
        if metrics is None:
            metrics = IngestMetrics(name)
            self._metrics.append(metrics)
        metrics.note_state("broken", str(error))

    async def _carry(self, pipeline: Pipeline) -> None:
        metrics = pipeline.metrics
        delay = FIRST_DELAY
        while not await self._is_carried(pipeline):
            await asyncio.sleep(delay)
            delay = min(delay * 2, LONGEST_SOURCE_DELAY)
        metrics.note_state("finished")
        logger.info(
            "source %s: finished, %d messages, %d entities",
            metrics.source,
            metrics.received,
            metrics.accepted,
        )

    async def _is_carried(self, pipeline: Pipeline) -> bool:
        """Run a pipeline to its end; one that fails says so, and is begun again: nothing was acknowledged."""
        try:
            await pipeline.run()
        except Exception as error:
            logger.exception("source %s failed", pipeline.metrics.source)
            pipeline.metrics.note_state("broken", f"{type(error).__name__}: {error}")
            return False
        return True

    async def _report_regularly(self) -> None:
        while True:
            await self._report()
            await asyncio.sleep(STATUS_EVERY)

    async def _report(self) -> None:
        """Keep each source's counts where the console finds them; not worth waiting for a database."""
        hand_over()
        try:
            for metrics in self._metrics:
                await self._states.save(metrics.source, {STATUS_KEY: metrics.status()}, datetime.now(UTC))
        except Unavailable:
            logger.debug("the status of the sources could not be kept")


async def run_ingest(options: IngestOptions, stopping: asyncio.Event) -> None:
    """Open the database and run every source until `stopping` is set."""
    database = await Database.open(options.database_url, max_size=4)
    try:
        listener = options.listener(database) if options.listener else None
        writer = MeasuredWriter(database, listener=listener, keep_history=options.keep_history)
        async with writer:
            await Ingest(options, database, writer).run(stopping)
    finally:
        await database.close()


def main(options: IngestOptions) -> None:
    """The `adapters` process: runs until SIGTERM or SIGINT, or until every source is exhausted."""
    uvloop.run(_run_until_signalled(options))


async def _run_until_signalled(options: IngestOptions) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    await run_ingest(options, stopping)
