"""Drains the outbox: woken by a NOTIFY or by the clock, a lane for each endpoint, none waits for another."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from mimas.ngsi_ld.api.subscribers import Subscriber, Subscribers
from mimas.ngsi_ld.core.errors import Unavailable
from mimas.ngsi_ld.store.database import Connection, Database
from mimas.ngsi_ld.store.listening import listen
from mimas.ngsi_ld.store.outbox import CHANNEL, Outbox
from mimas.ngsi_ld.store.subscriptions import SubscriptionStore

from .lane import Lane
from .periodic import Periodic

_log = logging.getLogger(__name__)

POLL = 1.0
# How many subscriptions of one endpoint are served at a time, over a connection each.
AT_A_TIME = 4
GRACE = 10.0


class Dispatcher:
    """Runs until told to stop; after a crash or a lost database it goes on where the outbox stands."""

    def __init__(
        self,
        database: Database,
        subscribers: Subscribers,
        subscriptions: SubscriptionStore,
        periodic: Periodic,
        new_lane: Callable[[], Lane],
        *,
        poll: float = POLL,
    ) -> None:
        self._database = database
        self._outbox = Outbox(database)
        self._subscribers = subscribers
        self._subscriptions = subscriptions
        self._periodic = periodic
        self._new_lane = new_lane
        self._poll = poll
        self._woken = asyncio.Event()
        self._lanes: dict[str, Lane] = {}
        self._tasks: dict[str, set[asyncio.Task[None]]] = {}
        self._announced = False

    async def run(self, stop: asyncio.Event) -> None:
        """Deliver until `stop` is set, then let each lane end its present notification."""
        hears = listen(
            self._database,
            CHANNEL,
            lambda _: self._woken.set(),
            connected=self._announce,
            pause=self._poll,
        )  # without it polling finds the rows
        listener = asyncio.create_task(hears, name="mimas outbox listener")
        while not stop.is_set():
            try:
                await self._round()
            except Unavailable:
                _log.warning("the database is away; notifications wait in the outbox")
            await self._wait(stop)
        await self._end_lanes()
        listener.cancel()
        await asyncio.gather(listener, return_exceptions=True)

    async def _end_lanes(self) -> None:
        """What is on its way may arrive, within limits: a notification that is cut off comes twice."""
        for lane in self._lanes.values():
            lane.stop()
        tasks = [task for tasks in self._tasks.values() for task in tasks]
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=GRACE)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _round(self) -> None:
        """Start what is due."""
        now = datetime.now(UTC)
        if await self._subscriptions.generation() != self._subscribers.generation:
            await self._subscribers.refresh()
        for key in await self._outbox.lanes(now):
            subscriber = self._subscribers.get(*key)
            self._lane(subscriber.compiled.endpoint.uri if subscriber else "").add(key)
        for stored in await self._subscriptions.due(now):
            subscriber = self._subscribers.get(stored.tenant, stored.id)
            if subscriber is not None:
                await self._schedule(subscriber, now)
        for uri in list(self._lanes):
            self._start(uri)

    async def _schedule(self, subscriber: Subscriber, now: datetime) -> None:
        interval = timedelta(seconds=subscriber.compiled.time_interval or 0)
        if not interval:
            return
        await self._subscriptions.schedule(subscriber.stored.tenant, subscriber.stored.id, now + interval)
        lane = self._lane(subscriber.compiled.endpoint.uri)
        lane.add_job(lambda: self._periodic.notify(subscriber))

    def _lane(self, uri: str) -> Lane:
        if uri not in self._lanes:
            self._lanes[uri] = self._new_lane()
        return self._lanes[uri]

    def _start(self, uri: str) -> None:
        """As many tasks for a lane as it has subscriptions that wait, within limits."""
        lane, tasks = self._lanes[uri], self._tasks.setdefault(uri, set())
        for _ in range(min(lane.ready, AT_A_TIME - len(tasks))):
            task = asyncio.create_task(self._run_lane(lane), name="mimas lane")
            tasks.add(task)
            task.add_done_callback(lambda done: self._ended(uri, done))

    def _ended(self, uri: str, task: asyncio.Task[None]) -> None:
        self._tasks[uri].discard(task)
        if not self._tasks[uri] and self._lanes[uri].is_idle:
            del self._tasks[uri], self._lanes[uri]

    async def _run_lane(self, lane: Lane) -> None:
        try:
            await lane.run()
        except Unavailable:
            _log.warning("the database is away; a lane waits")
        except Exception:
            _log.exception("a lane broke; its notifications stay in the outbox")

    async def _wait(self, stop: asyncio.Event) -> None:
        """Until something is committed to the outbox, or the poll interval is over."""
        stopping = asyncio.create_task(stop.wait())
        waking = asyncio.create_task(self._woken.wait())
        await asyncio.wait({stopping, waking}, timeout=self._poll, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        waking.cancel()
        self._woken.clear()

    async def _announce(self, connection: Connection) -> None:
        """Once: a second time this dispatcher itself would hold what it lets go of."""
        if not self._announced:
            await self._outbox.announce(connection)
            self._announced = True
