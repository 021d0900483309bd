"""Which geodata files are read: six formats, known by what they begin with, not by their names.

GDAL opens a hundred formats, and some of those name other files or addresses to be read. So it only
gets what was recognised here.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..archives import link_into
from ..source import SourceError

SUFFIXES = {
    "GeoPackage": ".gpkg",
    "FlatGeobuf": ".fgb",
    "Shapefile": ".shp",
    "GeoJSON": ".geojson",
    "GML": ".gml",
    "VFK": ".vfk",
}
_BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_GML = (b"http://www.opengis.net/gml", b"http://www.opengis.net/wfs")


@dataclass(frozen=True, slots=True)
class GeoFile:
    """A file that GDAL may open, what it is, and how it is called for people."""

    path: Path
    format: str
    name: str


def recognise(path: Path) -> str | None:
    """The name of the format, None when it is none of ours."""
    with path.open("rb") as file:
        head = file.read(65536)
    for bom in _BOMS:
        head = head.removeprefix(bom)
    text = head.lstrip()
    if head.startswith(b"SQLite format 3\0"):
        return "GeoPackage"
    if head.startswith(b"fgb"):
        return "FlatGeobuf"
    if head.startswith(b"\x00\x00\x27\x0a") and path.suffix.lower() != ".shx":
        return "Shapefile"
    if text.startswith(b"{"):
        return "GeoJSON" if _is_geojson(path, text) else None
    if text.startswith(b"<"):
        return "GML" if any(name in head for name in _GML) and b"OGRVRT" not in head else None
    return "VFK" if text.startswith(b"&H") else None


def _is_geojson(path: Path, head: bytes) -> bool:
    named = path.suffix.lower() in (".geojson", ".json")
    return (named or b"Feature" in head) and b'"arcs"' not in head


def geo_files(paths: list[Path], folder: Path) -> list[GeoFile]:
    """Of the files those that hold geodata, so that GDAL writes nothing beside the originals."""
    found = []
    for path in paths:
        if path.suffix.lower() in (".xsd", ".gfs"):
            continue
        kind = recognise(path)
        if kind is not None:
            found.append(GeoFile(_safe(path, kind, folder), kind, path.name))
    return found


def require_geo_files(paths: list[Path], folder: Path, name: str) -> list[GeoFile]:
    """As `geo_files`; SourceError when there are none."""
    found = geo_files(paths, folder)
    if not found:
        raise SourceError(f"{name} holds no geodata: {', '.join(SUFFIXES)} can be read, also in a zip")
    return found


def _safe(path: Path, kind: str, folder: Path) -> Path:
    suffix = SUFFIXES[kind]
    if kind not in ("GML", "VFK") and path.suffix.lower() in (suffix, ".json"):
        return path
    linked = link_into(folder, path, path.stem + suffix)
    schema = path.with_suffix(".xsd")
    if kind == "GML" and schema.is_file() and linked.parent != path.parent:
        link_into(linked.parent, schema, schema.name)
    return linked
