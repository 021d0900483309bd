"""Replay: quarantined messages once more through their source's mapping, as it is now."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import orjson

from mimas.adapters.mapping import MappingFile
from mimas.adapters.messages import Mapped, Message
from mimas.adapters.registry import AnySource, create_source, is_harvested
from mimas.adapters.source import ForgetfulState, SourceError, Surroundings
from mimas.ngsi_ld.store.database import Database
from mimas.ngsi_ld.store.quarantine import Quarantined, QuarantineStore
from mimas.ngsi_ld.store.write_group import ChangeListener
from mimas.ngsi_ld.store.writer import Writer

from .ingest_intake import Intake, Mode, Refusal
from .ingest_metrics import IngestMetrics
from .ingest_patience import once
from .ingest_stored import StoredDocuments


@dataclass(frozen=True, slots=True)
class Replayed:
    """What became of one quarantined message; `refusals` is empty when all of it was taken."""

    id: int
    refusals: list[Refusal]


class _Again:
    """A source whose messages come from the quarantine; harvested ones say themselves what records become."""

    def __init__(self, file: MappingFile) -> None:
        self.name = file.name
        self.file = file
        self._origin = _origin(file)
        self.is_harvested = is_harvested(self._origin)
        self.media = self._origin.media if self._origin is not None else ""

    async def messages(self) -> AsyncIterator[Message]:
        """Nothing arrives by itself."""
        return
        yield

    def to_entities(self, message: Message) -> Mapped:
        """What the message becomes by the mapping as it is now."""
        if self._origin is None:
            return self.file.mapping.map(message)
        if self.is_harvested and message.raw:
            message.record = orjson.loads(message.raw)
        return self._origin.to_entities(message)


def _origin(file: MappingFile) -> AnySource | None:
    """The source as it is configured now; None when it cannot be used, or for a mapping alone."""
    try:
        return create_source(file, Surroundings("mqtt://127.0.0.1", ForgetfulState()))
    except SourceError:
        return None


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
            refusals = await intake.take([message], once)
            if not refusals:
                await quarantine.mark_replayed([each.id], datetime.now(UTC))
            replayed.append(Replayed(each.id, refusals))
    return replayed
