"""Messages that could not be taken, kept raw with the stage, the place and the reason, for a replay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from .database import Connection, Database

_COLUMNS = "id, tenant, source, stage, place, reason, topic, raw, received_at, replayed_at"


@dataclass(frozen=True, slots=True)
class Rejected:
    """A message to be quarantined."""

    tenant: str
    source: str
    stage: str
    place: str
    reason: str
    raw: bytes
    received_at: datetime
    topic: str | None = None


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A message in quarantine."""

    id: int
    tenant: str
    source: str
    stage: str
    place: str
    reason: str
    topic: str | None
    raw: bytes
    received_at: datetime
    replayed_at: datetime | None


class QuarantineStore:
    """The table `quarantine`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, messages: Sequence[Rejected]) -> None:
        """Keep messages; returns after the commit."""
        async with self._database.acquire() as connection:
            await insert_rejected(connection, messages)

    async def list_page(
        self, *, source: str | None = None, replayed: bool = False, after: int = 0, limit: int = 100
    ) -> list[Quarantined]:
        """Messages in the order they came, those not replayed yet unless asked for the others."""
        rows = await self._database.fetch(
            f"SELECT {_COLUMNS} FROM quarantine WHERE (replayed_at IS NOT NULL) = $1"  # noqa: S608
            " AND ($2::text IS NULL OR source = $2) AND id > $3 ORDER BY id LIMIT $4",
            replayed,
            source,
            after,
            limit,
        )
        return [Quarantined(*row) for row in rows]

    async def get(self, message_id: int) -> Quarantined | None:
        """One message."""
        row = await self._database.fetchrow(f"SELECT {_COLUMNS} FROM quarantine WHERE id = $1", message_id)  # noqa: S608
        return Quarantined(*row) if row else None

    async def mark_replayed(self, ids: Sequence[int], now: datetime) -> None:
        """Note that messages were taken after all."""
        await self._database.execute(
            "UPDATE quarantine SET replayed_at = $2 WHERE id = any($1::bigint[])", list(ids), now
        )

    async def counts(self) -> dict[str, int]:
        """How many messages wait, by source."""
        rows = await self._database.fetch(
            "SELECT source, count(*) AS waiting FROM quarantine WHERE replayed_at IS NULL GROUP BY source"
        )
        return {row["source"]: row["waiting"] for row in rows}

    async def delete_before(self, received_before: datetime) -> int:
        """Forget old messages; says how many."""
        status = await self._database.execute(
            "DELETE FROM quarantine WHERE received_at < $1", received_before
        )
        return int(status.split()[-1])


async def insert_rejected(connection: Connection, messages: Sequence[Rejected]) -> None:
    """Keep messages, in one transaction or in that of the connection."""
    await connection.executemany(
        "INSERT INTO quarantine (tenant, source, stage, place, reason, topic, raw, received_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        [
            (
                *(m.tenant, m.source, m.stage, _text(m.place), _text(m.reason), _text(m.topic)),
                *(m.raw, m.received_at),
            )
            for m in messages
        ],
    )


def _text(text: str | None) -> str | None:
    """PostgreSQL's text holds no NUL."""
    return text and text.replace("\0", "\N{REPLACEMENT CHARACTER}")
