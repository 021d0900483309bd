"""Distances and search boxes on the sphere."""

from __future__ import annotations

import pytest

from mimas.ngsi_ld.core.query.geo import Geometry, parse_geometry
from mimas.ngsi_ld.core.query.sphere import distance, search_box

DEGREE = 111_195.08  # metres of one degree of a great circle


def square(west: float, south: float) -> Geometry:
    east, north = west + 2, south + 1
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return parse_geometry("Polygon", [ring])


@pytest.mark.parametrize(
    ("one", "other", "metres"),
    [
        (parse_geometry("Point", [0, 0]), parse_geometry("Point", [1, 0]), DEGREE),
        (parse_geometry("Point", [179.5, 0]), parse_geometry("Point", [-179.5, 0]), DEGREE),
        (parse_geometry("Point", [0.5, 1]), parse_geometry("LineString", [[0, 0], [1, 0]]), DEGREE),
        (parse_geometry("Point", [1, 0.5]), square(0, 0), 0),
        (parse_geometry("LineString", [[-1, 0.5], [3, 0.5]]), square(0, 0), 0),
        (square(0, 0), square(0, -2), DEGREE),  # their sides lie on the same meridians
    ],
)
def test_distance(one: Geometry, other: Geometry, metres: float) -> None:
    """The distance is that of the nearest points, the same both ways."""
    assert [distance(one, other), distance(other, one)] == pytest.approx([metres, metres], abs=0.1)


@pytest.mark.parametrize(
    ("place", "metres", "box"),
    [
        ([10, 0], DEGREE, (9, -1, 11, 1)),
        ([179.5, 0], DEGREE, (-180, -1, 180, 1)),
        ([10, 89.5], DEGREE, (-180, 88.5, 180, 90)),
    ],
)
def test_search_box(place: list[float], metres: float, box: tuple[float, ...]) -> None:
    """The box holds all that is near, across the antimeridian and around a pole too."""
    assert search_box(parse_geometry("Point", place), metres) == pytest.approx(box, abs=1e-3)
