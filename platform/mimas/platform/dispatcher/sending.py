"""From items to a sent notification: rendered in the subscription's @context, delivered by its binding."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from mimas.ngsi_ld.api.contexts import ContextResolver, RequestContext
from mimas.ngsi_ld.api.linked_query import meets_linked
from mimas.ngsi_ld.api.subscribers import Subscriber
from mimas.ngsi_ld.core.errors import NgsiLdError
from mimas.ngsi_ld.core.represent import next_level
from mimas.ngsi_ld.core.state import Document, EntityState
from mimas.ngsi_ld.core.subscriptions import notification, render_item
from mimas.ngsi_ld.store.entities import EntityStore

from .coalescing import Item
from .delivery import DeliveryFailed, Message, Transport, is_mqtt, message_of


class Sender:
    """Renders and delivers; remembers when each throttled subscription was last notified."""

    def __init__(
        self,
        entities: EntityStore,
        contexts: ContextResolver,
        http: Transport,
        mqtt: Transport,
        *,
        public_url: str,
        bare_null: bool = False,
    ) -> None:
        self._entities = entities
        self._contexts = contexts
        self._http = http
        self._mqtt = mqtt
        self._public_url = public_url
        self._bare_null = bare_null
        self._sent: dict[tuple[str, str], datetime] = {}

    def throttled_until(self, subscriber: Subscriber) -> datetime:
        """The earliest time of the next notification (5.2.12: minimal period between two of them)."""
        throttling = subscriber.compiled.throttling
        key = (subscriber.stored.tenant, subscriber.stored.id)
        last = self._sent.get(key) or subscriber.stored.last_notification_at
        if throttling is None or last is None:
            return datetime.min.replace(tzinfo=UTC)
        return last + timedelta(seconds=throttling)

    async def meant(self, subscriber: Subscriber, items: Sequence[Item]) -> list[Item]:
        """Those items whose entity meets the part of `q` that speaks of linked entities, as they are now."""
        tenant, q = subscriber.stored.tenant, subscriber.compiled.q
        states = [(item, item.change.after or item.change.before) for item in items]
        return [
            item
            for item, state in states
            if state is None or await meets_linked(self._entities, tenant, state, q)
        ]

    async def send(self, subscriber: Subscriber, items: Sequence[Item]) -> None:
        """Send one notification; DeliveryFailed when it was not taken."""
        message = await self._message(subscriber, items)
        transport = self._mqtt if is_mqtt(message.uri) else self._http
        if subscriber.compiled.throttling is not None:
            self._sent[subscriber.stored.tenant, subscriber.stored.id] = datetime.now(UTC)
        await transport.deliver(message, subscriber.compiled)

    async def close(self) -> None:
        """Close both transports."""
        await self._http.close()
        await self._mqtt.close()

    async def _message(self, subscriber: Subscriber, items: Sequence[Item]) -> Message:
        try:
            context = await self._context(subscriber)
        except NgsiLdError as error:
            raise DeliveryFailed(f"the @context cannot be had: {error.detail}") from error
        data: list[Document] = []
        for item in items:
            data += await self._rendered(subscriber, item, context)
        now = datetime.now(UTC)
        notification_id = f"urn:ngsi-ld:Notification:{uuid4()}"
        body = notification(subscriber.compiled, data, now, notification_id, context.value)
        return message_of(subscriber.compiled, body, context.url or "")

    async def _context(self, subscriber: Subscriber) -> RequestContext:
        """The subscription's jsonldContext, else the one it was created with; one that can be linked."""
        value = subscriber.compiled.jsonld_context or subscriber.stored.context
        return await self._contexts.hosted(await self._contexts.from_value(value), self._public_url)

    async def _rendered(self, subscriber: Subscriber, item: Item, context: RequestContext) -> list[Document]:
        linked = await self._linked(subscriber, item) if subscriber.compiled.join else None
        return render_item(
            subscriber.compiled, item.change, item.at, context.terms, linked, bare_null=self._bare_null
        )

    async def _linked(self, subscriber: Subscriber, item: Item) -> dict[str, EntityState]:
        """The entities the changed one links to, level by level (4.5.23)."""
        state = item.change.after
        if state is None:
            return {}
        found: dict[str, EntityState] = {}
        level = [(state.document, subscriber.compiled.how)]
        for _ in range(subscriber.compiled.join_level):
            wanted = next_level(level, {state.id, *found})
            if not wanted:
                break
            fetched = await self._entities.retrieve_many(subscriber.stored.tenant, wanted)
            states = {entity_id: each.state() for entity_id, each in fetched.items()}
            found |= states
            level = [(each.document, wanted[entity_id]) for entity_id, each in states.items()]
        return found
