"""Tenants: made by the first write (CIM 009 5.5.10), listed, and purged with everything they have."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

from ..core.tenant_names import is_snapshot
from .database import Database

_KNOWN_FOR = 5.0
_CHUNK = 5_000
_TABLES = (
    *("entity", "entity_geo", "temporal_entity", "attr_history", "outbox", "subscription", "quarantine"),
    *("entity_map", "entity_map_entry", "harvest_record", "harvest_entity", "harvest_run"),
)


class TenantStore:
    """The table `tenant`; the default tenant "" is always there and not listed."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[str, float] = {}

    async def exists(self, tenant: str) -> bool:
        """Say whether a tenant was written to; yes is believed for some seconds after a look."""
        if not tenant or self._known.get(tenant, 0.0) > time.monotonic():
            return True
        if not await self._database.fetchval("SELECT true FROM tenant WHERE name = $1", tenant):
            return False
        self._known[tenant] = time.monotonic() + _KNOWN_FOR
        return True

    async def create(self, tenant: str) -> None:
        """Make a tenant; nothing happens when it is there."""
        await self._database.execute(
            "INSERT INTO tenant (name, created_at) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING",
            tenant,
            datetime.now(UTC),
        )

    async def list_all(self) -> list[tuple[str, datetime]]:
        """Every tenant with the time it was made, by name."""
        rows = await self._database.fetch("SELECT name, created_at FROM tenant ORDER BY name")
        return [(row["name"], row["created_at"]) for row in rows if not is_snapshot(row["name"])]

    async def purge(
        self, tenant: str, progress: Callable[[str, int], None] = lambda _table, _rows: None
    ) -> int:
        """Delete everything of a tenant and its snapshots in small steps; says how many rows went.

        `progress` hears the table and the rows deleted in it so far.
        """
        total = 0
        for data_tenant in await self._database.fetch(
            "SELECT data_tenant FROM snapshot WHERE tenant = $1", tenant
        ):
            total += await self.purge(data_tenant[0], progress)
        connection = await self._database.connect()
        try:
            for table in _TABLES:
                gone = 0
                while step := await self._delete_some(connection, table, tenant):
                    gone += step
                    progress(table, gone)
                total += gone
            await connection.execute("DELETE FROM snapshot WHERE tenant = $1", tenant)
            await connection.execute("DELETE FROM tenant WHERE name = $1", tenant)
        finally:
            await connection.close()
        self._known.pop(tenant, None)
        return total

    @staticmethod
    async def _delete_some(connection: object, table: str, tenant: str) -> int:
        status: str = await connection.execute(  # type: ignore[attr-defined]
            f"DELETE FROM {table} WHERE (tableoid, ctid) IN"  # noqa: S608
            f" (SELECT tableoid, ctid FROM {table} WHERE tenant = $1 LIMIT {_CHUNK})",
            tenant,
        )
        return int(status.split()[-1])
