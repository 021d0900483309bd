"""Longitude and latitude to the plane of a map, in the projection that tile servers use."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

_EARTH_RADIUS = 6_378_137.0
_WORLD = 2 * math.pi * _EARTH_RADIUS
_LARGEST_LATITUDE = 85.0


@dataclass(frozen=True, slots=True)
class Frame:
    """A window on the world: its corner and size in world units (0 to 1), drawn `width` x `height`."""

    left: float
    top: float
    scale: float
    width: int
    height: int

    def place(self, longitude: float, latitude: float) -> tuple[float, float]:
        """Where a position is drawn."""
        x, y = to_world(longitude, latitude)
        return (x - self.left) * self.scale, (y - self.top) * self.scale

    def position(self, x: float, y: float) -> tuple[float, float]:
        """Longitude and latitude of a place in the drawing."""
        return from_world(self.left + x / self.scale, self.top + y / self.scale)

    def metres_per_pixel(self) -> float:
        """How much ground a pixel covers in the middle of the map."""
        _, latitude = self.position(self.width / 2, self.height / 2)
        return _WORLD * math.cos(math.radians(latitude)) / self.scale


def to_world(longitude: float, latitude: float) -> tuple[float, float]:
    """Web Mercator, the world being the unit square with its corner in the north-west."""
    limited = max(-_LARGEST_LATITUDE, min(_LARGEST_LATITUDE, latitude))
    sine = math.sin(math.radians(limited))
    return longitude / 360 + 0.5, 0.5 - math.log((1 + sine) / (1 - sine)) / (4 * math.pi)


def from_world(x: float, y: float) -> tuple[float, float]:
    """The inverse of `to_world`."""
    return (x - 0.5) * 360, math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * y))))


def frame_around(
    geometries: Iterable[dict[str, Any]], *, width: int, height: int, least_metres: float = 600
) -> Frame | None:
    """The frame that shows all geometries with a margin; None when there is nothing to show."""
    places = [to_world(*position) for geometry in geometries for position in positions(geometry)]
    if not places:
        return None
    xs, ys = [x for x, _ in places], [y for _, y in places]
    middle_x, middle_y = (min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2
    _, latitude = from_world(middle_x, middle_y)
    least = least_metres / (_WORLD * math.cos(math.radians(latitude)))
    span_x, span_y = max(max(xs) - min(xs), least), max(max(ys) - min(ys), least * height / width)
    scale = min(width * 0.76 / span_x, height * 0.7 / span_y)
    return Frame(middle_x - width / 2 / scale, middle_y - height / 2 / scale, scale, width, height)


def positions(geometry: dict[str, Any]) -> Iterator[tuple[float, float]]:
    """Every position of a GeoJSON geometry, whatever its nesting."""
    yield from _positions(geometry.get("coordinates", []))
    for part in geometry.get("geometries", []):
        yield from positions(part)


def _positions(coordinates: Any) -> Iterator[tuple[float, float]]:
    if coordinates and isinstance(coordinates[0], int | float):
        yield float(coordinates[0]), float(coordinates[1])
    elif isinstance(coordinates, list):
        for each in coordinates:
            yield from _positions(each)
