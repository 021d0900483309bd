"""Expression indexes over attributes: suggested by the queries that were run, made and dropped online.

What an index looks like is `attribute_index`'s; here they are counted, listed and built. CREATE INDEX
CONCURRENTLY never blocks writes; one that broke off is invalid, and is dropped before it is made again.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from ..core.query.entity_query import EntityQuery
from .attribute_index import AttributeIndex, wanted_indexes
from .database import Database

_LOCK = 0x4D494458  # one builder at a time in a database
_MOST_COUNTED = 1_000


@dataclass(frozen=True, slots=True)
class ExistingIndex:
    """An attribute index that is in the database."""

    name: str
    definition: str
    valid: bool
    size: int
    scans: int


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
            WHERE i.indrelid = 'entity'::regclass AND c.relname LIKE 'entity\\_q\\_%' ORDER BY c.relname
            """
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

    async def drop(self, index: AttributeIndex) -> None:
        """Remove an index while reads and writes go on."""
        connection = await self._database.connect()
        try:
            for statement in index.drop_statements():
                await connection.execute(statement)
        finally:
            await connection.close()
