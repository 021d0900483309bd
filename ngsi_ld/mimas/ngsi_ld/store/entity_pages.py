"""The statement that reads one page of entities.

One type is the usual case, and ids often begin with the type: walking the primary key for a type would pass
all entities of the types before it. So one type is read from the index over (first type, id), and the few
entities that have it as a further type from an index of their own; both come in the order of ids.
"""

# ruff: noqa: S608 - statements are made of constants and compiled conditions

from __future__ import annotations

from typing import Any

from ..core.query.entity_query import EntityQuery, Page
from ..core.query.geo import GeoQuery
from .entity_query_sql import compile_entity_query
from .geo_sql import compile_geo
from .ordering_sql import compile_ordering
from .sql import bind


def select_page(
    columns: str, tenant: str, query: EntityQuery, page: Page, around: GeoQuery | None = None
) -> tuple[str, list[Any]]:
    """The statement for a page and one row more, which tells whether another page follows.

    `page.after` counts only where nothing else orders the entities than their ids. The page is known to lie
    within `around`.
    """
    arguments: list[Any] = []
    condition = f"tenant = {bind(arguments, tenant, 'text')} AND {compile_entity_query(query, arguments)}"
    if query.ordering:
        ordering = compile_ordering(query.ordering, query.collation, arguments)
        if around is not None:
            condition += f" AND {compile_geo(around, arguments)}"
        source = f"SELECT {columns} FROM entity {ordering.joins} WHERE {condition}"
        return _sliced(f"{source} ORDER BY {ordering.keys}, id", page, arguments)
    if page.after is not None:
        condition += f" AND id > {bind(arguments, page.after, 'text')}"
    return _sliced(f"{_source(columns, query, condition, page, arguments)} ORDER BY id", page, arguments)


def _sliced(statement: str, page: Page, arguments: list[Any]) -> tuple[str, list[Any]]:
    rows, skip = bind(arguments, page.limit + 1, "bigint"), bind(arguments, page.offset, "bigint")
    return f"{statement} LIMIT {rows} OFFSET {skip}", arguments


def _source(columns: str, query: EntityQuery, condition: str, page: Page, arguments: list[Any]) -> str:
    """What the page is cut from: the entities, or for one type two parts that are each in order."""
    name = only_type(query)
    if name is None or query.ids:
        return f"SELECT {columns} FROM entity WHERE {condition}"
    first = bind(arguments, name, "text")
    rows = bind(arguments, page.offset + page.limit + 1, "bigint")
    parts = (
        f"(SELECT {columns} FROM entity WHERE {which} AND {condition} ORDER BY id LIMIT {rows})"
        for which in (f"types[1] = {first}", f"types[1] <> {first} AND cardinality(types) > 1")
    )
    return f"SELECT {columns} FROM ({' UNION ALL '.join(parts)}) AS entity"


def only_type(query: EntityQuery) -> str | None:
    """The type, when the query asks for one and nothing else."""
    if query.types is None or query.types.any_type or len(query.types.alternatives) != 1:
        return None
    names = query.types.alternatives[0]
    return next(iter(names)) if len(names) == 1 else None
