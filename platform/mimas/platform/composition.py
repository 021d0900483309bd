"""Puts one broker together from settings: database, writer, contexts through the outgoing guard."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import version as installed_version
from typing import TYPE_CHECKING

from mimas.ngsi_ld.api.broker import Broker
from mimas.ngsi_ld.api.contexts import ContextFetch, ContextResolver, Fetched
from mimas.ngsi_ld.api.limits import Limits
from mimas.ngsi_ld.api.subscribers import Subscribers
from mimas.ngsi_ld.core.errors import LdContextNotAvailable
from mimas.ngsi_ld.store.contexts import CHANNEL, ContextStore
from mimas.ngsi_ld.store.database import Database
from mimas.ngsi_ld.store.listening import listen
from mimas.ngsi_ld.store.subscriptions import SubscriptionStore

from .metrics import MeasuredWriter
from .outbound import OutboundFailed, OutboundGuard, OutboundRefused, fetch, guarded_client
from .settings import Settings
from .snapshot_notices import SnapshotNotices

if TYPE_CHECKING:
    import httpx


@dataclass(frozen=True, slots=True)
class Composition:
    """A broker and what it stands on."""

    settings: Settings
    database: Database
    broker: Broker
    version: str


@asynccontextmanager
async def open_broker(settings: Settings) -> AsyncIterator[Composition]:
    """A running broker; leaving writes what is queued and disconnects."""
    assert settings.database_url is not None
    version = installed_version("mimas")
    database = await Database.open(
        settings.database_url.get_secret_value(),
        max_size=settings.database_connections,
        statement_timeout=settings.statement_timeout,
    )
    guard = OutboundGuard(settings.outbound_allow)
    contexts, notices = ContextFetcher(guard), SnapshotNotices(guard)
    subscribers = subscribers_on(database, contexts)
    try:
        writer = MeasuredWriter(
            database,
            listener=subscribers,
            queue_limit=settings.write_queue,
            keep_history=settings.keep_history,
        )
        async with writer:
            broker = Broker.on(
                database,
                writer,
                contexts,
                default_context=settings.default_context or None,
                limits=limits_of(settings),
                version=version,
                public_url=settings.public_url,
                range_unit=settings.range_unit,
                upsert_makes_tenants=settings.upsert_makes_tenants,
                notify=notices,
            )
            listener = asyncio.create_task(
                listen(database, CHANNEL, broker.contexts.forget_all), name="mimas contexts listener"
            )
            try:
                yield Composition(settings, database, broker, version)
            finally:
                listener.cancel()
                await asyncio.gather(listener, return_exceptions=True)
                await broker.close()
    finally:
        await subscribers.close()
        await notices.close()
        await contexts.close()
        await database.close()


def subscribers_on(database: Database, fetch: ContextFetch) -> Subscribers:
    """What matches every write of a process against the subscriptions in the database."""
    return Subscribers(SubscriptionStore(database), ContextResolver(ContextStore(database), fetch))


def limits_of(settings: Settings) -> Limits:
    """The broker's limits."""
    return Limits(
        body_bytes=settings.body_bytes,
        body_depth=settings.body_depth,
        query_bytes=settings.query_bytes,
        page_size=settings.page_size,
        page_size_max=settings.page_size_max,
        batch_size=settings.batch_size,
        temporal_instances=settings.temporal_instances,
        entity_map_size=settings.entity_map_size,
        entity_map_seconds=settings.entity_map_seconds,
        snapshots=settings.snapshots,
        snapshot_seconds=settings.snapshot_seconds,
    )


class ContextFetcher:
    """Downloads contexts through the guard; the client is made when the first one is wanted."""

    def __init__(self, guard: OutboundGuard) -> None:
        self._guard = guard
        self._client: httpx.AsyncClient | None = None

    async def __call__(self, url: str) -> Fetched:
        """The document; `LdContextNotAvailable` says why not."""
        if self._client is None:
            self._client = guarded_client(self._guard)
        try:
            answer = await fetch(self._client, url, accept="application/ld+json, application/json;q=0.9")
        except (OutboundRefused, OutboundFailed) as error:
            raise LdContextNotAvailable(f"The @context {url} cannot be had: {error}", context=url) from error
        if answer.status != 200:
            raise LdContextNotAvailable(
                f"The @context {url} cannot be had: its server answers {answer.status}.", context=url
            )
        return Fetched(answer.body, answer.headers)

    async def close(self) -> None:
        """Close the client's connections."""
        if self._client is not None:
            await self._client.aclose()
