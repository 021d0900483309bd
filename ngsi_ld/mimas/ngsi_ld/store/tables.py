"""The tables: SQLAlchemy metadata, the source of truth that the migrations must end in.

Built so that Citus can distribute it by entity id (DESIGN section 4): every key of an entity-distributed
table (`entity`, `entity_geo`, `attr_history`) holds the tenant and the entity id, there are no triggers, no
foreign keys and no serial-only keys on them. Text keys are compared by byte (`C`): pages by key must not
depend on the locale of a cluster.
"""

from __future__ import annotations

from geoalchemy2 import Geometry
from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Double,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

metadata = MetaData()


def _key(name: str) -> Column[str]:
    return Column(name, Text(collation="C"), nullable=False)


def _time(name: str, *, nullable: bool = False) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=nullable)


def _geometry(name: str, *, nullable: bool) -> Column[object]:
    return Column(name, Geometry("GEOMETRY", srid=4326, spatial_index=False), nullable=nullable)


# `types` keeps the order of the entity, so `types[1]` is *the* type of nearly all entities: the b-tree over
# it pages through one type by id; entities of several types have a small index of their own. The GIN finds
# entities by any of several types.
entity = Table(
    "entity",
    metadata,
    _key("tenant"),
    _key("id"),
    Column("version", BigInteger, nullable=False),
    Column("types", ARRAY(Text), nullable=False),
    Column("scopes", ARRAY(Text)),
    Column("doc", JSONB, nullable=False),
    Column("times", JSONB),
    _time("created_at"),
    _time("modified_at"),
    _time("expires_next", nullable=True),
    _geometry("location", nullable=True),
    PrimaryKeyConstraint("tenant", "id"),
)
Index("entity_type_id", entity.c.tenant, text("(types[1])"), entity.c.id)
Index("entity_several_types", entity.c.tenant, entity.c.id, postgresql_where=text("cardinality(types) > 1"))
Index("entity_types", entity.c.types, postgresql_using="gin")
Index("entity_location", entity.c.location, postgresql_using="gist")
Index(
    "entity_expiry",
    entity.c.tenant,
    entity.c.expires_next,
    postgresql_where=text("expires_next IS NOT NULL"),
)
Index(
    "entity_scopes",
    entity.c.scopes,
    postgresql_using="gin",
    postgresql_where=text("scopes IS NOT NULL"),
)

# Every GeoProperty instance but the default instance of `location`, which has its own column in `entity`.
entity_geo = Table(
    "entity_geo",
    metadata,
    _key("tenant"),
    _key("entity_id"),
    _key("attribute"),
    _key("dataset_id"),
    _geometry("geometry", nullable=False),
    PrimaryKeyConstraint("tenant", "entity_id", "attribute", "dataset_id"),
)
Index("entity_geo_geometry", entity_geo.c.geometry, postgresql_using="gist")

attribute_name = Table(
    "attribute_name",
    metadata,
    Column("id", Integer, Identity(always=True), nullable=False),
    _key("name"),
    PrimaryKeyConstraint("id"),
    UniqueConstraint("name", name="attribute_name_name_key"),
)

# One row an attribute instance as it was. `at` is observedAt, or modifiedAt where nothing was observed.
# The key is also the way to one attribute's evolution; what it includes lets aggregates stay in the index.
attr_history = Table(
    "attr_history",
    metadata,
    _key("tenant"),
    _key("entity_id"),
    Column("attribute_id", Integer, nullable=False),
    _key("dataset_id"),
    _time("at"),
    _time("observed_at", nullable=True),
    _time("created_at"),
    _time("modified_at"),
    _time("deleted_at", nullable=True),
    Column("instance_id", Uuid, nullable=False),
    Column("number", Double),
    Column("instance", JSONB, nullable=False),
    PrimaryKeyConstraint(
        "tenant",
        "entity_id",
        "attribute_id",
        "at",
        "instance_id",
        postgresql_include=["dataset_id", "observed_at", "number"],
    ),
    postgresql_partition_by="RANGE (at)",
)
Index("attr_history_at", attr_history.c.at, postgresql_using="brin")

# Entities known to the temporal API alone, or longer than the current state: their types and times.
temporal_entity = Table(
    "temporal_entity",
    metadata,
    _key("tenant"),
    _key("id"),
    Column("types", ARRAY(Text), nullable=False),
    _time("created_at"),
    _time("modified_at"),
    _time("deleted_at", nullable=True),
    PrimaryKeyConstraint("tenant", "id"),
)
Index("temporal_entity_types", temporal_entity.c.types, postgresql_using="gin")

# Undistributed: the dispatcher takes rows with SKIP LOCKED. For one entity, ids are in the order of commits.
outbox = Table(
    "outbox",
    metadata,
    Column("id", BigInteger, Identity(always=True), nullable=False),
    _key("tenant"),
    _key("subscription_id"),
    _key("entity_id"),
    Column("payload", JSONB, nullable=False),
    _time("created_at"),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    _time("not_before", nullable=True),
    _time("claimed_until", nullable=True),
    _time("dead_at", nullable=True),
    Column("last_error", Text),
    PrimaryKeyConstraint("id"),
)
Index(
    "outbox_due",
    outbox.c.tenant,
    outbox.c.subscription_id,
    outbox.c.id,
    postgresql_where=text("dead_at IS NULL"),
)
Index("outbox_dead", outbox.c.dead_at, postgresql_where=text("dead_at IS NOT NULL"))

# Which expression indexes queries would have used. `heat` is the number of uses, halved with every hour.
index_use = Table(
    "index_use",
    metadata,
    _key("name"),
    Column("type", Text, nullable=False),
    Column("names", ARRAY(Text), nullable=False),
    Column("members", ARRAY(Text), nullable=False),
    Column("kind", Text, nullable=False),
    Column("uses", BigInteger, nullable=False),
    Column("heat", Double, nullable=False),
    _time("last_used_at"),
    PrimaryKeyConstraint("name"),
)

# The last flush each writer committed: tells after a broken connection whether a commit had happened.
flush_mark = Table(
    "flush_mark",
    metadata,
    Column("writer", Uuid, nullable=False),
    Column("flush", BigInteger, nullable=False),
    _time("at"),
    Column("lost", JSONB),
    PrimaryKeyConstraint("writer"),
)

# What processes keep in memory, and which state of it is the present one.
generation = Table(
    "generation",
    metadata,
    _key("name"),
    Column("value", BigInteger, nullable=False),
    PrimaryKeyConstraint("name"),
)

subscription = Table(
    "subscription",
    metadata,
    _key("tenant"),
    _key("id"),
    Column("doc", JSONB, nullable=False),
    Column("context", JSONB),
    _time("created_at"),
    _time("modified_at"),
    _time("expires_at", nullable=True),
    _time("next_at", nullable=True),
    _time("cooldown_until", nullable=True),
    _time("last_notification_at", nullable=True),
    _time("last_success_at", nullable=True),
    _time("last_failure_at", nullable=True),
    Column("times_sent", BigInteger, nullable=False, server_default=text("0")),
    Column("times_failed", BigInteger, nullable=False, server_default=text("0")),
    Column("failures_in_a_row", Integer, nullable=False, server_default=text("0")),
    Column("last_error", Text),
    PrimaryKeyConstraint("tenant", "id"),
)
Index(
    "subscription_next_at",
    subscription.c.next_at,
    postgresql_where=text("next_at IS NOT NULL"),
)

# The ids that a query found when it was asked first: later pages look at these entities only (5.5.14).
# `filters` is a hash of what was asked; entities that no longer meet it leave the map.
entity_map = Table(
    "entity_map",
    metadata,
    _key("tenant"),
    _key("id"),
    Column("filters", Text, nullable=False),
    _time("created_at"),
    _time("expires_at"),
    PrimaryKeyConstraint("tenant", "id"),
)
Index("entity_map_expiry", entity_map.c.expires_at)

entity_map_entry = Table(
    "entity_map_entry",
    metadata,
    _key("tenant"),
    _key("map_id"),
    _key("entity_id"),
    PrimaryKeyConstraint("tenant", "map_id", "entity_id"),
)

# A snapshot's data is that of a tenant of its own, which no client can name (5.5.15). Rows that are deleted
# stay until that data is gone; meanwhile their id is free again.
snapshot = Table(
    "snapshot",
    metadata,
    _key("data_tenant"),
    _key("tenant"),
    _key("id"),
    Column("doc", JSONB, nullable=False),
    Column("context", JSONB),
    Column("source", Text(collation="C")),
    Column("status", Text, nullable=False),
    Column("priority", Integer, nullable=False),
    _time("created_at"),
    _time("modified_at"),
    _time("expires_at"),
    _time("last_used_at"),
    _time("claimed_until", nullable=True),
    _time("deleted_at", nullable=True),
    PrimaryKeyConstraint("data_tenant"),
)
Index(
    "snapshot_id",
    snapshot.c.tenant,
    snapshot.c.id,
    unique=True,
    postgresql_where=text("deleted_at IS NULL"),
)

# `body` is text: a hosted @context is served as it was given.
jsonld_context = Table(
    "jsonld_context",
    metadata,
    _key("id"),
    Column("url", Text(collation="C")),
    Column("kind", Text, nullable=False),
    Column("body", Text, nullable=False),
    _time("created_at"),
    _time("last_used_at", nullable=True),
    _time("expires_at", nullable=True),
    Column("hits", BigInteger, nullable=False, server_default=text("0")),
    PrimaryKeyConstraint("id"),
)
Index("jsonld_context_url", jsonld_context.c.url)

tenant = Table(
    "tenant",
    metadata,
    _key("name"),
    _time("created_at"),
    PrimaryKeyConstraint("name"),
)

quarantine = Table(
    "quarantine",
    metadata,
    Column("id", BigInteger, Identity(always=True), nullable=False),
    Column("tenant", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("stage", Text, nullable=False),
    Column("place", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("topic", Text),
    Column("raw", LargeBinary, nullable=False),
    _time("received_at"),
    _time("replayed_at", nullable=True),
    PrimaryKeyConstraint("id"),
)
Index("quarantine_waiting", quarantine.c.id, postgresql_where=text("replayed_at IS NULL"))

access_token = Table(
    "access_token",
    metadata,
    Column("hash", LargeBinary, nullable=False),
    Column("name", Text, nullable=False),
    Column("roles", ARRAY(Text), nullable=False),
    Column("tenants", ARRAY(Text)),
    _time("created_at"),
    _time("last_used_at", nullable=True),
    _time("revoked_at", nullable=True),
    PrimaryKeyConstraint("hash"),
)
Index("access_token_name", access_token.c.name, unique=True)

delivery = Table(
    "delivery",
    metadata,
    _key("source"),
    _key("key"),
    _time("received_at"),
    _time("taken_at", nullable=True),
    PrimaryKeyConstraint("source", "key"),
)
Index("delivery_received", delivery.c.received_at, postgresql_using="brin")

source_state = Table(
    "source_state",
    metadata,
    _key("source"),
    _key("key"),
    Column("value", JSONB, nullable=False),
    _time("updated_at"),
    PrimaryKeyConstraint("source", "key"),
)

# What harvests know of their sources: the hash of each record when it was last taken, the numbers of the
# entities it became (NULL: it was refused), and which entities a source has made. Numbers are a source's own:
# a run marks what it saw in bits by them, so a run that finds nothing new writes nothing.
harvest_record = Table(
    "harvest_record",
    metadata,
    _key("tenant"),
    _key("source"),
    _key("key"),
    Column("digest", LargeBinary, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("entities", ARRAY(BigInteger)),
    PrimaryKeyConstraint("tenant", "source", "key"),
)

harvest_entity = Table(
    "harvest_entity",
    metadata,
    _key("tenant"),
    _key("entity_id"),
    _key("source"),
    Column("number", BigInteger, nullable=False),
    PrimaryKeyConstraint("tenant", "entity_id", "source"),
)
Index("harvest_entity_source", harvest_entity.c.tenant, harvest_entity.c.source, harvest_entity.c.number)

harvest_run = Table(
    "harvest_run",
    metadata,
    _key("tenant"),
    _key("source"),
    Column("id", BigInteger, Identity(always=True), nullable=False),
    _time("started_at"),
    _time("finished_at", nullable=True),
    Column("state", Text, nullable=False),
    Column("cause", Text, nullable=False),
    Column("counts", JSONB, nullable=False),
    Column("changes", JSONB),
    Column("detail", Text),
    PrimaryKeyConstraint("tenant", "source", "id"),
)
