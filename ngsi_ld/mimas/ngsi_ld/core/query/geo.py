"""Geo-queries (CIM 009 4.10): georel, geometry, coordinates and geoproperty.

The relation reads *target georel reference*. `near` is in metres on the sphere; all other relations are
those of plane geometry over longitude and latitude, as in GeoJSON itself (RFC 7946, 3.1.1).
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, cast

from ..errors import BadRequestData, TooComplexQuery
from .limits import MAX_POSITIONS, check_text
from .scanner import Scanner

GeoRelation = Literal["near", "within", "contains", "intersects", "equals", "disjoint", "overlaps"]
GeometryType = Literal["Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon"]
Position = tuple[float, float]
Coordinates = tuple[Any, ...]

_RELATIONS = ("within", "contains", "intersects", "equals", "disjoint", "overlaps")
_NEAR = re.compile(
    r"near;(maxDistance|minDistance)==((?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)", re.ASCII
)
_NESTING: dict[str, int] = {
    "Point": 0, "MultiPoint": 1, "LineString": 1, "MultiLineString": 2, "Polygon": 2, "MultiPolygon": 3,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Geometry:
    """A checked GeoJSON geometry in two dimensions; the coordinates are nested tuples."""

    type: GeometryType
    coordinates: Coordinates

    def to_geojson(self) -> dict[str, Any]:
        """The geometry as GeoJSON."""
        return {"type": self.type, "coordinates": self.coordinates}


@dataclass(frozen=True, slots=True)
class GeoQuery:
    """Entities whose `geoproperty` (a stored name) is in this relation to the reference geometry.

    `near` has one of the two distances, in metres.
    """

    relation: GeoRelation
    reference: Geometry
    geoproperty: str = "location"
    max_distance: float | None = None
    min_distance: float | None = None


def parse_geo_query(
    georel: Any, geometry: Any, coordinates: Any, geoproperty: Any, expand: Callable[[str], str]
) -> GeoQuery | None:
    """Return the query the parameters make, None without any; `coordinates` is JSON text or parsed JSON."""
    if georel is None and geometry is None and coordinates is None:
        if geoproperty is not None:
            raise BadRequestData("geoproperty needs georel, geometry and coordinates")
        return None
    given = {"georel": georel, "geometry": geometry, "coordinates": coordinates}
    missing = [name for name, value in given.items() if value is None]
    if missing:
        raise BadRequestData(
            f"georel, geometry and coordinates need each other: {', '.join(missing)} missing"
        )
    relation, max_distance, min_distance = _read_georel(check_text(georel, "georel"))
    reference = parse_geometry(geometry, coordinates)
    return GeoQuery(relation, reference, _read_geoproperty(geoproperty, expand), max_distance, min_distance)


def parse_geometry(geometry: Any, coordinates: Any) -> Geometry:
    """Return the geometry of a type name and coordinates, given as JSON text or parsed JSON."""
    if not isinstance(geometry, str) or geometry not in _NESTING:
        raise BadRequestData(f"geometry must be one of {', '.join(_NESTING)}")
    if isinstance(coordinates, str):
        try:
            coordinates = json.loads(check_text(coordinates, "coordinates"))
        except (ValueError, RecursionError):
            raise BadRequestData("coordinates must be a JSON array") from None
    budget = [MAX_POSITIONS]
    checked = _read_nested(coordinates, _NESTING[geometry], budget)
    _check_shape(geometry, checked)
    return Geometry(cast("GeometryType", geometry), checked)


def _read_georel(text: str) -> tuple[GeoRelation, float | None, float | None]:
    if text in _RELATIONS:
        return cast("GeoRelation", text), None, None
    found = _NEAR.fullmatch(text)
    if found is None:
        raise BadRequestData(
            f"georel must be near;maxDistance==N, near;minDistance==N or one of {', '.join(_RELATIONS)}"
        )
    distance = float(found.group(2))
    if not 0 < distance < math.inf:
        raise BadRequestData(f"{found.group(1)} must be a number of metres above 0")
    return ("near", distance, None) if found.group(1) == "maxDistance" else ("near", None, distance)


def _read_geoproperty(text: Any, expand: Callable[[str], str]) -> str:
    if text is None:
        return "location"
    scanner = Scanner(text, "geoproperty")
    name = expand(scanner.name(what="the name of a GeoProperty"))
    if not scanner.at_end:
        scanner.fail(f"unexpected {scanner.peek()!r}")
    return name


def _read_nested(value: Any, depth: int, budget: list[int]) -> Coordinates:
    if depth == 0:
        return _read_position(value, budget)
    if not isinstance(value, list | tuple) or not value:
        raise BadRequestData("coordinates are not nested as the geometry needs it")
    return tuple(_read_nested(each, depth - 1, budget) for each in value)


def _read_position(value: Any, budget: list[int]) -> Position:
    budget[0] -= 1
    if budget[0] < 0:
        raise TooComplexQuery(f"coordinates hold more than {MAX_POSITIONS} positions")
    if not isinstance(value, list | tuple) or not 2 <= len(value) <= 4:
        raise BadRequestData("coordinates must consist of positions [longitude, latitude]")
    if not all(isinstance(each, int | float) and not isinstance(each, bool) for each in value):
        raise BadRequestData("coordinates must consist of numbers")
    longitude, latitude = value[0], value[1]
    if not (-180 <= longitude <= 180 and -90 <= latitude <= 90):
        raise BadRequestData(f"[{longitude}, {latitude}] is not on earth: longitude comes first, in degrees")
    return float(longitude), float(latitude)


def _check_shape(geometry: str, coordinates: Coordinates) -> None:
    lines: tuple[Any, ...] = ()
    if geometry in ("LineString", "MultiLineString"):
        lines = (coordinates,) if geometry == "LineString" else coordinates
    if any(len(line) < 2 for line in lines):
        raise BadRequestData("a LineString needs two positions at least")
    rings: tuple[Any, ...] = ()
    if geometry in ("Polygon", "MultiPolygon"):
        rings = coordinates if geometry == "Polygon" else tuple(ring for part in coordinates for ring in part)
    for ring in rings:
        if len(ring) < 4 or ring[0] != ring[-1]:
            raise BadRequestData(
                "a ring of a Polygon needs four positions at least, the last equal to the first"
            )
