"""Messages into the store: mapped, checked against their models, written; the refusals come back."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeVar

import orjson

from mimas.adapters.counters import Counters
from mimas.adapters.messages import Mapped, MappedRecord, Message, MessageRejected
from mimas.adapters.source import Source
from mimas.ngsi_ld.core.errors import NgsiLdError, Unavailable
from mimas.ngsi_ld.core.operations import Operation, RecordReading
from mimas.ngsi_ld.core.state import Document
from mimas.ngsi_ld.models import check

from .ingest_metrics import IngestMetrics

logger = logging.getLogger(__name__)

WRITE_SIZE = 2000
REMEMBERED = 100_000
BREATH = 100  # messages mapped before other tasks may run

Mode = Literal["off", "warn", "reject"]
Documents = dict[str, Document]
Result = TypeVar("Result")


class Writes(Protocol):
    """The part of the store's writer that the intake uses."""

    async def write(self, tenant: str, operations: Sequence[Operation]) -> Sequence[Any]:
        """The outcome of each operation, after the commit."""


class Patience(Protocol):
    """Repeats an action while the database is away."""

    async def __call__(self, action: Callable[[], Awaitable[Result]]) -> Result:
        """The result of the action, once it has one."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A message, or a record of it, that could not be taken."""

    message: Message
    rejection: MessageRejected


class Remembered:
    """Keys and values seen lately; the oldest are forgotten."""

    def __init__(self, limit: int = REMEMBERED) -> None:
        self._limit = limit
        self._values: OrderedDict[str, bytes] = OrderedDict()

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def get(self, key: str) -> bytes | None:
        """The value of `key`."""
        return self._values.get(key)

    def put(self, key: str, value: bytes = b"") -> None:
        """Keep `key`."""
        self._values[key] = value
        self._values.move_to_end(key)
        if len(self._values) > self._limit:
            self._values.popitem(last=False)


@dataclass(slots=True)
class _Batch:
    """What a batch of messages became before it is written."""

    operations: list[RecordReading]
    origins: list[Message]
    refusals: list[Refusal]
    static: dict[str, bytes]
    keys: list[str]


class Intake:
    """Takes the messages of one source into one tenant."""

    def __init__(
        self,
        source: Source,
        tenant: str,
        mode: Mode,
        writer: Writes,
        stored: Callable[[str, Sequence[str]], Awaitable[Documents]],
        metrics: IngestMetrics,
    ) -> None:
        self.source = source
        self.tenant = tenant
        self.metrics = metrics
        self._mode = mode
        self._writer = writer
        self._stored = stored
        self._counters = Counters()
        self._static = Remembered()
        self._keys = Remembered()

    async def take(self, messages: Sequence[Message], patience: Patience) -> list[Refusal]:
        """Write what `messages` become; returns after the commit, with what was refused."""
        batch = _Batch([], [], [], {}, [])
        mapped = await self._map(messages, batch)
        await self._learn(mapped, patience)
        for message, each in mapped:
            self._sort(message, each, batch)
        await self._write(batch, patience)
        for key, value in batch.static.items():
            self._static.put(key, value)
        for key in batch.keys:
            self._keys.put(key)
        return batch.refusals

    async def _map(self, messages: Sequence[Message], batch: _Batch) -> list[tuple[Message, Mapped]]:
        mapped = []
        for index, message in enumerate(messages, 1):
            each = self._map_one(message)
            batch.refusals.extend(Refusal(message, rejection) for rejection in each.rejections)
            mapped.append((message, each))
            if not index % BREATH:
                await asyncio.sleep(0)
        return mapped

    def _map_one(self, message: Message) -> Mapped:
        try:
            return self.source.to_entities(message)
        except MessageRejected as rejection:
            return Mapped(rejections=[rejection])
        except Exception as error:  # a source of somebody else may fail in any way; the stream goes on
            logger.exception("source %s: mapping failed", self.source.name)
            reason = f"the mapping failed: {type(error).__name__}"
            return Mapped(
                rejections=[MessageRejected("mapping", "", reason, "this is a fault: please report it")]
            )

    async def _learn(self, mapped: Sequence[tuple[Message, Mapped]], patience: Patience) -> None:
        """Ask the store for the last values of counters that are not known yet."""
        readings = [reading for _, each in mapped for record in each.records for reading in record.counters]
        unknown = sorted(self._counters.unknown(readings)) if readings else []
        if unknown:
            documents = await patience(lambda: self._stored(self.tenant, unknown))
            for reading in readings:
                self._counters.learn(reading, documents.get(reading.entity_id))

    def _sort(self, message: Message, mapped: Mapped, batch: _Batch) -> None:
        repeated = 0
        for record in mapped.records:
            if record.key is not None and (record.key in self._keys or record.key in batch.keys):
                repeated += 1
                continue
            try:
                self._require_models(record)
                self._counters.check(record.counters)
            except MessageRejected as rejection:
                batch.refusals.append(
                    Refusal(message, rejection.within(record.place) if record.place else rejection)
                )
                continue
            for document in (*record.documents, *self._changed(record, batch)):
                batch.operations.append(RecordReading(entity_id=document["id"], document=document))
                batch.origins.append(message)
            if record.key is not None:
                batch.keys.append(record.key)
        self.metrics.note_passed_over(mapped.skipped, repeated)

    def _require_models(self, record: MappedRecord) -> None:
        for document in (*record.documents, *record.static):
            for finding in check(document, self._mode, complete=False):
                if finding.severity == "error":
                    spot = f"{document['id']}: {finding.attribute}"
                    raise MessageRejected("model", spot, finding.reason, finding.mend)

    def _changed(self, record: MappedRecord, batch: _Batch) -> Iterator[Document]:
        """The static documents that are not as they were written last."""
        for document in record.static:
            text = orjson.dumps(document, option=orjson.OPT_SORT_KEYS)
            known = batch.static.get(document["id"]) or self._static.get(document["id"])
            if known != text:
                batch.static[document["id"]] = text
                yield document

    async def _write(self, batch: _Batch, patience: Patience) -> None:
        for start in range(0, len(batch.operations), WRITE_SIZE):
            operations = batch.operations[start : start + WRITE_SIZE]
            outcomes = await self._write_all(operations, patience)
            for index, outcome in enumerate(outcomes):
                if isinstance(outcome, NgsiLdError):
                    operation = operations[index]
                    batch.static.pop(operation.entity_id, None)
                    rejection = MessageRejected(
                        "write", operation.entity_id, outcome.detail, "mend it, then replay"
                    )
                    batch.refusals.append(Refusal(batch.origins[start + index], rejection))
            self.metrics.note_accepted(sum(not isinstance(each, NgsiLdError) for each in outcomes))

    async def _write_all(self, operations: Sequence[RecordReading], patience: Patience) -> list[Any]:
        """The outcome of each operation; those that met an absent database are written again."""
        outcomes: list[Any] = [None] * len(operations)
        waiting = list(range(len(operations)))

        async def attempt() -> None:
            nonlocal waiting
            results = await self._writer.write(self.tenant, [operations[index] for index in waiting])
            for index, result in zip(waiting, results, strict=True):
                outcomes[index] = result
            waiting = [index for index in waiting if isinstance(outcomes[index], Unavailable)]
            if waiting:
                raise outcomes[waiting[0]]

        await patience(attempt)
        return outcomes
