"""How far a page of the nearest entities reaches, found by the index instead of measuring to all of them.

The index walks in degrees, an ordering counts metres. So as many entities as the page needs are taken in the
order of the index; the farthest of them is a radius within which the page must lie.
"""

# ruff: noqa: S608 - statements are made of constants and compiled conditions

from __future__ import annotations

from typing import Any

from ..core.query.entity_query import EntityQuery, Page
from ..core.query.geo import GeoQuery
from .entity_query_sql import compile_entity_query
from .geo_sql import LOCATION, geometry_sql
from .sql import bind

_SLACK = 1.000001


def asks_for_nearest(query: EntityQuery) -> bool:
    """Whether the entities are ordered by their distance, the nearest first."""
    if not query.ordering:
        return False
    first = query.ordering[0]
    return first.reference is not None and not first.descending and first.path.names == (LOCATION,)


def select_reach(tenant: str, query: EntityQuery, page: Page) -> tuple[str, list[Any]]:
    """The statement for the radius in metres; null when there are not that many entities with a location."""
    reference = query.ordering[0].reference
    assert reference is not None
    arguments: list[Any] = []
    condition = f"tenant = {bind(arguments, tenant, 'text')} AND {compile_entity_query(query, arguments)}"
    place = geometry_sql(reference, arguments)
    rows = bind(arguments, page.offset + page.limit + 1, "bigint")
    nearest = (
        f"SELECT ST_Distance(location::geography, {place}::geography, FALSE) AS metres FROM entity"
        f" WHERE {condition} AND location IS NOT NULL ORDER BY location <-> {place} LIMIT {rows}"
    )
    return f"SELECT max(metres) FROM ({nearest}) AS nearest HAVING count(*) = {rows}", arguments


def around(query: EntityQuery, metres: float) -> GeoQuery:
    """The entities within this radius of where the ordering counts from."""
    reference = query.ordering[0].reference
    assert reference is not None
    return GeoQuery("near", reference, LOCATION, max_distance=metres * _SLACK + 0.001)
