"""Geometries of GML 3 in XML elements (OGC 07-036) as shapes, arcs as line strings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import shapely

from ..geo.arcs import stroke_arcs
from ..messages import MessageRejected

Line = list[tuple[float, ...]]
_ARCS = ("Arc", "ArcString")
_LINES = ("LineStringSegment", "GeodesicString", "LinearRing", "LineString")


def local_name(element: Any) -> str:
    """The name of an element without its namespace; nothing for a comment."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def is_geometry(element: Any) -> bool:
    """Say whether the element is a geometry of GML."""
    tag = element.tag
    return (
        isinstance(tag, str)
        and tag.startswith("{http://www.opengis.net/gml")
        and local_name(element) in _READERS
    )


def read_geometry(element: Any) -> Any:
    """The shape of a GML element; MessageRejected when it cannot be one."""
    try:
        return _READERS[local_name(element)](element)
    except (ValueError, IndexError, StopIteration, shapely.errors.GEOSException) as error:
        raise MessageRejected(
            "geometry", local_name(element), f"is no geometry: {error}"[:200], "mend it in the source"
        ) from error


def reference_system(element: Any) -> str | None:
    """The srsName of a geometry or of what stands around it."""
    while element is not None:
        if name := element.get("srsName"):
            return str(name)
        element = element.getparent()
    return None


def _point(element: Any) -> Any:
    (position,) = _positions(element)[:1]
    return shapely.Point(position)


def _line(element: Any) -> Any:
    return shapely.LineString(_curve(element))


def _polygon(element: Any) -> Any:
    rings = {kind: [_ring(each) for each in _children(element, kind)] for kind in ("exterior", "interior")}
    outer = rings["exterior"] or [_ring(each) for each in _children(element, "outerBoundaryIs")]
    return shapely.Polygon(
        outer[0], rings["interior"] + [_ring(e) for e in _children(element, "innerBoundaryIs")]
    )


def _surface(element: Any) -> Any:
    patches = [_polygon(patch) for patches in _children(element, "patches") for patch in patches]
    return patches[0] if len(patches) == 1 else shapely.MultiPolygon(patches)


def _collected(make: Callable[[Sequence[Any]], Any]) -> Callable[[Any], Any]:
    """A collection: its members are the geometries inside, each once, of whatever kind."""

    def collect(element: Any) -> Any:
        members = [read_geometry(each) for property_ in element for each in property_ if is_geometry(each)]
        parts = [part for member in members for part in shapely.get_parts(member)]
        return parts[0] if len(parts) == 1 else make(parts)

    return collect


def _ring(boundary: Any) -> Line:
    (ring,) = list(boundary)[:1]
    return _curve(ring)


def _curve(element: Any) -> Line:
    """The positions along a line, a ring, a curve with segments or a curve of curves."""
    members = _children(element, "curveMember")
    if members:
        return _joined([_curve(next(iter(each))) for each in members])
    segments = [segment for segments in _children(element, "segments") for segment in segments]
    return _joined([_segment(each) for each in segments]) if segments else _positions(element)


def _segment(segment: Any) -> Line:
    name = local_name(segment)
    if name not in (*_ARCS, *_LINES):
        raise ValueError(f"{name} is not understood")
    points = _positions(segment)
    return list(stroke_arcs(points)) if name in _ARCS else points


def _joined(lines: list[Line]) -> Line:
    joined = lines[0]
    for line in lines[1:]:
        joined += line[1:] if line[0][:2] == joined[-1][:2] else line
    return joined


def _positions(element: Any) -> Line:
    """The numbers in `posList`, `pos` or `coordinates`, by the dimension the document says."""
    found = list(_texts(element))
    if not found:
        raise ValueError("there are no coordinates")
    return [position for each in found for position in each]


def _texts(element: Any) -> Iterator[Line]:
    for child in element.iter():
        match local_name(child):
            case "pos":
                yield [tuple(float(each) for each in (child.text or "").split())]
            case "posList":
                yield _grouped(child)
            case "coordinates":
                pairs = (child.text or "").split()
                yield [tuple(float(each) for each in pair.split(",")) for pair in pairs]


def _grouped(element: Any) -> Line:
    numbers = [float(each) for each in (element.text or "").split()]
    size = _dimension(element)
    if len(numbers) % size:
        raise ValueError(f"{len(numbers)} numbers are no positions of {size}")
    return [tuple(numbers[at : at + size]) for at in range(0, len(numbers), size)]


def _dimension(element: Any) -> int:
    while element is not None:
        if size := element.get("srsDimension"):
            return int(size)
        element = element.getparent()
    return 2


def _children(element: Any, name: str) -> list[Any]:
    return [each for each in element if local_name(each) == name]


_READERS: dict[str, Callable[[Any], Any]] = {
    "Point": _point,
    "LineString": _line,
    "Curve": _line,
    "CompositeCurve": _line,
    "Polygon": _polygon,
    "Surface": _surface,
    "MultiPoint": _collected(shapely.MultiPoint),
    "MultiCurve": _collected(shapely.MultiLineString),
    "MultiLineString": _collected(shapely.MultiLineString),
    "MultiSurface": _collected(shapely.MultiPolygon),
    "MultiPolygon": _collected(shapely.MultiPolygon),
    "CompositeSurface": _collected(shapely.MultiPolygon),
    "MultiGeometry": _collected(shapely.GeometryCollection),
}
