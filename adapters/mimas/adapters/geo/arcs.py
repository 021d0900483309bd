"""Circular arcs as line strings: GeoJSON knows no curves, cadastres and GML are full of them."""

from __future__ import annotations

import math
from collections.abc import Sequence

Position = Sequence[float]
STEP = math.radians(4)  # as GDAL strokes by default


def stroke_arcs(points: Sequence[Position]) -> list[tuple[float, float]]:
    """The positions along arcs given by start, a point on the way and the end, each end the next start."""
    line = [(points[0][0], points[0][1])]
    for index in range(0, len(points) - 2, 2):
        line += _stroke(*points[index : index + 3])
    return line


def _stroke(start: Position, middle: Position, end: Position) -> list[tuple[float, float]]:
    last = (end[0], end[1])
    centre = _centre(start, middle, end)
    if centre is None:
        return [(middle[0], middle[1]), last]
    radius = math.dist(centre, start[:2])
    begin, way, stop = (math.atan2(p[1] - centre[1], p[0] - centre[0]) for p in (start, middle, end))
    sweep = (stop - begin) % math.tau or math.tau
    if (way - begin) % math.tau > sweep:
        sweep -= math.tau  # the point on the way lies on the other side: clockwise
    steps = max(2, math.ceil(abs(sweep) / STEP))
    angles = [begin + sweep * step / steps for step in range(1, steps)]
    return [(centre[0] + radius * math.cos(a), centre[1] + radius * math.sin(a)) for a in angles] + [last]


def _centre(start: Position, middle: Position, end: Position) -> tuple[float, float] | None:
    """The centre of the circle through three points; None when they are on a line."""
    if (start[0], start[1]) == (end[0], end[1]):  # a full circle: the second point lies opposite
        return ((start[0] + middle[0]) / 2, (start[1] + middle[1]) / 2)
    ax, ay = middle[0] - start[0], middle[1] - start[1]
    bx, by = end[0] - start[0], end[1] - start[1]
    cross = 2 * (ax * by - ay * bx)
    if abs(cross) < 1e-12:
        return None
    a, b = ax * ax + ay * ay, bx * bx + by * by
    return (start[0] + (by * a - ay * b) / cross, start[1] + (ax * b - bx * a) / cross)
