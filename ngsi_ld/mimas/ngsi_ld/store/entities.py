"""Current entities: one by id, pages of a query, counts (CIM 009 5.7.1, 5.7.2)."""

# ruff: noqa: S608 - statements are made of constants and compiled conditions

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson

from ..core.query.entity_query import EntityQuery, Page
from ..core.query.geo import GeoQuery
from ..core.query.type_selection import TypeSelection, document_types
from .coalesced import CoalescedLookup
from .database import Database, Row
from .entity_pages import select_page
from .entity_query_sql import compile_entity_query
from .indexes import QueryUse
from .nearest import around, asks_for_nearest, select_reach
from .ordering_sql import collation_statement
from .reaper import Reaper
from .sql import bind
from .stored import STORED_COLUMNS, StoredEntity, from_row

__all__ = ["EntityPage", "EntityStore", "StoredEntity"]


@dataclass(slots=True)
class EntityPage:
    """A slice of the entities of a query; `next_key` is there when more follow."""

    entities: list[StoredEntity] = field(default_factory=list)
    count: int | None = None
    next_key: str | None = None


class EntityStore:
    """Reads of the table `entity`; what has expired is never served. `use` counts wanted indexes."""

    def __init__(self, database: Database) -> None:
        self.use = QueryUse()
        self._database = database
        self._lookup = CoalescedLookup(database)
        self._reaper = Reaper(database)
        self._collations: set[str | None] = set()

    async def close(self) -> None:
        """Disconnect what the store holds beside the pool."""
        await self._reaper.close()

    async def retrieve(
        self, tenant: str, entity_id: str, types: TypeSelection | None = None
    ) -> StoredEntity | None:
        """The entity, None when it is not there or not of these types."""
        stored = await self._lookup.find(tenant, entity_id)
        if stored is None:
            return None
        living = stored.living(datetime.now(UTC))
        if living is None or types is None or types.matches(document_types(orjson.loads(living.text))):
            return living
        return None

    async def retrieve_many(self, tenant: str, ids: Collection[str]) -> dict[str, StoredEntity]:
        """Those of the entities that are there, by id: what relationships lead to."""
        rows = await self._database.fetch(
            f"SELECT {STORED_COLUMNS} FROM entity WHERE tenant = $1 AND id = any($2::text[])",
            tenant,
            list(ids),
        )
        now = datetime.now(UTC)
        found = (from_row(row).living(now) for row in rows)
        return {each.id: each for each in found if each is not None}

    async def query(self, tenant: str, query: EntityQuery, page: Page) -> EntityPage:
        """A page, in the order of ids unless the query orders otherwise; behind `page.after` when given."""
        self.use.note(query)
        await self._reaper.reap_due(tenant, datetime.now(UTC))
        if not page.limit:
            return EntityPage(count=await self._count(tenant, query) if page.count else None)
        await self._ensure_collation(query)
        nearby = await self._nearby(tenant, query, page)
        sql, arguments = select_page(STORED_COLUMNS, tenant, query, page, nearby)
        rows = await self._database.fetch(sql, *arguments)
        answer = EntityPage([from_row(row) for row in rows[: page.limit]])
        if len(rows) > page.limit:
            answer.next_key = answer.entities[-1].id
        if page.count:
            answer.count = _count_of_last(page, rows)
            if answer.count is None:
                answer.count = await self._count(tenant, query)
        return answer

    async def count(self, tenant: str, query: EntityQuery) -> int:
        """How many entities meet the query."""
        await self._reaper.reap_due(tenant, datetime.now(UTC))
        return await self._count(tenant, query)

    async def select_ids(self, tenant: str, query: EntityQuery, after: str | None, limit: int) -> list[str]:
        """The next ids of a query, in their order: what a purge goes through."""
        await self._reaper.reap_due(tenant, datetime.now(UTC))
        sql, arguments = select_page("id", tenant, query, Page(limit=limit, after=after))
        rows = await self._database.fetch(sql, *arguments)
        return [row["id"] for row in rows[:limit]]

    async def _ensure_collation(self, query: EntityQuery) -> None:
        """Make the collation an ordering asks for, once (CIM 009 4.23)."""
        statement = collation_statement(query.collation) if query.ordering else None
        if statement is not None and query.collation not in self._collations:
            await self._database.execute(statement)
            self._collations.add(query.collation)

    async def _nearby(self, tenant: str, query: EntityQuery, page: Page) -> GeoQuery | None:
        """Where a page of the nearest entities lies; None when all of them have to be looked at."""
        if not asks_for_nearest(query):
            return None
        sql, arguments = select_reach(tenant, query, page)
        metres = await self._database.fetchval(sql, *arguments)
        return None if metres is None else around(query, metres)

    async def _count(self, tenant: str, query: EntityQuery) -> int:
        arguments: list[Any] = []
        owner = bind(arguments, tenant, "text")
        condition = compile_entity_query(query, arguments)
        sql = f"SELECT count(*) FROM entity WHERE tenant = {owner} AND {condition}"
        found: int = await self._database.fetchval(sql, *arguments)
        return found


def _count_of_last(page: Page, rows: list[Row]) -> int | None:
    """How many there are, when the page shows it: it is the last one and its place is known."""
    is_last = len(rows) <= page.limit and (rows or not page.offset)
    return page.offset + len(rows) if is_last and page.after is None else None
