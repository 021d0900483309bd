"""Statements over `attr_history`: windows, the last instances, the entities that have any (CIM 009 4.11)."""

# ruff: noqa: S608 - statements are made of constants, columns and placeholders

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from ..core.query.temporal import TemporalQuery
from .sql import bind

# `at` is observedAt where there is one, so a window over observedAt uses the key and prunes partitions.
_COLUMNS = {
    "observedAt": "at",
    "createdAt": "created_at",
    "modifiedAt": "modified_at",
    "deletedAt": "deleted_at",
}
INSTANCE = (
    "h.entity_id, h.attribute_id, h.dataset_id, h.at, h.observed_at, h.created_at, h.modified_at,"
    " h.deleted_at, h.instance_id, h.instance"
)


def time_column(window: TemporalQuery | None) -> str:
    """The column that places an instance in time."""
    return _COLUMNS[window.timeproperty] if window else "at"


def in_window(window: TemporalQuery | None, bound: list[Any]) -> str:
    """The condition on `h` that an instance lies in the window; it must have the time property."""
    if window is None:
        return "true"
    column = f"h.{time_column(window)}"
    conditions = [
        f"h.{'observed_at' if window.timeproperty == 'observedAt' else time_column(window)} IS NOT NULL"
    ]
    if window.time_at is not None:
        if window.timerel == "before":
            conditions.append(f"{column} < {bind(bound, window.time_at, 'timestamptz')}")
        else:
            conditions.append(f"{column} >= {bind(bound, window.time_at, 'timestamptz')}")
    if window.timerel == "between" and window.end_time_at is not None:
        conditions.append(f"{column} < {bind(bound, window.end_time_at, 'timestamptz')}")
    return " AND ".join(conditions)


def select_instances(
    tenant: str,
    entity_ids: Collection[str],
    attribute_ids: Collection[int] | None,
    dataset_ids: Collection[str],
    window: TemporalQuery | None,
    *,
    newest_first: bool,
    limit: int,
) -> tuple[str, list[Any]]:
    """At most `limit` instances of each attribute of each entity, in the order of time."""
    bound: list[Any] = []
    owner = bind(bound, tenant, "text")
    entities = bind(bound, list(entity_ids), "text[]")
    condition = in_window(window, bound)
    if dataset_ids:
        condition += f" AND h.dataset_id = any({bind(bound, list(dataset_ids), 'text[]')})"
    direction = "DESC" if newest_first else "ASC"
    column = time_column(window)
    sql = f"""
        SELECT {INSTANCE}
        FROM ({_attributes_of(owner, entities, attribute_ids, bound)}) AS a(entity_id, attribute_id)
        CROSS JOIN LATERAL (
            SELECT h.* FROM attr_history h
            WHERE h.tenant = {owner} AND h.entity_id = a.entity_id AND h.attribute_id = a.attribute_id
                AND {condition}
            ORDER BY h.{column} {direction}, h.instance_id {direction} LIMIT {bind(bound, limit, "bigint")}
        ) AS h
        ORDER BY h.entity_id, h.attribute_id, h.{column} {direction}, h.instance_id {direction}
    """
    return sql, bound


def has_instances(
    tenant: str,
    entity_id: str,
    attribute_ids: Collection[int] | None,
    window: TemporalQuery | None,
    bound: list[Any],
) -> str:
    """The condition that an entity has an instance in the window; `tenant` and `entity_id` are SQL."""
    conditions = [f"h.tenant = {tenant}", f"h.entity_id = {entity_id}", in_window(window, bound)]
    if attribute_ids is not None:
        conditions.append(f"h.attribute_id = any({bind(bound, list(attribute_ids), 'int[]')})")
    return f"EXISTS (SELECT FROM attr_history h WHERE {' AND '.join(conditions)})"


def _attributes_of(owner: str, entities: str, attribute_ids: Collection[int] | None, bound: list[Any]) -> str:
    """The attributes each entity has: those asked for, else one look into the key for each."""
    if attribute_ids is not None:
        attributes = bind(bound, list(attribute_ids), "int[]")
        return f"SELECT * FROM unnest({entities}) AS e, unnest({attributes}) AS n"
    return f"""
        WITH RECURSIVE had(entity_id, attribute_id) AS (
            SELECT e, (
                SELECT min(x.attribute_id) FROM attr_history x WHERE x.tenant = {owner} AND x.entity_id = e
            ) FROM unnest({entities}) AS e
            UNION ALL
            SELECT had.entity_id, (
                SELECT min(x.attribute_id) FROM attr_history x
                WHERE x.tenant = {owner} AND x.entity_id = had.entity_id AND x.attribute_id > had.attribute_id
            ) FROM had WHERE had.attribute_id IS NOT NULL
        )
        SELECT entity_id, attribute_id FROM had WHERE attribute_id IS NOT NULL
    """
