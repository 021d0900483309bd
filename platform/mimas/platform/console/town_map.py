"""Things with a location as an SVG map on plain ground: graticule, scale, numbered places.

Tiles lie under it only when a tile server is set: no page asks the internet for anything by itself.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup, escape

from .geography import Frame, frame_around, positions
from .scales import round_step, round_ticks

_MARK_RADIUS = 13
_LEAST_WIDTH_FOR_NAMES = 480


@dataclass(frozen=True, slots=True)
class Feature:
    """One thing on the map; those with a `mark` get a numbered circle and a link."""

    name: str
    geometry: dict[str, Any]
    mark: str = ""
    link: str = ""
    kind: str = "place"


def draw_map(
    features: Sequence[Feature], *, width: int, height: int, map_id: str, tiles: str | None = None
) -> Markup:
    """Return the map as accessible inline SVG; an empty string when nothing has a location."""
    # A station far outside must not shrink the town to a dot: the marked places alone make the frame.
    framing = [each for each in features if each.mark] or features
    frame = frame_around([each.geometry for each in framing], width=width, height=height)
    if frame is None:
        return Markup("")
    names = ", ".join(each.name for each in features if each.mark)
    parts = [
        f'<svg class="map" viewBox="0 0 {width} {height}" role="group" '
        f'aria-labelledby="{map_id}-title {map_id}-desc" xmlns="http://www.w3.org/2000/svg">',
        f'<title id="{map_id}-title">Map</title>',
        f'<desc id="{map_id}-desc">{escape(names or "Places with sensors")}. North is up.</desc>',
        f'<rect class="ground" width="{width}" height="{height}"/>',
        *(_tiles(frame, tiles) if tiles else _graticule(frame)),
        *(_shape(frame, each) for each in features if not each.mark),
        *_marks(frame, [each for each in features if each.mark]),
        _scale_bar(frame),
        "</svg>",
    ]
    return Markup("".join(parts))  # noqa: S704 - every text above went through escape


def _graticule(frame: Frame) -> list[str]:
    west, north = frame.position(0, 0)
    east, south = frame.position(frame.width, frame.height)
    lines = []
    for longitude in round_ticks(west, east, 4):
        x, _ = frame.place(longitude, north)
        if 0 < x < frame.width:
            lines.append(f'<line class="graticule" x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="{frame.height}"/>')
            if x < frame.width - 60:
                lines.append(_degrees(longitude, "EW", x + 4, 14))
    for latitude in round_ticks(south, north, 3):
        _, y = frame.place(west, latitude)
        if 20 < y < frame.height - 40:
            lines.append(f'<line class="graticule" x1="0" x2="{frame.width}" y1="{y:.1f}" y2="{y:.1f}"/>')
            lines.append(_degrees(latitude, "NS", 4, y - 4))
    return lines


def _degrees(value: float, letters: str, x: float, y: float) -> str:
    letter = letters[0] if value >= 0 else letters[1]
    return f'<text class="degrees" x="{x:.1f}" y="{y:.1f}">{abs(value):.6g}° {letter}</text>'


def _tiles(frame: Frame, template: str) -> list[str]:
    zoom = max(0, min(19, math.floor(math.log2(frame.scale / 256))))
    count = 2**zoom
    size = frame.scale / count
    right, bottom = frame.left + frame.width / frame.scale, frame.top + frame.height / frame.scale
    columns = range(math.floor(frame.left * count), math.floor(right * count) + 1)
    rows = range(max(0, math.floor(frame.top * count)), min(count - 1, math.floor(bottom * count)) + 1)
    return [
        f'<image href="{escape(template.format(z=zoom, x=x % count, y=y))}" '
        f'x="{x * size - frame.left * frame.scale:.2f}" y="{y * size - frame.top * frame.scale:.2f}" '
        f'width="{size:.2f}" height="{size:.2f}"/>'
        for x in columns
        for y in rows
    ]


def _shape(frame: Frame, feature: Feature) -> str:
    title = f"<title>{escape(feature.name)}</title>"
    geometry = feature.geometry
    css = f"shape {escape(feature.kind)}"
    if geometry.get("type") == "Point":
        x, y = frame.place(*next(positions(geometry)))
        return f'<circle class="{css}" cx="{x:.1f}" cy="{y:.1f}" r="5">{title}</circle>'
    return "".join(
        f'<path class="{css}" d="{_path(frame, ring)}">{title}</path>' for ring in _rings(geometry)
    )


def _rings(geometry: dict[str, Any]) -> list[list[Any]]:
    coordinates = geometry.get("coordinates", [])
    match geometry.get("type"):
        case "LineString" | "MultiPoint":
            return [coordinates]
        case "Polygon" | "MultiLineString":
            return list(coordinates)
        case "MultiPolygon":
            return [ring for polygon in coordinates for ring in polygon]
        case _:
            return []


def _path(frame: Frame, ring: list[Any]) -> str:
    places = [frame.place(each[0], each[1]) for each in ring]
    closed = "Z" if len(ring) > 2 and ring[0] == ring[-1] else ""
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in places) + closed


def _marks(frame: Frame, features: Sequence[Feature]) -> list[str]:
    """Numbered circles; one that would cover another moves aside and keeps a thread to its place."""
    taken: list[tuple[float, float]] = []
    parts = []
    for feature in features:
        x, y = _middle(frame, feature.geometry)
        free_x, free_y = _free_place(x, y, taken)
        taken.append((free_x, free_y))
        thread = (
            f'<line class="thread" x1="{x:.1f}" y1="{y:.1f}" x2="{free_x:.1f}" y2="{free_y:.1f}"/>'
            if (free_x, free_y) != (x, y)
            else ""
        )
        name, mark = escape(feature.name), escape(feature.mark)
        parts.append(
            f'{thread}<a href="{escape(feature.link)}" aria-label="{mark}: {name}"><title>{name}</title>'
            f'<circle class="place" cx="{free_x:.1f}" cy="{free_y:.1f}" r="{_MARK_RADIUS}"/>'
            f'<text class="number" text-anchor="middle" x="{free_x:.1f}" y="{free_y + 5:.1f}">{mark}</text>'
            f"{_label(frame, feature.name, free_x, free_y)}</a>"
        )
    return parts


def _label(frame: Frame, name: str, x: float, y: float) -> str:
    """The name beside its circle, on the side with more room; small maps have the list below instead."""
    if frame.width < _LEAST_WIDTH_FOR_NAMES:
        return ""
    left = x > frame.width * 0.65
    place, anchor = (x - _MARK_RADIUS - 6, "end") if left else (x + _MARK_RADIUS + 6, "start")
    return f'<text class="name" text-anchor="{anchor}" x="{place:.1f}" y="{y + 4:.1f}">{escape(name)}</text>'


def _middle(frame: Frame, geometry: dict[str, Any]) -> tuple[float, float]:
    places = [frame.place(*each) for each in positions(geometry)]
    return sum(x for x, _ in places) / len(places), sum(y for _, y in places) / len(places)


def _free_place(x: float, y: float, taken: list[tuple[float, float]]) -> tuple[float, float]:
    for ring in range(6):
        for turn in range(8 if ring else 1):
            angle = turn * math.pi / 4
            place = (x + ring * 28 * math.sin(angle), y - ring * 28 * math.cos(angle))
            if all(math.dist(place, other) > 2 * _MARK_RADIUS for other in taken):
                return place
    return x, y


def _scale_bar(frame: Frame) -> str:
    metres = round_step(frame.metres_per_pixel() * 110, 1)
    while metres / frame.metres_per_pixel() > 150:
        metres /= 2
    length = metres / frame.metres_per_pixel()
    text = f"{metres / 1000:g} km" if metres >= 1000 else f"{metres:g} m"
    y = frame.height - 14
    return (
        f'<g class="scale"><path d="M12 {y - 5}V{y}H{12 + length:.1f}V{y - 5}"/>'
        f'<text x="{12 + length / 2:.1f}" y="{y - 8}" text-anchor="middle">{text}</text></g>'
    )
