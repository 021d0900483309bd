"""The @contexts this broker keeps: hosted for clients, made for answers, or cached (CIM 009 5.13)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from asyncpg import Record

from .database import Database

HOSTED = "Hosted"
IMPLICIT = "ImplicitlyCreated"
CACHED = "Cached"
CHANNEL = "mimas_context"

_COLUMNS = "id, url, kind, body, created_at, last_used_at, expires_at, hits"


@dataclass(frozen=True, slots=True)
class StoredContext:
    """One document with its `@context`; `url` is where a cached one came from."""

    id: str
    url: str | None
    kind: str
    body: str
    created_at: datetime
    expires_at: datetime | None = None
    last_used_at: datetime | None = None
    hits: int = 0


class ContextStore:
    """The table `jsonld_context`, shared by all workers."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, key: str) -> StoredContext | None:
        """The context with this id, or cached from this URL."""
        row = await self._database.fetchrow(
            f"SELECT {_COLUMNS} FROM jsonld_context WHERE id = $1 OR url = $1 LIMIT 1",  # noqa: S608
            key,
        )
        return _stored(row) if row else None

    async def list_all(self, kind: str | None) -> list[StoredContext]:
        """All of one kind, or all, oldest first."""
        rows = await self._database.fetch(
            f"SELECT {_COLUMNS} FROM jsonld_context WHERE $1::text IS NULL OR kind = $1"  # noqa: S608
            " ORDER BY created_at, id",
            kind,
        )
        return [_stored(row) for row in rows]

    async def save(self, context: StoredContext) -> None:
        """Add it, or put it in the place of the one with its id; what was counted stays."""
        await self._database.execute(
            "WITH saved AS (INSERT INTO jsonld_context (id, url, kind, body, created_at, expires_at)"
            " VALUES ($1, $2, $3, $4, $5, $6)"
            " ON CONFLICT (id) DO UPDATE SET body = excluded.body, created_at = excluded.created_at,"
            " expires_at = excluded.expires_at RETURNING xmax)"
            " SELECT pg_notify($7, $1) FROM saved WHERE xmax <> 0",
            context.id,
            context.url,
            context.kind,
            context.body,
            context.created_at,
            context.expires_at,
            CHANNEL,
        )

    async def delete(self, context_id: str) -> bool:
        """Forget it; false when it was not there."""
        status: str = await self._database.execute(
            "WITH gone AS (DELETE FROM jsonld_context WHERE id = $1 RETURNING id)"
            " SELECT pg_notify($2, $1) FROM gone",
            context_id,
            CHANNEL,
        )
        return status != "SELECT 0"

    async def count_uses(self, uses: Mapping[str, int], now: datetime) -> None:
        """Add to the hits of contexts that were used since the last time; a crash may lose them."""
        async with self._database.acquire() as connection, connection.transaction():
            await connection.execute("SET LOCAL synchronous_commit TO off")
            await connection.execute(
                "UPDATE jsonld_context c SET hits = c.hits + u.hits, last_used_at = $3"
                " FROM unnest($1::text[], $2::bigint[]) AS u(id, hits) WHERE c.id = u.id",
                list(uses),
                list(uses.values()),
                now,
            )

    async def stamps(self, keys: Sequence[str]) -> dict[str, datetime]:
        """When each of these was last written: tells a worker whether another one changed it."""
        rows = await self._database.fetch(
            "SELECT id, created_at FROM jsonld_context WHERE id = any($1::text[])", list(keys)
        )
        return {row["id"]: row["created_at"] for row in rows}


def _stored(row: Record) -> StoredContext:
    return StoredContext(**dict(row))
