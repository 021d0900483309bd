"""Replay: quarantined messages once more through their source's mapping, as it is now."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from mimas.adapters.mapping import MappingFile
from mimas.adapters.mapping.payloads import JSON
from mimas.adapters.messages import Mapped, Message
from mimas.ngsi_ld.store.database import Database
from mimas.ngsi_ld.store.quarantine import Quarantined, QuarantineStore
from mimas.ngsi_ld.store.write_group import ChangeListener
from mimas.ngsi_ld.store.writer import Writer

from .ingest import StoredDocuments
from .ingest_intake import Intake, Mode, Refusal, at_once
from .ingest_metrics import IngestMetrics


@dataclass(frozen=True, slots=True)
class Replayed:
    """What became of one quarantined message; `refusals` is empty when all of it was taken."""

    id: int
    refusals: list[Refusal]


class _Again:
    """A source whose messages come from the quarantine."""

    def __init__(self, file: MappingFile) -> None:
        self.name = file.name
        self.file = file
        self.media = JSON if "file" in file.declaration.get("source", {}) else ""

    async def messages(self) -> AsyncIterator[Message]:
        """Nothing arrives by itself."""
        return
        yield

    def to_entities(self, message: Message) -> Mapped:
        """What the message becomes by the mapping as it is now."""
        return self.file.mapping.map(message)


async def replay(
    database: Database,
    file: MappingFile,
    messages: Sequence[Quarantined],
    models: Mode,
    listener: ChangeListener | None = None,
) -> list[Replayed]:
    """Take `messages` once more; those that are taken now are marked as replayed."""
    source = _Again(file)
    quarantine = QuarantineStore(database)
    replayed = []
    async with Writer(database, listener=listener) as writer:
        for each in messages:
            mode: Mode = file.declaration.get("models", models)
            metrics = IngestMetrics(file.name)
            intake = Intake(source, each.tenant, mode, writer, StoredDocuments(database), metrics)
            message = Message(file.name, each.topic or "", each.raw, each.received_at, source.media)
            refusals = await intake.take([message], at_once)
            if not refusals:
                await quarantine.mark_replayed([each.id], datetime.now(UTC))
            replayed.append(Replayed(each.id, refusals))
    return replayed
