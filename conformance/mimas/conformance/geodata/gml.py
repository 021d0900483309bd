"""Features and geometries of GML 3.2 and 3.1, as far as the Simple Features profile goes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree import ElementTree  # only parsed after a look for entity declarations

from ..verdicts import Failure
from .features import Feature
from .geometry import Geometry, Position
from .reference import CRS84, Crs, lon_lat, parse_crs

Element = ElementTree.Element
_MEMBERS = frozenset({"member", "featureMember", "featureMembers", "cityObjectMember"})
_KINDS = {
    "Point": "Point",
    "LineString": "LineString",
    "Curve": "LineString",
    "Polygon": "Polygon",
    "Surface": "MultiPolygon",
    "MultiPoint": "MultiPoint",
    "MultiLineString": "MultiLineString",
    "MultiCurve": "MultiLineString",
    "MultiPolygon": "MultiPolygon",
    "MultiSurface": "MultiPolygon",
}
_LEGACY = ("EPSG:", "http://www.opengis.net/gml/srs/")


@dataclass(frozen=True, slots=True)
class _Frame:
    """What a geometry takes from the elements around it."""

    crs: Crs | None
    dimension: int = 2

    def within(self, element: Element) -> _Frame:
        """The frame inside an element that may name a system or a dimension."""
        name, dimension = element.get("srsName"), element.get("srsDimension", "")
        return _Frame(
            parse_crs(name) if name else self.crs, int(dimension) if dimension.isdigit() else self.dimension
        )


def local(element: Element) -> str:
    """The name of an element without its namespace."""
    return str(element.tag).rpartition("}")[2]


def features_of(collection: Element) -> Iterator[Feature]:
    """The features of a FeatureCollection, nested ones of several queries included."""
    frame = _envelope_frame(collection)
    for member in collection:
        if local(member) not in _MEMBERS:
            continue
        for each in member:
            if local(each) == "FeatureCollection":
                yield from features_of(each)
            elif local(each) != "Tuple":
                yield _feature(each, frame)


def _envelope_frame(element: Element) -> _Frame:
    """The system that `boundedBy` names, which holds where a geometry names none."""
    for child in element:
        if local(child) == "boundedBy":
            for envelope in child:
                return _Frame(None).within(envelope)
    return _Frame(None)


def _feature(element: Element, frame: _Frame) -> Feature:
    own = _envelope_frame(element)
    found = next(_geometries(element, own if own.crs else frame), (None, frame))
    properties = {
        local(child): child.text.strip()
        for child in element
        if not len(child) and child.text and child.text.strip()
    }
    return Feature(_id_of(element), found[0], properties, found[1].crs)


def _id_of(element: Element) -> str | None:
    """The attribute gml:id, or the older fid."""
    return next((value for name, value in element.items() if name.endswith("}id") or name == "fid"), None)


def _geometries(element: Element, frame: _Frame) -> Iterator[tuple[Geometry, _Frame]]:
    """The outermost geometries inside an element."""
    for child in element:
        if local(child) == "boundedBy":
            continue
        if local(child) in _KINDS:
            within = frame.within(child)
            yield geometry_of(child, within), within
        else:
            yield from _geometries(child, frame)


def geometry_of(element: Element, frame: _Frame) -> Geometry:
    """A geometry in GeoJSON's shape, its coordinates in the axis order of its reference system."""
    kind = _KINDS[local(element)]
    if kind == "Point":
        return {"type": kind, "coordinates": next(iter(_positions(element, frame)), ())}
    if kind == "LineString":
        return {"type": kind, "coordinates": _positions(element, frame)}
    if kind == "Polygon":
        return {"type": kind, "coordinates": _rings(element, frame)}
    if kind == "MultiPoint":
        return {"type": kind, "coordinates": _positions(element, frame)}
    parts = {"MultiLineString": ("LineString", "Curve"), "MultiPolygon": ("Polygon", "PolygonPatch")}[kind]
    inside = [each for each in element.iter() if local(each) in parts]
    read = _positions if kind == "MultiLineString" else _rings
    return {"type": kind, "coordinates": [read(each, frame.within(each)) for each in inside]}


def _rings(polygon: Element, frame: _Frame) -> list[list[Position]]:
    return [_positions(each, frame) for each in polygon.iter() if local(each) in ("LinearRing", "Ring")]


def _positions(element: Element, frame: _Frame) -> list[Position]:
    """All positions below an element, in document order."""
    found: list[Position] = []
    for each in element.iter():
        name, text = local(each), each.text or ""
        within = frame.within(each)
        if name in ("pos", "posList"):
            numbers = _numbers(text.split())
            step = len(numbers) if name == "pos" else within.dimension
            found += [tuple(numbers[at : at + step]) for at in range(0, len(numbers), step or 1)]
        elif name == "coordinates":
            found += [tuple(_numbers(each.split(","))) for each in text.split()]
    return [_in_order(each, frame.crs) for each in found]


def _numbers(words: list[str]) -> list[float]:
    try:
        return [float(each) for each in words]
    except ValueError as error:
        raise Failure(f"GML with a position that is no number: {' '.join(words)[:60]!r}.") from error


def _in_order(position: Position, crs: Crs | None) -> Position:
    """Older names of a system mean x before y, whatever its register says."""
    if crs is None or len(position) < 2 or not crs.text.startswith(_LEGACY) or crs.is_east_first:
        return position
    return (position[1], position[0], *position[2:])


def as_crs84(feature: Feature) -> Feature:
    """The feature with its coordinates as longitude and latitude; without a system it stays as it is."""
    if feature.geometry is None or feature.crs is None or feature.crs.is_same(CRS84):
        return feature
    crs = feature.crs

    def moved(value: object) -> object:
        if isinstance(value, list | tuple) and value and not isinstance(value[0], list | tuple):
            return lon_lat(tuple(value), crs)
        return [moved(each) for each in value] if isinstance(value, list | tuple) else value

    geometry = {**feature.geometry, "coordinates": moved(feature.geometry["coordinates"])}
    return Feature(feature.id, geometry, feature.properties, CRS84)
