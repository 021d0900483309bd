"""What the HTTP binding works with: the stores, the writer, contexts and limits of one broker."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self

from mimas.ngsi_ld.core.errors import NonexistentTenant, ResourceNotFound
from mimas.ngsi_ld.store.contexts import ContextStore
from mimas.ngsi_ld.store.database import Database
from mimas.ngsi_ld.store.discovery import DiscoveryStore
from mimas.ngsi_ld.store.entities import EntityStore
from mimas.ngsi_ld.store.entity_maps import EntityMapStore
from mimas.ngsi_ld.store.history import HistoryStore
from mimas.ngsi_ld.store.snapshots import SnapshotStore
from mimas.ngsi_ld.store.subscriptions import SubscriptionStore
from mimas.ngsi_ld.store.tenants import TenantStore
from mimas.ngsi_ld.store.writer import Writer

from .contexts import ContextFetch, ContextResolver
from .limits import Limits
from .snapshot_keeper import Notify, SnapshotKeeper


@dataclass(slots=True)
class Broker:
    """One broker, composed by the platform.

    `public_url` is scheme and host as clients see them, when a proxy hides them; `alias` names the broker
    in `/info/sourceIdentity` (CIM 009 5.15). `range_unit` is the unit of Content-Range: 6.3.10 says
    DateTime, some clients expect date-time. `upsert_makes_tenants`: 5.5.10 does not name the batch upsert
    among the operations that make a tenant, clients expect it to. `links` are more entries of the start page,
    name to path. `notify` carries notifications of snapshots to their endpoints; without it none are sent.
    """

    database: Database
    entities: EntityStore
    history: HistoryStore
    discovery: DiscoveryStore
    subscriptions: SubscriptionStore
    entity_maps: EntityMapStore
    snapshots: SnapshotStore
    tenants: TenantStore
    writer: Writer
    context_store: ContextStore
    contexts: ContextResolver
    limits: Limits = field(default_factory=Limits)
    version: str = "0"
    alias: str = "mimas"
    public_url: str = ""
    range_unit: str = "DateTime"
    upsert_makes_tenants: bool = True
    links: Mapping[str, str] = field(default_factory=dict)
    notify: Notify | None = None
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    keeper: SnapshotKeeper = field(init=False)

    def __post_init__(self) -> None:
        self.keeper = SnapshotKeeper(self.database, self)

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
            database=database,
            entities=EntityStore(database),
            history=HistoryStore(database),
            discovery=DiscoveryStore(database),
            subscriptions=SubscriptionStore(database),
            entity_maps=EntityMapStore(database),
            snapshots=SnapshotStore(database),
            tenants=TenantStore(database),
            writer=writer,
            context_store=context_store,
            contexts=ContextResolver(context_store, fetch, default_url=default_context),
            **others,
        )

    async def close(self) -> None:
        """Stop the work in the background; the database and the writer are others' to close."""
        await self.keeper.close()
        await self.contexts.close()

    async def data_tenant(self, tenant: str, snapshot_id: str) -> str:
        """The tenant that holds a snapshot's data; ResourceNotFound for an unknown snapshot (6.3.22)."""
        now = datetime.now(UTC)
        snapshot = await self.snapshots.find(tenant, snapshot_id, now)
        if snapshot is None:
            raise ResourceNotFound(f"There is no snapshot {snapshot_id!r} here, or it has expired.")
        await self.snapshots.note_use(snapshot, now)
        return snapshot.data_tenant

    async def require_tenant(self, tenant: str) -> None:
        """NonexistentTenant for one that nobody has written to (CIM 009 5.5.10)."""
        if tenant and not await self.tenants.exists(tenant):
            raise NonexistentTenant(
                f"The tenant {tenant!r} does not exist; creating an entity makes it.", tenant=tenant
            )
