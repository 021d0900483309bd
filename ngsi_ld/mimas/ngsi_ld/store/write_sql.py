"""The one statement of a flush, and the arrays it takes.

Every row comes through `unnest` of arrays. On Citus that goes through the coordinator, where a multi-row
VALUES would be routed to the shards: `statement` is the only place that decides on the form. Times are
bound, never `now()`.

What lost a race against another writer comes back from the statement, and its history and outbox rows are
not written: an insert found the row, an update or a delete did not find the version it expected.

Binding an array costs a third of a microsecond for each value and half of that for a null, so nulls stand
for what is usual: the default tenant and dataset, the time of the flush.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from string import Template
from typing import Any

import orjson

from ..core.kinds import VALUE_MEMBER
from ..core.state import HistoryEntry
from .attribute_names import AttributeNames
from .geometry import LOCATION_KEY
from .instance_ids import InstanceIds, to_bytes
from .write_group import Group

Rows = list[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Arrays:
    """What a flush binds: the names of the inputs that have rows, and the columns of all of them in turn."""

    used: tuple[str, ...]
    columns: list[list[Any]]


_ENTITY = (
    *("tenant text", "id text", "expected bigint", "version bigint", "types text", "scopes text"),
    *("doc jsonb", "times jsonb", "created_at timestamptz", "modified_at timestamptz"),
    *("expires_next timestamptz", "location text"),
)
_GONE = ("tenant text", "id text", "expected bigint")
_SAME = ("tenant text", "id text", "expected bigint")
_FREE = ("tenant text", "id text")
_GEO = ("tenant text", "entity_id text", "attribute text", "dataset_id text", "geometry text")
_GEO_GONE = ("tenant text", "entity_id text", "attribute text", "dataset_id text")
_HISTORY = (
    *("tenant text", "entity_id text", "attribute_id int", "dataset_id text"),
    *("observed_at timestamptz", "created_at timestamptz", "modified_at timestamptz"),
    *("deleted_at timestamptz", "instance_id uuid", "number double precision", "instance jsonb"),
)
_OUTBOX = (
    *("tenant text", "subscription_id text", "entity_id text", "payload jsonb"),
    *("created_at timestamptz", "not_before timestamptz"),
)
_INPUTS = {
    "given": _ENTITY,
    "gone": _GONE,
    "same": _SAME,
    "free": _FREE,
    "geo": _GEO,
    "geo_gone": _GEO_GONE,
    "history": _HISTORY,
    "outbox": _OUTBOX,
}
_MAY_BE_NULL = ("tenant", "dataset_id")  # null is the empty text
_SEPARATOR = "\n"  # in no name: types and scopes travel joined, arrays of arrays have no unnest
_IS_CURRENT = "(SELECT fits FROM current)"

# What each input adds to the statement. `$now` and the inputs by their names are put in.
_CURRENT = """
fence AS MATERIALIZED (
    SELECT true AS holds FROM flush_mark WHERE writer = $writer AND flush = $flush FOR UPDATE
), current AS MATERIALIZED (
    SELECT EXISTS (SELECT FROM fence) AND ($generation::bigint IS NULL OR value = $generation) AS fits
    FROM generation WHERE name = 'subscription'
)"""
_PARTS = {
    "given": """
given AS MATERIALIZED (
    SELECT tenant, id, expected, version, string_to_array(types, E'\\n') AS types,
        string_to_array(scopes, E'\\n') AS scopes, doc, times,
        coalesce(created_at, $now) AS created_at, coalesce(modified_at, $now) AS modified_at, expires_next,
        st_setsrid(st_force2d(location::geometry), 4326) AS location
    FROM $given WHERE $is_current
), inserted AS (
    INSERT INTO entity (tenant, id, version, types, scopes, doc, times, created_at, modified_at, expires_next,
        location)
    SELECT tenant, id, version, types, scopes, doc, times, created_at, modified_at, expires_next, location
    FROM given WHERE expected = 0
    ON CONFLICT (tenant, id) DO NOTHING RETURNING tenant, id
), updated AS (
    UPDATE entity e SET version = g.version, types = g.types, scopes = g.scopes, doc = g.doc, times = g.times,
        created_at = g.created_at, modified_at = g.modified_at, expires_next = g.expires_next,
        location = g.location
    FROM given g
    WHERE g.expected > 0 AND e.tenant = g.tenant AND e.id = g.id AND e.version = g.expected
    RETURNING e.tenant, e.id
), new_tenant AS (
    INSERT INTO tenant (name, created_at)
    SELECT DISTINCT tenant, $now::timestamptz FROM given WHERE expected = 0 AND tenant <> ''
    ON CONFLICT DO NOTHING
)""",
    "gone": """
deleted AS (
    DELETE FROM entity e USING $gone
    WHERE e.tenant = gone.tenant AND e.id = gone.id AND e.version = gone.expected AND $is_current
    RETURNING e.tenant, e.id
)""",
    "geo": """
located AS (
    INSERT INTO entity_geo (tenant, entity_id, attribute, dataset_id, geometry)
    SELECT tenant, entity_id, attribute, dataset_id, st_setsrid(st_force2d(geometry::geometry), 4326)
    FROM $geo WHERE $was_written
    ON CONFLICT (tenant, entity_id, attribute, dataset_id) DO UPDATE SET geometry = excluded.geometry
)""",
    "geo_gone": """
dislocated AS (
    DELETE FROM entity_geo e USING $geo_gone
    WHERE e.tenant = geo_gone.tenant AND e.entity_id = geo_gone.entity_id
        AND e.attribute = geo_gone.attribute AND e.dataset_id = geo_gone.dataset_id AND $was_written
)""",
    "history": """
evolved AS (
    INSERT INTO attr_history (tenant, entity_id, attribute_id, dataset_id, at, observed_at, created_at,
        modified_at, deleted_at, instance_id, number, instance)
    SELECT tenant, entity_id, attribute_id, dataset_id, coalesce(observed_at, modified_at, $now),
        observed_at, coalesce(created_at, modified_at, $now), coalesce(modified_at, $now), deleted_at,
        instance_id, number, instance
    FROM $history WHERE $was_written
    ON CONFLICT DO NOTHING
)""",
    "outbox": """
queued AS (
    INSERT INTO outbox (tenant, subscription_id, entity_id, payload, created_at, not_before)
    SELECT * FROM $outbox WHERE $was_written
)""",
}
_WRITTEN = {
    "given": "SELECT tenant, id FROM inserted UNION ALL SELECT tenant, id FROM updated",
    "gone": "SELECT tenant, id FROM deleted",
    "same": """SELECT e.tenant, e.id FROM $same
        JOIN entity e ON e.tenant = same.tenant AND e.id = same.id AND e.version = same.expected
        WHERE $is_current""",
    "free": "SELECT tenant, id FROM $free WHERE $is_current",
}
_PROVEN = {
    "given": "SELECT tenant, id AS entity_id FROM given",
    "gone": "SELECT tenant, id AS entity_id FROM $gone",
    "same": "SELECT tenant, id AS entity_id FROM $same",
}
_BEFORE = ("given", "gone")  # the parts that `written` looks at
_MARKED = """
marked AS (
    UPDATE flush_mark SET flush = $flush + 1, at = $now,
        lost = (SELECT jsonb_agg(jsonb_build_array(tenant, entity_id)) FROM lost)
    WHERE writer = $writer AND $is_current
)"""
FENCED = "fenced"
_REFUSED = """
SELECT NULL AS tenant, CASE WHEN EXISTS (SELECT FROM fence) THEN 'stale' ELSE 'fenced' END AS entity_id
WHERE NOT $is_current"""


def statement(used: Sequence[str]) -> str:
    """The flush statement for the inputs that have rows, by their names in the order of `Arrays`.

    It takes their columns, then writer, number of the flush before, time and generation. It gives tenant and
    id of what lost a race. A row without tenant says that nothing is written: the generation of the
    subscriptions is another, or the mark is (FENCED). What is not used is left away: each part costs
    something even when it is empty.
    """
    sources = _sources(used)
    first = sum(len(_INPUTS[name]) for name in used) + 1
    ends = dict(
        zip(("writer", "flush", "now", "generation"), (f"${first + n}" for n in range(4)), strict=True)
    )

    def filled(text: str, name: str = "") -> str:
        return Template(text).substitute(
            sources, **ends, is_current=_IS_CURRENT, was_written=_was_written(name)
        )

    def union(pieces: dict[str, str]) -> str:
        return " UNION ALL ".join(filled(piece) for name, piece in pieces.items() if name in used)

    before = [filled(_PARTS[name], name) for name in _BEFORE if name in used]
    after = [filled(part, name) for name, part in _PARTS.items() if name in used and name not in _BEFORE]
    written = f"\nwritten AS MATERIALIZED ({union(_WRITTEN)})"
    proven = union(_PROVEN) or "SELECT NULL AS tenant, NULL AS entity_id WHERE false"
    lost = f"\nlost AS MATERIALIZED (SELECT * FROM ({proven}) AS proven WHERE NOT {_was_written('proven')})"  # noqa: S608
    parts = (filled(_CURRENT), *before, written, *after, lost, filled(_MARKED))
    return "WITH " + ",".join(parts) + filled(_REFUSED) + " UNION ALL SELECT * FROM lost"  # noqa: S608


def arrays(groups: Sequence[Group], names: AttributeNames, ids: InstanceIds, now: datetime) -> Arrays:
    """What the groups write, as the columns that `statement` binds."""
    entity: Rows = []
    gone: Rows = []
    same: Rows = []
    free: Rows = []
    geo: Rows = []
    geo_gone: Rows = []
    history: Rows = []
    outbox: Rows = []
    for group in groups:
        tenant, entity_id = group.key[0] or None, group.key[1]
        if group.writes_state:
            if group.state is None:
                gone.append((tenant, entity_id, group.expected_version))
            else:
                entity.append(_entity_row(tenant, group, now))
            geo.extend(_geo_rows(group))
            geo_gone.extend(_geo_gone_rows(group))
        elif group.touches_row:
            same.append((tenant, entity_id, group.expected_version))
        elif group.history:
            free.append((tenant, entity_id))
        history += [_history_row(tenant, entity_id, each, names, ids, now) for each in group.history]
        outbox.extend(
            (tenant, row.subscription_id, row.entity_id, row.payload, now, row.not_before)
            for row in group.outbox
        )
    inputs = (entity, gone, same, free, geo, geo_gone, history, outbox)
    used = {name: rows for name, rows in zip(_INPUTS, inputs, strict=True) if rows}
    return Arrays(tuple(used), [list(column) for rows in used.values() for column in zip(*rows, strict=True)])


def number_of(instance: dict[str, Any]) -> float | None:
    """The value of an instance as aggregates count it; booleans are 1 and 0 (CIM 009 4.5.19.1)."""
    value = instance.get("value")
    if type(value) is float:
        return value
    if isinstance(value, (int, float)):
        try:
            return float(value)
        except OverflowError:
            return None
    return None


def _sources(used: Sequence[str]) -> dict[str, str]:
    """Each input as an item of a FROM clause."""
    found = {}
    first = 1
    for name in used:
        fields = [field.partition(" ") for field in _INPUTS[name]]
        columns = ", ".join(f"${first + place}::{kind}[]" for place, (_, _, kind) in enumerate(fields))
        labels = [label for label, _, _ in fields]
        whole = ", ".join(
            f"coalesce({each}, '') AS {each}" if each in _MAY_BE_NULL else each for each in labels
        )
        found[name] = f"(SELECT {whole} FROM unnest({columns}) AS bound({', '.join(labels)})) AS {name}"  # noqa: S608
        first += len(fields)
    return found


def _was_written(source: str) -> str:
    """The condition that keeps a row of a written entity: `IS TRUE` makes it a hash look-up, never a join."""
    return f"(({source}.tenant, {source}.entity_id) IN (SELECT tenant, id FROM written)) IS TRUE"  # noqa: S608


def _entity_row(tenant: str | None, group: Group, now: datetime) -> tuple[Any, ...]:
    state, stored = group.state, group.stored
    assert state is not None
    assert stored is not None
    types, scopes = state.document["type"], state.document.get("scope")
    return (
        tenant,
        group.key[1],
        group.expected_version,
        state.version,
        _joined(types),
        None if scopes is None else _joined(scopes),
        stored.text,
        stored.times_text,
        _unless(now, state.created_at),
        _unless(now, state.modified_at),
        stored.expires_next,
        group.geometries.get(LOCATION_KEY),
    )


def _joined(names: str | list[str]) -> str:
    return names if isinstance(names, str) else _SEPARATOR.join(names)


def _geo_rows(group: Group) -> Iterable[tuple[Any, ...]]:
    for key, geometry in group.geometries.items():
        if key != LOCATION_KEY:
            yield (*group.key, *key, geometry)


def _geo_gone_rows(group: Group) -> Iterable[tuple[Any, ...]]:
    for key in group.former_geometries - group.geometries.keys():
        if key != LOCATION_KEY:
            yield (*group.key, *key)


def _history_row(
    tenant: str | None,
    entity_id: str,
    entry: HistoryEntry,
    names: AttributeNames,
    ids: InstanceIds,
    now: datetime,
) -> tuple[Any, ...]:
    instance, modified_at, created_at = entry.instance, entry.modified_at, entry.created_at
    return (
        tenant,
        entity_id,
        names.id_of(entry.attribute),
        entry.dataset_id or None,
        entry.observed_at,
        _unless(modified_at, created_at),
        _unless(now, modified_at),
        entry.deleted_at,
        to_bytes(entry.instance_id) if entry.instance_id else ids.new(),
        number_of(instance) if VALUE_MEMBER.get(instance["type"]) == "value" else None,
        orjson.dumps(instance),
    )


def _unless(usual: datetime, moment: datetime) -> datetime | None:
    """The moment, None when it is the usual one."""
    return None if moment is usual or moment == usual else moment
