from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree

import pytest

from mimas.platform.console.geography import frame_around, from_world, to_world
from mimas.platform.console.town_map import Feature, draw_map

SVG = "{http://www.w3.org/2000/svg}"


def point(longitude: float, latitude: float) -> dict[str, object]:
    return {"type": "Point", "coordinates": [longitude, latitude]}


HALL = Feature("Town <hall>", point(14.1, 50.14), "1", "/things/urn:x:1")
SCHOOL = Feature("School", point(14.12, 50.15), "2", "/things/urn:x:2")


def test_every_marked_place_is_a_link_with_a_name() -> None:
    """A place can be reached by keyboard and is named for those who do not see it."""
    root = ElementTree.fromstring(draw_map([HALL, SCHOOL], width=600, height=500, map_id="m"))
    links = {each.get("href"): each.get("aria-label") for each in root.findall(f".//{SVG}a")}

    assert links == {"/things/urn:x:1": "1: Town <hall>", "/things/urn:x:2": "2: School"}


def test_places_at_one_spot_do_not_cover_each_other() -> None:
    """Two buildings of one address stay two marks."""
    twin = Feature("Annexe", HALL.geometry, "2", "/things/urn:x:3")
    root = ElementTree.fromstring(draw_map([HALL, twin], width=600, height=500, map_id="m"))
    places = {
        (each.get("cx"), each.get("cy")) for each in root.iter(f"{SVG}circle") if each.get("class") == "place"
    }

    assert len(places) == 2


def test_areas_and_lines_are_drawn() -> None:
    """Features without a mark are shapes: lines, polygons with their holes."""
    square = [[14.1, 50.1], [14.2, 50.1], [14.2, 50.2], [14.1, 50.1]]
    features = [
        Feature("Park", {"type": "Polygon", "coordinates": [square, square]}),
        Feature("Road", {"type": "LineString", "coordinates": square[:3]}),
    ]
    drawn = draw_map(features, width=600, height=500, map_id="m")
    paths = re.findall(r'<path class="shape[^>]* d="([^"]*)"', drawn)

    assert [path.endswith("Z") for path in paths] == [True, True, False]


def test_nothing_to_show_is_no_map() -> None:
    """Without a position there is no empty picture."""
    assert draw_map([], width=600, height=500, map_id="m") == ""


def test_tiles_come_from_the_set_server_only() -> None:
    """Without the setting nothing is loaded; with it, whole tiles cover the picture."""
    template = "https://tiles.example.org/{z}/{x}/{y}.png"
    plain = draw_map([HALL, SCHOOL], width=600, height=500, map_id="m")
    tiled = draw_map([HALL, SCHOOL], width=600, height=500, map_id="m", tiles=template)

    assert "<image" not in plain
    assert re.findall(r'href="(https://tiles.example.org/\d+/\d+/\d+\.png)"', tiled)


@pytest.mark.parametrize("position", [(0.0, 0.0), (14.1, 50.1), (-179.9, -80.0), (179.9, 84.9)])
def test_projection_and_back(position: tuple[float, float]) -> None:
    """Web Mercator and its inverse give the position back."""
    assert from_world(*to_world(*position)) == pytest.approx(position)


def test_a_frame_holds_all_it_is_made_for() -> None:
    """Everything framed lies inside, with a margin; one place alone gets some ground around it."""
    frame = frame_around([HALL.geometry, SCHOOL.geometry], width=600, height=500)
    assert frame is not None
    x, y = frame.place(14.12, 50.15)

    assert 10 < x < 590
    assert 10 < y < 490
