"""One drain's work: find the states, apply, write everything in one statement, tell the callers."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import asyncpg

from ..core.errors import BadRequestData, Conflict, NgsiLdError, Unavailable
from .flush_connection import FlushConnection, StaleSubscriptions
from .partitions import month_of
from .state_cache import Key, StateCache
from .write_group import Base, ChangeListener, Group, group
from .write_queue import Entry

_log = logging.getLogger(__name__)

# An entity that other processes overtake this often in a row is refused rather than fought for.
ROUNDS = 20


class Flusher:
    """Writes batches of entries, one after the other, over one connection."""

    def __init__(
        self,
        connection: FlushConnection,
        cache: StateCache,
        listener: ChangeListener | None,
        keep_history: bool,
    ) -> None:
        self._connection = connection
        self._cache = cache
        self._listener = listener
        self._keep_history = keep_history
        self._moment = datetime.min.replace(tzinfo=UTC)

    async def flush(self, entries: list[Entry]) -> None:
        """Write the entries; each caller gets an outcome, whatever happens."""
        groups = group(entries)
        try:
            await self._write(groups)
        except NgsiLdError as error:
            self._give_up(groups, error)
        except Exception:
            _log.exception("A flush failed")
            self._give_up(groups, NgsiLdError("Writing failed for a reason of ours; the log says more."))

    async def _write(self, groups: list[Group]) -> None:
        """Repeat what lost a race, with the state read again, until all is written."""
        read_all = False
        for round_number in range(ROUNDS):
            await self._prepare(groups, read_all=read_all)
            try:
                lost = await self._commit_or_split(groups)
            except StaleSubscriptions:
                lost = [each for each in groups if each.is_open]
                await self._refresh()
            if not lost:
                return
            groups, read_all = lost, True
            await asyncio.sleep(0.002 * round_number)
        self._give_up(groups, Conflict("Other writers keep changing this entity; try again."))

    async def _prepare(self, groups: list[Group], *, read_all: bool) -> None:
        """Run the groups on what is known; read what is not, or what proves nothing by being written."""
        now = self._now()
        bases = {} if read_all else self._known(groups)
        await self._run([each for each in groups if each.key in bases], bases, now)
        unread = [each for each in groups if each.key not in bases or each.must_read]
        if unread:
            found = await self._connection.read([each.key for each in unread])
            await self._run(unread, {each.key: Base(found.get(each.key), True) for each in unread}, now)

    async def _run(self, groups: Sequence[Group], bases: dict[Key, Base], now: datetime) -> None:
        for each in groups:
            each.run(bases[each.key], now, self._listener, self._keep_history)

    def _known(self, groups: Sequence[Group]) -> dict[Key, Base]:
        bases: dict[Key, Base] = {}
        for each in groups:
            stored = self._cache.get(each.key)
            if stored is not None or each.creates_blindly:
                bases[each.key] = Base(stored, False)
        return bases

    async def _commit_or_split(self, groups: list[Group]) -> list[Group]:
        """Commit; on data that PostgreSQL refuses halve the groups until the bad operation stands alone."""
        try:
            return await self._commit(groups)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, TypeError, ValueError) as error:
            if len(groups) > 1:
                middle = len(groups) // 2
                left = await self._commit_or_split(groups[:middle])
                return left + await self._commit_or_split(groups[middle:])
            await self._single_out(groups[0], error)
            return []

    async def _single_out(self, group: Group, error: Exception) -> None:
        """Let one operation at a time try its luck; the one that stands alone has failed."""
        if len(group.entries) == 1:
            self._give_up([group], _refusal(error))
            return
        for entry in group.entries:
            await self._write([Group(group.key, [entry])])

    async def _commit(self, groups: list[Group]) -> list[Group]:
        """Write the groups in one transaction, settle those that were written, return the others."""
        to_write = [each for each in groups if each.changed or each.history]
        overtaken: set[Key] = set()
        if to_write:
            await self._connection.prepare_for(
                {entry.attribute for each in to_write for entry in each.history},
                {
                    month_of(entry.observed_at or entry.modified_at)
                    for each in to_write
                    for entry in each.history
                },
            )
            generation = self._listener.generation if self._listener else None
            overtaken = await self._connection.commit(to_write, self._moment, generation)
        lost = [each for each in groups if each.key in overtaken] if overtaken else []
        for each in groups:
            if each.key in overtaken:
                self._cache.forget(each.key)
            else:
                self._remember(each)
                each.settle()
        return lost

    def _remember(self, group: Group) -> None:
        stored = group.stored
        if not group.changed and group.base is not None:
            stored = group.base.stored
        if stored is None:
            self._cache.forget(group.key)
        else:
            self._cache.put(group.key, stored)

    async def _refresh(self) -> None:
        """Match against the present subscriptions from now on."""
        assert self._listener is not None
        await self._listener.refresh()

    def _give_up(self, groups: Sequence[Group], error: NgsiLdError) -> None:
        for each in groups:
            self._cache.forget(each.key)
            each.fail(error)

    def _now(self) -> datetime:
        """The time of this flush; later flushes have later times, whatever the clock does."""
        self._moment = max(datetime.now(UTC), self._moment + timedelta(milliseconds=1))
        return self._moment


def _refusal(error: Exception) -> NgsiLdError:
    """What a caller is told of an operation that PostgreSQL, or the encoding for it, refuses."""
    _log.warning("An operation was refused by the database: %s", type(error).__name__)
    if isinstance(error, Unavailable):
        return error
    detail = str(error).partition("\n")[0]
    return BadRequestData(f"The database cannot hold this content: {detail}")
