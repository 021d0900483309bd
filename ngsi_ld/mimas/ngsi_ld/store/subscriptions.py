"""Subscriptions as they are kept, what became of their notifications, and how others learn of changes.

Every create, update and delete raises the *generation*. A flush is written only under the generation whose
subscriptions it was matched against, so a subscription that was acknowledged misses no later write.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg
import orjson

from ..core.errors import AlreadyExists
from .database import Database, Row

GENERATION = "subscription"

_COLUMNS = (
    "tenant, id, doc, context, created_at, modified_at, next_at, cooldown_until, last_notification_at,"
    " last_success_at, last_failure_at, times_sent, times_failed, failures_in_a_row, last_error"
)
_RAISE = f"UPDATE generation SET value = value + 1 WHERE name = '{GENERATION}'"  # noqa: S608


@dataclass(frozen=True, slots=True)
class StoredSubscription:
    """A subscription document with its @context and its counters (5.2.12, 5.2.14.2)."""

    tenant: str
    id: str
    document: dict[str, Any]
    context: Any
    created_at: datetime
    modified_at: datetime
    next_at: datetime | None = None
    cooldown_until: datetime | None = None
    last_notification_at: datetime | None = None
    last_success_at: datetime | None = None
    last_failure_at: datetime | None = None
    times_sent: int = 0
    times_failed: int = 0
    failures_in_a_row: int = 0
    last_error: str | None = None


class SubscriptionStore:
    """The table `subscription`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(self, new: StoredSubscription) -> None:
        """Keep a new subscription; AlreadyExists when its id is taken."""
        try:
            async with self._database.acquire() as connection, connection.transaction():
                await connection.execute(
                    "INSERT INTO subscription (tenant, id, doc, context, created_at, modified_at, next_at)"
                    " VALUES ($1, $2, $3, $4, $5, $6, $7)",
                    new.tenant,
                    new.id,
                    orjson.dumps(new.document),
                    orjson.dumps(new.context),
                    new.created_at,
                    new.modified_at,
                    new.next_at,
                )
                if new.tenant:
                    await connection.execute(
                        "INSERT INTO tenant (name, created_at) VALUES ($1, $2) ON CONFLICT DO NOTHING",
                        new.tenant,
                        new.created_at,
                    )
                await connection.execute(_RAISE)
        except asyncpg.UniqueViolationError:
            raise AlreadyExists(f"There is already a subscription {new.id}.") from None

    async def retrieve(self, tenant: str, subscription_id: str) -> StoredSubscription | None:
        """One subscription, or None."""
        row = await self._database.fetchrow(
            f"SELECT {_COLUMNS} FROM subscription WHERE tenant = $1 AND id = $2",  # noqa: S608
            tenant,
            subscription_id,
        )
        return _stored(row) if row else None

    async def page(self, tenant: str, limit: int, offset: int) -> list[StoredSubscription]:
        """A tenant's subscriptions, oldest first."""
        rows = await self._database.fetch(
            f"SELECT {_COLUMNS} FROM subscription WHERE tenant = $1"  # noqa: S608
            " ORDER BY created_at, id LIMIT $2 OFFSET $3",
            tenant,
            limit,
            offset,
        )
        return [_stored(row) for row in rows]

    async def count(self, tenant: str) -> int:
        """How many subscriptions a tenant has."""
        value = await self._database.fetchval("SELECT count(*) FROM subscription WHERE tenant = $1", tenant)
        return int(value)

    async def update(
        self,
        tenant: str,
        subscription_id: str,
        document: dict[str, Any],
        now: datetime,
        next_at: datetime | None,
    ) -> bool:
        """Put a document in the place of the present one; False when there is none."""
        async with self._database.acquire() as connection, connection.transaction():
            status = await connection.execute(
                "UPDATE subscription SET doc = $3, modified_at = $4, next_at = $5"
                " WHERE tenant = $1 AND id = $2",
                tenant,
                subscription_id,
                orjson.dumps(document),
                now,
                next_at,
            )
            await connection.execute(_RAISE)
        return bool(status == "UPDATE 1")

    async def delete(self, tenant: str, subscription_id: str) -> bool:
        """Forget it and what was still to be notified; False when there is none."""
        async with self._database.acquire() as connection, connection.transaction():
            status = await connection.execute(
                "DELETE FROM subscription WHERE tenant = $1 AND id = $2", tenant, subscription_id
            )
            await connection.execute(
                "DELETE FROM outbox WHERE tenant = $1 AND subscription_id = $2", tenant, subscription_id
            )
            await connection.execute(_RAISE)
        return bool(status == "DELETE 1")

    async def generation(self) -> int:
        """The present generation."""
        value = await self._database.fetchval("SELECT value FROM generation WHERE name = $1", GENERATION)
        return int(value)

    async def load_all(self) -> tuple[int, list[StoredSubscription]]:
        """Every subscription of every tenant, with a generation that is not newer than they are."""
        generation = await self.generation()
        rows = await self._database.fetch(f"SELECT {_COLUMNS} FROM subscription")  # noqa: S608
        return generation, [_stored(row) for row in rows]

    async def due(self, now: datetime) -> list[StoredSubscription]:
        """The periodic subscriptions whose time has come."""
        rows = await self._database.fetch(
            f"SELECT {_COLUMNS} FROM subscription WHERE next_at <= $1 ORDER BY next_at",  # noqa: S608
            now,
        )
        return [_stored(row) for row in rows]

    async def schedule(self, tenant: str, subscription_id: str, next_at: datetime) -> None:
        """When a periodic subscription is due again."""
        await self._database.execute(
            "UPDATE subscription SET next_at = $3 WHERE tenant = $1 AND id = $2",
            tenant,
            subscription_id,
            next_at,
        )

    async def succeeded(
        self, tenant: str, subscription_id: str, at: datetime, rows: Sequence[int] = (), *, sent: int = 1
    ) -> None:
        """Notifications were delivered (5.8.6): they are counted and their outbox rows go, both or neither.

        `sent` is how many; 0 when the rows turned out not to be meant for the subscription.
        """
        await self._database.execute(
            "WITH settled AS (DELETE FROM outbox WHERE id = any($4::bigint[]))"
            " UPDATE subscription SET times_sent = times_sent + $5, last_notification_at = $3,"
            " last_success_at = $3, failures_in_a_row = 0, cooldown_until = NULL, last_error = NULL"
            " WHERE tenant = $1 AND id = $2 AND $5 > 0",
            tenant,
            subscription_id,
            at,
            list(rows),
            sent,
        )

    async def failed(
        self, tenant: str, subscription_id: str, at: datetime, cooldown_until: datetime, error: str
    ) -> None:
        """A notification was sent and not taken (5.8.6)."""
        await self._database.execute(
            "UPDATE subscription SET times_sent = times_sent + 1, times_failed = times_failed + 1,"
            " last_notification_at = $3, last_failure_at = $3, failures_in_a_row = failures_in_a_row + 1,"
            " cooldown_until = $4, last_error = $5 WHERE tenant = $1 AND id = $2",
            tenant,
            subscription_id,
            at,
            cooldown_until,
            error,
        )


def _stored(row: Row) -> StoredSubscription:
    members: Sequence[Any] = tuple(row)
    tenant, subscription_id, document, context, *rest = members
    return StoredSubscription(
        tenant, subscription_id, orjson.loads(document), orjson.loads(context or b"null"), *rest
    )
