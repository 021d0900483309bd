"""Snapshots as they are kept (CIM 009 5.16): what was asked, how far it is, and in which tenant the data is.

A snapshot is filled under a lease. When the process that fills it ends, the lease runs out and another one
takes it over. A deleted snapshot is out of sight at once; its row stays until its data is gone.
"""

# ruff: noqa: S608 - statements are made of constants

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import orjson

from ..core.errors import AlreadyExists
from .database import Database, Row

LEASE = timedelta(seconds=60)
_USE_NOTED_EVERY = timedelta(seconds=10)

_COLUMNS = (
    "data_tenant, tenant, id, doc, context, source, status, priority, created_at, modified_at, expires_at,"
    " last_used_at"
)
_ONE = "tenant = $1 AND id = $2 AND deleted_at IS NULL"


@dataclass(frozen=True, slots=True)
class StoredSnapshot:
    """One snapshot; `source` is the data tenant that a clone is copied from."""

    data_tenant: str
    tenant: str
    id: str
    document: dict[str, Any]
    context: Any
    source: str | None
    status: str
    priority: int
    created_at: datetime
    modified_at: datetime
    expires_at: datetime
    last_used_at: datetime


class SnapshotStore:
    """The table `snapshot`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(self, new: StoredSnapshot) -> None:
        """Keep a new snapshot, leased to who makes it; AlreadyExists when its id is taken."""
        try:
            await self._database.execute(
                f"INSERT INTO snapshot ({_COLUMNS}, claimed_until)"
                " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
                new.data_tenant,
                new.tenant,
                new.id,
                orjson.dumps(new.document),
                orjson.dumps(new.context),
                new.source,
                new.status,
                new.priority,
                new.created_at,
                new.modified_at,
                new.expires_at,
                new.last_used_at,
                new.created_at + LEASE,
            )
        except asyncpg.UniqueViolationError:
            raise AlreadyExists(f"There is already a snapshot {new.id}.") from None

    async def find(self, tenant: str, snapshot_id: str, now: datetime) -> StoredSnapshot | None:
        """One snapshot, None when there is none or it has expired."""
        row = await self._database.fetchrow(
            f"SELECT {_COLUMNS} FROM snapshot WHERE {_ONE} AND expires_at > $3",
            tenant,
            snapshot_id,
            now,
        )
        return _stored(row) if row else None

    async def find_by_data(self, data_tenant: str) -> StoredSnapshot | None:
        """The snapshot whose data is there, None when it was deleted."""
        row = await self._database.fetchrow(
            f"SELECT {_COLUMNS} FROM snapshot WHERE data_tenant = $1 AND deleted_at IS NULL",
            data_tenant,
        )
        return _stored(row) if row else None

    async def list_all(self, tenant: str, now: datetime) -> list[StoredSnapshot]:
        """A tenant's snapshots, the first to give up when room is short at the beginning."""
        rows = await self._database.fetch(
            f"SELECT {_COLUMNS} FROM snapshot"
            " WHERE tenant = $1 AND deleted_at IS NULL AND expires_at > $2 ORDER BY priority, last_used_at",
            tenant,
            now,
        )
        return [_stored(row) for row in rows]

    async def update(
        self, data_tenant: str, document: dict[str, Any], priority: int, expires_at: datetime, now: datetime
    ) -> StoredSnapshot | None:
        """Put other members in the place of the present ones; the outcomes of the queries stay."""
        row = await self._database.fetchrow(
            "UPDATE snapshot SET doc = $2, priority = $3, expires_at = $4, modified_at = $5"
            f" WHERE data_tenant = $1 AND deleted_at IS NULL RETURNING {_COLUMNS}",
            data_tenant,
            orjson.dumps(document),
            priority,
            expires_at,
            now,
        )
        return _stored(row) if row else None

    async def note_use(self, snapshot: StoredSnapshot, now: datetime) -> None:
        """Remember that it was used, to some seconds."""
        if now - snapshot.last_used_at > _USE_NOTED_EVERY:
            await self._database.execute(
                "UPDATE snapshot SET last_used_at = $2 WHERE data_tenant = $1", snapshot.data_tenant, now
            )

    async def renew(self, data_tenant: str, now: datetime) -> bool:
        """Hold the lease longer; False when the snapshot was deleted meanwhile."""
        status = await self._database.execute(
            "UPDATE snapshot SET claimed_until = $2 WHERE data_tenant = $1 AND deleted_at IS NULL",
            data_tenant,
            now + LEASE,
        )
        return status == "UPDATE 1"

    async def finish(
        self, data_tenant: str, status: str, outcome: dict[str, Any], now: datetime
    ) -> StoredSnapshot | None:
        """The snapshot is filled: its status and the outcomes of its queries; None when it was deleted."""
        row = await self._database.fetchrow(
            "UPDATE snapshot SET status = $2, doc = doc || $3, modified_at = $4, claimed_until = NULL"
            f" WHERE data_tenant = $1 AND deleted_at IS NULL RETURNING {_COLUMNS}",
            data_tenant,
            status,
            orjson.dumps(outcome),
            now,
        )
        return _stored(row) if row else None

    async def take_over(self, now: datetime) -> list[StoredSnapshot]:
        """Lease those that nobody fills any more."""
        rows = await self._database.fetch(
            "UPDATE snapshot SET claimed_until = $2 WHERE claimed_until <= $1 AND deleted_at IS NULL"
            f" RETURNING {_COLUMNS}",
            now,
            now + LEASE,
        )
        return [_stored(row) for row in rows]

    async def delete(self, data_tenant: str, now: datetime) -> StoredSnapshot | None:
        """Put a snapshot out of sight; None when somebody else did already."""
        row = await self._database.fetchrow(
            "UPDATE snapshot SET deleted_at = $2 WHERE data_tenant = $1 AND deleted_at IS NULL"
            f" RETURNING {_COLUMNS}",
            data_tenant,
            now,
        )
        return _stored(row) if row else None

    async def expired(self, now: datetime) -> list[str]:
        """The data tenants of snapshots whose time is over."""
        rows = await self._database.fetch(
            "SELECT data_tenant FROM snapshot WHERE expires_at <= $1 AND deleted_at IS NULL", now
        )
        return [row["data_tenant"] for row in rows]

    async def deleted(self) -> list[str]:
        """The data tenants whose data is to go."""
        rows = await self._database.fetch("SELECT data_tenant FROM snapshot WHERE deleted_at IS NOT NULL")
        return [row["data_tenant"] for row in rows]

    async def forget(self, data_tenant: str) -> None:
        """The data is gone; so is the row."""
        await self._database.execute(
            "DELETE FROM snapshot WHERE data_tenant = $1 AND deleted_at IS NOT NULL", data_tenant
        )


def _stored(row: Row) -> StoredSnapshot:
    data_tenant, tenant, snapshot_id, document, context, *rest = tuple(row)
    return StoredSnapshot(
        data_tenant, tenant, snapshot_id, orjson.loads(document), orjson.loads(context or b"null"), *rest
    )
