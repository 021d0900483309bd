"""One harvested source: its runs, from the right to harvest it to the note of what came of it."""

from __future__ import annotations

import asyncio
import logging
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mimas.adapters.harvest import RecordSource, Unchanged
from mimas.adapters.messages import Mapped, Message, MessageRejected
from mimas.adapters.registry import missing_package
from mimas.adapters.source import SourceError, source_kind
from mimas.ngsi_ld.store.harvest_runs import RunStore
from mimas.ngsi_ld.store.harvests import HarvestStore
from mimas.ngsi_ld.store.source_states import SourceStates

from ..ingest_intake import Documents, Intake, Mode, Patience, Writes
from ..ingest_metrics import IngestMetrics
from ..outbound import OutboundGuard
from .carrier import Carrier, Item, storable_key
from .datasets import write_dataset
from .declaration import HarvestPlan, plan_harvest
from .deletion import delete_entities, find_gone, find_named_gone, forget_records, require_few
from .downloads import Downloader
from .outcome import RunRefused, RunReport, RunStopped, Tally
from .run import HarvestRun, Kept

logger = logging.getLogger(__name__)

BATCH = 1000
MARK = "mark:"
Progress = Callable[[Tally, int | None], None]


@dataclass(frozen=True, slots=True)
class Surrounding:
    """What the runs of every source share."""

    store: Callable[[str, str], HarvestStore]
    runs: RunStore
    states: SourceStates
    stored: Callable[[str, Sequence[str]], Awaitable[Documents]]
    writer: Writes
    guard: OutboundGuard
    models: Mode = "warn"


@dataclass(frozen=True, slots=True)
class Wish:
    """How one run shall be: why it is made, all read anew, and deleted whatever share it is."""

    cause: str = "schedule"
    full: bool = False
    delete_all: bool = False


def _no_progress(_tally: Tally, _total: int | None) -> None:
    """Nobody looks."""


class Refusable:
    """A record source for the intake: what its records become, and refusals that it yields itself."""

    def __init__(self, source: RecordSource) -> None:
        self.name = source.name
        self.file = source.file
        self.media = source.media
        self._source = source

    def messages(self) -> AsyncIterator[Message]:
        """Nothing arrives by itself."""
        raise NotImplementedError

    def to_entities(self, message: Message) -> Mapped:
        """What the record becomes."""
        if isinstance(message.record, MessageRejected):
            return Mapped(rejections=[message.record])
        return self._source.to_entities(message)


class Harvester:
    """Runs the harvest of one source, one run at a time."""

    def __init__(
        self,
        source: RecordSource,
        surrounding: Surrounding,
        metrics: IngestMetrics,
        patience: Patience,
        stopping: asyncio.Event | None = None,
        progress: Progress = _no_progress,
    ) -> None:
        self.source = source
        self.plan: HarvestPlan = plan_harvest(source.file)
        self.metrics = metrics
        self._around = surrounding
        self._patience = patience
        self._stopping = stopping or asyncio.Event()
        self.progress = progress
        self._store = surrounding.store(self.plan.tenant, self.plan.name)

    async def run(self, wish: Wish) -> RunReport | None:
        """One run; None when another process harvests the source now."""
        async with self._store.alone() as alone:
            if not alone:
                return None
            now = datetime.now(UTC)
            number = await self._around.runs.begin(self.plan.tenant, self.plan.name, wish.cause, now)
            self.metrics.note_state("running")
            report = await self._run(number, now, wish)
            await self._patience(lambda: self._note(number, report))
            return report

    async def _note(self, number: int, report: RunReport) -> None:
        tally = report.tally
        key = (self.plan.tenant, self.plan.name, number)
        await self._around.runs.finish(
            key, report.state, tally.counts(), tally.examples, report.detail, datetime.now(UTC)
        )

    async def _run(self, number: int, now: datetime, wish: Wish) -> RunReport:
        kept = await self._kept()
        fingerprint = self.plan.fingerprint.hex()
        full = wish.full or kept.fingerprint != fingerprint
        carrier = Carrier(
            self.plan,
            number,
            now,
            self._intake(),
            self._store,
            lambda ids: self._around.stored(self.plan.tenant, ids),
            await self._store.totals(),
            self._patience,
        )
        tally = carrier.tally
        with tempfile.TemporaryDirectory(prefix="mimas-harvest-", ignore_cleanup_errors=True) as folder:
            downloader = Downloader(self._around.guard, self.plan.download, Path(folder))
            run = HarvestRun(Path(folder), downloader, kept, full=full)
            try:
                await self._carry(run, carrier)
                await self._finish(run, carrier, wish, now)
                return RunReport(self.plan.name, "finished", tally)
            except Unchanged:
                return RunReport(self.plan.name, "unchanged", tally)
            except RunStopped:
                return RunReport(
                    self.plan.name, "interrupted", tally, "Mimas was stopped; the next run goes on."
                )
            except RunRefused as refusal:
                return RunReport(self.plan.name, "refused", tally, str(refusal))
            except ModuleNotFoundError as error:
                return RunReport(
                    self.plan.name,
                    "failed",
                    tally,
                    str(missing_package(source_kind(self.source.file), error)),
                )
            except (SourceError, OSError) as error:
                return RunReport(self.plan.name, "failed", tally, str(error))
            except Exception as error:  # a source of somebody else may fail in any way; the others go on
                logger.exception("source %s failed", self.plan.name)
                return RunReport(self.plan.name, "failed", tally, f"{type(error).__name__}: {error}")
            finally:
                tally.requests, tally.bytes = downloader.requests, downloader.bytes
                await downloader.close()

    def _intake(self) -> Intake:
        mode: Mode = self.source.file.declaration.get("models", self._around.models)
        around = self._around
        return Intake(
            Refusable(self.source), self.plan.tenant, mode, around.writer, around.stored, self.metrics
        )

    async def _kept(self) -> Kept:
        values = await self._around.states.load(self.plan.name)
        marks = {name.removeprefix(MARK): each for name, each in values.items() if name.startswith(MARK)}
        harvest: dict[str, Any] = values.get("harvest", {})
        validators = harvest.get("validators", {}) if values.get("whole") else {}
        return Kept(harvest.get("fingerprint", ""), validators, marks)

    async def _carry(self, run: HarvestRun, carrier: Carrier) -> None:
        """Every record into the store; what was taken is committed, however it ends."""
        try:
            async with aclosing(self.source.records(run)) as records:  # type: ignore[type-var]  # generators
                await self._carry_records(records, run, carrier)
        finally:
            await carrier.land()
        self.progress(carrier.tally, run.total)

    async def _carry_records(self, records: AsyncIterator[Item], run: HarvestRun, carrier: Carrier) -> None:
        batch: list[Item] = []
        watermarks: dict[str, Any] = {}
        async for item in records:
            watermarks |= run.take_advanced()
            batch.append(item)
            if len(batch) >= BATCH:
                await carrier.take(batch, watermarks)
                self.progress(carrier.tally, run.total)
                batch, watermarks = [], {}
                if self._stopping.is_set():
                    raise RunStopped
        await carrier.take(batch, watermarks)

    async def _finish(self, run: HarvestRun, carrier: Carrier, wish: Wish, now: datetime) -> None:
        """After everything is committed: what is gone, then what the next run needs to know."""
        carrier.finish()
        plan = replace(self.plan, delete_share=1.0) if wish.delete_all else self.plan
        totals = await self._store.totals()
        gone_keys = [storable_key(each) for each in run.gone_keys]
        gone = await find_named_gone(self._store, gone_keys)
        if not run.is_partial and len(carrier.seen_entities) < totals.entities:
            gone += await find_gone(self._store, carrier.seen_entities)
        if plan.deletes and gone:
            require_few(len(gone), totals.entities, plan)
            await delete_entities(self._store, self._around.writer, gone, carrier.tally, self._patience)
        if gone_keys:
            await self._store.forget_records(gone_keys)
        if not run.is_partial:
            await forget_records(self._store, carrier.seen_records, totals.records, self._patience)
        await self._keep(run, carrier.tally, now)

    async def _keep(self, run: HarvestRun, tally: Tally, now: datetime) -> None:
        states = {MARK + name: value for name, value in run.take_advanced().items()}
        states["harvest"] = {
            "fingerprint": self.plan.fingerprint.hex(),
            "validators": run.kept.validators | run.validators,
        }
        states["whole"] = True
        await self._patience(lambda: self._around.states.save(self.plan.name, states, now))
        await write_dataset(self.source.file, self._around.writer, self._around.states, tally, now)
