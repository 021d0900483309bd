"""Expression indexes over attributes: suggested by the queries that were run, made and dropped online.

What an index looks like is `attribute_index`'s; here they are counted, listed and built. CREATE INDEX
CONCURRENTLY never blocks writes; one that broke off is invalid, and is dropped before it is made again.
How much a query is asked is its heat: the number of uses, halved with every hour that goes by.
"""

# ruff: noqa: S608 - statements are made of constants and placeholders

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..core.query.entity_query import EntityQuery
from ..core.query.q_tree import Path
from .attribute_index import PREFIX, AttributeIndex, drop_statements, wanted_indexes
from .database import Database

_LOCK = 0x4D494458  # one builder at a time in a database
_MOST_COUNTED = 1_000
_COOLED = "index_use.heat * power(0.5, extract(epoch FROM {} - index_use.last_used_at) / 3600)"
_NOTE = f"""
    INSERT INTO index_use (name, type, names, members, kind, uses, heat, last_used_at)
    VALUES ($1, $2, $3, $4, $5, $6::bigint, $6::bigint, $7)
    ON CONFLICT (name) DO UPDATE SET uses = index_use.uses + excluded.uses,
        heat = {_COOLED.format("excluded.last_used_at")} + excluded.heat, last_used_at = excluded.last_used_at
"""


@dataclass(frozen=True, slots=True)
class ExistingIndex:
    """An attribute index that is in the database."""

    name: str
    definition: str
    valid: bool
    size: int
    scans: int


@dataclass(frozen=True, slots=True)
class IndexUse:
    """An index that queries would use, and how much they were asked."""

    index: AttributeIndex
    uses: int
    heat: float


class QueryUse:
    """Counts which indexes the queries of this process would have used."""

    def __init__(self) -> None:
        self._uses: Counter[AttributeIndex] = Counter()

    def note(self, query: EntityQuery) -> None:
        """Count one query."""
        for index in wanted_indexes(query):
            if index in self._uses or len(self._uses) < _MOST_COUNTED:
                self._uses[index] += 1

    def take(self) -> list[tuple[AttributeIndex, int]]:
        """What was counted since the last time, most used first."""
        uses, self._uses = self._uses, Counter()
        return uses.most_common()


class IndexStore:
    """The expression indexes over `entity`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list_all(self) -> list[ExistingIndex]:
        """Every attribute index, by name."""
        rows = await self._database.fetch(
            """
            SELECT c.relname, pg_get_indexdef(c.oid), i.indisvalid, pg_relation_size(c.oid),
                coalesce(pg_stat_get_numscans(c.oid), 0)
            FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
            WHERE i.indrelid = 'entity'::regclass AND starts_with(c.relname, $1) ORDER BY c.relname
            """,
            PREFIX,
        )
        return [ExistingIndex(*row) for row in rows]

    async def create(self, index: AttributeIndex) -> bool:
        """Make an index while writes go on; false when another process is making one now."""
        connection = await self._database.connect()
        try:
            if not await connection.fetchval("SELECT pg_try_advisory_lock($1)", _LOCK):
                return False
            broken = [each.name for each in await self.list_all() if not each.valid]
            for name in broken:
                await connection.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
            for statement in index.statements():
                await connection.execute(statement)
            return True
        finally:
            await connection.close()

    async def drop(self, name: str) -> None:
        """Remove an index while reads and writes go on."""
        connection = await self._database.connect()
        try:
            for statement in drop_statements(name):
                await connection.execute(statement)
        finally:
            await connection.close()

    async def note(self, uses: Iterable[tuple[AttributeIndex, int]], now: datetime) -> None:
        """Add what a process has counted."""
        rows = [
            (each.name, each.type, list(each.path.names), list(each.path.members), each.kind, number, now)
            for each, number in uses
        ]
        if rows:
            await self._database.executemany(_NOTE, sorted(rows))

    async def uses(self, now: datetime) -> list[IndexUse]:
        """What queries ask for, hottest first."""
        rows = await self._database.fetch(
            f"SELECT type, names, members, kind, uses, {_COOLED.format('$1::timestamptz')} AS heat"
            " FROM index_use ORDER BY heat DESC, name",
            now,
        )
        return [IndexUse(_index(row), row["uses"], float(row["heat"])) for row in rows]

    async def is_large(self, type_name: str, least: int) -> bool:
        """Say whether at least so many entities have the type."""
        found: int = await self._database.fetchval(
            "SELECT count(*) FROM (SELECT FROM entity WHERE types @> ARRAY[$1::text] LIMIT $2) AS first",
            type_name,
            least,
        )
        return found >= least


def _index(row: Any) -> AttributeIndex:
    return AttributeIndex(row["type"], Path(tuple(row["names"]), tuple(row["members"])), row["kind"])
