"""Conditions and sources over `attr_history`, whose rows are called `h` (CIM 009 4.11)."""

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


def known_entities(owner: str) -> str:
    """A subquery of the entities the history may know: those that are there, and those that were."""
    return f"""(
        SELECT id, types, created_at, modified_at, NULL::timestamptz AS deleted_at
        FROM entity WHERE tenant = {owner}
        UNION ALL
        SELECT id, types, created_at, modified_at, deleted_at FROM temporal_entity t WHERE tenant = {owner}
            AND NOT EXISTS (SELECT FROM entity e WHERE e.tenant = {owner} AND e.id = t.id)
    )"""


def of_datasets(dataset_ids: Collection[str], bound: list[Any]) -> str:
    """The condition on `h` that an instance is of one of the datasets; `@none` is the default one (4.5.5)."""
    if not dataset_ids:
        return "TRUE"
    keys = ["" if each == "@none" else each for each in dataset_ids]
    return f"h.dataset_id = any({bind(bound, keys, 'text[]')})"


def attributes_of(owner: str, entities: str, attribute_ids: Collection[int] | None, bound: list[Any]) -> str:
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
