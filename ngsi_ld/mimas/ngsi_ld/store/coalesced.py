"""Concurrent look-ups by id as one query: what is asked while one runs makes up the next. No timer."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator

from .database import Database
from .stored import STORED_COLUMNS, StoredEntity, from_row

_LOOK_UP = f"SELECT {STORED_COLUMNS} FROM entity WHERE tenant = $1 AND id = any($2::text[])"  # noqa: S608

Waiting = dict[str, list["asyncio.Future[StoredEntity | None]"]]


class CoalescedLookup:
    """Finds entities by id; at most `lanes` queries at a time, each for everything that waits."""

    def __init__(self, database: Database, *, lanes: int = 2) -> None:
        self._database = database
        self._lanes = lanes
        self._waiting: dict[str, Waiting] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def find(self, tenant: str, entity_id: str) -> StoredEntity | None:
        """The stored entity, or None."""
        waiting = self._waiting.setdefault(tenant, {})
        future: asyncio.Future[StoredEntity | None] = asyncio.get_running_loop().create_future()
        waiting.setdefault(entity_id, []).append(future)
        if len(self._tasks) < self._lanes:
            task = asyncio.create_task(self._work(), name="mimas entity look-up")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return await future

    async def _work(self) -> None:
        while self._waiting:
            tenant, waiting = self._waiting.popitem()
            try:
                rows = await self._database.fetch(_LOOK_UP, tenant, list(waiting))
            except Exception as error:
                for future in _still_wanted(waiting.values()):
                    future.set_exception(error)
                continue
            found = {row["id"]: from_row(row) for row in rows}
            for entity_id, futures in waiting.items():
                stored = found.get(entity_id)
                for future in _still_wanted((futures,)):
                    future.set_result(stored)


def _still_wanted(
    waiting: Iterable[list[asyncio.Future[StoredEntity | None]]],
) -> Iterator[asyncio.Future[StoredEntity | None]]:
    """Those whose callers have not gone."""
    return (future for futures in waiting for future in futures if not future.done())
