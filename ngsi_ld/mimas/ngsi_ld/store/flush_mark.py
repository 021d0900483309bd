"""The row that tells, after a broken connection, whether a flush was committed, and what it lost.

A flush is one statement that commits by itself, so a connection that breaks leaves both open. The statement
therefore writes its number, and what lost a race, into its writer's row, and writes at all only while that
row holds the number of the flush before. Whoever is in doubt locks the row: that waits for a server process
that is still at it, and one that comes later finds another number and writes nothing.
"""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

import orjson

from .database import Connection
from .state_cache import Key

_SET = """
    INSERT INTO flush_mark (writer, flush, at) VALUES ($1, $2, $3)
    ON CONFLICT (writer) DO UPDATE SET flush = excluded.flush, at = excluded.at, lost = NULL
"""


class FlushMark:
    """The mark of one writer; `number` is that of its last flush."""

    def __init__(self) -> None:
        self.writer = uuid4().bytes
        self.number = 0

    async def renew(self, connection: Connection) -> None:
        """Write the mark under a number that no statement on its way expects."""
        await self._set(connection)
        self.number += 2

    async def settle(self, connection: Connection) -> set[Key] | None:
        """What the flush in doubt lost, when it was committed; None when it was not and never will be."""
        async with connection.transaction():
            row = await connection.fetchrow(
                "SELECT flush, lost FROM flush_mark WHERE writer = $1 FOR UPDATE", self.writer
            )
            if row is not None and row["flush"] == self.number + 1:
                self.number += 1
                return {(tenant, entity_id) for tenant, entity_id in orjson.loads(row["lost"] or b"[]")}
            await self._set(connection)
        self.number += 2  # only now: until then the flush in doubt is told by the old one
        return None

    async def _set(self, connection: Connection) -> None:
        await connection.execute(_SET, self.writer, self.number + 2, datetime.now(UTC))

    async def remove(self, connection: Connection) -> None:
        """The writer ends."""
        await connection.execute("DELETE FROM flush_mark WHERE writer = $1", self.writer)
