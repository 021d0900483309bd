"""Well-known binary with curves (ISO 13249-3), which GEOS does not read: arcs become line strings."""

from __future__ import annotations

import struct
from typing import Any

import shapely

from .arcs import stroke_arcs

_CURVED = range(8, 13)
CIRCULAR, COMPOUND, CURVE_POLYGON, MULTI_CURVE, MULTI_SURFACE = _CURVED
_DIMENSIONS = {0: 2, 1: 3, 2: 3, 3: 4}


def is_curved(wkb: bytes) -> bool:
    """Say whether the geometry is one of the types with curves."""
    return struct.unpack_from("<I" if wkb[0] else ">I", wkb, 1)[0] % 1000 in _CURVED


def read_curved(wkb: bytes) -> Any:
    """The geometry without curves, in two dimensions."""
    return _Reader(wkb).geometry()


class _Reader:
    def __init__(self, wkb: bytes) -> None:
        self._wkb = wkb
        self._at = 0

    def geometry(self) -> Any:
        kind, dimensions = self._head()
        match kind:
            case 3:
                return shapely.Polygon(*_rings([self._line(dimensions) for _ in range(self._count())]))
            case 10:
                return shapely.Polygon(*_rings([self._curve() for _ in range(self._count())]))
            case 11:
                return shapely.MultiLineString([self._curve() for _ in range(self._count())])
            case 12:
                return shapely.MultiPolygon([self.geometry() for _ in range(self._count())])
            case 1:
                return shapely.Point(self._take(dimensions)[:2])
            case 7:
                return shapely.GeometryCollection([self.geometry() for _ in range(self._count())])
            case _:
                self._at -= 5
                return shapely.LineString(self._curve())

    def _curve(self) -> list[tuple[float, float]]:
        kind, dimensions = self._head()
        if kind == COMPOUND:
            parts = [self._curve() for _ in range(self._count())]
            return parts[0] + [point for part in parts[1:] for point in part[1:]]
        line = self._line(dimensions)
        return stroke_arcs(line) if kind == CIRCULAR else line

    def _line(self, dimensions: int) -> list[tuple[float, float]]:
        points = (self._take(dimensions) for _ in range(self._count()))
        return [(point[0], point[1]) for point in points]

    def _head(self) -> tuple[int, int]:
        self._order = "<" if self._wkb[self._at] else ">"
        (code,) = struct.unpack_from(self._order + "I", self._wkb, self._at + 1)
        self._at += 5
        return code % 1000, _DIMENSIONS[code // 1000]

    def _count(self) -> int:
        (count,) = struct.unpack_from(self._order + "I", self._wkb, self._at)
        self._at += 4
        return int(count)

    def _take(self, dimensions: int) -> tuple[float, ...]:
        values = struct.unpack_from(f"{self._order}{dimensions}d", self._wkb, self._at)
        self._at += 8 * dimensions
        return values


def _rings(rings: list[Any]) -> tuple[Any, list[Any]]:
    return rings[0], rings[1:]
