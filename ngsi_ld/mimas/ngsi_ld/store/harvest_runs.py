"""The runs of harvested sources: when, what came of it, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from .database import Database, Row

KEPT = 500  # runs of one source
_COLUMNS = "id, tenant, source, started_at, finished_at, state, cause, counts, changes, detail"


@dataclass(frozen=True, slots=True)
class Run:
    """One run. `state` is running, interrupted, unchanged, finished, refused or failed."""

    id: int
    tenant: str
    source: str
    started_at: datetime
    finished_at: datetime | None
    state: str
    cause: str
    counts: dict[str, int]
    changes: dict[str, Sequence[str]]
    detail: str | None


class RunStore:
    """The table `harvest_run`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(self, tenant: str, source: str, cause: str, now: datetime) -> int:
        """Note a run that begins, and those of the source that ended without a word; gives its number.

        Only for the one who holds the right to harvest the source.
        """
        await self._database.execute(
            "UPDATE harvest_run SET state = 'interrupted', finished_at = $3,"
            " detail = 'The process ended before the run did; the next run goes on.'"
            " WHERE tenant = $1 AND source = $2 AND state = 'running'",
            tenant,
            source,
            now,
        )
        await self._database.execute(
            "DELETE FROM harvest_run WHERE tenant = $1 AND source = $2 AND id <"
            " (SELECT id FROM harvest_run WHERE tenant = $1 AND source = $2"
            "  ORDER BY id DESC OFFSET $3 LIMIT 1)",
            tenant,
            source,
            KEPT - 1,
        )
        async with self._database.acquire() as connection:
            number: int = await connection.fetchval(
                "INSERT INTO harvest_run (tenant, source, started_at, state, cause, counts)"
                " VALUES ($1, $2, $3, 'running', $4, '{}') RETURNING id",
                tenant,
                source,
                now,
                cause,
            )
        return number

    async def finish(
        self,
        run: tuple[str, str, int],
        state: str,
        counts: Mapping[str, int],
        changes: Mapping[str, Sequence[str]],
        detail: str | None,
        now: datetime,
    ) -> None:
        """Note how the run (tenant, source, number) ended."""
        await self._database.execute(
            "UPDATE harvest_run SET state = $4, counts = $5, changes = $6, detail = $7, finished_at = $8"
            " WHERE tenant = $1 AND source = $2 AND id = $3",
            *run,
            state,
            orjson.dumps(counts),
            orjson.dumps(changes) if changes else None,
            detail and detail[:2000].replace("\0", "\N{REPLACEMENT CHARACTER}"),
            now,
        )

    async def latest(self, source: str | None = None, limit: int = 20) -> list[Run]:
        """The newest runs first, of one source or of all."""
        rows = await self._database.fetch(
            f"SELECT {_COLUMNS} FROM harvest_run WHERE $1::text IS NULL OR source = $1"  # noqa: S608
            " ORDER BY id DESC LIMIT $2",
            source,
            limit,
        )
        return [_run(row) for row in rows]

    async def last_of_each(self) -> dict[str, Run]:
        """The newest run of every source."""
        rows = await self._database.fetch(
            f"SELECT DISTINCT ON (source) {_COLUMNS} FROM harvest_run ORDER BY source, id DESC"  # noqa: S608
        )
        return {row["source"]: _run(row) for row in rows}


def _run(row: Row) -> Run:
    facts: dict[str, Any] = dict(row)
    counts = orjson.loads(facts.pop("counts"))
    changes = facts.pop("changes")
    return Run(**facts, counts=counts, changes=orjson.loads(changes) if changes else {})
