"""One endpoint's notifications: in order for each subscription, and a slow endpoint delays only itself."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from mimas.ngsi_ld.api.subscribers import Subscriber, Subscribers
from mimas.ngsi_ld.store.outbox import Claimed, Outbox
from mimas.ngsi_ld.store.subscriptions import SubscriptionStore

from .coalescing import Item, coalesced, items_of
from .delivery import DeliveryFailed
from .sending import Sender

_log = logging.getLogger(__name__)

Key = tuple[str, str]
# One notification carries no more than this: changed entities, and bytes of what is kept of them.
MOST_ITEMS = 100
MOST_BYTES = 512 * 1024


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a notification is tried: seconds between tries, and when it becomes a dead letter.

    `claim` rows are held at once, for `lease` seconds at most, and let go of after `hold`; what was delivered
    is written down every `settle` seconds, so that a kill makes no more doubles than that.
    """

    first_pause: float = 1.0
    longest_pause: float = 300.0
    give_up_after: timedelta = timedelta(hours=24)
    refusals: int = 5
    claim: int = 500
    lease: float = 120.0
    hold: float = 30.0
    settle: float = 1.0

    def pause(self, failures: int, cooldown: float | None) -> float:
        """Seconds until the next try after so many failures in a row."""
        backed_off: float = min(self.first_pause * 2.0 ** min(failures, 20), self.longest_pause)
        return max(backed_off, cooldown or 0.0)


class Lane:
    """Serves the subscriptions of one endpoint until none has anything due; several `run` at a time.

    Each subscription is served by one of them at a time, so its notifications stay in order.
    """

    def __init__(
        self,
        outbox: Outbox,
        subscribers: Subscribers,
        subscriptions: SubscriptionStore,
        sender: Sender,
        patience: Patience,
    ) -> None:
        self._outbox = outbox
        self._subscribers = subscribers
        self._subscriptions = subscriptions
        self._sender = sender
        self._patience = patience
        self._waiting: dict[Key, None] = {}
        self._served: set[Key] = set()
        self._jobs: list[Callable[[], Awaitable[None]]] = []
        self._stopping = False

    def add(self, key: Key) -> None:
        """Something is due for this subscription."""
        self._waiting[key] = None

    def add_job(self, job: Callable[[], Awaitable[None]]) -> None:
        """A periodic notification that is to go out in this lane."""
        self._jobs.append(job)

    def stop(self) -> None:
        """Begin no notification any more."""
        self._stopping = True

    @property
    def ready(self) -> int:
        """How many things wait that nobody serves."""
        return len(self._jobs) + len(self._waiting.keys() - self._served)

    @property
    def is_idle(self) -> bool:
        """Whether nothing waits and nothing is served."""
        return not self._waiting and not self._jobs and not self._served

    async def run(self) -> None:
        """Serve until nothing waits."""
        while not self._stopping:
            if self._jobs:
                await self._jobs.pop(0)()
                continue
            key = next((each for each in self._waiting if each not in self._served), None)
            if key is None:
                return
            del self._waiting[key]
            self._served.add(key)
            try:
                await self._serve(key)
            finally:
                self._served.discard(key)

    async def _serve(self, key: Key) -> None:
        now = datetime.now(UTC)
        subscriber = self._subscribers.get(*key)
        claimed = await self._outbox.claim(*key, now, limit=self._patience.claim, lease=self._patience.lease)
        if not claimed:
            return
        ids = [row.id for row in claimed]
        if subscriber is None or not _is_active(subscriber, now):
            await self._outbox.settle(ids)  # 5.8.6: only an active subscription is notified
            return
        wait_until = self._sender.throttled_until(subscriber)
        if wait_until > now:
            await self._outbox.postpone(ids, wait_until)
            return
        await self._deliver_all(subscriber, claimed)
        if len(claimed) == self._patience.claim:
            self.add(key)

    async def _deliver_all(self, subscriber: Subscriber, claimed: Sequence[Claimed]) -> None:
        """One Notification after the other; the first that fails holds back those behind it."""
        delivered = _Delivered(self._subscriptions, subscriber, self._patience.settle)
        until = time.monotonic() + self._patience.hold
        left = deque(_notifications(subscriber, claimed))
        try:
            while left and not self._stopping and time.monotonic() < until:
                meant = await self._sender.meant(subscriber, left[0])
                if meant:
                    await self._sender.send(subscriber, meant)
                await delivered.note(_ids(left.popleft()), sent=bool(meant))
        except DeliveryFailed as failure:
            await delivered.write_down()
            group = left.popleft()
            later = [row_id for each in left for row_id in _ids(each)]
            await self._failed(subscriber, group, _ids(group), later, failure)
            return
        await delivered.write_down()
        if left:
            await self._outbox.postpone([row_id for each in left for row_id in _ids(each)], datetime.now(UTC))
            self.add(_key(subscriber))

    async def _failed(
        self,
        subscriber: Subscriber,
        group: Sequence[Item],
        ids: list[int],
        later: list[int],
        failure: DeliveryFailed,
    ) -> None:
        now = datetime.now(UTC)
        attempts = max(item.attempts for item in group)
        age = now - min(item.at for item in group)
        pause = self._patience.pause(attempts - 1, subscriber.compiled.endpoint.cooldown)
        next_try = now + timedelta(seconds=pause)
        gives_up = age > self._patience.give_up_after or (
            failure.refused and attempts >= self._patience.refusals
        )
        if gives_up:
            await self._outbox.bury(ids, now, str(failure))
        else:
            await self._outbox.postpone(ids, next_try, str(failure))
        if later:
            await self._outbox.postpone(later, now)
        await self._subscriptions.failed(*_key(subscriber), now, next_try, str(failure))
        _log.warning(
            "notification failed subscription=%s attempts=%s given_up=%s reason=%s",
            subscriber.stored.id,
            attempts,
            gives_up,
            failure,
        )


class _Delivered:
    """What was delivered and is not written down yet: one commit for many notifications."""

    def __init__(self, subscriptions: SubscriptionStore, subscriber: Subscriber, every: float) -> None:
        self._subscriptions = subscriptions
        self._key = _key(subscriber)
        self._every = every
        self._written_at = time.monotonic()
        self._ids: list[int] = []
        self._sent = 0

    async def note(self, ids: Sequence[int], *, sent: bool) -> None:
        """These outbox rows are done."""
        self._ids += ids
        self._sent += sent
        if time.monotonic() - self._written_at > self._every:
            await self.write_down()

    async def write_down(self) -> None:
        """Count the notifications and let their rows go, both or neither."""
        if self._ids:
            ids, self._ids, sent, self._sent = self._ids, [], self._sent, 0
            await self._subscriptions.succeeded(*self._key, datetime.now(UTC), ids, sent=sent)
        self._written_at = time.monotonic()


def _ids(group: Sequence[Item]) -> list[int]:
    return [row_id for item in group for row_id in item.ids]


def _key(subscriber: Subscriber) -> Key:
    return subscriber.stored.tenant, subscriber.stored.id


def _is_active(subscriber: Subscriber, now: datetime) -> bool:
    compiled = subscriber.compiled
    return compiled.is_active and (compiled.expires_at is None or compiled.expires_at > now)


def _notifications(subscriber: Subscriber, claimed: Sequence[Claimed]) -> Iterator[list[Item]]:
    """Changes of one flush travel together, but never two of one entity; throttling keeps only the latest."""
    items = items_of(claimed)
    if subscriber.compiled.throttling is not None:
        yield coalesced(items)
        return
    group: list[Item] = []
    entities: set[str] = set()
    size = 0
    for item in items:
        size += item.size
        if group and (
            item.flush != group[0].flush
            or item.entity_id in entities
            or len(group) == MOST_ITEMS
            or size > MOST_BYTES
        ):
            yield group
            group, entities, size = [], set(), item.size
        group.append(item)
        entities.add(item.entity_id)
    if group:
        yield group
