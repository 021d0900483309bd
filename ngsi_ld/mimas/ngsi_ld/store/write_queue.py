"""What waits to be written: operations of many callers in order, bounded, each with its own answer."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from ..core.errors import NgsiLdError, Unavailable
from ..core.operations import Operation
from ..core.state import Applied

Outcome = Applied | NgsiLdError


class Call:
    """One caller's operations and their outcomes; a caller that went away is simply not told."""

    def __init__(self, size: int) -> None:
        self._outcomes: list[Outcome | None] = [None] * size
        self._open = size
        self.done: asyncio.Future[list[Outcome]] = asyncio.get_running_loop().create_future()

    def settle(self, position: int, outcome: Outcome) -> None:
        """Note the outcome of one operation; the last one wakes the caller."""
        self._outcomes[position] = outcome
        self._open -= 1
        if not self._open and not self.done.done():
            self.done.set_result([each for each in self._outcomes if each is not None])


@dataclass(slots=True)
class Entry:
    """One operation in the queue."""

    tenant: str
    operation: Operation
    call: Call
    position: int
    open: bool = True

    @property
    def key(self) -> tuple[str, str]:
        """The entity it writes to."""
        return self.tenant, self.operation.entity_id

    def settle(self, outcome: Outcome) -> None:
        """Tell the caller; only the first outcome counts."""
        if self.open:
            self.open = False
            self.call.settle(self.position, outcome)


@dataclass(slots=True)
class Lane:
    """The entries one drain task works on, in order. All writes to one entity take the same lane."""

    entries: deque[Entry] = field(default_factory=deque)
    filled: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self, limit: int) -> list[Entry]:
        """The next entries, at most `limit`."""
        return [self.entries.popleft() for _ in range(min(limit, len(self.entries)))]

    async def wait(self) -> None:
        """Until something is put in, or the queue is closed."""
        self.filled.clear()
        await self.filled.wait()


class WriteQueue:
    """Lanes of entries with one limit over all; a full queue refuses instead of stalling."""

    def __init__(self, lanes: int, limit: int) -> None:
        self.lanes = [Lane() for _ in range(lanes)]
        self.limit = limit
        self.closed = False

    def __len__(self) -> int:
        return sum(len(lane.entries) for lane in self.lanes)

    def put(self, tenant: str, operations: Sequence[Operation]) -> Call:
        """Enqueue a caller's operations; `Unavailable` when there is no room.

        An empty queue takes a call of any size: one that is larger than the limit would never fit.
        """
        if self.closed:
            raise Unavailable("The broker is shutting down.")
        waiting = len(self)
        if waiting and waiting + len(operations) > self.limit:
            raise Unavailable("The write queue is full; try again in a moment.", retry_after=1)
        call = Call(len(operations))
        for position, operation in enumerate(operations):
            entry = Entry(tenant, operation, call, position)
            lane = self.lanes[hash(entry.key) % len(self.lanes)]
            lane.entries.append(entry)
            lane.filled.set()
        return call

    def close(self) -> None:
        """Take nothing more; what is there will still be written."""
        self.closed = True
        for lane in self.lanes:
            lane.filled.set()
