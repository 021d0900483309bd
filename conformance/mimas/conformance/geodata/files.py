"""Reads geodata files; one that is not what it is called is the target's Failure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any
from xml.etree import ElementTree

import orjson
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from ..verdicts import Failure
from .features import Feature, of_geojson
from .geopackage import read_geopackage
from .gml import features_of, local
from .reference import CRS84, Crs, parse_crs

_KINDS = {
    ".geojson": "GeoJSON",
    ".gml": "GML",
    ".gpkg": "GeoPackage",
    ".city.json": "CityJSON",
    ".cityjson": "CityJSON",
    ".ifc": "IFC",
}
_MEDIA_TYPES = {
    "application/geo+json": "GeoJSON",
    "application/vnd.geo+json": "GeoJSON",
    "application/gml+xml": "GML",
    "application/geopackage+sqlite3": "GeoPackage",
    "application/city+json": "CityJSON",
    "application/x-step": "IFC",
    "model/ifc": "IFC",
}


@dataclass(frozen=True, slots=True)
class Dataset:
    """A geodata file: its format, its features (none of IFC), the systems it states."""

    name: str
    kind: str
    features: tuple[Feature, ...]
    systems: tuple[Crs, ...]
    problems: tuple[str, ...] = ()


def kind_of(name: str, media_type: str | None) -> str | None:
    """The geodata format that a file claims by its media type or its name; None for other files."""
    if media_type:
        return _MEDIA_TYPES.get(media_type.partition(";")[0].strip().lower())
    lowered = PurePath(name).name.lower()
    return next((kind for suffix, kind in _KINDS.items() if lowered.endswith(suffix)), None)


def read_dataset(name: str, kind: str, content: bytes) -> Dataset:
    """The file, read as the format it claims; Failure when it is none."""
    try:
        return _READERS[kind](name, content)
    except Failure as failure:
        raise Failure(
            f"{name} is no {kind} that can be read: {failure.message}",
            mend=f"Offer a {kind} file, or call it what it is.",
        ) from failure
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, RecursionError) as error:
        raise Failure(f"{name} is no {kind} that can be read: {type(error).__name__}: {error}") from error


def _geojson(name: str, content: bytes) -> Dataset:
    value = orjson.loads(content)
    problems = (
        ("a member `crs`, which RFC 7946 removed",) if isinstance(value, dict) and "crs" in value else ()
    )
    return Dataset(name, "GeoJSON", tuple(of_geojson(value)), (CRS84,), problems)


def _gml(name: str, content: bytes) -> Dataset:
    try:
        root = fromstring(content)
    except (ElementTree.ParseError, DefusedXmlException) as error:
        raise Failure(f"no XML that is safe to read: {error}") from error
    if local(root) not in ("FeatureCollection", "CityModel"):
        raise Failure(f"the root is {local(root)}, expected FeatureCollection or CityModel.")
    found = tuple(features_of(root))
    systems = {str(each.crs): each.crs for each in found if each.crs}
    return Dataset(name, "GML", found, tuple(systems.values()))


def _geopackage(name: str, content: bytes) -> Dataset:
    package = read_geopackage(content)
    return Dataset(name, "GeoPackage", package.features, package.systems, package.problems)


def _cityjson(name: str, content: bytes) -> Dataset:
    value = orjson.loads(content)
    if not isinstance(value, dict) or value.get("type") != "CityJSON" or not value.get("version"):
        raise Failure("the root is no object of the type CityJSON with a version.")
    stated = (value.get("metadata") or {}).get("referenceSystem")
    crs = parse_crs(stated) if stated else None
    vertices = _vertices(value)
    found = tuple(_city_object(each, body, vertices, crs) for each, body in value["CityObjects"].items())
    return Dataset(name, "CityJSON", found, (crs,) if crs else ())


def _vertices(value: Mapping[str, Any]) -> list[tuple[float, ...]]:
    transform = value.get("transform") or {"scale": [1, 1, 1], "translate": [0, 0, 0]}
    scale, translate = transform["scale"], transform["translate"]
    return [
        tuple(v * s + t for v, s, t in zip(each, scale, translate, strict=True)) for each in value["vertices"]
    ]


def _city_object(
    name: str, body: Mapping[str, Any], vertices: list[tuple[float, ...]], crs: Crs | None
) -> Feature:
    """A city object; its geometry is the set of its vertices, in the axis order of its system."""
    used = sorted({at for each in body.get("geometry") or () for at in _indexes(each["boundaries"])})
    if used and not 0 <= used[0] <= used[-1] < len(vertices):
        raise Failure(f"the geometry of {name!r} names a vertex that does not exist.")
    points = [vertices[at] for at in used]
    geometry = {"type": "MultiPoint", "coordinates": points} if points else None
    return Feature(name, geometry, body.get("attributes") or {}, crs)


def _indexes(value: Any) -> list[int]:
    return [value] if isinstance(value, int) else [at for each in value for at in _indexes(each)]


def _ifc(name: str, content: bytes) -> Dataset:
    text = content.decode("latin-1")
    if not text.lstrip().startswith("ISO-10303-21;") or not re.search(r"FILE_SCHEMA\s*\(\s*\(\s*'IFC", text):
        raise Failure("no STEP file with an IFC schema.")
    stated = re.findall(r"IFCPROJECTEDCRS\s*\(\s*'([^']+)'", text)
    return Dataset(name, "IFC", (), tuple(parse_crs(each) for each in stated))


_READERS: Mapping[str, Callable[[str, bytes], Dataset]] = {
    "GeoJSON": _geojson,
    "GML": _gml,
    "GeoPackage": _geopackage,
    "CityJSON": _cityjson,
    "IFC": _ifc,
}
