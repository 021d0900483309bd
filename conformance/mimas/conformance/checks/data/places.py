"""Places: longitude before latitude, on this Earth, and geometries that are some (MIM2 R3.4)."""

from __future__ import annotations

from typing import Any

import shapely
import shapely.geometry

from ...verdicts import Failure, NotTested, Warn, fail_if_any
from .items import Item, Value
from .sources import Data, of_data

WITH_PLACES = ("samples", "ngsi-ld")
CLAUSE = "RFC 7946, 3.1.1 and 4"
_MOST = 90.0


@of_data("geometries-are-valid", "MIM2-R3.4", mechanism=WITH_PLACES, clause=CLAUSE)
def geometries_are_valid(data: Data) -> None:
    """Each geometry can be read, is not empty, does not cross itself, and lies within 180 and 90 degrees."""
    fail_if_any(
        (
            f"{value.name} of {item}: {fault}"
            for item, value in _places(data)
            if (fault := _fault(value.value))
        ),
        "Geometries that are none: {}.",
        mend="Write GeoJSON in degrees, longitude first, rings closed and not crossing.",
    )


@of_data("places-lie-in-the-area", "MIM2-R3.4", mechanism=WITH_PLACES, clause=CLAUSE)
def places_lie_in_the_area(data: Data) -> None:
    """Most places lie in the service area that the target states; exchanged axes would put them elsewhere."""
    area = data.probe.target.service_area
    if area is None:
        raise NotTested("The target states no `service_area`, so that exchanged axes do not show.")
    box = shapely.box(*area)
    points = [point for _, value in _places(data) if (point := _centre(value.value)) is not None]
    if not points:
        raise NotTested("No geometry could be read.")
    inside = sum(box.contains(each) for each in points) / len(points)
    exchanged = sum(box.contains(shapely.Point(each.y, each.x)) for each in points) / len(points)
    data.probe.note("share inside the service area", round(inside, 2))
    if inside < 0.5 and exchanged > 0.9:
        raise Failure(
            f"{inside:.0%} of the places lie in the service area, {exchanged:.0%} do with axes exchanged.",
            mend="Write longitude before latitude.",
        )
    if inside < 0.5:
        raise Warn(f"Only {inside:.0%} of the places lie in the service area.", mend="Check area and places.")


def _places(data: Data) -> list[tuple[Item, Value]]:
    found = [(item, each) for item in data.items for each in item.values if each.kind == "GeoProperty"]
    if not found:
        raise NotTested("No item has a place.")
    return found


def _fault(geometry: Any) -> str | None:
    """Why it is no geometry; None when it is one."""
    shape = _shape(geometry)
    if shape is None:
        return "not GeoJSON"
    if shape.is_empty:
        return "empty"
    west, south, east, north = shape.bounds
    if west < -180 or east > 180 or south < -_MOST or north > _MOST:
        return f"outside of degrees ({west:g} {south:g} {east:g} {north:g})"
    return None if shape.is_valid else str(shapely.is_valid_reason(shape))


def _shape(geometry: Any) -> Any:
    try:
        return shapely.geometry.shape(geometry)
    except (
        shapely.errors.ShapelyError,
        ValueError,
        TypeError,
        AttributeError,
        KeyError,
        IndexError,
        RecursionError,
    ):
        return None


def _centre(geometry: Any) -> Any:
    shape = _shape(geometry)
    return None if shape is None or shape.is_empty else shape.centroid
