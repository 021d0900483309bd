"""What the HTTP binding works with: the stores, the writer, contexts and limits of one broker."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self

from mimas.ngsi_ld.core.errors import NonexistentTenant
from mimas.ngsi_ld.store.contexts import ContextStore
from mimas.ngsi_ld.store.database import Database
from mimas.ngsi_ld.store.discovery import DiscoveryStore
from mimas.ngsi_ld.store.entities import EntityStore
from mimas.ngsi_ld.store.entity_maps import EntityMapStore
from mimas.ngsi_ld.store.history import HistoryStore
from mimas.ngsi_ld.store.subscriptions import SubscriptionStore
from mimas.ngsi_ld.store.tenants import TenantStore
from mimas.ngsi_ld.store.writer import Writer

from .contexts import ContextFetch, ContextResolver
from .limits import Limits


@dataclass(slots=True)
class Broker:
    """One broker, composed by the platform.

    `public_url` is scheme and host as clients see them, when a proxy hides them; `alias` names the broker
    in `/info/sourceIdentity` (CIM 009 5.15). `range_unit` is the unit of Content-Range: 6.3.10 says
    DateTime, some clients expect date-time. `links` are more entries of the start page, name to path.
    """

    entities: EntityStore
    history: HistoryStore
    discovery: DiscoveryStore
    subscriptions: SubscriptionStore
    entity_maps: EntityMapStore
    tenants: TenantStore
    writer: Writer
    context_store: ContextStore
    contexts: ContextResolver
    limits: Limits = field(default_factory=Limits)
    version: str = "0"
    alias: str = "mimas"
    public_url: str = ""
    range_unit: str = "DateTime"
    links: Mapping[str, str] = field(default_factory=dict)
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    @classmethod
    def on(
        cls,
        database: Database,
        writer: Writer,
        fetch: ContextFetch,
        *,
        default_context: str | None = None,
        **others: Any,
    ) -> Self:
        """A broker with all its stores on one database; `fetch` downloads remote contexts."""
        context_store = ContextStore(database)
        return cls(
            entities=EntityStore(database),
            history=HistoryStore(database),
            discovery=DiscoveryStore(database),
            subscriptions=SubscriptionStore(database),
            entity_maps=EntityMapStore(database),
            tenants=TenantStore(database),
            writer=writer,
            context_store=context_store,
            contexts=ContextResolver(context_store, fetch, default_url=default_context),
            **others,
        )

    async def require_tenant(self, tenant: str) -> None:
        """NonexistentTenant for one that nobody has written to (CIM 009 5.5.10)."""
        if tenant and not await self.tenants.exists(tenant):
            raise NonexistentTenant(
                f"The tenant {tenant!r} does not exist; creating an entity makes it.", tenant=tenant
            )
