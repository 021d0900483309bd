"""The first schema: entities, their history, the outbox and what surrounds them."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

STATEMENTS = """
CREATE EXTENSION IF NOT EXISTS postgis;

CREATE TABLE access_token (
    hash BYTEA NOT NULL,
    name TEXT NOT NULL,
    roles TEXT[] NOT NULL,
    tenants TEXT[],
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    last_used_at TIMESTAMP WITH TIME ZONE,
    revoked_at TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (hash)
);
CREATE UNIQUE INDEX access_token_name ON access_token (name);

CREATE TABLE attr_history (
    tenant TEXT COLLATE "C" NOT NULL,
    entity_id TEXT COLLATE "C" NOT NULL,
    attribute_id INTEGER NOT NULL,
    dataset_id TEXT COLLATE "C" NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    observed_at TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    modified_at TIMESTAMP WITH TIME ZONE NOT NULL,
    deleted_at TIMESTAMP WITH TIME ZONE,
    instance_id UUID NOT NULL,
    number DOUBLE PRECISION,
    instance JSONB COMPRESSION lz4 NOT NULL,
    PRIMARY KEY (tenant, entity_id, attribute_id, at, instance_id) INCLUDE (dataset_id, observed_at, number)
) PARTITION BY RANGE (at);
CREATE TABLE attr_history_default PARTITION OF attr_history DEFAULT;
CREATE INDEX attr_history_at ON attr_history USING brin (at);

CREATE TABLE attribute_name (
    id INTEGER GENERATED ALWAYS AS IDENTITY,
    name TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT attribute_name_name_key UNIQUE (name)
);

CREATE TABLE delivery (
    source TEXT COLLATE "C" NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    received_at TIMESTAMP WITH TIME ZONE NOT NULL,
    taken_at TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (source, key)
);
CREATE INDEX delivery_received ON delivery USING brin (received_at);

CREATE TABLE entity (
    tenant TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    version BIGINT NOT NULL,
    types TEXT[] NOT NULL,
    scopes TEXT[],
    doc JSONB COMPRESSION lz4 NOT NULL,
    times JSONB COMPRESSION lz4,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    modified_at TIMESTAMP WITH TIME ZONE NOT NULL,
    expires_next TIMESTAMP WITH TIME ZONE,
    location geometry(GEOMETRY,4326),
    PRIMARY KEY (tenant, id)
);
CREATE INDEX entity_expiry ON entity (tenant, expires_next) WHERE expires_next IS NOT NULL;
CREATE INDEX entity_location ON entity USING gist (location);
CREATE INDEX entity_scopes ON entity USING gin (scopes) WHERE scopes IS NOT NULL;
CREATE INDEX entity_several_types ON entity (tenant, id) WHERE cardinality(types) > 1;
CREATE INDEX entity_type_id ON entity (tenant, (types[1]), id);
CREATE INDEX entity_types ON entity USING gin (types);

CREATE TABLE entity_geo (
    tenant TEXT COLLATE "C" NOT NULL,
    entity_id TEXT COLLATE "C" NOT NULL,
    attribute TEXT COLLATE "C" NOT NULL,
    dataset_id TEXT COLLATE "C" NOT NULL,
    geometry geometry(GEOMETRY,4326) NOT NULL,
    PRIMARY KEY (tenant, entity_id, attribute, dataset_id)
);
CREATE INDEX entity_geo_geometry ON entity_geo USING gist (geometry);

CREATE TABLE entity_map (
    tenant TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    filters TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (tenant, id)
);
CREATE INDEX entity_map_expiry ON entity_map (expires_at);

CREATE TABLE entity_map_entry (
    tenant TEXT COLLATE "C" NOT NULL,
    map_id TEXT COLLATE "C" NOT NULL,
    entity_id TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (tenant, map_id, entity_id)
);

CREATE TABLE harvest_entity (
    tenant TEXT COLLATE "C" NOT NULL,
    entity_id TEXT COLLATE "C" NOT NULL,
    source TEXT COLLATE "C" NOT NULL,
    number BIGINT NOT NULL,
    PRIMARY KEY (tenant, entity_id, source)
);
CREATE INDEX harvest_entity_source ON harvest_entity (tenant, source, number);

CREATE TABLE harvest_record (
    tenant TEXT COLLATE "C" NOT NULL,
    source TEXT COLLATE "C" NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    digest BYTEA NOT NULL,
    number BIGINT NOT NULL,
    entities BIGINT[],
    PRIMARY KEY (tenant, source, key)
);

CREATE TABLE harvest_run (
    tenant TEXT COLLATE "C" NOT NULL,
    source TEXT COLLATE "C" NOT NULL,
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    started_at TIMESTAMP WITH TIME ZONE NOT NULL,
    finished_at TIMESTAMP WITH TIME ZONE,
    state TEXT NOT NULL,
    cause TEXT NOT NULL,
    counts JSONB NOT NULL,
    changes JSONB,
    detail TEXT,
    PRIMARY KEY (tenant, source, id)
);

CREATE TABLE index_use (
    name TEXT COLLATE "C" NOT NULL,
    type TEXT NOT NULL,
    names TEXT[] NOT NULL,
    members TEXT[] NOT NULL,
    kind TEXT NOT NULL,
    uses BIGINT NOT NULL,
    heat DOUBLE PRECISION NOT NULL,
    last_used_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (name)
);

CREATE TABLE flush_mark (
    writer UUID NOT NULL,
    flush BIGINT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    lost JSONB,
    PRIMARY KEY (writer)
);

CREATE TABLE generation (
    name TEXT COLLATE "C" NOT NULL,
    value BIGINT NOT NULL,
    PRIMARY KEY (name)
);
INSERT INTO generation (name, value) VALUES ('subscription', 0);

CREATE TABLE jsonld_context (
    id TEXT COLLATE "C" NOT NULL,
    url TEXT COLLATE "C",
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    last_used_at TIMESTAMP WITH TIME ZONE,
    expires_at TIMESTAMP WITH TIME ZONE,
    hits BIGINT DEFAULT 0 NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX jsonld_context_url ON jsonld_context (url);

CREATE TABLE outbox (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    tenant TEXT COLLATE "C" NOT NULL,
    subscription_id TEXT COLLATE "C" NOT NULL,
    entity_id TEXT COLLATE "C" NOT NULL,
    payload JSONB COMPRESSION lz4 NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    attempts INTEGER DEFAULT 0 NOT NULL,
    not_before TIMESTAMP WITH TIME ZONE,
    claimed_until TIMESTAMP WITH TIME ZONE,
    dead_at TIMESTAMP WITH TIME ZONE,
    last_error TEXT,
    PRIMARY KEY (id)
);
CREATE INDEX outbox_dead ON outbox (dead_at) WHERE dead_at IS NOT NULL;
CREATE INDEX outbox_due ON outbox (tenant, subscription_id, id) WHERE dead_at IS NULL;

CREATE TABLE quarantine (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    tenant TEXT NOT NULL,
    source TEXT NOT NULL,
    stage TEXT NOT NULL,
    place TEXT NOT NULL,
    reason TEXT NOT NULL,
    topic TEXT,
    raw BYTEA NOT NULL,
    received_at TIMESTAMP WITH TIME ZONE NOT NULL,
    replayed_at TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (id)
);
CREATE INDEX quarantine_waiting ON quarantine (id) WHERE replayed_at IS NULL;

CREATE TABLE snapshot (
    data_tenant TEXT COLLATE "C" NOT NULL,
    tenant TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    doc JSONB COMPRESSION lz4 NOT NULL,
    context JSONB,
    source TEXT COLLATE "C",
    status TEXT NOT NULL,
    priority INTEGER NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    modified_at TIMESTAMP WITH TIME ZONE NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    last_used_at TIMESTAMP WITH TIME ZONE NOT NULL,
    claimed_until TIMESTAMP WITH TIME ZONE,
    deleted_at TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (data_tenant)
);
CREATE UNIQUE INDEX snapshot_id ON snapshot (tenant, id) WHERE deleted_at IS NULL;

CREATE TABLE source_state (
    source TEXT COLLATE "C" NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    value JSONB NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (source, key)
);

CREATE TABLE subscription (
    tenant TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    doc JSONB COMPRESSION lz4 NOT NULL,
    context JSONB,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    modified_at TIMESTAMP WITH TIME ZONE NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE,
    next_at TIMESTAMP WITH TIME ZONE,
    cooldown_until TIMESTAMP WITH TIME ZONE,
    last_notification_at TIMESTAMP WITH TIME ZONE,
    last_success_at TIMESTAMP WITH TIME ZONE,
    last_failure_at TIMESTAMP WITH TIME ZONE,
    times_sent BIGINT DEFAULT 0 NOT NULL,
    times_failed BIGINT DEFAULT 0 NOT NULL,
    failures_in_a_row INTEGER DEFAULT 0 NOT NULL,
    last_error TEXT,
    PRIMARY KEY (tenant, id)
);
CREATE INDEX subscription_next_at ON subscription (next_at) WHERE next_at IS NOT NULL;

CREATE TABLE temporal_entity (
    tenant TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    types TEXT[] NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    modified_at TIMESTAMP WITH TIME ZONE NOT NULL,
    deleted_at TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (tenant, id)
);
CREATE INDEX temporal_entity_types ON temporal_entity USING gin (types);

CREATE TABLE tenant (
    name TEXT COLLATE "C" NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (name)
);
"""


def upgrade() -> None:
    """Create every table; statements go one by one, as the driver prepares them."""
    for statement in STATEMENTS.split(";\n"):
        if statement.strip():
            op.execute(statement)
