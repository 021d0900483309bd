"""A mapping, compiled once: messages in, records of entities or refusals out. Pure: it keeps nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mimas.ngsi_ld.core.instants import format_instant

from ..messages import Mapped, MappedRecord, Message, MessageRejected
from .conditions import Condition
from .entities import EntityPlan
from .lookups import Lookup, SkipRecord
from .moments import Moments, Window
from .payloads import Dialect, decode_payload
from .scope import MISSING, Getter, Scope
from .templates import Template
from .topics import FilePattern, QueryPattern, TopicPatterns

MAX_RECORDS = 100_000
MAX_ENTITIES = 200_000


@dataclass(frozen=True, slots=True)
class Foreach:
    """Where the records of a message are: the items of a list, one object, or an object's members."""

    get: Getter
    members: bool = False


@dataclass(frozen=True, slots=True)
class ObservedAt:
    """Where the time of a record is and how it is written; `received` is the fallback where declared."""

    get: Getter
    spot: str
    moments: Moments
    window: Window
    or_received: bool

    def of(self, scope: Scope, received_at: datetime) -> datetime:
        """The instant at which the record was observed."""
        value = self.get(scope)
        if value is MISSING or value is None or value == "":
            if self.or_received:
                return received_at
            raise MessageRejected("time", self.spot, "there is no time", "see observedAt, missing: received")
        try:
            moment = self.moments.parse(value)
            self.window.require(moment, received_at)
        except ValueError as error:
            raise MessageRejected(
                "time", self.spot, str(error), "see observedAt: format, zone, ahead"
            ) from error
        return moment


@dataclass(frozen=True, slots=True)
class CompiledMapping:
    """Everything a mapping file declares about messages, ready to run."""

    dialect: Dialect
    place: TopicPatterns | FilePattern | QueryPattern | None
    foreach: Foreach | None
    lets: tuple[tuple[str, Getter], ...]
    lookups: tuple[Lookup, ...]
    accept: Condition | None
    observed_at: ObservedAt | None
    key: Template | None
    entities: tuple[EntityPlan, ...]

    def map(self, message: Message) -> Mapped:
        """What `message` becomes; every record is accepted, rejected or skipped by itself."""
        mapped = Mapped()
        try:
            variables = self._place_variables(message)
            payload = message.record
            if payload is None:
                payload = decode_payload(message.raw, message.media, self.dialect)
            self._map_records(mapped, payload, variables, message)
        except MessageRejected as rejection:
            mapped.rejections.append(rejection)
        return mapped

    def _place_variables(self, message: Message) -> dict[str, Any]:
        variables: dict[str, Any] = {
            "topic": message.place,
            "source": message.source,
            "received": format_instant(message.received_at),
        }
        if self.place is not None:
            found = self.place.match(message.place)
            if found is None:
                raise MessageRejected("topic", message.place[:200], "does not fit the pattern", "see source")
            variables.update(found)
        return variables

    def _map_records(self, mapped: Mapped, payload: Any, variables: dict[str, Any], message: Message) -> None:
        made = 0
        for spot, key, record in self._records(payload, variables):
            scope = Scope(record, payload, dict(variables))
            if key is not None:
                scope.variables["key"] = key
            try:
                mapped.records.append(self._map_record(spot, scope, message))
            except SkipRecord:
                mapped.skipped += 1
                continue
            except MessageRejected as rejection:
                mapped.rejections.append(rejection.within(spot) if spot else rejection)
                continue
            made += len(mapped.records[-1].documents) + len(mapped.records[-1].static)
            if made > MAX_ENTITIES:
                raise MessageRejected(
                    "foreach", spot, f"more than {MAX_ENTITIES} entities", "split the message"
                )

    def _records(
        self, payload: Any, variables: dict[str, Any]
    ) -> Iterator[tuple[str, str | int | None, Any]]:
        if self.foreach is None:
            yield "", None, payload
            return
        items = self.foreach.get(Scope(payload, payload, variables))
        if not isinstance(items, list | dict):
            raise MessageRejected(
                "foreach", "", "there is no list to go through", "see foreach, or filter with accept"
            )
        if len(items) > MAX_RECORDS:
            raise MessageRejected("foreach", "", f"more than {MAX_RECORDS} records", "split the message")
        if isinstance(items, list):
            for index, record in enumerate(items):
                yield f"[{index}]", index, record
        elif self.foreach.members:
            for key, record in items.items():
                yield str(key)[:100], key, record
        else:
            yield "", None, items

    def _map_record(self, spot: str, scope: Scope, message: Message) -> MappedRecord:
        for name, get in self.lets:
            value = get(scope)
            if value is not MISSING:
                scope.variables[name] = value
        for lookup in self.lookups:
            lookup.bind(scope)
        if self.accept is not None and not self.accept(scope):
            raise SkipRecord
        moment = None
        if self.observed_at is not None:
            moment = self.observed_at.of(scope, message.received_at)
            scope.variables["observedAt"] = format_instant(moment)
        record = MappedRecord(spot, key=self._key_of(spot, scope, message))
        record.untimed = moment is None or moment == message.received_at
        for entity in self.entities:
            entity.add_to(record, scope, moment)
        return record

    def _key_of(self, spot: str, scope: Scope, message: Message) -> str | None:
        if self.key is not None:
            return self.key(scope)
        return f"{message.key} {spot}" if message.key else None
