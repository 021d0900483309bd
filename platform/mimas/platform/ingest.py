"""The ingest process: every configured source, each with a pipeline of its own, over one writer."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import uvloop

from mimas.adapters.mapping import MappingError, MappingFile
from mimas.adapters.registry import create_source, is_harvested, is_stream, load_sources
from mimas.adapters.source import Source, SourceError, Surroundings
from mimas.ngsi_ld.core.errors import Unavailable
from mimas.ngsi_ld.store.database import Database
from mimas.ngsi_ld.store.deliveries import DeliveryStore
from mimas.ngsi_ld.store.harvest_runs import RunStore
from mimas.ngsi_ld.store.harvests import HarvestStore
from mimas.ngsi_ld.store.quarantine import QuarantineStore
from mimas.ngsi_ld.store.source_states import SourceStates
from mimas.ngsi_ld.store.write_group import ChangeListener
from mimas.ngsi_ld.store.writer import Writer

from .harvest.harvester import Harvester, Surrounding
from .harvest.timetable import Timetable
from .ingest_intake import Intake, Mode
from .ingest_metrics import IngestMetrics
from .ingest_patience import FIRST_DELAY, PatientWith
from .ingest_pipeline import LONGEST_SOURCE_DELAY, Pipeline
from .ingest_stored import StoredDocuments
from .metrics import MeasuredWriter, hand_over
from .outbound import OutboundGuard

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
    outbound_allow: tuple[str, ...] = ()


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
        self._harvests = Surrounding(
            lambda tenant, source: HarvestStore(database, tenant, source),
            RunStore(database),
            self._states,
            self._stored,
            writer,
            OutboundGuard(options.outbound_allow),
            options.models,
        )
        self._stopping = asyncio.Event()
        self._metrics: list[IngestMetrics] = []
        self._pipelines: list[Pipeline] = []
        self._harvesters: list[Harvester] = []

    async def run(self, stopping: asyncio.Event) -> None:
        """Carry messages until `stopping` is set or every source is exhausted."""
        for folder in self._folders():
            for each in load_sources(folder):
                self._open(each)
        reporter = asyncio.create_task(self._report_regularly())
        running = asyncio.gather(*(self._carry(pipeline) for pipeline in self._pipelines))
        stop = asyncio.create_task(stopping.wait())
        timetable = await self._start_harvests()
        try:
            await asyncio.wait((running, stop), return_when=asyncio.FIRST_COMPLETED)
            if self._options.stay or timetable is not None:
                await stop
            self._stopping.set()
            for pipeline in self._pipelines:
                pipeline.stop()
            await asyncio.wait((running,), timeout=SHUTDOWN_LIMIT)
        finally:
            self._stopping.set()
            if timetable is not None:
                await timetable.stop()
            for task in (running, reporter, stop):
                task.cancel()
            await asyncio.gather(running, reporter, stop, return_exceptions=True)
            await self._report()

    async def _start_harvests(self) -> Timetable | None:
        """Begin to harvest by schedule; None when there is nothing to harvest."""
        if not self._harvesters:
            return None
        try:
            timetable = Timetable()
        except SourceError as error:
            for each in self._harvesters:
                self._refuse(each.plan.name, error)
            return None
        timetable.start()
        last = await PatientWith(self._harvesters[0].metrics)(self._harvests.runs.last_of_each)
        for each in self._harvesters:
            run = last.get(each.plan.name)
            went_on = run is not None and run.state not in ("running", "interrupted")
            try:
                timetable.add(each, run.started_at if run is not None and went_on else None)
            except SourceError as error:
                self._refuse(each.plan.name, error)
        return timetable

    def _folders(self) -> tuple[Path, ...]:
        sources = self._options.sources
        return (sources,) if isinstance(sources, Path) else sources

    def _open(self, file: MappingFile | MappingError) -> None:
        """Make a source ready to run; a wrong one is reported and leaves the others alone."""
        if isinstance(file, MappingError):
            self._refuse(file.name, file)
            return
        if not file.declaration.get("enabled", True):
            logger.info("source %s is not enabled", file.name)
            return
        metrics = IngestMetrics(file.name)
        self._metrics.append(metrics)
        try:
            source = create_source(file, self._surroundings)
            if is_harvested(source):
                patience = PatientWith(metrics)
                self._harvesters.append(Harvester(source, self._harvests, metrics, patience, self._stopping))
            elif is_stream(source):
                self._pipelines.append(Pipeline(self._intake(source, metrics), self._quarantine))
        except (SourceError, OSError) as error:
            self._refuse(file.name, error)

    def _intake(self, source: Source, metrics: IngestMetrics) -> Intake:
        declared = source.file.declaration
        mode: Mode = declared.get("models", self._options.models)
        tenant = declared.get("tenant", "")
        return Intake(source, tenant, mode, self._writer, self._stored, metrics, self._deliveries)

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
        if metrics.state != "refused":
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
