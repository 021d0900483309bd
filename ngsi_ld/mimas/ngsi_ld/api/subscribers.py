"""The subscriptions of all tenants in one process: matched against every write, found by the dispatcher."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from mimas.ngsi_ld.core.errors import NgsiLdError
from mimas.ngsi_ld.core.query.type_selection import document_types
from mimas.ngsi_ld.core.state import Change
from mimas.ngsi_ld.core.subscriptions import Subscription, compile_subscription, notifies, to_payload
from mimas.ngsi_ld.store.outbox import OutboxRow
from mimas.ngsi_ld.store.subscriptions import StoredSubscription, SubscriptionStore

from .contexts import ContextResolver

_log = logging.getLogger(__name__)

Key = tuple[str, str]
_ANY_TYPE = ""


@dataclass(frozen=True, slots=True)
class Subscriber:
    """A subscription with the document it was compiled from."""

    stored: StoredSubscription
    compiled: Subscription


class Subscribers:
    """Every subscription, compiled once and indexed by an entity type it asks for."""

    def __init__(self, store: SubscriptionStore, contexts: ContextResolver) -> None:
        self._store = store
        self._contexts = contexts
        self._all: dict[Key, Subscriber] = {}
        self._by_type: dict[tuple[str, str], list[Subscription]] = {}
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
        self._by_type = _indexed(each.compiled for each in self._all.values())
        self.generation = generation

    def rows(self, tenant: str, change: Change) -> list[OutboxRow]:
        """What this change puts into the outbox: a row for each subscription that is to be notified."""
        if not self._by_type:
            return []
        now = datetime.now(UTC)
        matched = [each for each in self._candidates(tenant, change) if notifies(each, change, now)]
        if not matched:
            return []
        payload = to_payload(change, now)
        return [OutboxRow(each.id, change.entity_id, payload) for each in matched]

    def _candidates(self, tenant: str, change: Change) -> Iterator[Subscription]:
        """The subscriptions that could name this entity, each once."""
        state = change.after or change.before
        assert state is not None
        yield from self._by_type.get((tenant, _ANY_TYPE), ())
        types: Sequence[str] = document_types(state.document)
        if len(types) == 1:
            yield from self._by_type.get((tenant, types[0]), ())
            return
        found = {each.id: each for name in types for each in self._by_type.get((tenant, name), ())}
        yield from found.values()

    async def _add(self, key: Key, stored: StoredSubscription) -> None:
        try:
            terms = (await self._contexts.from_value(stored.context)).terms
            self._all[key] = Subscriber(stored, compile_subscription(stored.document, terms, stored.tenant))
        except NgsiLdError as error:
            _log.error("subscription cannot be matched id=%s reason=%s", stored.id, error.detail)


def _indexed(subscriptions: Iterator[Subscription]) -> dict[tuple[str, str], list[Subscription]]:
    """Subscriptions under one type of each alternative they select; of any type: under the empty name."""
    index: dict[tuple[str, str], list[Subscription]] = {}
    for each in subscriptions:
        for name in _type_keys(each):
            index.setdefault((each.tenant, name), []).append(each)
    return index


def _type_keys(subscription: Subscription) -> set[str]:
    if not subscription.selectors or any(each.types.any_type for each in subscription.selectors):
        return {_ANY_TYPE}
    return {min(names) for each in subscription.selectors for names in each.types.alternatives}
