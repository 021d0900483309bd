"""Geo-queries against a document in memory.

The planar relations are GEOS's, the library behind PostGIS too; a geometry that crosses itself is mended
first, as in SQL. GEOS is loaded when the first such query comes.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ..errors import NgsiLdError
from ..state import Document
from .geo import Geometry, GeoQuery, GeoRelation, parse_geometry
from .sphere import Box, distance, search_box

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry


def matches_geo(document: Document, query: GeoQuery) -> bool:
    """True when any instance of the GeoProperty is in the relation; without the GeoProperty nothing is."""
    return any(_related(geometry, query) for geometry in geometries(document, query.geoproperty))


def geometries(document: Document, attribute: str) -> Iterator[Geometry]:
    """The geometries of a GeoProperty's instances; what is no geometry on earth is passed over."""
    stored = document.get(attribute)
    for instance in stored if isinstance(stored, list) else (stored,):
        value = instance.get("value") if isinstance(instance, dict) else None
        if not isinstance(value, dict):
            continue
        try:
            yield parse_geometry(value.get("type"), value.get("coordinates"))
        except NgsiLdError:
            continue


def _related(target: Geometry, query: GeoQuery) -> bool:
    if query.relation != "near":
        return _planar(target, query.relation, query.reference)
    if query.max_distance is not None:
        return _is_near(target, query.reference, query.max_distance)
    assert query.min_distance is not None
    return not _is_near(target, query.reference, query.min_distance)


def _is_near(target: Geometry, reference: Geometry, metres: float) -> bool:
    """Within `metres`, among what overlaps the box that an index can search."""
    return (
        _overlaps(_bounds(target), _search_box(reference, metres)) and distance(target, reference) <= metres
    )


@lru_cache(maxsize=1024)
def _search_box(reference: Geometry, metres: float) -> Box:
    return search_box(reference, metres)


def _overlaps(one: Box, other: Box) -> bool:
    return one[0] <= other[2] and one[2] >= other[0] and one[1] <= other[3] and one[3] >= other[1]


def _bounds(geometry: Geometry) -> Box:
    positions: list[Any] = [geometry.coordinates]
    while isinstance(positions[0][0], tuple):
        positions = [inner for each in positions for inner in each]
    longitudes = [position[0] for position in positions]
    latitudes = [position[1] for position in positions]
    return min(longitudes), min(latitudes), max(longitudes), max(latitudes)


def _planar(target: Geometry, relation: GeoRelation, reference: Geometry) -> bool:
    mine, theirs = _shape(target), _shape(reference)
    match relation:
        case "within":
            return bool(mine.within(theirs))
        case "contains":
            return bool(mine.contains(theirs))
        case "intersects":
            return bool(mine.intersects(theirs))
        case "equals":
            return bool(mine.equals(theirs))
        case "disjoint":
            return bool(mine.disjoint(theirs))
    return bool(mine.overlaps(theirs))


@lru_cache(maxsize=1024)
def _shape(geometry: Geometry) -> BaseGeometry:
    from shapely import GeometryCollection, make_valid, union_all
    from shapely.geometry import shape

    mended = make_valid(shape(geometry.to_geojson()))
    if not isinstance(mended, GeometryCollection):
        return mended
    widest = max(part.area > 0 for part in mended.geoms)
    return union_all([part for part in mended.geoms if (part.area > 0) == widest])
