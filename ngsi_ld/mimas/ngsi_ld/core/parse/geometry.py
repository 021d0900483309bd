"""GeoJSON geometries (CIM 009 4.7): six types, positions in bounds, closed rings.

Self-intersection is not looked at: the published test data holds such polygons.
"""

from __future__ import annotations

import json
from typing import Any, Final

from ..names import shown
from .rules import refuse
from .values import copy_value

# How many arrays stand around the positions, and how many positions the innermost needs.
_RING: Final = 4
_SHAPES: Final[dict[str, tuple[int, int]]] = {
    "Point": (0, 1),
    "MultiPoint": (1, 1),
    "LineString": (1, 2),
    "MultiLineString": (2, 2),
    "Polygon": (2, _RING),
    "MultiPolygon": (3, _RING),
}


def is_geometry(value: Any) -> bool:
    """Whether it is meant as a supported geometry; `parse_geometry` says whether it is a valid one."""
    if type(value) is not dict or "coordinates" not in value:
        return False
    kind = value.get("type")
    return isinstance(kind, str) and kind in _SHAPES


def parse_geometry(value: Any, path: str) -> dict[str, Any]:
    """The geometry, copied; a JSON string is parsed first (CIM 009 4.7.2)."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            refuse(path, "the text is no JSON object with a GeoJSON geometry.")
    if not is_geometry(value):
        refuse(path, f"needs a GeoJSON geometry ({', '.join(_SHAPES)}) with coordinates, not {shown(value)}.")
    levels, least = _SHAPES[value["type"]]
    coordinates = _positions(value["coordinates"], levels, least, path, value["type"])
    geometry = {"type": value["type"], "coordinates": coordinates}
    for name, each in value.items():
        if name not in geometry:
            geometry[name] = copy_value(each, f"{path}.{name}")
    return geometry


def _positions(coordinates: Any, levels: int, least: int, path: str, kind: str) -> list[Any]:
    if levels == 0:
        return _position(coordinates, path)
    if type(coordinates) is not list or not coordinates:
        refuse(path, f"the coordinates of a {kind} must be arrays of positions, not {shown(coordinates)}.")
    if levels > 1:
        return [_positions(each, levels - 1, least, path, kind) for each in coordinates]
    positions = [_position(each, path) for each in coordinates]
    if len(positions) < least:
        refuse(path, f"a {kind} needs at least {least} positions in each line or ring.")
    if least == _RING and positions[0] != positions[-1]:
        refuse(path, f"a ring of a {kind} must end where it starts: repeat its first position as the last.")
    return positions


def _position(position: Any, path: str) -> list[Any]:
    if type(position) is not list or not 2 <= len(position) <= 4 or not _are_numbers(position):
        refuse(path, f"a position is [longitude, latitude], optionally with altitude, not {shown(position)}.")
    if not (-180 <= position[0] <= 180 and -90 <= position[1] <= 90):
        refuse(path, f"{shown(position)} is not on earth: longitude -180 to 180, then latitude -90 to 90.")
    return position.copy()


def _are_numbers(position: list[Any]) -> bool:
    for number in position:
        if type(number) is not float and type(number) is not int:
            return False
        if number - number != 0:  # NaN or infinite
            return False
    return True
