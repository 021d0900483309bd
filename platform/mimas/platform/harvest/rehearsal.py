"""A run that writes nothing: the same way as a real one, with an end that only notes what would happen."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from mimas.adapters.harvest import Harvest, Record, RecordSource
from mimas.adapters.messages import Mapped, Message, MessageRejected
from mimas.ngsi_ld.core.apply import apply
from mimas.ngsi_ld.core.errors import NgsiLdError
from mimas.ngsi_ld.core.operations import DeleteEntity, Operation, RecordReading
from mimas.ngsi_ld.core.state import Applied, Document, EntityState
from mimas.ngsi_ld.store.database import Database
from mimas.ngsi_ld.store.harvest_runs import RunStore
from mimas.ngsi_ld.store.harvests import HarvestStore, KnownRecord, Step, Totals
from mimas.ngsi_ld.store.quarantine import Rejected
from mimas.ngsi_ld.store.source_states import SourceStates
from mimas.ngsi_ld.store.stored import STORED_COLUMNS, from_row

from ..ingest_intake import Documents, Mode
from ..ingest_metrics import IngestMetrics
from ..ingest_patience import once
from ..ingest_stored import StoredDocuments
from ..outbound import OutboundGuard
from .comparison import MODIFIED
from .harvester import Harvester, Progress, Surrounding, Wish
from .outcome import RunReport

NOBODY: Database = None  # type: ignore[assignment]  # a rehearsal without a database asks none


@dataclass(slots=True)
class Rehearsed:
    """What would happen. `changed` has the attributes that differ; documents are what would be written."""

    documents: list[tuple[str, Document]] = field(default_factory=list)
    created: dict[str, None] = field(default_factory=dict)
    changed: dict[str, dict[str, None]] = field(default_factory=dict)
    deleted: list[str] = field(default_factory=list)
    refusals: list[Rejected] = field(default_factory=list)
    report: RunReport | None = None


class Limited:
    """The first records of a source."""

    def __init__(self, source: RecordSource, limit: int, seen: list[tuple[str, Document]]) -> None:
        self.name, self.file, self.media = source.name, source.file, source.media
        self._source = source
        self._limit = limit
        self._seen = seen

    async def records(self, run: Harvest) -> AsyncIterator[Record | MessageRejected]:
        """As many as are wanted; such a run is never whole."""
        run.partial()
        left = self._limit
        async for item in self._source.records(run):
            yield item
            left -= 1
            if not left:
                return

    def to_entities(self, message: Message) -> Mapped:
        """What the record becomes, noted with its place."""
        mapped = self._source.to_entities(message)
        for record in mapped.records:
            self._seen.extend((message.place, each) for each in (*record.documents, *record.static))
        return mapped


async def rehearse(
    source: RecordSource,
    database: Database | None,
    guard: OutboundGuard,
    models: Mode,
    *,
    limit: int | None = None,
    full: bool = False,
    progress: Progress | None = None,
) -> Rehearsed:
    """What a run of `source` would do; with `database`, to what is there."""
    found = Rehearsed()
    tenant = source.file.declaration.get("tenant", "")
    around = Surrounding(
        lambda tenant, name: _Store(database, tenant, name, found),
        _Runs(NOBODY),
        _States(database),
        StoredDocuments(database) if database is not None else _nothing_stored,
        _Writer(database, tenant, found),
        guard,
        models,
    )
    limited: RecordSource = source if limit is None else Limited(source, limit, found.documents)
    harvester = Harvester(limited, around, IngestMetrics(source.name), once)
    if progress is not None:
        harvester.progress = progress
    found.report = await harvester.run(Wish("rehearsal", full=full))
    return found


async def _nothing_stored(_tenant: str, _ids: Sequence[str]) -> Documents:
    return {}


class _Writer:
    """Applies operations to what is stored, and keeps what came of it to itself."""

    def __init__(self, database: Database | None, tenant: str, found: Rehearsed) -> None:
        self._database = database
        self._found = found
        self._states: dict[str, EntityState | None] = {}

    async def write(self, tenant: str, operations: Sequence[Operation]) -> list[Applied | NgsiLdError]:
        """The outcome that each operation would have."""
        await self._learn(tenant, [each.entity_id for each in operations])
        return [self._apply(each) for each in operations]

    async def _learn(self, tenant: str, ids: Sequence[str]) -> None:
        unknown = [each for each in ids if each not in self._states]
        self._states |= dict.fromkeys(unknown)
        if self._database is not None and unknown:
            sql = f"SELECT {STORED_COLUMNS} FROM entity WHERE tenant = $1 AND id = any($2::text[])"  # noqa: S608
            for row in await self._database.fetch(sql, tenant, unknown):
                self._states[row["id"]] = from_row(row).state()

    def _apply(self, operation: Operation) -> Applied | NgsiLdError:
        before = self._states[operation.entity_id]
        try:
            applied = apply(operation, before, datetime.now(UTC))
        except NgsiLdError as error:
            return error
        if isinstance(operation, DeleteEntity):
            self._found.deleted.append(operation.entity_id)
        elif isinstance(operation, RecordReading) and not _is_dataset(operation.document):
            self._note(operation, applied)
        self._states[operation.entity_id] = applied.state
        return applied

    def _note(self, operation: RecordReading, applied: Applied) -> None:
        if applied.created:
            self._found.created[operation.entity_id] = None
        elif (applied.changed or applied.history) and operation.entity_id not in self._found.created:
            names = self._found.changed.setdefault(operation.entity_id, {})
            names |= dict.fromkeys(
                entry.attribute for entry in applied.history if entry.attribute != MODIFIED
            )


class _Store(HarvestStore):
    """What earlier runs know, and what this one would add."""

    def __init__(self, database: Database | None, tenant: str, source: str, found: Rehearsed) -> None:
        super().__init__(database or NOBODY, tenant, source)
        self._asks = database is not None
        self._found = found
        self._records: dict[str, KnownRecord] = {}
        self._entities: dict[str, int] = {}

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[bool]:
        """A rehearsal disturbs nobody."""
        yield True

    async def totals(self) -> Totals:
        """What is there."""
        return await super().totals() if self._asks else Totals(0, 0, 0, 0)

    async def known(self, keys: Sequence[str]) -> dict[str, KnownRecord]:
        """Those of earlier runs, and of this one."""
        known = await super().known(keys) if self._asks else {}
        return known | {key: self._records[key] for key in keys if key in self._records}

    async def numbers(self, ids: Sequence[str]) -> dict[str, int]:
        """Those of earlier runs, and of this one."""
        numbers = await super().numbers(ids) if self._asks else {}
        return numbers | {each: self._entities[each] for each in ids if each in self._entities}

    async def commit(self, step: Step, now: datetime) -> None:
        """Note it."""
        self._found.refusals += step.rejected
        self._entities |= step.entities
        for each in step.records:
            self._records[each.key] = KnownRecord(each.digest, each.number, each.entities)

    async def records(self) -> AsyncIterator[list[tuple[str, int]]]:
        """Nothing is forgotten, so there is nothing to look at."""
        return
        yield

    async def entities(self) -> AsyncIterator[list[tuple[str, int]]]:
        """Those of earlier runs."""
        if self._asks:
            async for page in super().entities():
                yield page

    async def entities_of(self, keys: Sequence[str]) -> dict[str, int]:
        """Those of earlier runs."""
        return await super().entities_of(keys) if self._asks else {}

    async def made_by_others(self, ids: Sequence[str]) -> set[str]:
        """Those of earlier runs."""
        return await super().made_by_others(ids) if self._asks else set()

    async def forget_records(self, keys: Sequence[str]) -> None:
        """Nothing is forgotten."""

    async def forget_entities(self, ids: Sequence[str]) -> None:
        """Nothing is forgotten."""


class _Runs(RunStore):
    """A rehearsal is no run."""

    async def begin(self, tenant: str, source: str, cause: str, now: datetime) -> int:
        """No number."""
        return 0

    async def finish(
        self,
        run: tuple[str, str, int],
        state: str,
        counts: Mapping[str, int],
        changes: Mapping[str, Sequence[str]],
        detail: str | None,
        now: datetime,
    ) -> None:
        """Nothing is noted."""


class _States(SourceStates):
    """What earlier runs left; nothing is kept."""

    def __init__(self, database: Database | None) -> None:
        super().__init__(database or NOBODY)
        self._asks = database is not None

    async def load(self, source: str) -> dict[str, Any]:
        """What earlier runs left."""
        return await super().load(source) if self._asks else {}

    async def save(self, source: str, values: dict[str, Any], now: datetime) -> None:
        """Nothing is kept."""


def _is_dataset(document: Document) -> bool:
    return bool(document["type"] == "Dataset")
