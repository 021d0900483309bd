"""Distances in metres on the sphere (the haversine's, CIM 009 4.10 and 4.23) between any two geometries.

Edges are great circles and the radius is the mean one, both as PostGIS has them for geography on the sphere.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise, product

from .geo import Coordinates, Geometry, Position

EARTH_RADIUS = 6_371_008.771415059

Vector = tuple[float, float, float]
Box = tuple[float, float, float, float]
Arc = tuple[Vector, Vector]
Ring = list[Vector]


@dataclass(frozen=True, slots=True)
class _Parts:
    points: list[Vector]
    arcs: list[Arc]
    polygons: list[list[Ring]]
    starts: list[Vector]


def distance(one: Geometry, other: Geometry) -> float:
    """The metres between the nearest points; 0 when the geometries touch."""
    first, second = _parts(one), _parts(other)
    if _covers(first, second) or _covers(second, first):
        return 0.0
    return EARTH_RADIUS * min(_angles(first, second))


def search_box(reference: Geometry, metres: float) -> Box:
    """West, south, east and north of all within `metres`; all longitudes where that is a whole turn."""
    parts = _parts(reference)
    angle = metres / EARTH_RADIUS
    corners = [*parts.points, *(top for arc in parts.arcs for top in _summits(arc))]
    latitudes = [math.degrees(math.asin(max(-1.0, min(1.0, corner[2])))) for corner in corners]
    longitudes = [position[0] for position in _positions(reference.coordinates)]
    spread = math.degrees(angle) + 1e-9
    south, north = min(latitudes) - spread, max(latitudes) + spread
    if south <= -90 or north >= 90:
        return -180.0, max(south, -90.0), 180.0, min(north, 90.0)
    widest = math.cos(math.radians(max(-south, north)))
    sideways = math.degrees(math.asin(min(1.0, math.sin(min(angle, math.pi / 2)) / widest))) + 1e-9
    west, east = min(longitudes) - sideways, max(longitudes) + sideways
    if west < -180 or east > 180 or _turns(reference):
        return -180.0, south, 180.0, north
    return west, south, east, north


def _turns(reference: Geometry) -> bool:
    """True when an edge is shorter across the antimeridian."""
    longitudes = [position[0] for position in _positions(reference.coordinates)]
    return max(longitudes) - min(longitudes) >= 180


def _positions(coordinates: Coordinates) -> Iterator[Position]:
    if isinstance(coordinates[0], tuple):
        for each in coordinates:
            yield from _positions(each)
    else:
        yield coordinates[0], coordinates[1]


def _vector(position: Coordinates) -> Vector:
    longitude, latitude = math.radians(position[0]), math.radians(position[1])
    return (
        math.cos(latitude) * math.cos(longitude),
        math.cos(latitude) * math.sin(longitude),
        math.sin(latitude),
    )


def _parts(geometry: Geometry) -> _Parts:
    coordinates = geometry.coordinates
    match geometry.type:
        case "Point":
            points = [_vector(coordinates)]
            return _Parts(points, [], [], points)
        case "MultiPoint":
            points = [_vector(each) for each in coordinates]
            return _Parts(points, [], [], points)
        case "LineString" | "MultiLineString":
            lines = [coordinates] if geometry.type == "LineString" else list(coordinates)
            return _from_lines([[_vector(each) for each in line] for line in lines], [])
    shells = [coordinates] if geometry.type == "Polygon" else list(coordinates)
    polygons = [[[_vector(each) for each in ring] for ring in polygon] for polygon in shells]
    return _from_lines([ring for polygon in polygons for ring in polygon], polygons)


def _from_lines(lines: list[Ring], polygons: list[list[Ring]]) -> _Parts:
    arcs = [arc for line in lines for arc in pairwise(line)]
    return _Parts([point for line in lines for point in line], arcs, polygons, [line[0] for line in lines])


def _covers(one: _Parts, other: _Parts) -> bool:
    """True when a polygon of `one` has a part of `other` inside."""
    return any(_inside(start, polygon) for polygon, start in product(one.polygons, other.starts))


def _inside(point: Vector, polygon: list[Ring]) -> bool:
    shell, *holes = polygon
    return _winds(point, shell) and not any(_winds(point, hole) for hole in holes)


def _winds(point: Vector, ring: Ring) -> bool:
    """True when the ring goes round the point: its vertices' directions add up to a full turn."""
    east: Vector = (-point[1], point[0], 0.0)
    if _length(east) < 1e-12:
        east = (1.0, 0.0, 0.0)
    north = _cross(point, east)
    angles = [math.atan2(_dot(each, east), _dot(each, north)) for each in ring]
    turn = sum(math.remainder(after - before, math.tau) for before, after in pairwise(angles))
    return abs(turn) > math.pi


def _angles(first: _Parts, second: _Parts) -> Iterator[float]:
    for arc, other in product(first.arcs, second.arcs):
        if _cross_each_other(arc, other):
            yield 0.0
            return
    for point, arc in product(first.points, second.arcs):
        yield _to_arc(point, arc)
    for point, arc in product(second.points, first.arcs):
        yield _to_arc(point, arc)
    if not first.arcs and not second.arcs:
        for point, other_point in product(first.points, second.points):
            yield _angle(point, other_point)


def _to_arc(point: Vector, arc: Arc) -> float:
    start, end = arc
    normal = _cross(start, end)
    length = _length(normal)
    if length > 1e-15:
        height = _dot(point, normal) / length
        foot = (
            point[0] - height * normal[0] / length,
            point[1] - height * normal[1] / length,
            point[2] - height * normal[2] / length,
        )
        if _dot(_cross(start, foot), normal) >= 0 and _dot(_cross(foot, end), normal) >= 0:
            return abs(math.atan2(height, _length(foot)))
    return min(_angle(point, start), _angle(point, end))


def _cross_each_other(one: Arc, other: Arc) -> bool:
    """True when the arcs cross between their ends; those of one great circle are left to their ends."""
    first, second = _cross(*one), _cross(*other)
    meeting = _cross(first, second)
    if _length(meeting) <= 1e-12 * _length(first) * _length(second):
        return False
    if _dot(other[0], first) * _dot(other[1], first) >= 0 or _dot(one[0], second) * _dot(one[1], second) >= 0:
        return False
    return _dot(meeting, _sum(*one)) * _dot(meeting, _sum(*other)) > 0


def _summits(arc: Arc) -> Iterator[Vector]:
    """The northernmost and southernmost points of an arc that lie between its ends."""
    start, end = arc
    normal = _cross(start, end)
    length = _length(normal)
    if length < 1e-15:
        return
    tilt = normal[2] / length**2
    top = (-tilt * normal[0], -tilt * normal[1], 1 - tilt * normal[2])
    height = _length(top)
    if height < 1e-12:
        return
    for sign in (1, -1):
        summit = (sign * top[0] / height, sign * top[1] / height, sign * top[2] / height)
        if _dot(_cross(start, summit), normal) >= 0 and _dot(_cross(summit, end), normal) >= 0:
            yield summit


def _angle(one: Vector, other: Vector) -> float:
    return math.atan2(_length(_cross(one, other)), _dot(one, other))


def _dot(one: Vector, other: Vector) -> float:
    return one[0] * other[0] + one[1] * other[1] + one[2] * other[2]


def _cross(one: Vector, other: Vector) -> Vector:
    return (
        one[1] * other[2] - one[2] * other[1],
        one[2] * other[0] - one[0] * other[2],
        one[0] * other[1] - one[1] * other[0],
    )


def _sum(one: Vector, other: Vector) -> Vector:
    return one[0] + other[0], one[1] + other[1], one[2] + other[2]


def _length(vector: Vector) -> float:
    return math.sqrt(_dot(vector, vector))
