"""One endpoint's notifications: in order, one at a time, so that a slow endpoint delays only itself."""

from __future__ import annotations

import logging
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


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a notification is tried: seconds between tries, and when it becomes a dead letter."""

    first_pause: float = 1.0
    longest_pause: float = 300.0
    give_up_after: timedelta = timedelta(hours=24)
    refusals: int = 5
    claim: int = 200

    def pause(self, failures: int, cooldown: float | None) -> float:
        """Seconds until the next try after so many failures in a row."""
        backed_off: float = min(self.first_pause * 2.0 ** min(failures, 20), self.longest_pause)
        return max(backed_off, cooldown or 0.0)


class Lane:
    """Serves the subscriptions of one endpoint in turn until none has anything due."""

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
        self._jobs: list[Callable[[], Awaitable[None]]] = []

    def add(self, key: Key) -> None:
        """Something is due for this subscription."""
        self._waiting[key] = None

    def add_job(self, job: Callable[[], Awaitable[None]]) -> None:
        """A periodic notification that is to go out in this lane."""
        self._jobs.append(job)

    @property
    def is_idle(self) -> bool:
        """Whether nothing waits."""
        return not self._waiting and not self._jobs

    async def run(self) -> None:
        """Serve until nothing waits."""
        while not self.is_idle:
            while self._jobs:
                await self._jobs.pop(0)()
            if self._waiting:
                key = next(iter(self._waiting))
                del self._waiting[key]
                await self._serve(key)

    async def _serve(self, key: Key) -> None:
        now = datetime.now(UTC)
        subscriber = self._subscribers.get(*key)
        claimed = await self._outbox.claim(*key, now, limit=self._patience.claim)
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
        groups = list(_notifications(subscriber, claimed))
        for position, group in enumerate(groups):
            ids = [row_id for item in group for row_id in item.ids]
            meant = await self._sender.meant(subscriber, group)
            if not meant:
                await self._outbox.settle(ids)
                continue
            try:
                await self._sender.send(subscriber, meant)
            except DeliveryFailed as failure:
                later = [row_id for each in groups[position + 1 :] for item in each for row_id in item.ids]
                await self._failed(subscriber, group, ids, later, failure)
                return
            await self._subscriptions.succeeded(*_key(subscriber), datetime.now(UTC), ids)

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
    for item in items:
        fits = not group or (item.at == group[0].at and item.entity_id not in {g.entity_id for g in group})
        if not fits:
            yield group
            group = []
        group.append(item)
    if group:
        yield group
