"""Entity maps: the ids that a query found, fixed for the requests that follow it (CIM 009 5.5.14, 5.14)."""

# ruff: noqa: S608 - statements are made of constants and compiled conditions

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import uuid4

from ..core.errors import TooManyResults
from ..core.query.entity_query import EntityQuery
from .database import Connection, Database
from .entity_query_sql import compile_entity_query
from .sql import bind

PREFIX = "urn:ngsi-ld:EntityMap:"


@dataclass(frozen=True, slots=True)
class EntityMap:
    """A map without its ids; `filters` says what its entities were asked for."""

    id: str
    filters: str
    created_at: datetime
    expires_at: datetime


class EntityMapStore:
    """The tables `entity_map` and `entity_map_entry`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(
        self,
        tenant: str,
        found: EntityQuery | Sequence[str],
        filters: str,
        now: datetime,
        expires_at: datetime,
        *,
        most: int,
    ) -> EntityMap:
        """A map of the current entities of a query, or of given ids; TooManyResults for more than `most`."""
        new = EntityMap(PREFIX + str(uuid4()), filters, now, expires_at)
        async with self._database.acquire() as connection, connection.transaction():
            await connection.execute(
                "INSERT INTO entity_map (tenant, id, filters, created_at, expires_at)"
                " VALUES ($1, $2, $3, $4, $5)",
                tenant,
                new.id,
                filters,
                now,
                expires_at,
            )
            if isinstance(found, EntityQuery):
                listed = await _insert_found(connection, tenant, new.id, found, most)
            else:
                listed = await _insert_ids(connection, tenant, new.id, found)
            if listed > most:
                raise TooManyResults(f"An entity map holds at most {most} entities: narrow the query down.")
        return new

    async def find(self, tenant: str, map_id: str, now: datetime) -> EntityMap | None:
        """The map, None when there is none or it has expired."""
        row = await self._database.fetchrow(
            "SELECT id, filters, created_at, expires_at FROM entity_map"
            " WHERE tenant = $1 AND id = $2 AND expires_at > $3",
            tenant,
            map_id,
            now,
        )
        return EntityMap(*row) if row else None

    async def ids(self, tenant: str, map_id: str) -> list[str]:
        """The entities that a map lists, in order."""
        rows = await self._database.fetch(
            "SELECT entity_id FROM entity_map_entry WHERE tenant = $1 AND map_id = $2 ORDER BY entity_id",
            tenant,
            map_id,
        )
        return [row["entity_id"] for row in rows]

    async def retain(self, tenant: str, map_id: str, query: EntityQuery) -> None:
        """Take entities out of the map that are gone or no longer meet the query (5.5.9.3)."""
        bound: list[Any] = []
        owner, own_map = bind(bound, tenant, "text"), bind(bound, map_id, "text")
        condition = compile_entity_query(replace(query, entity_map=None), bound)
        await self._database.execute(
            f"""DELETE FROM entity_map_entry m WHERE m.tenant = {owner} AND m.map_id = {own_map}
                AND NOT EXISTS (SELECT FROM entity WHERE entity.tenant = {owner}
                    AND entity.id = m.entity_id AND {condition})""",
            *bound,
        )

    async def retain_known(self, tenant: str, map_id: str) -> None:
        """Take entities out of the map of which nothing is known any more, not even a history."""
        await self._database.execute(
            """DELETE FROM entity_map_entry m WHERE m.tenant = $1 AND m.map_id = $2
                AND NOT EXISTS (SELECT FROM entity e WHERE e.tenant = $1 AND e.id = m.entity_id)
                AND NOT EXISTS (SELECT FROM temporal_entity t WHERE t.tenant = $1 AND t.id = m.entity_id)""",
            tenant,
            map_id,
        )

    async def set_expiry(self, tenant: str, map_id: str, expires_at: datetime) -> None:
        """Let a map live longer or shorter."""
        await self._database.execute(
            "UPDATE entity_map SET expires_at = $3 WHERE tenant = $1 AND id = $2", tenant, map_id, expires_at
        )

    async def delete(self, tenant: str, map_id: str) -> None:
        """Forget a map."""
        async with self._database.acquire() as connection, connection.transaction():
            await connection.execute("DELETE FROM entity_map WHERE tenant = $1 AND id = $2", tenant, map_id)
            await connection.execute(
                "DELETE FROM entity_map_entry WHERE tenant = $1 AND map_id = $2", tenant, map_id
            )

    async def reap(self, now: datetime) -> int:
        """Forget the maps that have expired; says how many."""
        rows = await self._database.fetch("SELECT tenant, id FROM entity_map WHERE expires_at <= $1", now)
        for row in rows:
            await self.delete(row["tenant"], row["id"])
        return len(rows)


async def _insert_found(
    connection: Connection, tenant: str, map_id: str, query: EntityQuery, most: int
) -> int:
    bound: list[Any] = []
    owner, new_map = bind(bound, tenant, "text"), bind(bound, map_id, "text")
    condition = compile_entity_query(query, bound)
    status = await connection.execute(
        f"""INSERT INTO entity_map_entry (tenant, map_id, entity_id)
            SELECT {owner}, {new_map}, id FROM entity WHERE tenant = {owner} AND {condition}
            LIMIT {bind(bound, most + 1, "bigint")}""",
        *bound,
    )
    return int(status.split()[-1])


async def _insert_ids(connection: Connection, tenant: str, map_id: str, ids: Sequence[str]) -> int:
    await connection.execute(
        "INSERT INTO entity_map_entry (tenant, map_id, entity_id) SELECT $1, $2, unnest($3::text[])",
        tenant,
        map_id,
        list(ids),
    )
    return len(ids)
