"""One source's way into the store: read, take in batches, quarantine, and only then acknowledge."""

from __future__ import annotations

import asyncio
import logging
import random
from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Protocol

from mimas.adapters.messages import Message
from mimas.adapters.source import SourceError
from mimas.ngsi_ld.core.errors import Unavailable
from mimas.ngsi_ld.store.quarantine import Rejected

from .ingest_intake import Intake
from .ingest_patience import FIRST_DELAY, PatientWith
from .ingest_refusals import quarantined

logger = logging.getLogger(__name__)

BATCH = 1000
JUDGED = 1000  # the last messages, of which a share may be refused
ENOUGH = 100
LONGEST_SOURCE_DELAY = 60.0


class Quarantines(Protocol):
    """The part of the store's quarantine that the pipeline uses."""

    async def add(self, messages: Sequence[Rejected]) -> None:
        """Keep messages; returns after the commit."""


class Pipeline:
    """Carries the messages of one source until it is exhausted or told to stop."""

    def __init__(self, intake: Intake, quarantine: Quarantines) -> None:
        self._intake = intake
        self._source = intake.source
        self._quarantine = quarantine
        self.metrics = intake.metrics
        self._patience = PatientWith(intake.metrics)
        self._inbox: asyncio.Queue[Message | None] = asyncio.Queue(BATCH)
        self._stopping = asyncio.Event()
        self._limit: float | None = intake.source.file.declaration.get("rejects", {}).get("limit")
        self._lately: deque[bool] = deque(maxlen=JUDGED)

    def stop(self) -> None:
        """Finish the batch under way, then let go of the source; the rest stays unacknowledged."""
        self._stopping.set()

    async def run(self) -> None:
        """Carry messages; returns when the source is exhausted or after `stop`."""
        reader = asyncio.create_task(self._read(), name=f"mimas source {self._source.name}")
        try:
            while (batch := await self._next_batch()) is not None:
                await self._settle(batch)
                if self._refuses_too_much():
                    return
        finally:
            reader.cancel()
            await asyncio.gather(reader, return_exceptions=True)

    async def _read(self) -> None:
        """Read the source into the inbox; a source that fails is begun again, later and later."""
        delay = FIRST_DELAY
        while True:
            try:
                self.metrics.note_state("running")
                messages = self._source.messages()
                try:
                    async for message in messages:
                        delay = FIRST_DELAY
                        await self._inbox.put(message)
                finally:
                    await messages.aclose()  # type: ignore[attr-defined]  # sources are generators
                await self._inbox.put(None)
                return
            except (OSError, ValueError, SourceError, Unavailable) as error:
                logger.warning("source %s failed: %s: %s", self._source.name, type(error).__name__, error)
                self.metrics.note_state("broken", str(error))
            except Exception as error:  # a source of somebody else may fail in any way
                logger.exception("source %s failed", self._source.name)
                self.metrics.note_state("broken", f"{type(error).__name__}: {error}")
            await asyncio.sleep(delay * random.uniform(0.8, 1.2))  # noqa: S311 - spreads retries
            delay = min(delay * 2, LONGEST_SOURCE_DELAY)

    async def _next_batch(self) -> list[Message] | None:
        """All messages that wait, at least one; None at the end."""
        first = await self._first()
        if first is None:
            return None
        batch = [first]
        while len(batch) < BATCH and not self._inbox.empty():
            message = self._inbox.get_nowait()
            if message is None:
                self._inbox.put_nowait(None)
                break
            batch.append(message)
        return batch

    async def _first(self) -> Message | None:
        getting = asyncio.ensure_future(self._inbox.get())
        stopping = asyncio.ensure_future(self._stopping.wait())
        try:
            await asyncio.wait((getting, stopping), return_when=asyncio.FIRST_COMPLETED)
            return None if self._stopping.is_set() else getting.result()
        finally:
            getting.cancel()
            stopping.cancel()

    async def _settle(self, batch: list[Message]) -> None:
        """Commit what the batch becomes and what is wrong with it; then acknowledge every message."""
        self.metrics.note_received(len(batch))
        refusals = await self._intake.take(batch, self._patience)
        if refusals:
            rows = [quarantined(each, self._intake.tenant) for each in refusals]
            await self._patience(lambda: self._keep(rows))
            for each in refusals:
                self.metrics.note_rejected(each.rejection.stage)
        refused = {id(each.message) for each in refusals}
        for message in batch:
            message.acknowledge()
            self._lately.append(id(message) in refused)
        self.metrics.note_lag((datetime.now(UTC) - batch[0].received_at).total_seconds())

    async def _keep(self, rows: list[Rejected]) -> None:
        """Put refusals into the quarantine; whatever keeps them out of it is waited for, and said."""
        try:
            await self._quarantine.add(rows)
        except Unavailable:
            raise
        except Exception as error:
            logger.exception("source %s: the quarantine takes nothing", self._source.name)
            raise Unavailable(f"the quarantine takes nothing: {type(error).__name__}: {error}") from error

    def _refuses_too_much(self) -> bool:
        """Say whether the declared share of the last messages was refused, so that the source must stop."""
        if self._limit is None or len(self._lately) < ENOUGH:
            return False
        share = sum(self._lately) / len(self._lately)
        if share <= self._limit:
            return False
        said = (
            f"{share:.0%} of the last {len(self._lately)} messages were refused, more than rejects.limit "
            f"({self._limit:.0%}): see `mimas quarantine list --source {self._source.name}`, then start again"
        )
        logger.error("source %s stops: %s", self._source.name, said)
        self.metrics.note_state("refused", said)
        return True
