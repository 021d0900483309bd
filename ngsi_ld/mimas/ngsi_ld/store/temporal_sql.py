"""Time in SQL: windows over history rows, and the keys that times in documents are compared by."""

from __future__ import annotations

from typing import Any

from ..core.query.literals import SHAPES, WIDTHS, TemporalKind
from ..core.query.temporal import TemporalQuery
from .sql import bind

_COLUMNS = {
    "observedAt": "observed_at",
    "createdAt": "created_at",
    "modifiedAt": "modified_at",
    "deletedAt": "deleted_at",
}


def time_column(query: TemporalQuery) -> str:
    """The column that holds the time property."""
    return _COLUMNS[query.timeproperty]


def compile_temporal(query: TemporalQuery, parameters: list[Any], alias: str = "attr_history") -> str:
    """Return the condition that a row lies in the window; a row without the time property never does."""
    column = f"{alias}.{time_column(query)}"
    if query.timerel is None:
        return f"({column} IS NOT NULL)"
    start = bind(parameters, query.time_at, "timestamptz")
    if query.timerel == "before":
        return f"({column} IS NOT NULL AND {column} < {start})"
    if query.end_time_at is None:
        return f"({column} IS NOT NULL AND {column} >= {start})"
    end = bind(parameters, query.end_time_at, "timestamptz")
    return f"({column} IS NOT NULL AND {column} >= {start} AND {column} < {end})"


def temporal_key_sql(text: str, kind: TemporalKind) -> str:
    """The key of a text that has the shape of `kind` (see `core.query.literals`), else null."""
    key = text
    if kind != "Date":
        width = WIDTHS[kind]
        key = f"left({text}, {width}) || rpad(rtrim(substr({text}, {width + 2}), 'Z'), 6, '0')"
    return f"(CASE WHEN {text} ~ '^{SHAPES[kind]}$' THEN {key} END COLLATE \"C\")"
