"""The outbox: notifications committed with the change that caused them, until they are delivered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from .database import Connection, Database, Row

CHANNEL = "mimas_outbox"


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """One notification item to be; `payload` is JSON that the dispatcher understands."""

    subscription_id: str
    entity_id: str
    payload: bytes
    not_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class Claimed:
    """A row that one dispatcher holds until its lease ends."""

    id: int
    tenant: str
    subscription_id: str
    entity_id: str
    payload: bytes
    created_at: datetime
    attempts: int
    dead_at: datetime | None = None
    last_error: str | None = None


_CLAIMED = "id, tenant, subscription_id, entity_id, payload, created_at, attempts, dead_at, last_error"

_CLAIM = f"""
    WITH head AS (
        SELECT id, not_before, claimed_until FROM outbox
        WHERE tenant = $1 AND subscription_id = $2 AND dead_at IS NULL
        ORDER BY id LIMIT $4 FOR UPDATE
    ), blocked AS (
        SELECT min(id) AS id FROM head WHERE not_before > $3 OR claimed_until > $3
    ), due AS (
        SELECT head.id FROM head, blocked WHERE blocked.id IS NULL OR head.id < blocked.id
    )
    UPDATE outbox SET claimed_until = $5, attempts = attempts + 1
    WHERE id IN (SELECT id FROM due) RETURNING {_CLAIMED}
"""  # noqa: S608 - only constants


# The first due row of each subscription, found by walking over the index from one subscription to the next:
# a full outbox costs as many steps as there are subscriptions in it, not rows.
_LANES = """
    WITH RECURSIVE head AS (
        (SELECT tenant, subscription_id, not_before, claimed_until FROM outbox WHERE dead_at IS NULL
         ORDER BY tenant, subscription_id, id LIMIT 1)
        UNION ALL
        SELECT following.* FROM head, LATERAL (
            SELECT tenant, subscription_id, not_before, claimed_until FROM outbox
            WHERE dead_at IS NULL AND (tenant, subscription_id) > (head.tenant, head.subscription_id)
            ORDER BY tenant, subscription_id, id LIMIT 1
        ) AS following
    )
    SELECT tenant, subscription_id FROM head
    WHERE (not_before IS NULL OR not_before <= $1) AND (claimed_until IS NULL OR claimed_until <= $1)
"""

# Held by every dispatcher while it lives.
_ALIVE = 0x6D696D6173


class Outbox:
    """Claim, settle, postpone and bury; order within a subscription is the order of ids."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def lanes(self, now: datetime) -> list[tuple[str, str]]:
        """The subscriptions (tenant, id) whose oldest row is due."""
        rows = await self._database.fetch(_LANES, now)
        return [(row["tenant"], row["subscription_id"]) for row in rows]

    async def claim(
        self, tenant: str, subscription_id: str, now: datetime, *, limit: int = 100, lease: float = 60.0
    ) -> list[Claimed]:
        """The oldest rows of a subscription, held for `lease` seconds; none while an older row is not due.

        Waits for another dispatcher that claims at this moment: to skip its rows would break their order.
        """
        async with self._database.acquire() as connection:
            rows = await connection.fetch(
                _CLAIM, tenant, subscription_id, now, limit, now + timedelta(seconds=lease)
            )
        return sorted((_claimed(row) for row in rows), key=lambda each: each.id)

    async def announce(self, connection: Connection) -> None:
        """Say over a connection of its own that a dispatcher lives.

        When it is the only one, what another one held when it was killed is due again at once.
        """
        if await connection.fetchval("SELECT pg_try_advisory_lock($1)", _ALIVE):
            await connection.execute("UPDATE outbox SET claimed_until = NULL WHERE claimed_until IS NOT NULL")
            await connection.execute("SELECT pg_advisory_lock_shared($1)", _ALIVE)
            await connection.execute("SELECT pg_advisory_unlock($1)", _ALIVE)
        else:
            await connection.execute("SELECT pg_advisory_lock_shared($1)", _ALIVE)

    async def settle(self, ids: Sequence[int]) -> None:
        """Delivered: the rows go."""
        await self._database.execute("DELETE FROM outbox WHERE id = any($1::bigint[])", list(ids))

    async def postpone(self, ids: Sequence[int], not_before: datetime, error: str | None = None) -> None:
        """Not now: the rows are due again at `not_before`."""
        await self._database.execute(
            "UPDATE outbox SET not_before = $2, claimed_until = NULL, last_error = coalesce($3, last_error)"
            " WHERE id = any($1::bigint[])",
            list(ids),
            not_before,
            error,
        )

    async def bury(self, ids: Sequence[int], now: datetime, error: str) -> None:
        """Given up: the rows become dead letters, which `replay` brings back."""
        await self._database.execute(
            "UPDATE outbox SET dead_at = $2, claimed_until = NULL, last_error = $3"
            " WHERE id = any($1::bigint[])",
            list(ids),
            now,
            error,
        )

    async def dead_letters(self, *, after: int = 0, limit: int = 100) -> list[Claimed]:
        """The rows that were given up, oldest first."""
        rows = await self._database.fetch(
            f"SELECT {_CLAIMED} FROM outbox WHERE dead_at IS NOT NULL AND id > $1 ORDER BY id LIMIT $2",  # noqa: S608
            after,
            limit,
        )
        return [_claimed(row) for row in rows]

    async def replay(self, ids: Sequence[int] | None = None) -> int:
        """Bring dead letters back, all of them without `ids`; says how many."""
        status = await self._database.execute(
            "UPDATE outbox SET dead_at = NULL, not_before = NULL, attempts = 0"
            " WHERE dead_at IS NOT NULL AND ($1::bigint[] IS NULL OR id = any($1))",
            None if ids is None else list(ids),
        )
        return int(status.split()[-1])

    async def waiting(self) -> tuple[int, int]:
        """How many rows are to be delivered, and how many are dead letters."""
        row = await self._database.fetchrow(
            "SELECT count(*) FILTER (WHERE dead_at IS NULL) AS due,"
            " count(*) FILTER (WHERE dead_at IS NOT NULL) AS dead FROM outbox"
        )
        return (row["due"], row["dead"]) if row else (0, 0)


def _claimed(row: Row) -> Claimed:
    return Claimed(*row)
