"""How far each source has come: watermarks by source and key, written with what they stand for."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import orjson

from .database import Connection, Database


class SourceStates:
    """The table `source_state`; values are JSON."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def load(self, source: str) -> dict[str, Any]:
        """Every value a source has kept, by key."""
        rows = await self._database.fetch("SELECT key, value FROM source_state WHERE source = $1", source)
        return {row["key"]: orjson.loads(row["value"]) for row in rows}

    async def save(self, source: str, values: dict[str, Any], now: datetime) -> None:
        """Keep values, in the place of older ones."""
        async with self._database.acquire() as connection:
            await save_values(connection, source, values, now)


async def save_values(connection: Connection, source: str, values: dict[str, Any], now: datetime) -> None:
    """Keep values of a source within the transaction of the connection."""
    await connection.execute(
        "INSERT INTO source_state (source, key, value, updated_at)"
        " SELECT $1, key, value, $4 FROM unnest($2::text[], $3::jsonb[]) AS given(key, value)"
        " ON CONFLICT (source, key) DO UPDATE"
        " SET value = excluded.value, updated_at = excluded.updated_at",
        source,
        list(values),
        [orjson.dumps(value) for value in values.values()],
        now,
    )
