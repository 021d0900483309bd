"""Keys of deliveries that were begun and taken, so that a second delivery after a crash is recognised."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from .database import Database

_CLAIM = """
    INSERT INTO delivery (source, key, received_at)
    SELECT $1, key, received_at FROM unnest($2::text[], $3::timestamptz[]) AS given(key, received_at)
    ON CONFLICT (source, key) DO NOTHING
"""
_READ = "SELECT key, received_at, taken_at FROM delivery WHERE source = $1 AND key = any($2::text[])"
_TAKE = "UPDATE delivery SET taken_at = $3 WHERE source = $1 AND key = any($2::text[])"


@dataclass(frozen=True, slots=True)
class Delivery:
    """When something arrived for the first time, and whether what it became is committed."""

    received_at: datetime
    taken: bool


class DeliveryStore:
    """The table `delivery`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def claim(self, source: str, keys: Mapping[str, datetime]) -> dict[str, Delivery]:
        """Note keys and arrivals before they are written; one noted earlier keeps its arrival."""
        names = sorted(keys)
        await self._database.execute(_CLAIM, source, names, [keys[name] for name in names])
        rows = await self._database.fetch(_READ, source, names)
        return {row["key"]: Delivery(row["received_at"], row["taken_at"] is not None) for row in rows}

    async def take(self, source: str, keys: Sequence[str], now: datetime) -> None:
        """Note that what the keys stand for is committed."""
        await self._database.execute(_TAKE, source, sorted(keys), now)
