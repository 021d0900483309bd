"""Reads the features of a GeoPackage (OGC 12-128r18) out of its bytes; nothing is written to a disk."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import shapely
from shapely.geometry import mapping

from ..verdicts import Failure
from .features import Feature
from .geometry import exchanged
from .reference import Crs, parse_crs

GPKG, GP10, GP11 = 0x47504B47, 0x47503130, 0x47503131
_ENVELOPES = {0: 0, 1: 32, 2: 48, 3: 48, 4: 64}
_MOST_ROWS = 2_000


@dataclass(frozen=True, slots=True)
class GeoPackage:
    """What a GeoPackage holds. `problems` are things that are allowed, but old."""

    features: tuple[Feature, ...]
    systems: tuple[Crs, ...]
    problems: tuple[str, ...] = ()


def read_geopackage(content: bytes) -> GeoPackage:
    """The features of every features table; a file that is no GeoPackage is Failure."""
    if not content.startswith(b"SQLite format 3\0"):
        raise Failure(f"it is no SQLite database, but begins with {content[:24]!r}.")
    try:
        with closing(sqlite3.connect(":memory:")) as database:
            database.deserialize(content)
            return _read(database)
    except sqlite3.Error as error:
        raise Failure(f"SQLite says: {error}.") from error


def _read(database: sqlite3.Connection) -> GeoPackage:
    (application,) = database.execute("PRAGMA application_id").fetchone()
    if application not in (GPKG, GP10, GP11):
        raise Failure(f"its application_id is {application:#x}, expected {GPKG:#x} (GPKG).")
    there = {
        name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")
    }
    missing = {"gpkg_contents", "gpkg_spatial_ref_sys"} - there
    if missing:
        raise Failure(f"it has no table {' and '.join(sorted(missing))}.")
    tables = database.execute(
        "SELECT table_name, srs_id FROM gpkg_contents WHERE data_type = 'features'"
    ).fetchall()
    systems = {srs_id: _system(database, srs_id) for _, srs_id in tables}
    found = [each for table, srs_id in tables for each in _features(database, table, systems[srs_id])]
    old = ("an application_id of GeoPackage 1.0 or 1.1",) if application != GPKG else ()
    return GeoPackage(tuple(found), tuple(each for each in systems.values() if each), old)


def _system(database: sqlite3.Connection, srs_id: int | None) -> Crs | None:
    """The system of a table; None for the undefined ones (0 and -1)."""
    if srs_id in (None, 0, -1):
        return None
    query = "SELECT organization, organization_coordsys_id FROM gpkg_spatial_ref_sys WHERE srs_id = ?"
    row = database.execute(query, (srs_id,)).fetchone()
    if row is None:
        raise Failure(f"gpkg_spatial_ref_sys does not know the srs_id {srs_id}.")
    return parse_crs(f"{row[0]}:{row[1]}")


def _features(database: sqlite3.Connection, table: str, crs: Crs | None) -> Iterator[Feature]:
    column = database.execute(
        "SELECT column_name FROM gpkg_geometry_columns WHERE table_name = ?", (table,)
    ).fetchone()
    if column is None:
        raise Failure(f"gpkg_geometry_columns does not know the table {table!r}.")
    quoted = '"' + table.replace('"', '""') + '"'
    rows = database.execute(f"SELECT * FROM {quoted} LIMIT {_MOST_ROWS}")  # noqa: S608  # a quoted name
    names = [each[0] for each in rows.description]
    key = _primary_key(database, quoted)
    for row in rows:
        values = dict(zip(names, row, strict=True))
        blob = values.pop(column[0])
        yield Feature(_id_of(values, key), _geometry(blob, crs), _plain(values), crs)


def _primary_key(database: sqlite3.Connection, quoted: str) -> str | None:
    columns = database.execute(f"PRAGMA table_info({quoted})").fetchall()
    return next((str(each[1]) for each in columns if each[5]), None)


def _id_of(values: dict[str, Any], key: str | None) -> str | None:
    """A column called id, uri or identifier that holds text; a row number is no identifier."""
    for name, value in values.items():
        if name.lower() in ("id", "uri", "identifier", "gml_id") and isinstance(value, str) and value:
            return value
    value = values.get(key) if key else None
    return value if isinstance(value, str) and value else None


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in values.items() if not isinstance(value, bytes)}
    return {name: _parsed(value) for name, value in kept.items()}


def _parsed(value: Any) -> Any:
    if isinstance(value, str) and value.startswith("{"):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _geometry(blob: Any, crs: Crs | None) -> dict[str, Any] | None:
    """The geometry of a StandardGeoPackageBinary: x before y there, the system's axis order here."""
    if blob is None:
        return None
    if not isinstance(blob, bytes) or blob[:2] != b"GP" or len(blob) < 8:
        raise Failure("a geometry does not begin with GP.")
    envelope = (blob[3] >> 1) & 7
    if envelope not in _ENVELOPES:
        raise Failure(f"a geometry has the unknown envelope {envelope}.")
    try:
        built = shapely.from_wkb(blob[8 + _ENVELOPES[envelope] :])
    except shapely.errors.ShapelyError as error:
        raise Failure(f"a geometry is no WKB: {error}") from error
    if built.is_empty:
        return None
    found = json.loads(json.dumps(mapping(built)))
    return found if crs is None or crs.is_east_first else exchanged(found)
