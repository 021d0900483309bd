"""The subscriptions of all tenants in one process: matched against every write, found by the dispatcher."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime

from mimas.ngsi_ld.core.errors import NgsiLdError
from mimas.ngsi_ld.core.state import Change
from mimas.ngsi_ld.core.subscriptions import (
    Subscription,
    SubscriptionIndex,
    compile_subscription,
    notifies,
    to_payload,
)
from mimas.ngsi_ld.store.outbox import OutboxRow
from mimas.ngsi_ld.store.subscriptions import StoredSubscription, SubscriptionStore

from .contexts import ContextResolver

_log = logging.getLogger(__name__)

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Subscriber:
    """A subscription with the document it was compiled from."""

    stored: StoredSubscription
    compiled: Subscription


class Subscribers:
    """Every subscription, compiled once and indexed by what a change must have."""

    def __init__(self, store: SubscriptionStore, contexts: ContextResolver) -> None:
        self._store = store
        self._contexts = contexts
        self._all: dict[Key, Subscriber] = {}
        self._index = SubscriptionIndex(())
        self.generation = -1

    def get(self, tenant: str, subscription_id: str) -> Subscriber | None:
        """One subscription, or None."""
        return self._all.get((tenant, subscription_id))

    async def refresh(self) -> None:
        """Load what is in the database now, compiling only what changed."""
        generation, rows = await self._store.load_all()
        known, self._all = self._all, {}
        for stored in rows:
            key = (stored.tenant, stored.id)
            present = known.get(key)
            if present is not None and present.stored.modified_at == stored.modified_at:
                self._all[key] = Subscriber(stored, present.compiled)
            else:
                await self._add(key, stored)
        self._index = SubscriptionIndex(each.compiled for each in self._all.values())
        self.generation = generation

    def rows(self, tenant: str, change: Change) -> list[OutboxRow]:
        """What this change puts into the outbox: a row for each subscription that is to be notified."""
        candidates = self._index.candidates(tenant, change)
        if not candidates:
            return []
        now = datetime.now(UTC)
        matched = [each for each in candidates if notifies(each, change, now)]
        if not matched:
            return []
        payload = to_payload(change, now)
        return [OutboxRow(each.id, change.entity_id, payload) for each in matched]

    async def close(self) -> None:
        """Let its contexts go."""
        await self._contexts.close()

    async def _add(self, key: Key, stored: StoredSubscription) -> None:
        try:
            terms = (await self._contexts.from_value(stored.context)).terms
            self._all[key] = Subscriber(stored, compile_subscription(stored.document, terms, stored.tenant))
        except NgsiLdError as error:
            _log.error("subscription cannot be matched id=%s reason=%s", stored.id, error.detail)
