"""The write path: one queue a process, drained by one or two tasks, every flush one commit.

There is no timer: what arrives while a flush is being committed makes up the next one. All writes to one
entity go through the same drain, in the order they came.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Self

from ..core.operations import Operation
from .attribute_names import AttributeNames
from .database import Database
from .flush import Flusher
from .flush_connection import FlushConnection
from .state_cache import StateCache
from .write_group import ChangeListener
from .write_queue import Lane, Outcome, WriteQueue

_log = logging.getLogger(__name__)


class Writer:
    """Takes operations and answers them after the commit; one per process."""

    def __init__(
        self,
        database: Database,
        *,
        listener: ChangeListener | None = None,
        queue_limit: int = 20_000,
        flush_limit: int = 500,
        drains: int = 2,
        patience: float = 5.0,
        keep_history: bool = True,
        cached_states: int = 10_000,
        cached_bytes: int = 8_000_000,
    ) -> None:
        self._queue = WriteQueue(drains, queue_limit)
        self._flush_limit = flush_limit
        names = AttributeNames()
        self._connections = [FlushConnection(database, names, patience=patience) for _ in range(drains)]
        self._flushers = [
            Flusher(
                connection,
                StateCache(cached_states // drains, cached_bytes // drains),
                listener,
                keep_history,
            )
            for connection in self._connections
        ]
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begin to drain the queue."""
        self._tasks = [
            asyncio.create_task(self._drain(lane, flusher), name="mimas write drain")
            for lane, flusher in zip(self._queue.lanes, self._flushers, strict=True)
        ]

    async def stop(self) -> None:
        """Write what is queued, refuse what still comes, disconnect."""
        self._queue.close()
        await asyncio.gather(*self._tasks)
        for connection in self._connections:
            await connection.close()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    @property
    def waiting(self) -> int:
        """How many operations are in the queue."""
        return len(self._queue)

    async def write(self, tenant: str, operations: Sequence[Operation]) -> list[Outcome]:
        """What became of each operation, after the commit. `tenant` "" is the default one.

        Raises `Unavailable` when the queue is full. An `Unavailable` as an outcome means that the database
        went away: the operation was not acknowledged, though its commit may have been under way. A caller
        that is cancelled loses the answer, not the write.
        """
        if not operations:
            return []
        return await self._queue.put(tenant, operations).done

    async def _drain(self, lane: Lane, flusher: Flusher) -> None:
        while True:
            if lane.entries:
                await flusher.flush(lane.take(self._flush_limit))
            elif self._queue.closed:
                return
            else:
                await lane.wait()
