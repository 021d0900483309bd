"""Messages into the store: mapped, checked against their models, written; the refusals come back."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, ParamSpec, Protocol, TypeVar

import orjson

from mimas.adapters.counters import Counters
from mimas.adapters.messages import Mapped, MappedRecord, Message, MessageRejected
from mimas.adapters.source import Source
from mimas.ngsi_ld.core.errors import NgsiLdError, Unavailable
from mimas.ngsi_ld.core.operations import Operation, RecordReading
from mimas.ngsi_ld.core.state import Document
from mimas.ngsi_ld.models import check
from mimas.ngsi_ld.store.deliveries import Delivery

from .ingest_metrics import IngestMetrics

logger = logging.getLogger(__name__)

WRITE_SIZE = 2000
REMEMBERED = 100_000
LARGE = 32 * 1024  # bytes of a message beside which other requests are answered
BREATH = 100  # messages mapped before other tasks may run

Mode = Literal["off", "warn", "reject"]
Documents = dict[str, Document]
Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


class Writes(Protocol):
    """The part of the store's writer that the intake uses."""

    async def write(self, tenant: str, operations: Sequence[Operation]) -> Sequence[Any]:
        """The outcome of each operation, after the commit."""


class Deliveries(Protocol):
    """Remembers the keys of records that have no time of their own, across crashes and processes."""

    async def claim(self, source: str, keys: Mapping[str, datetime]) -> Mapping[str, Delivery]:
        """Note keys and arrivals before they are written; says what is known of each."""

    async def take(self, source: str, keys: Sequence[str], now: datetime) -> None:
        """Note that what the keys stand for is committed."""


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
class Batch:
    """What a batch of messages became before it is written. `origins` are positions in `messages`."""

    messages: Sequence[Message]
    counters: Counters
    operations: list[RecordReading] = field(default_factory=list)
    origins: list[int] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    named: list[tuple[int, str]] = field(default_factory=list)
    static: dict[str, bytes] = field(default_factory=dict)
    keys: dict[str, None] = field(default_factory=dict)
    claimed: set[str] = field(default_factory=set)
    created: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    accepted: int = 0
    skipped: int = 0
    repeated: int = 0


class Intake:
    """Takes the messages of one source into one tenant.

    With `shared` other processes take messages of the same source: last values are asked for every time.
    """

    def __init__(
        self,
        source: Source,
        tenant: str,
        mode: Mode,
        writer: Writes,
        stored: Callable[[str, Sequence[str]], Awaitable[Documents]],
        metrics: IngestMetrics,
        deliveries: Deliveries | None = None,
        *,
        shared: bool = False,
    ) -> None:
        self.source = source
        self.tenant = tenant
        self.metrics = metrics
        self._mode = mode
        self._writer = writer
        self._stored = stored
        self._deliveries = deliveries
        self._shared = shared
        self._counters = Counters()
        self._static = Remembered()
        self._keys = Remembered()

    async def take(self, messages: Sequence[Message], patience: Patience) -> list[Refusal]:
        """Write what `messages` become; returns after the commit, with what was refused."""
        batch = await self.prepare(messages, patience)
        await self.write(batch, patience)
        return batch.refusals

    async def prepare(self, messages: Sequence[Message], patience: Patience) -> Batch:
        """Everything that comes before the write: mapped, checked, sorted."""
        batch = Batch(messages, Counters() if self._shared else self._counters)
        mapped = await self._map(batch)
        await self._claim(mapped, batch, patience)
        await self._learn(mapped, batch.counters, patience)
        for index, each in enumerate(mapped):
            await self._aside(messages[index], self._sort, index, each, batch)
        return batch

    async def write(self, batch: Batch, patience: Patience) -> None:
        """Write a batch; returns after the commit, with what was created and changed noted in it."""
        await self._write(batch, patience)
        await self._settle(batch.claimed & batch.keys.keys(), patience)
        for key, value in batch.static.items():
            self._static.put(key, value)
        for key in batch.keys:
            self._keys.put(key)

    async def _aside(
        self,
        message: Message,
        work: Callable[Parameters, Result],
        *given: Parameters.args,
        **named: Parameters.kwargs,
    ) -> Result:
        """Do the work here; for a large message that others would wait for, in a thread."""
        if self._shared and len(message.raw) > LARGE:
            return await asyncio.to_thread(work, *given, **named)
        return work(*given, **named)

    async def _map(self, batch: Batch) -> list[Mapped]:
        mapped = []
        for index, message in enumerate(batch.messages, 1):
            each = await self._aside(message, self._map_one, message)
            batch.refusals.extend(Refusal(message, rejection) for rejection in each.rejections)
            mapped.append(each)
            if not index % BREATH:
                await asyncio.sleep(0)
        return mapped

    async def _claim(self, mapped: list[Mapped], batch: Batch, patience: Patience) -> None:
        """Note the keys of records without a time before they are written.

        A key that is known, but not as taken, is of a delivery that a crash cut off: its record gets the time
        of that delivery, so that the store recognises what was committed of it.
        """
        arrivals = {
            record.key: message.received_at
            for message, each in reversed(list(zip(batch.messages, mapped, strict=True)))
            for record in each.records
            if record.untimed and record.key is not None and record.key not in self._keys
        }
        deliveries = self._deliveries
        if not arrivals or deliveries is None:
            return
        known = await patience(lambda: deliveries.claim(self.source.name, arrivals))
        batch.claimed.update(arrivals)
        for key, delivery in known.items():
            if delivery.taken:
                self._keys.put(key)
        for index, (message, each) in enumerate(zip(batch.messages, mapped, strict=True)):
            earlier = [
                first.received_at
                for record in each.records
                if (first := known.get(record.key or "")) is not None
                and first.received_at != message.received_at
            ]
            if earlier:
                message.received_at = min(earlier)
                mapped[index] = self._map_one(message)

    async def _settle(self, keys: set[str], patience: Patience) -> None:
        deliveries = self._deliveries
        if keys and deliveries is not None:
            now = datetime.now(UTC)
            await patience(lambda: deliveries.take(self.source.name, sorted(keys), now))

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

    async def _learn(self, mapped: Sequence[Mapped], counters: Counters, patience: Patience) -> None:
        """Ask the store for the last values of counters that are not known yet."""
        readings = [reading for each in mapped for record in each.records for reading in record.counters]
        unknown = sorted(counters.unknown(readings)) if readings else []
        if unknown:
            documents = await patience(lambda: self._stored(self.tenant, unknown))
            for reading in readings:
                counters.learn(reading, documents.get(reading.entity_id))

    def _sort(self, origin: int, mapped: Mapped, batch: Batch) -> None:
        repeated = 0
        message = batch.messages[origin]
        for record in mapped.records:
            if record.key is not None and (record.key in self._keys or record.key in batch.keys):
                repeated += 1
                continue
            try:
                self._require_models(record)
                batch.counters.check(record.counters)
            except MessageRejected as rejection:
                batch.refusals.append(
                    Refusal(message, rejection.within(record.place) if record.place else rejection)
                )
                continue
            batch.named.extend((origin, each["id"]) for each in (*record.documents, *record.static))
            for document in (*record.documents, *self._changed(record, batch)):
                batch.operations.append(RecordReading(entity_id=document["id"], document=document))
                batch.origins.append(origin)
            if record.key is not None:
                batch.keys[record.key] = None
        batch.skipped += mapped.skipped
        batch.repeated += repeated
        self.metrics.note_passed_over(mapped.skipped, repeated)

    def _require_models(self, record: MappedRecord) -> None:
        for document in (*record.documents, *record.static):
            for finding in check(document, self._mode, complete=False):
                if finding.severity == "error":
                    spot = f"{document['id']}: {finding.attribute}"
                    raise MessageRejected("model", spot, finding.reason, finding.mend)

    def _changed(self, record: MappedRecord, batch: Batch) -> Iterator[Document]:
        """The static documents that are not as they were written last."""
        for document in record.static:
            text = orjson.dumps(document, option=orjson.OPT_SORT_KEYS)
            known = batch.static.get(document["id"]) or self._static.get(document["id"])
            if known != text:
                batch.static[document["id"]] = text
                yield document

    async def _write(self, batch: Batch, patience: Patience) -> None:
        for start in range(0, len(batch.operations), WRITE_SIZE):
            operations = batch.operations[start : start + WRITE_SIZE]
            outcomes = await self._write_all(operations, patience)
            for index, outcome in enumerate(outcomes):
                entity_id = operations[index].entity_id
                if isinstance(outcome, NgsiLdError):
                    batch.static.pop(entity_id, None)
                    rejection = MessageRejected("write", entity_id, outcome.detail, "mend it, then replay")
                    message = batch.messages[batch.origins[start + index]]
                    batch.refusals.append(Refusal(message, rejection))
                elif outcome.created:
                    batch.created.append(entity_id)
                elif outcome.changed or outcome.history:
                    batch.changed.append(entity_id)
            accepted = sum(not isinstance(each, NgsiLdError) for each in outcomes)
            batch.accepted += accepted
            self.metrics.note_accepted(accepted)

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
