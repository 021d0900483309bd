"""The sources of kind `http` of one API process: found by name, read again when their file changes."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mimas.adapters.mapping import MappingError, MappingFile, load_mapping
from mimas.adapters.messages import Message
from mimas.adapters.push import PushSource
from mimas.adapters.source import SourceError, Surroundings, source_kind
from mimas.ngsi_ld.store.database import Database
from mimas.ngsi_ld.store.deliveries import DeliveryStore
from mimas.ngsi_ld.store.quarantine import QuarantineStore
from mimas.ngsi_ld.store.source_states import SourceStates

from ..ingest_intake import Batch, Intake, Mode, Writes
from ..ingest_metrics import IngestMetrics
from ..ingest_patience import once
from ..ingest_refusals import quarantined
from ..ingest_stored import StoredDocuments

logger = logging.getLogger(__name__)

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class SourceBroken(Exception):
    """A source whose file cannot be used now."""


class PushedSource:
    """One source and the way of its messages into the store."""

    def __init__(self, source: PushSource, intake: Intake, quarantine: QuarantineStore) -> None:
        self.source = source
        self._intake = intake
        self._quarantine = quarantine

    @property
    def status(self) -> dict[str, Any]:
        """The counts of this process."""
        return self._intake.metrics.status()

    @property
    def tenant(self) -> str:
        """The tenant its entities go into."""
        return self._intake.tenant

    async def take(self, message: Message) -> Batch:
        """Commit what the message becomes and what is wrong with it; Unavailable when it cannot."""
        metrics = self._intake.metrics
        metrics.note_received(1)
        batch = await self._intake.prepare([message], once)
        await self._intake.write(batch, once)
        if batch.refusals:
            await self._quarantine.add([quarantined(each, self.tenant) for each in batch.refusals])
            for each in batch.refusals:
                metrics.note_rejected(each.rejection.stage)
        metrics.note_lag((datetime.now(UTC) - message.received_at).total_seconds())
        return batch


class PushedSources:
    """Finds sources in the folders; a changed file counts from the next request on."""

    def __init__(self, folders: Sequence[Path], models: Mode, database: Database, writer: Writes) -> None:
        self._folders = folders
        self._models = models
        self._database = database
        self._writer = writer
        self._states = SourceStates(database)
        self._known: dict[str, tuple[tuple[Path, int], PushedSource | None]] = {}
        self._loading = asyncio.Lock()

    async def find(self, name: str) -> PushedSource | None:
        """The enabled source of kind `http` called `name`; SourceBroken when its file has mistakes."""
        if not _NAME.fullmatch(name):
            return None
        stamp = self._stamp(name)
        if stamp is None:
            return None
        known = self._known.get(name)
        if known is None or known[0] != stamp:
            async with self._loading:
                known = self._known.get(name)
                if known is None or known[0] != stamp:
                    known = (stamp, await asyncio.to_thread(self._open, name, stamp[0]))
                    self._known[name] = known
        return known[1]

    async def report(self, worker: str) -> None:
        """Keep the counts of this process where the console finds them."""
        for name, (_, pushed) in list(self._known.items()):
            if pushed is not None:
                await self._states.save(name, {f"status:{worker}": pushed.status}, datetime.now(UTC))

    def _stamp(self, name: str) -> tuple[Path, int] | None:
        for folder in self._folders:
            for path in (folder / f"{name}.yaml", folder / f"{name}.yml"):
                try:
                    return path, path.stat().st_mtime_ns
                except OSError:
                    continue
        return None

    def _open(self, name: str, path: Path) -> PushedSource | None:
        try:
            file = load_mapping(path)
            if source_kind(file) != "http" or not file.declaration.get("enabled", True):
                return None
            return self._pushed(file)
        except (MappingError, SourceError) as error:
            logger.error("source %s cannot be used:\n%s", name, error)
            raise SourceBroken(name) from error

    def _pushed(self, file: MappingFile) -> PushedSource:
        source = PushSource(file, Surroundings("", self._states))
        declaration = file.declaration
        metrics = IngestMetrics(file.name, state="running")
        intake = Intake(
            source,
            declaration.get("tenant", ""),
            declaration.get("models", self._models),
            self._writer,
            StoredDocuments(self._database),
            metrics,
            DeliveryStore(self._database),
            shared=True,
        )
        return PushedSource(source, intake, QuarantineStore(self._database))
