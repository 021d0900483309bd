"""The connections: an asyncpg pool that outlives PostgreSQL, and its failures as `Unavailable`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Self, TypeAlias

import asyncpg

from ..core.errors import TooComplexQuery, Unavailable

Connection: TypeAlias = Any  # asyncpg has no types of its own
Row: TypeAlias = Any

# Connection lost, refused or shut down; the server starting, stopping or out of connections; its disk full,
# or a standby that takes no writes: nothing is wrong with the statement, and later it will do.
CONNECTION_FAILURES = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.IdleSessionTimeoutError,
    asyncpg.TooManyConnectionsError,
    asyncpg.DiskFullError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.InternalClientError,  # asyncpg met the end of a connection between two of its states
)
# A generic plan, which PostgreSQL may prefer after five executions, cannot use partial and expression indexes
# for bound names, and one made for an empty table stays until the first ANALYZE. Planning takes some 0.1 ms.
_SETTINGS = {
    "application_name": "mimas",
    "timezone": "UTC",
    "jit": "off",
    "plan_cache_mode": "force_custom_plan",
}
_JSONB_VERSION = b"\x01"


def is_connection_failure(error: BaseException) -> bool:
    """Say whether `error` means that the database is away rather than that a statement is wrong."""
    if isinstance(error, asyncpg.InterfaceError):
        text = str(error)
        return "closed" in text or "connection" in text or "pool is" in text
    return isinstance(error, CONNECTION_FAILURES)


class Database:
    """A pool of connections to one PostgreSQL, made by `Database.open`.

    JSON columns travel as bytes: what is stored is served without being parsed. Nothing connects before
    the first use, so a broker starts, and goes on, while PostgreSQL is away.
    """

    def __init__(self, url: str, pool: Any) -> None:
        self.url = url
        self.pool = pool

    @classmethod
    async def open(
        cls, url: str, *, min_size: int = 0, max_size: int = 10, statement_timeout: float = 30.0
    ) -> Self:
        """Make the pool; `statement_timeout` (seconds) ends statements that take too long."""
        pool = await asyncpg.create_pool(
            url,
            min_size=min_size,
            max_size=max_size,
            reset=_keep,  # nothing here changes a session's settings: +70 % on small reads
            init=_set_codecs,
            server_settings=_SETTINGS | {"statement_timeout": str(int(statement_timeout * 1000))},
            timeout=10,
        )
        return cls(url, pool)

    async def close(self) -> None:
        """Close every connection, waiting for those in use."""
        await self.pool.close()

    async def connect(self) -> Connection:
        """A connection outside the pool and without a time limit, for writers and long work; close it."""
        connection = await asyncpg.connect(self.url, server_settings=_SETTINGS, timeout=10)
        await _set_codecs(connection)
        return connection

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[Connection]:
        """A pooled connection; `Unavailable` when there is none or it breaks."""
        try:
            async with self.pool.acquire(timeout=10) as connection:
                yield connection
        except asyncpg.QueryCanceledError as error:
            raise TooComplexQuery("The query took longer than is allowed: narrow it down.") from error
        except Exception as error:
            if is_connection_failure(error):
                raise away() from error
            raise

    async def fetch(self, sql: str, *arguments: Any) -> list[Row]:
        """The rows of a read; tried once more when the pooled connection turns out to be dead."""
        try:
            async with self.acquire() as connection:
                return list(await connection.fetch(sql, *arguments))
        except Unavailable:
            async with self.acquire() as connection:
                return list(await connection.fetch(sql, *arguments))

    async def fetchrow(self, sql: str, *arguments: Any) -> Row | None:
        """The first row of a read, or None."""
        rows = await self.fetch(sql, *arguments)
        return rows[0] if rows else None

    async def fetchval(self, sql: str, *arguments: Any) -> Any:
        """The first column of the first row of a read, or None."""
        row = await self.fetchrow(sql, *arguments)
        return row[0] if row is not None else None

    async def execute(self, sql: str, *arguments: Any) -> str:
        """Run one statement that writes; never repeated, so the caller knows what a failure means."""
        async with self.acquire() as connection:
            return str(await connection.execute(sql, *arguments))

    async def executemany(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        """Run one statement for many rows, in one transaction."""
        async with self.acquire() as connection:
            await connection.executemany(sql, rows)


def away() -> Unavailable:
    """The error of a database that cannot be reached."""
    return Unavailable("The database cannot be reached now; try again in a moment.", retry_after=2)


async def _keep(_connection: Connection) -> None:
    """Leave a returned connection as it is."""


async def _set_codecs(connection: Connection) -> None:
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        format="binary",
        encoder=_JSONB_VERSION.__add__,
        decoder=lambda data: bytes(data[1:]),
    )
