"""Geometries: their shape by RFC 7946, their validity by the Simple Features model."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any

import shapely
from shapely.geometry import shape

from ..verdicts import Failure

Geometry = dict[str, Any]
Position = tuple[float, ...]
Box = tuple[float, float, float, float]

# How deep positions lie in `coordinates`.
_DEPTH = {"Point": 0, "MultiPoint": 1, "LineString": 1, "MultiLineString": 2, "Polygon": 2, "MultiPolygon": 3}
_AREAS = frozenset({"Polygon", "MultiPolygon"})
_MOST_POSITIONS = 200_000


def positions(geometry: Geometry | None) -> list[Position]:
    """All positions of a geometry; one that is no GeoJSON geometry is Failure."""
    return [] if geometry is None else list(_positions(geometry))


def _positions(geometry: Geometry) -> Iterator[Position]:
    kind = geometry.get("type")
    if kind == "GeometryCollection":
        for each in geometry.get("geometries") or ():
            if not isinstance(each, dict) or each.get("type") == "GeometryCollection":
                raise Failure("A GeometryCollection holds something that is no simple geometry.")
            yield from _positions(each)
        return
    if kind not in _DEPTH:
        raise Failure(f"There is no geometry of the type {str(kind)[:40]!r} (RFC 7946, 3.1).")
    yield from _at_depth(geometry.get("coordinates"), _DEPTH[kind], kind)


def _at_depth(value: Any, depth: int, kind: str) -> Iterator[Position]:
    if not isinstance(value, list | tuple):
        raise Failure(
            f"The coordinates of a {kind} are not nested as RFC 7946, 3.1 asks: {str(value)[:60]!r}."
        )
    if depth:
        for each in value:
            yield from _at_depth(each, depth - 1, kind)
        return
    if not 2 <= len(value) <= 4 or not all(_is_number(each) for each in value):
        raise Failure(f"{str(value)[:60]!r} in a {kind} is no position (RFC 7946, 3.1.1).")
    yield tuple(map(float, value))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def problem_of(geometry: Geometry) -> str | None:
    """Why a geometry is not valid, in a few words; None when it is."""
    try:
        if len(positions(geometry)) > _MOST_POSITIONS:
            return None
        if ring := _bad_ring(geometry):
            return ring
        built = shape(geometry)
    except Failure as failure:
        return failure.message
    except (ValueError, TypeError, IndexError, AttributeError, shapely.errors.ShapelyError) as error:
        return f"not a geometry: {error}"
    return None if built.is_valid else str(shapely.is_valid_reason(built))


def _bad_ring(geometry: Geometry) -> str | None:
    for ring in rings(geometry):
        if len(ring) < 4:
            return "a ring of fewer than four positions"
        if ring[0] != ring[-1]:
            return "a ring that is not closed"
    return None


def rings(geometry: Geometry | None) -> list[list[Position]]:
    """All rings of the polygons in a geometry."""
    return [ring for polygon in _polygons(geometry) for ring in polygon]


def _polygons(geometry: Geometry | None) -> list[list[list[Position]]]:
    kind = geometry.get("type") if geometry else None
    if geometry is None or (kind not in _AREAS and kind != "GeometryCollection"):
        return []
    if kind == "GeometryCollection":
        return [each for every in geometry.get("geometries") or () for each in _polygons(every)]
    several = geometry["coordinates"] if kind == "MultiPolygon" else [geometry["coordinates"]]
    return [[[tuple(each) for each in ring] for ring in polygon] for polygon in several]


def follows_right_hand(geometry: Geometry | None) -> bool:
    """Whether outer rings run counter-clockwise and holes clockwise (RFC 7946, 3.1.6)."""
    return all(
        (_doubled_area(ring) > 0) == (number == 0)
        for polygon in _polygons(geometry)
        for number, ring in enumerate(polygon)
        if _doubled_area(ring)
    )


def _doubled_area(ring: list[Position]) -> float:
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in itertools.pairwise(ring))


def box_of(geometry: Geometry) -> Box:
    """The smallest box around a geometry."""
    found = positions(geometry)
    if not found:
        raise Failure("A geometry has no position at all.")
    return (
        min(each[0] for each in found),
        min(each[1] for each in found),
        max(each[0] for each in found),
        max(each[1] for each in found),
    )


def meets(geometry: Geometry | None, box: Box) -> bool:
    """Whether a geometry and a box have a point in common; without a geometry it does not."""
    return geometry is not None and bool(shape(geometry).intersects(shapely.box(*box)))


def are_equal(one: Geometry | None, other: Geometry | None, tolerance: float) -> bool:
    """Whether two geometries have the same type and the same positions, to a tolerance in their own unit."""
    if one is None or other is None:
        return one is other
    first, second = positions(one), positions(other)
    return (
        one.get("type") == other.get("type")
        and len(first) == len(second)
        and all(
            abs(a - b) <= tolerance
            for p, q in zip(first, second, strict=True)
            for a, b in zip(p[:2], q[:2], strict=True)
        )
    )


def exchanged(geometry: Geometry) -> Geometry:
    """The same with the first two coordinates of every position exchanged."""
    if geometry.get("type") == "GeometryCollection":
        return {**geometry, "geometries": [exchanged(each) for each in geometry["geometries"]]}
    return {**geometry, "coordinates": _exchange(geometry["coordinates"])}


def _exchange(value: Any) -> Any:
    if value and not isinstance(value[0], list | tuple):
        return [value[1], value[0], *value[2:]]
    return [_exchange(each) for each in value]
