"""The town as files: GeoJSON, GML, GeoPackage in Krovak, CityJSON, IFC."""

from __future__ import annotations

import json
import sqlite3
import struct
from pathlib import Path
from typing import Any

import shapely
from pyproj import Transformer
from shapely.geometry import shape

from .town import PARKS, TREES, Feature, collection

KROVAK = Transformer.from_crs("OGC:CRS84", "EPSG:5514")
GPKG_TABLES = """
CREATE TABLE gpkg_spatial_ref_sys (srs_name TEXT NOT NULL, srs_id INTEGER PRIMARY KEY,
  organization TEXT NOT NULL, organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL,
  description TEXT);
CREATE TABLE gpkg_contents (table_name TEXT PRIMARY KEY, data_type TEXT NOT NULL, srs_id INTEGER);
CREATE TABLE gpkg_geometry_columns (table_name TEXT, column_name TEXT, geometry_type_name TEXT,
  srs_id INTEGER, z TINYINT, m TINYINT);
INSERT INTO gpkg_spatial_ref_sys VALUES ('S-JTSK', 5514, 'EPSG', 5514, '', '');
CREATE TABLE places (fid INTEGER PRIMARY KEY, id TEXT, name TEXT, geom BLOB);
INSERT INTO gpkg_contents VALUES ('places', 'features', 5514);
INSERT INTO gpkg_geometry_columns VALUES ('places', 'geom', 'GEOMETRY', 5514, 0, 0);
"""
IFC = """ISO-10303-21;
HEADER;
FILE_DESCRIPTION(('ViewDefinition [CoordinationView]'),'2;1');
FILE_NAME('hall.ifc','2026-01-01T00:00:00',('Town'),('Town'),'','','');
FILE_SCHEMA(('IFC4'));
ENDSEC;
DATA;
#1=IFCPROJECTEDCRS('EPSG:5514',$,$,$,$,$,$);
ENDSEC;
END-ISO-10303-21;
"""


def in_krovak(geometry: dict[str, Any]) -> shapely.Geometry:
    """The geometry in EPSG:5514."""
    moved: shapely.Geometry = shapely.transform(
        shape(geometry), lambda x, y: KROVAK.transform(x, y), interleaved=False
    )
    return moved


def write_files(folder: Path) -> list[Path]:
    """All files, in a folder."""
    write_geojson(folder / "town.geojson", TREES)
    write_gml(folder / "trees.gml", TREES)
    write_geopackage(folder / "town.gpkg", [*TREES, *PARKS])
    write_cityjson(folder / "hall.city.json")
    (folder / "hall.ifc").write_text(IFC)
    return sorted(each for each in folder.iterdir() if each.is_file())


def write_geojson(path: Path, features: list[Feature]) -> None:
    """GeoJSON in CRS84."""
    path.write_text(json.dumps(collection(features)))


def write_gml(path: Path, features: list[Feature]) -> None:
    """GML 3.2 in EPSG:4326, latitude first."""
    members = "".join(
        f'<gml:featureMember><t:Tree gml:id="{each["id"].replace(":", "-")}"><t:uri>{each["id"]}</t:uri>'
        f'<t:place><gml:Point srsName="urn:ogc:def:crs:EPSG::4326"><gml:pos>'
        f"{each['geometry']['coordinates'][1]} {each['geometry']['coordinates'][0]}</gml:pos>"
        "</gml:Point></t:place></t:Tree></gml:featureMember>"
        for each in features
    )
    path.write_text(
        '<?xml version="1.0"?><gml:FeatureCollection xmlns:gml="http://www.opengis.net/gml/3.2" '
        f'xmlns:t="https://town.example/ns">{members}</gml:FeatureCollection>'
    )


def write_geopackage(path: Path, features: list[Feature], application: int = 0x47504B47) -> None:
    """A GeoPackage in EPSG:5514."""
    path.unlink(missing_ok=True)
    database = sqlite3.connect(path)
    database.executescript(
        f"{GPKG_TABLES}PRAGMA application_id = {application}; PRAGMA user_version = 10300;"
    )
    for each in features:
        blob = (
            b"GP\0\x01" + struct.pack("<i", 5514) + shapely.to_wkb(in_krovak(each["geometry"]), byte_order=1)
        )
        row = (each["id"], each["properties"].get("name", "tree"), blob)
        database.execute("INSERT INTO places (id, name, geom) VALUES (?, ?, ?)", row)
    database.commit()
    database.close()


def write_cityjson(path: Path) -> None:
    """A town hall as a box, in EPSG:5514."""
    x, y = KROVAK.transform(14.1030, 50.1473)
    corners = [(dx, dy, dz) for dz in (0, 10) for dx, dy in ((0, 0), (20, 0), (20, 30), (0, 30))]
    faces = [[0, 3, 2, 1], [4, 5, 6, 7], [0, 1, 5, 4], [1, 2, 6, 5], [2, 3, 7, 6], [3, 0, 4, 7]]
    hall = {
        "type": "Building",
        "geometry": [{"type": "Solid", "lod": "1", "boundaries": [[[face] for face in faces]]}],
    }
    path.write_text(
        json.dumps(
            {
                "type": "CityJSON",
                "version": "2.0",
                "metadata": {"referenceSystem": "https://www.opengis.net/def/crs/EPSG/0/5514"},
                "transform": {"scale": [1, 1, 1], "translate": [x, y, 400]},
                "CityObjects": {"urn:town:hall": hall},
                "vertices": corners,
            }
        )
    )
