"""Notifications by timeInterval: all entities that match, regardless of changes (CIM 009 5.8.6)."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime

from mimas.ngsi_ld.api.subscribers import Subscriber
from mimas.ngsi_ld.core.query.entity_query import EntityQuery, Page
from mimas.ngsi_ld.core.state import Change, EntityState
from mimas.ngsi_ld.core.subscriptions import EntitySelector, Subscription
from mimas.ngsi_ld.store.entities import EntityStore
from mimas.ngsi_ld.store.subscriptions import SubscriptionStore

from .coalescing import Item
from .delivery import DeliveryFailed
from .sending import Sender

_log = logging.getLogger(__name__)

_PAGE = 500


class Periodic:
    """Sends the entities that a periodic subscription matches now; none, no notification."""

    def __init__(self, entities: EntityStore, subscriptions: SubscriptionStore, sender: Sender) -> None:
        self._entities = entities
        self._subscriptions = subscriptions
        self._sender = sender

    async def notify(self, subscriber: Subscriber) -> None:
        """Send one periodic notification; a failure is counted, the next period tries again."""
        subscription, now = subscriber.compiled, datetime.now(UTC)
        if not subscription.is_active or (subscription.expires_at and subscription.expires_at <= now):
            return
        items = [
            Item((), state.id, Change(None, state), now, 1, now)
            async for state in self._matching(subscription)
        ]
        if not items:
            return
        key = (subscriber.stored.tenant, subscriber.stored.id)
        try:
            await self._sender.send(subscriber, items)
        except DeliveryFailed as failure:
            await self._subscriptions.failed(*key, now, now, str(failure))
            _log.warning("periodic notification failed subscription=%s reason=%s", key[1], failure)
            return
        await self._subscriptions.succeeded(*key, now)

    async def _matching(self, subscription: Subscription) -> AsyncIterator[EntityState]:
        seen: set[str] = set()
        for query in _queries(subscription):
            after: str | None = None
            while True:
                page = await self._entities.query(subscription.tenant, query, Page(limit=_PAGE, after=after))
                for stored in page.entities:
                    if stored.id not in seen:
                        seen.add(stored.id)
                        yield stored.state()
                if page.next_key is None:
                    break
                after = page.next_key


def _queries(subscription: Subscription) -> list[EntityQuery]:
    """One query for each selector; without selectors all entities are meant."""
    conditions = EntityQuery(q=subscription.q, geo=subscription.geo, scope=subscription.scope)
    return [_narrowed(conditions, each) for each in subscription.selectors] or [conditions]


def _narrowed(query: EntityQuery, selector: EntitySelector) -> EntityQuery:
    return replace(
        query,
        types=None if selector.types.any_type else selector.types,
        ids=tuple(sorted(selector.ids)),
        id_pattern=selector.id_pattern.text if selector.id_pattern else None,
    )
