"""The pages' view on what the broker stores: through its own stores, aggregated in the database."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Self

import orjson

from mimas.ngsi_ld.core.query.entity_query import EntityQuery, Page
from mimas.ngsi_ld.core.query.q import Equals, Node, Or, Path
from mimas.ngsi_ld.core.query.temporal import TemporalQuery
from mimas.ngsi_ld.core.query.type_selection import TypeSelection
from mimas.ngsi_ld.core.represent.temporal import TemporalEntity
from mimas.ngsi_ld.store.aggregates import Aggregation
from mimas.ngsi_ld.store.database import Database
from mimas.ngsi_ld.store.discovery import DiscoveryStore
from mimas.ngsi_ld.store.entities import EntityStore
from mimas.ngsi_ld.store.history import HistoryStore
from mimas.ngsi_ld.store.periods import Period
from mimas.ngsi_ld.store.quarantine import QuarantineStore

from .adapter_status import StoredAdapterStatus
from .chart import Point
from .sight import AdapterStatus, Method, QuarantinedMessage
from .things import Thing, read_thing

# The relationships by which Smart Data Models hang devices on assets and measurements on devices.
_REFERENCES = ("controlledAsset", "refDevice", "refTargetDevice", "refBuilding")
_SUBJECTS = ("Device", "Device", "Energy", "Building")

Adapters = Callable[[], Awaitable[list[AdapterStatus]]]


async def no_adapters() -> list[AdapterStatus]:
    """What a platform without sources says."""
    return []


class StoredSight:
    """One tenant's entities, history and quarantine."""

    def __init__(
        self,
        entities: EntityStore,
        history: HistoryStore,
        discovery: DiscoveryStore,
        quarantine: QuarantineStore,
        *,
        tenant: str = "",
        adapters: Adapters = no_adapters,
    ) -> None:
        self._entities = entities
        self._history = history
        self._discovery = discovery
        self._quarantine = quarantine
        self._tenant = tenant
        self._adapters = adapters

    async def adapters(self) -> list[AdapterStatus]:
        """What each source says of itself."""
        return await self._adapters()

    @classmethod
    def over(cls, database: Database, entities: EntityStore, *, tenant: str = "") -> Self:
        """A view that shares the connections, and the entity store, of an API process."""
        return cls(
            entities,
            HistoryStore(database),
            DiscoveryStore(database),
            QuarantineStore(database),
            tenant=tenant,
            adapters=StoredAdapterStatus(database),
        )

    async def counts(self) -> dict[str, int]:
        """How many entities there are of each type."""
        return {
            name: await self._entities.count(self._tenant, EntityQuery(types=_any_of([name])))
            for name in await self._discovery.types(self._tenant)
        }

    async def of_types(self, types: Sequence[str], *, limit: int, after: str | None = None) -> list[Thing]:
        """Entities of any of the types, by id."""
        return await self._query(EntityQuery(types=_any_of(types)), Page(limit=limit, after=after))

    async def thing(self, identifier: str) -> Thing | None:
        """One entity."""
        found = await self._entities.retrieve(self._tenant, identifier, None)
        return None if found is None else _thing(found)

    async def referring(self, identifier: str, *, limit: int) -> list[Thing]:
        """Entities with one of the usual relationships to this one."""
        return await self._query(EntityQuery(q=_refers_to(identifier)), Page(limit=limit))

    async def history(
        self, identifier: str, attribute: str, start: datetime, end: datetime, step: timedelta, method: Method
    ) -> list[Point]:
        """The steps of a window that have readings, each aggregated by the method."""
        entity = TemporalEntity(identifier, "")
        await self._history.aggregate(
            self._tenant,
            [entity],
            Aggregation((method, "totalCount"), Period(rest=step)),
            TemporalQuery("between", start, end),
            [attribute],
        )
        aggregated = entity.aggregates.get(attribute, [])
        chosen = next((each for each in aggregated if each.dataset_id == ""), None)
        return [
            Point(bucket.start_at, float(bucket.values[method]), int(bucket.values["totalCount"]))
            for bucket in (chosen.buckets if chosen else ())
            if bucket.values[method] is not None
        ]

    async def quarantine(self, *, limit: int) -> list[QuarantinedMessage]:
        """The messages in quarantine, in the order they came."""
        return [
            QuarantinedMessage(each.id, each.received_at, each.source, each.stage, each.place, each.reason)
            for each in await self._quarantine.list_page(limit=limit)
        ]

    async def quarantine_count(self) -> int:
        """How many messages wait in quarantine."""
        return sum((await self._quarantine.counts()).values())

    async def _query(self, query: EntityQuery, page: Page) -> list[Thing]:
        found = await self._entities.query(self._tenant, query, page)
        return [_thing(each) for each in found.entities]


def _thing(stored: Any) -> Thing:
    return read_thing(orjson.loads(stored.text))


def _any_of(types: Sequence[str]) -> TypeSelection:
    return TypeSelection(tuple(frozenset({name}) for name in types))


def _refers_to(identifier: str) -> Node:
    """Any usual relationship, under its short name or under the IRI of its model."""
    names = [
        name
        for short, subject in zip(_REFERENCES, _SUBJECTS, strict=True)
        for name in (short, f"https://smartdatamodels.org/dataModel.{subject}/{short}")
    ]
    return Or(tuple(Equals(Path((name,)), (identifier,)) for name in names))
