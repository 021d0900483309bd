"""Coordinates and geometries: known points, axes and signs, repairs, heights, digits."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
import shapely

from mimas.adapters.geo.arcs import stroke_arcs
from mimas.adapters.geo.curves import is_curved, read_curved
from mimas.adapters.geo.projection import make_projection, parse_crs
from mimas.adapters.geo.shapes import ShapePlan, convert
from mimas.adapters.messages import MessageRejected
from mimas.adapters.source import SourceError

# EPSG guidance note 7-2, Krovak: this point of the Bessel ellipsoid has Y 568990.995 and X 1050538.631.
GUIDANCE = (-568990.995, -1050538.631)
GUIDANCE_DEGREES = (16 + 50 / 60 + 59.179 / 3600, 50 + 12 / 60 + 32.442 / 3600)
PRAGUE = (-743100.0, -1043300.0)
BOW_TIE = shapely.Polygon([(14.4, 50.0), (14.5, 50.1), (14.5, 50.0), (14.4, 50.1), (14.4, 50.0)])


def _convert(geometry: Any, crs: str = "EPSG:4326", **options: Any) -> Any:
    plan = ShapePlan.of(options)
    return convert([geometry], make_projection(crs, plan.axes), plan)[0]


def test_krovak_is_the_one_of_the_guidance_note() -> None:
    """The example of EPSG guidance note 7-2: S-JTSK degrees differ from WGS 84 by the shift of the datum."""
    import pyproj

    degrees = pyproj.Transformer.from_crs("EPSG:5514", "EPSG:4156", always_xy=True).transform(*GUIDANCE)
    shifted = _convert(shapely.Point(GUIDANCE), "EPSG:5514")["coordinates"]

    assert degrees == pytest.approx(GUIDANCE_DEGREES, abs=1e-8)
    # EPSG:1623, S-JTSK to WGS 84: about 80 m to the west and 40 m to the south here.
    assert shifted == pytest.approx(_by_helmert(*GUIDANCE_DEGREES), abs=2e-5)


def _by_helmert(longitude: float, latitude: float) -> tuple[float, float]:
    """The seven parameters of EPSG:1623 (position vector), worked out by hand."""
    a, f = 6377397.155, 1 / 299.1528128
    e2 = f * (2 - f)
    lam, phi = math.radians(longitude), math.radians(latitude)
    n = a / math.sqrt(1 - e2 * math.sin(phi) ** 2)
    p = np.array(
        [n * math.cos(phi) * math.cos(lam), n * math.cos(phi) * math.sin(lam), n * (1 - e2) * math.sin(phi)]
    )
    rx, ry, rz = (math.radians(each / 3600) for each in (4.998, 1.587, 5.261))
    turn = np.array([[1, -rz, ry], [rz, 1, -rx], [-ry, rx, 1]])
    x, y, z = np.array([570.8, 85.7, 462.8]) + (1 + 3.56e-6) * turn @ p
    a, f = 6378137.0, 1 / 298.257223563
    e2 = f * (2 - f)
    flat = math.hypot(x, y)
    phi = math.atan2(z, flat * (1 - e2))
    for _ in range(5):
        n = a / math.sqrt(1 - e2 * math.sin(phi) ** 2)
        phi = math.atan2(z + e2 * n * math.sin(phi), flat)
    return math.degrees(math.atan2(y, x)), math.degrees(phi)


@pytest.mark.parametrize(
    ("axes", "position"),
    [
        ("xy", (-743100.0, -1043300.0)),  # EPSG:5514
        ("yx", (-1043300.0, -743100.0)),  # its axes the other way round
        ("-x-y", (743100.0, 1043300.0)),  # Y, X as surveyors write them
        ("-y-x", (1043300.0, 743100.0)),  # X, Y as the definition orders them
    ],
)
def test_every_way_to_write_s_jtsk(axes: str, position: tuple[float, float]) -> None:
    """Four orders and signs of one point lead to the same place, and each wrong one is told the right one."""
    place = _convert(shapely.Point(position), "EPSG:5514", axes=axes)["coordinates"]
    wrong = "-x-y" if axes == "xy" else "xy"
    refusal = _convert(shapely.Point(position), "EPSG:5514", axes=wrong)

    assert place == pytest.approx([14.4177812, 50.0845519], abs=2e-7)
    assert isinstance(refusal, MessageRejected)
    assert "outside of the area of EPSG:5514" in refusal.reason
    assert refusal.mend == f"with axes: {axes} it would lie there"


def test_epsg_2065_has_positive_numbers_and_x_first() -> None:
    """South-west oriented Krovak: southing before westing, and who has them the other way is told so."""
    refusal = _convert(shapely.Point(743100, 1043300), "EPSG:2065")

    assert _convert(shapely.Point(1043300, 743100), "EPSG:2065")["coordinates"] == pytest.approx(
        [14.41778, 50.08455], abs=2e-5
    )
    assert refusal.mend == "with axes: yx it would lie there"


def test_geographic_coordinates_keep_x_first() -> None:
    """EPSG:4326 prescribes latitude first; files and GeoJSON have longitude first, and so do we."""
    assert _convert(shapely.Point(14.4, 50.1))["coordinates"] == [14.4, 50.1]
    assert _convert(shapely.Point(1605000, 6461000), "EPSG:3857")["coordinates"] == pytest.approx(
        [14.41796, 50.08495], abs=1e-5
    )


def test_swapped_degrees_are_found_by_the_declared_area() -> None:
    """50, 14 is a place in the sea: only the area of the town shows that it is Prague the wrong way round."""
    refusal = _convert(shapely.Point(50.1, 14.4), within=[12, 48.5, 18.9, 51.1])

    assert isinstance(refusal, MessageRejected)
    assert refusal.reason == "(50.1, 14.4) lies outside of the declared area"
    assert refusal.mend == "with axes: yx it would lie there"
    assert _convert(shapely.Point(50.1, 14.4), axes="yx")["coordinates"] == [14.4, 50.1]


def test_a_wrong_reference_system_is_refused() -> None:
    """Metres of UTM read as S-JTSK lie nowhere in Czechia, and no order of axes helps."""
    refusal = _convert(shapely.Point(458000, 5548000), "EPSG:5514")

    assert isinstance(refusal, MessageRejected)
    assert refusal.mend == "check crs:, axes: and within: of the source"


def test_a_self_intersection_is_repaired_or_refused() -> None:
    """As declared: two triangles of the bow tie, or a refusal that says where it crosses."""
    repaired = shapely.from_geojson(json.dumps(_convert(BOW_TIE)))
    refusal = _convert(BOW_TIE, invalid="reject")

    assert repaired.is_valid
    assert repaired.geom_type == "MultiPolygon"
    assert repaired.area == pytest.approx(0.005)
    assert isinstance(refusal, MessageRejected)
    assert refusal.reason == "is not valid: Self-intersection[14.45 50.05]"


def test_a_repair_leaves_no_lines_beside_polygons() -> None:
    """A spike falls off; a polygon without any area is refused even so."""
    spike = shapely.Polygon([(14, 50), (14, 51), (15, 51), (15, 50), (14.5, 50), (14.5, 49), (14.5, 50)])
    flat = shapely.Polygon([(14, 50), (15, 50), (14, 50), (14, 50)])
    refusal = _convert(flat)

    assert _convert(spike)["type"] == "Polygon"
    assert isinstance(refusal, MessageRejected)
    assert "nothing is left" in refusal.reason


def test_heights_are_dropped_or_kept() -> None:
    """Two coordinates unless declared; a kept height is as it was."""
    point = shapely.Point(*PRAGUE, 212.34)

    assert len(_convert(point, "EPSG:5514")["coordinates"]) == 2
    assert _convert(point, "EPSG:5514", z="keep")["coordinates"][2] == 212.34


def test_digits_and_shape_are_declared() -> None:
    """Rounded to the declared digits; a point stands inside of its polygon."""
    box = shapely.box(-743110, -1043310, -743100, -1043298)
    point = _convert(box, "EPSG:5514", digits=4, shape="point")

    assert point == {"type": "Point", "coordinates": [14.4177, 50.0845]}


def test_an_unknown_reference_system_is_said() -> None:
    """A mistyped code names what was typed."""
    with pytest.raises(SourceError, match="'EPSG:99999' is no reference system"):
        parse_crs("EPSG:99999")


def test_arcs_run_through_their_points_on_the_right_side() -> None:
    """A half circle either way round, a whole one, and three points that are on a line."""
    over = stroke_arcs([(0, 0), (1, 1), (2, 0)])
    under = stroke_arcs([(0, 0), (1, -1), (2, 0)])
    circle = stroke_arcs([(0, 0), (2, 0), (0, 0)])

    assert all(math.dist(each, (1, 0)) == pytest.approx(1) for each in (*over, *under, *circle))
    assert min(y for _, y in over) == pytest.approx(0)
    assert max(y for _, y in under) == pytest.approx(0)
    assert shapely.Polygon(circle).area == pytest.approx(math.pi, rel=1e-2)
    assert stroke_arcs([(0, 0), (1, 1), (2, 2)]) == [(0, 0), (1, 1), (2, 2)]


def test_curved_binary_becomes_lines() -> None:
    """A polygon whose ring is an arc and a line, with heights, as GDAL hands it over."""
    arc = _wkb(1008, _numbers(3, [(0, 0, 5), (1, 1, 5), (2, 0, 5)]))
    line = _wkb(1002, _numbers(2, [(2, 0, 5), (0, 0, 5)]))
    ring = _wkb(1009, (2).to_bytes(4, "little") + arc + line)
    surface = _wkb(1012, (1).to_bytes(4, "little") + _wkb(1010, (1).to_bytes(4, "little") + ring))
    polygon = read_curved(surface)

    assert is_curved(surface)
    assert polygon.geom_type == "MultiPolygon"
    assert polygon.area == pytest.approx(math.pi / 2, rel=1e-2)
    assert not is_curved(shapely.to_wkb(polygon))


def _wkb(kind: int, body: bytes) -> bytes:
    return b"\x01" + kind.to_bytes(4, "little") + body


def _numbers(count: int, points: list[tuple[float, ...]]) -> bytes:
    return count.to_bytes(4, "little") + np.array(points, dtype="<f8").tobytes()
