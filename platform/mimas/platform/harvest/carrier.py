"""Records into the store: those that are known are passed over, the others mapped, written, remembered."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any

import orjson

from mimas.adapters.harvest import Record
from mimas.adapters.mapping.payloads import JSON
from mimas.adapters.messages import Message, MessageRejected
from mimas.ngsi_ld.store.harvests import HarvestStore, KnownRecord, SeenRecord, Step, Totals

from ..ingest_intake import Batch, Documents, Intake, Patience, Refusal
from ..ingest_refusals import quarantined
from .comparison import keep_changes
from .declaration import HarvestPlan
from .marks import Marks
from .outcome import RunRefused, Tally

ENOUGH = 200  # records after which the share of refusals says something while a run goes on

Item = Record | MessageRejected


@dataclass(slots=True)
class _Given:
    """One record with what tells it from others and from what it was."""

    item: Item
    key: str
    digest: bytes
    raw: bytes
    number: int = -1


@dataclass(slots=True)
class _Flight:
    """One batch on its way: what is new in it by key, what that became, what is to be remembered."""

    watermarks: dict[str, Any]
    new: dict[str, _Given] = field(default_factory=dict)
    batch: Batch | None = None
    refusals: list[Refusal] = field(default_factory=list)
    records: list[SeenRecord] = field(default_factory=list)

    @property
    def has_something(self) -> bool:
        """Say whether there is anything to write."""
        return bool(self.new or self.refusals or self.records or self.watermarks)


class Carrier:
    """Takes the records of one run, batch by batch; each batch is one step of the harvest.

    One batch is being written while the next is read and mapped; they are committed in their order.
    """

    def __init__(
        self,
        plan: HarvestPlan,
        run: int,
        started_at: datetime,
        intake: Intake,
        store: HarvestStore,
        stored: Callable[[Sequence[str]], Awaitable[Documents]],
        totals: Totals,
        patience: Patience,
    ) -> None:
        self.tally = Tally()
        self.seen_records = Marks()
        self.seen_entities = Marks()
        self._plan = plan
        self._run = run
        self._started_at = started_at
        self._intake = intake
        self._store = store
        self._stored = stored
        self._patience = patience
        self._next_record = totals.next_record
        self._next_entity = totals.next_entity
        self._flight: _Flight | None = None
        self._flying: asyncio.Task[None] | None = None

    async def take(self, items: Sequence[Item], watermarks: dict[str, Any]) -> None:
        """Carry a batch: map it while the one before is being written, then let it follow."""
        self.tally.read += len(items)
        self._intake.metrics.note_received(len(items))
        flight = await self._sort([self._given(item) for item in items], watermarks)
        if flight.new:
            messages = [self._message(each) for each in flight.new.values()]
            flight.batch = await self._intake.prepare(messages, self._patience)
        await self.land()
        if flight.has_something:
            self._flight = flight
            self._flying = asyncio.create_task(self._fly(flight))
        self._require_few_refusals(ENOUGH)

    async def land(self) -> None:
        """Wait until everything that was taken is committed."""
        if self._flying is not None:
            try:
                await self._flying
            finally:
                self._flying.cancel()
                self._flying = self._flight = None

    async def _fly(self, flight: _Flight) -> None:
        """Write a batch, then keep what it was, in one commit."""
        entities: dict[str, int] = {}
        if flight.batch is not None:
            await self._write(flight.batch)
            flight.refusals += flight.batch.refusals
            entities = await self._remember(flight, flight.batch)
        rejected = [quarantined(each, self._plan.tenant) for each in flight.refusals]
        for each in flight.refusals:
            self._intake.metrics.note_rejected(each.rejection.stage)
        states = {f"mark:{name}": value for name, value in flight.watermarks.items()} | {"whole": False}
        step = Step(self._run, self.tally.counts(), flight.records, entities, rejected, states)
        await self._patience(lambda: self._store.commit(step, datetime.now(UTC)))

    def finish(self) -> None:
        """Refuse the run when too many of its records were refused."""
        self._require_few_refusals(1)

    def _given(self, item: Item) -> _Given:
        if isinstance(item, MessageRejected):
            raw = f"{item.stage}\n{item.place}\n{item.reason}".encode(errors="replace")
            digest = self._digest(raw)
            return _Given(item, f"!{digest.hex()}", digest, b"")
        raw = orjson.dumps(item.fields, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
        digest = self._digest(raw)
        return _Given(
            item, storable_key(item.key) if item.key is not None else f"#{digest.hex()}", digest, raw
        )

    def _digest(self, raw: bytes) -> bytes:
        return blake2b(raw, digest_size=16, key=self._plan.fingerprint).digest()

    async def _sort(self, given: list[_Given], watermarks: dict[str, Any]) -> _Flight:
        """Mark what is known; what is left is to be taken, or refused because it stands twice."""
        flight = _Flight(watermarks)
        known = await self._patience(lambda: self._store.known([each.key for each in given]))
        flying = self._flight.new if self._flight is not None else {}
        twice: list[_Given] = []
        for each in given:
            before = known.get(each.key)
            taken = flight.new.get(each.key) or flying.get(each.key)
            if taken is not None or (before is not None and before.number in self.seen_records):
                if each.digest == (taken or before).digest:  # type: ignore[union-attr]  # one of them is there
                    self.tally.repeated += 1
                else:
                    twice.append(each)
            elif before is not None and before.digest == each.digest:
                self._pass_over(before)
            else:
                each.number = self._number(before)
                flight.new[each.key] = each
        await self._refuse_twice(twice, flight)
        return flight

    def _number(self, before: KnownRecord | None) -> int:
        """The number of a record, which is seen now."""
        number = self._next_record if before is None else before.number
        self._next_record += before is None
        self.seen_records.add(number)
        return number

    def _pass_over(self, before: KnownRecord) -> None:
        self.seen_records.add(before.number)
        if before.entities is None:
            self.tally.still_rejected += 1
        else:
            self.tally.unchanged += 1
            self.seen_entities.update(before.entities)

    async def _refuse_twice(self, twice: list[_Given], flight: _Flight) -> None:
        """A second record of the same key with other contents is refused, once and not in every run."""
        keys = [f"!{each.digest.hex()}" for each in twice]
        known = await self._patience(lambda: self._store.known(keys)) if keys else {}
        for key, each in zip(keys, twice, strict=True):
            if (before := known.get(key)) is not None:
                self._pass_over(before)
                continue
            rejection = MessageRejected(
                "key", "", f"{each.key[:100]!r} stands twice, with other contents", "keep one of the two"
            )
            self.tally.rejected += 1
            flight.refusals.append(Refusal(self._message(each), rejection))
            flight.records.append(SeenRecord(key, each.digest, self._number(None), None))

    async def _write(self, batch: Batch) -> None:
        await self._patience(lambda: keep_changes(batch, self._stored, self._started_at))
        await self._intake.write(batch, self._patience)
        self.tally.created += len(batch.created)
        self.tally.changed += len(batch.changed)
        self.tally.show("created", batch.created)
        self.tally.show("changed", batch.changed)

    def _message(self, given: _Given) -> Message:
        item = given.item
        record: Any = item if isinstance(item, MessageRejected) else item.fields
        return Message(self._plan.name, item.place, given.raw, self._started_at, JSON, record)

    async def _remember(self, flight: _Flight, batch: Batch) -> dict[str, int]:
        """What the new records became, by number; gives the entities that are new to the source."""
        ids = sorted({entity_id for _, entity_id in batch.named})
        numbers = await self._patience(lambda: self._store.numbers(ids)) if ids else {}
        fresh: dict[str, int] = {}
        for each in ids:
            if each not in numbers:
                numbers[each] = fresh[each] = self._next_entity
                self._next_entity += 1
        became: list[set[int]] = [set() for _ in flight.new]
        for origin, entity_id in batch.named:
            became[origin].add(numbers[entity_id])
        refused = {id(refusal.message) for refusal in batch.refusals}
        for index, given in enumerate(flight.new.values()):
            entities = tuple(sorted(became[index]))
            is_refused = id(batch.messages[index]) in refused
            self.tally.rejected += is_refused
            self.tally.taken += bool(entities) and not is_refused
            self.tally.skipped += not entities and not is_refused
            self.seen_entities.update(entities)
            kept = None if is_refused and not entities else entities
            flight.records.append(SeenRecord(given.key, given.digest, given.number, kept))
        return fresh

    def _require_few_refusals(self, enough: int) -> None:
        tally = self.tally
        if tally.read >= enough and tally.refused_share > self._plan.reject_limit:
            raise RunRefused(
                f"{tally.rejected + tally.still_rejected} of {tally.read} records were refused "
                f"({tally.refused_share:.0%}), more than rejects.limit ({self._plan.reject_limit:.0%}): "
                f"see `mimas quarantine list --source {self._plan.name}`"
            )


def storable_key(key: str) -> str:
    """A key that PostgreSQL can hold; a long one by its hash."""
    if len(key) > 500:
        return f"~{blake2b(key.encode(errors='replace'), digest_size=16).hexdigest()}"
    return key.replace("\0", "\N{REPLACEMENT CHARACTER}").encode(errors="replace").decode()
