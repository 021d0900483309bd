"""Coordinates to WGS 84. In and out x stands before y, whatever order the reference system prescribes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyproj

from ..source import SourceError

MARGIN = 0.5  # degrees: areas of use are drawn with a wide brush
AXES: Mapping[str, tuple[int, int, float]] = {
    "xy": (0, 1, 1.0),
    "yx": (1, 0, 1.0),
    "-x-y": (0, 1, -1.0),
    "-y-x": (1, 0, -1.0),
}
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Projection:
    """From one reference system to WGS 84; `area` is where its coordinates can lie at all, in degrees."""

    name: str
    axes: str
    area: Box
    transformer: Any

    def __call__(self, coordinates: Any) -> Any:
        """Longitudes and latitudes (and heights as they were) for an array of positions."""
        return self._run(coordinates, self.axes)

    def fitting_axes(self, position: Any, area: Box) -> str | None:
        """Another order or sign of axes with which the position would lie in the area."""
        for axes in AXES:
            x, y = self._run(np.asarray([position]), axes)[0][:2]
            if axes != self.axes and area[0] <= x <= area[2] and area[1] <= y <= area[3]:
                return axes
        return None

    def _run(self, coordinates: Any, axes: str) -> Any:
        first, second, sign = AXES[axes]
        result = np.array(coordinates, dtype=float)
        x, y = coordinates[:, first] * sign, coordinates[:, second] * sign
        result[:, 0], result[:, 1] = self.transformer.transform(x, y)
        return result


def parse_crs(text: str) -> Any:
    """The reference system a declaration or a file names; SourceError when there is none of that name."""
    try:
        return pyproj.CRS.from_user_input(text)
    except pyproj.exceptions.CRSError as error:
        raise SourceError(f"crs: {text!r} is no reference system: write e.g. EPSG:5514") from error


def make_projection(crs: Any, axes: str = "xy") -> Projection:
    """The way from `crs` (a name, or what `parse_crs` gave) to WGS 84."""
    system = (parse_crs(crs) if isinstance(crs, str) else crs).to_2d()
    authority = system.to_authority(min_confidence=90)
    known = pyproj.CRS.from_authority(*authority) if authority else system
    try:
        transformer = pyproj.Transformer.from_crs(known, "EPSG:4326", always_xy=True)
    except pyproj.exceptions.ProjError as error:
        raise SourceError(f"crs: nothing leads from {system.name} to WGS 84: {error}") from error
    return Projection(":".join(authority) if authority else system.name, axes, _area(known), transformer)


def _area(system: Any) -> Box:
    area = system.area_of_use
    if area is None or area.west > area.east:
        return (-180.0, -90.0, 180.0, 90.0)
    west, south = max(area.west - MARGIN, -180.0), max(area.south - MARGIN, -90.0)
    return (west, south, min(area.east + MARGIN, 180.0), min(area.north + MARGIN, 90.0))
