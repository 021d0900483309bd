"""Takes away what has expired (CIM 009 4.22), and does the small housekeeping that goes with time."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime, timedelta

from ..core.errors import Unavailable
from .attribute_names import AttributeNames
from .database import Database
from .entity_maps import EntityMapStore
from .flush_connection import FlushConnection
from .partitions import ahead, create_partitions
from .stored import STORED_COLUMNS, from_row
from .write_group import expired

_log = logging.getLogger(__name__)

_CHUNK = 500
_DELIVERIES_KEPT = timedelta(days=30)  # as long as a broker keeps the session of an absent subscriber
_IS_DUE = "SELECT true FROM entity WHERE tenant = $1 AND expires_next <= $2 LIMIT 1"
_DUE = f"""
    SELECT {STORED_COLUMNS} FROM entity WHERE tenant = $1 AND expires_next <= $2 ORDER BY id LIMIT {_CHUNK}
"""  # noqa: S608
_TENANTS = "SELECT DISTINCT tenant FROM entity WHERE expires_next <= $1"


class Reaper:
    """Reaps what is due before a query, so that no filter meets an expired value, and now and then all."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._connection = FlushConnection(database, AttributeNames(), patience=2.0)
        self._lock = asyncio.Lock()
        self._maps = EntityMapStore(database)

    async def reap_due(self, tenant: str, now: datetime) -> int:
        """Take away what a tenant's entities have that expired; says how many entities that touched."""
        if not await self._database.fetchval(_IS_DUE, tenant, now):
            return 0
        reaped = 0
        async with self._lock:
            while rows := await self._database.fetch(_DUE, tenant, now):
                groups = [expired((tenant, row["id"]), from_row(row), now) for row in rows]
                lost = await self._connection.commit(groups, now, None)
                reaped += len(groups) - len(lost)
        return reaped

    async def tidy(self, now: datetime) -> None:
        """Reap every tenant and old maps, make the coming partitions, forget old marks and deliveries."""
        await self._maps.reap(now)
        for row in await self._database.fetch(_TENANTS, now):
            await self.reap_due(row["tenant"], now)
        async with self._database.acquire() as connection:
            await create_partitions(connection, ahead(now))
            await connection.execute("DELETE FROM flush_mark WHERE at < $1", now - timedelta(days=2))
            await connection.execute("DELETE FROM delivery WHERE received_at < $1", now - _DELIVERIES_KEPT)

    async def run(self, interval: float = 60.0) -> None:
        """Tidy at every interval, until cancelled."""
        while True:
            try:
                await self.tidy(datetime.now(UTC))
            except Unavailable:
                _log.info("Housekeeping waits for the database")
            except Exception:
                _log.exception("Housekeeping failed")
            await asyncio.sleep(interval)

    async def close(self) -> None:
        """Disconnect."""
        await self._connection.close()
