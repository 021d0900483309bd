"""The temporal evolution of one entity, or of the entities of a query (CIM 009 5.7.3, 5.7.4)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import orjson

from ..core.operations import HistoryOperation
from ..core.query.entity_query import EntityQuery, Page
from ..core.query.temporal import TemporalQuery
from ..core.represent import TemporalEntity
from ..core.state import HistoryEntry
from .aggregates import Aggregation, aggregate
from .attribute_names import AttributeNames
from .database import Database, Row
from .history_sql import time_column
from .history_writes import execute
from .instance_filter import needed_names
from .instance_ids import to_uri
from .instances_sql import Wanted, select_instances
from .temporal_entities import TemporalEntities

UNLIMITED = 1_000_000


@dataclass(slots=True)
class TemporalPage:
    """Entities with their instances; `cut_at` says that each attribute was cut there to keep the limit.

    Without `last_n` the instances up to and including `cut_at` are shown, else those from it on.
    """

    entities: list[TemporalEntity] = field(default_factory=list)
    count: int | None = None
    next_key: str | None = None
    cut_at: datetime | None = None


class HistoryStore:
    """Reads of `attr_history`, and the writes of the temporal API to it alone."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._names = AttributeNames()
        self._entities = TemporalEntities(database)

    async def retrieve(
        self,
        tenant: str,
        entity_id: str,
        window: TemporalQuery | None = None,
        attributes: Collection[str] | None = None,
        dataset_ids: Collection[str] = (),
        last_n: int | None = None,
        limit_per_attribute: int | None = None,
    ) -> TemporalPage | None:
        """The evolution of one entity as a page of one, None when nothing is known of it.

        An entity without instances in the window has none: the caller decides what that means.
        """
        found = await self._entities.find(tenant, [entity_id])
        if not found:
            return None
        page = TemporalPage(found)
        wanted = Wanted(window, await self._numbers(attributes), dataset_ids)
        await self._fill(tenant, page, wanted, last_n, limit_per_attribute)
        return page

    async def query(
        self,
        tenant: str,
        query: EntityQuery,
        page: Page,
        *,
        last_n: int | None = None,
        limit_per_attribute: int | None = None,
    ) -> TemporalPage:
        """The entities that have instances in the window that meet the query, by id, with those instances."""
        wanted = await self._wanted(query)
        found = await self._entities.query(tenant, query, page, wanted)
        answer = TemporalPage(found.entities, found.count, found.next_key)
        await self._fill(tenant, answer, wanted, last_n, limit_per_attribute)
        return answer

    async def aggregate(
        self,
        tenant: str,
        entities: Sequence[TemporalEntity],
        aggregation: Aggregation,
        window: TemporalQuery | None = None,
        attributes: Collection[str] | None = None,
        dataset_ids: Collection[str] = (),
    ) -> None:
        """Put aggregates into entities that `retrieve_bare` found (CIM 009 4.5.19)."""
        wanted = Wanted(window, await self._numbers(attributes), dataset_ids)
        await self._aggregate(tenant, entities, aggregation, wanted)

    async def aggregate_query(
        self, tenant: str, query: EntityQuery, page: Page, aggregation: Aggregation
    ) -> TemporalPage:
        """The entities of a temporal query with aggregates of the instances that meet it."""
        wanted = await self._wanted(query)
        found = await self._entities.query(tenant, query, page, wanted)
        await self._aggregate(tenant, found.entities, aggregation, wanted)
        return TemporalPage(found.entities, found.count, found.next_key)

    async def _aggregate(
        self, tenant: str, entities: Sequence[TemporalEntity], aggregation: Aggregation, wanted: Wanted
    ) -> None:
        async with self._database.acquire() as connection:
            for entity in entities:
                rows = await aggregate(connection, tenant, entity.id, wanted, aggregation)
                await self._names.load_numbers(connection, rows)
                entity.aggregates = {self._names.name_of(number): each for number, each in rows.items()}

    async def retrieve_bare(self, tenant: str, entity_id: str) -> TemporalEntity | None:
        """An entity of the history without its instances, None when nothing is known of it."""
        found = await self._entities.find(tenant, [entity_id])
        return found[0] if found else None

    async def query_bare(self, tenant: str, query: EntityQuery, page: Page) -> TemporalPage:
        """The entities of a temporal query without their instances."""
        found = await self._entities.query(tenant, query, page, await self._wanted(query))
        return TemporalPage(found.entities, found.count, found.next_key)

    async def execute(self, tenant: str, operation: HistoryOperation) -> None:
        """Do what the temporal API asks of the history alone; ResourceNotFound when it is not there."""
        async with self._database.acquire() as connection:
            numbers = self._names
            await execute(connection, numbers, tenant, operation, datetime.now(UTC))

    async def _fill(
        self,
        tenant: str,
        page: TemporalPage,
        wanted: Wanted,
        last_n: int | None,
        limit: int | None,
    ) -> None:
        most = min(last_n or UNLIMITED, (limit or UNLIMITED) + 1)
        ids = [each.id for each in page.entities]
        sql, arguments = select_instances(tenant, ids, wanted, newest_first=last_n is not None, limit=most)
        async with self._database.acquire() as connection:
            rows = await connection.fetch(sql, *arguments)
            await self._names.load_numbers(connection, {row["attribute_id"] for row in rows})
        column = time_column(wanted.window)
        if limit is not None:
            kept, page.cut_at = cut(rows, column, limit, newest_first=last_n is not None)
            if page.cut_at is not None:
                self._name_attributes(rows, page.entities)
            rows = kept
        self._distribute(rows, page.entities)

    def _name_attributes(self, rows: Iterable[Row], entities: Iterable[TemporalEntity]) -> None:
        """Give entities their attributes without instances: some may be left out of a part altogether."""
        by_id = {each.id: each for each in entities}
        for row in rows:
            by_id[row["entity_id"]].instances.setdefault(self._names.name_of(row["attribute_id"]), [])

    def _distribute(self, rows: Iterable[Row], entities: Iterable[TemporalEntity]) -> None:
        by_id = {each.id: each for each in entities}
        for row in rows:
            name = self._names.name_of(row["attribute_id"])
            by_id[row["entity_id"]].instances.setdefault(name, []).append(_entry(name, row))

    async def _wanted(self, query: EntityQuery) -> Wanted:
        """The instances that a temporal query shows."""
        async with self._database.acquire() as connection:
            numbers = await self._names.numbers_of(connection, needed_names(query))
        attributes = await self._numbers(query.attributes or None)
        return Wanted(query.temporal, attributes, query.dataset_ids, query, numbers)

    async def _numbers(self, attributes: Collection[str] | None) -> list[int] | None:
        if attributes is None:
            return None
        async with self._database.acquire() as connection:
            return await self._names.known(connection, attributes)


def cut(rows: list[Row], column: str, limit: int, *, newest_first: bool) -> tuple[list[Row], datetime | None]:
    """The rows that keep every attribute within `limit`, all cut at one common time (CIM 009 6.3.10)."""
    counts: dict[tuple[str, int], int] = {}
    bounds: list[datetime] = []
    last: dict[tuple[str, int], datetime] = {}
    for row in rows:
        key = row["entity_id"], row["attribute_id"]
        counts[key] = counts.get(key, 0) + 1
        if counts[key] <= limit:
            last[key] = row[column]
        elif counts[key] == limit + 1:
            bounds.append(last[key])
    if not bounds:
        return rows, None
    if newest_first:
        bound = max(bounds)
        return [row for row in rows if row[column] >= bound], bound
    bound = min(bounds)
    return [row for row in rows if row[column] <= bound], bound


def _entry(name: str, row: Row) -> HistoryEntry:
    return HistoryEntry(
        name,
        orjson.loads(row["instance"]),
        row["modified_at"],
        row["created_at"],
        row["dataset_id"],
        row["observed_at"],
        row["deleted_at"],
        to_uri(row["instance_id"]),
    )
