"""GeoJSON geometries (CIM 009 4.7)."""

import json
import math
from typing import Any

import pytest

from mimas.ngsi_ld.core.errors import BadRequestData
from mimas.ngsi_ld.core.parse.geometry import parse_geometry

RING = [[0, 0], [1, 0], [1, 1], [0, 0]]
BOW_TIE = [[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]


@pytest.mark.parametrize(
    ("kind", "coordinates"),
    [
        ("Point", [14.1, 50.1]),
        ("Point", [180, -90, 8848.5]),
        ("MultiPoint", [[1, 2]]),
        ("LineString", [[1, 2], [3, 4]]),
        ("MultiLineString", [[[1, 2], [3, 4]], [[5, 6], [7, 8]]]),
        ("Polygon", [RING]),
        ("Polygon", [BOW_TIE]),
        ("MultiPolygon", [[RING], [RING, RING]]),
    ],
)
@pytest.mark.parametrize("as_text", [True, False])
def test_accepted(kind: str, coordinates: Any, as_text: bool) -> None:
    """Six types, as objects or as text; a polygon may cross itself."""
    geometry = {"type": kind, "coordinates": coordinates}

    assert parse_geometry(json.dumps(geometry) if as_text else geometry, "a") == geometry


def test_other_members_are_kept() -> None:
    """A bounding box stays with its geometry."""
    geometry = {"type": "Point", "coordinates": [1, 2], "bbox": [1, 2, 1, 2]}

    assert parse_geometry(geometry, "a") == geometry


@pytest.mark.parametrize(
    ("geometry", "reason"),
    [
        (5, "needs a GeoJSON geometry"),
        ({}, "needs a GeoJSON geometry"),
        ({"type": "Point"}, "needs a GeoJSON geometry"),
        ({"type": ["Point"], "coordinates": [1, 2]}, "needs a GeoJSON geometry"),
        ({"type": "GeometryCollection", "geometries": []}, "needs a GeoJSON geometry"),
        ({"type": "Circle", "coordinates": [1, 2]}, "needs a GeoJSON geometry"),
        ("nonsense", "no JSON object"),
        ("[" * 100_000, "no JSON object"),
        ('{"type": "Point", "coordinates": [NaN, 1]}', "a position is"),
        ({"type": "Point", "coordinates": []}, "a position is"),
        ({"type": "Point", "coordinates": [1]}, "a position is"),
        ({"type": "Point", "coordinates": [1, 2, 3, 4, 5]}, "a position is"),
        ({"type": "Point", "coordinates": ["1", "2"]}, "a position is"),
        ({"type": "Point", "coordinates": [True, False]}, "a position is"),
        ({"type": "Point", "coordinates": [None, 1]}, "a position is"),
        ({"type": "Point", "coordinates": [math.inf, 1]}, "a position is"),
        ({"type": "Point", "coordinates": [[1, 2]]}, "a position is"),
        ({"type": "Point", "coordinates": [50.1, 141.0]}, "is not on earth"),
        ({"type": "Point", "coordinates": [181, 0]}, "is not on earth"),
        ({"type": "MultiPoint", "coordinates": []}, "must be arrays of positions"),
        ({"type": "LineString", "coordinates": [[1, 2]]}, "at least 2 positions"),
        ({"type": "LineString", "coordinates": [1, 2]}, "a position is"),
        ({"type": "Polygon", "coordinates": RING}, "a position is"),
        ({"type": "Polygon", "coordinates": [RING[:3]]}, "at least 4 positions"),
        ({"type": "Polygon", "coordinates": [[*RING[:3], [5, 5]]]}, "must end where it starts"),
        ({"type": "MultiPolygon", "coordinates": [RING]}, "a position is"),
    ],
)
def test_refused(geometry: Any, reason: str) -> None:
    """Other types, open rings, and positions that are none or not on earth are a 400."""
    with pytest.raises(BadRequestData) as caught:
        parse_geometry(geometry, "a.value")

    assert caught.value.detail.startswith("a.value: ") and reason in caught.value.detail
