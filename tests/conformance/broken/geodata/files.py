"""Files of geodata that are wrong in one way."""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from tests.conformance.servers.geodata_files import write_geojson, write_geopackage
from tests.conformance.servers.town import PARKS, TREES

from mimas.conformance.target import Sample, Target
from mimas.conformance.testing import broken_target

BOW = {
    "type": "Polygon",
    "coordinates": [[[14.1, 50.15], [14.11, 50.16], [14.11, 50.15], [14.1, 50.16], [14.1, 50.15]]],
}


def fault(
    sentence: str,
    caught_by: str,
    name: str,
    change: Callable[[Path], object],
    *,
    must_catch: dict[str, str] | None = None,
    verdict: str = "fail",
) -> None:
    """One of the files is another."""

    def breaks(target: Target, folder: Path) -> Target:
        for each in target.samples:
            shutil.copy(each.path, folder)
        change(folder / name)
        return replace(target, samples=tuple(Sample(folder / each.path.name) for each in target.samples))

    breaks.__name__ = "file_" + re.sub(r"[^a-z0-9]+", "_", sentence.lower()).strip("_")
    breaks.__doc__ = sentence
    broken_target(
        right="geodata-files",
        caught_by=[f"GEODATA.{each}" for each in caught_by.split()],
        must_catch=must_catch,
        verdict=verdict,
    )(breaks)


def text(old: str, new: str) -> Callable[[Path], object]:
    return lambda path: path.write_text(re.sub(old, new, path.read_text(), flags=re.DOTALL))


def sql(*statements: str) -> Callable[[Path], object]:
    def change(path: Path) -> None:
        database = sqlite3.connect(path)
        for each in statements:
            database.execute(each)
        database.commit()
        database.close()

    return change


def geojson(features: Iterable[dict]) -> Callable[[Path], object]:  # type: ignore[type-arg]
    return lambda path: write_geojson(path, list(features))


def every(change: Callable[[dict], dict]) -> list[dict]:  # type: ignore[type-arg]
    return [{**each, **change(each)} for each in TREES]


fault(
    "A GeoJSON file is called a GeoPackage.",
    "readable",
    "town.gpkg",
    geojson(TREES),
    must_catch={"MIM7-R2.1": "GeoJSON file accepted as GeoPackage (measured)"},
)
fault(
    "A database of somebody else is called a GeoPackage.",
    "readable",
    "town.gpkg",
    sql("PRAGMA application_id = 1"),
)
fault("A GeoPackage has no table of contents.", "readable", "town.gpkg", sql("DROP TABLE gpkg_contents"))
fault(
    "A GeoPackage is cut off.",
    "readable",
    "town.gpkg",
    lambda path: path.write_bytes(path.read_bytes()[:5000]),
)
fault(
    "A geometry of a GeoPackage is noise.",
    "readable",
    "town.gpkg",
    sql("UPDATE places SET geom = x'475000014159'"),
)
fault(
    "A GeoPackage is of the first version.",
    "readable",
    "town.gpkg",
    lambda path: write_geopackage(path, TREES, 0x47503130),
    verdict="warn",
)
fault(
    "A web page is called GeoJSON.",
    "readable",
    "town.geojson",
    lambda path: path.write_text("<html>No</html>"),
)
fault(
    "A JSON file is called GeoJSON.",
    "readable",
    "town.geojson",
    lambda path: path.write_text('{"trees": []}'),
)
fault(
    "GeoJSON names a system as it did before RFC 7946.",
    "readable",
    "town.geojson",
    text("^{", '{"crs": null,'),
    verdict="warn",
)
fault("GML is not well-formed.", "readable", "trees.gml", text("</gml:FeatureCollection>", ""))
fault(
    "GML declares entities that explode.",
    "readable",
    "trees.gml",
    text(r"\?>", '?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'),
)
fault("Any XML is called GML.", "readable", "trees.gml", lambda path: path.write_text("<trees/>"))
fault("CityJSON has no version.", "readable", "hall.city.json", text('"version": "2.0"', '"release": "2.0"'))
fault(
    "CityJSON names a vertex that is not there.",
    "readable",
    "hall.city.json",
    text(r"\[0, 3, 2, 1\]", "[0, 3, 2, 99]"),
)
fault("A drawing is called IFC.", "readable", "hall.ifc", text("IFC4", "AUTOMOTIVE_DESIGN"))

fault(
    "A polygon in a file crosses itself.",
    "valid-geometries",
    "town.geojson",
    geojson(every(lambda _: {"geometry": BOW})),
    must_catch={"MIM7-R2.1": "self-intersecting polygon"},
)
fault(
    "A polygon in a GeoPackage crosses itself.",
    "valid-geometries",
    "town.gpkg",
    lambda path: write_geopackage(path, [{**PARKS[0], "geometry": BOW}]),
)

fault(
    "A file has no ids.",
    "ids-unique",
    "town.geojson",
    geojson({name: value for name, value in each.items() if name != "id"} for each in TREES),
    must_catch={"MIM7-R4.1": "file without any id passes (measured)"},
)
fault(
    "Two rows of a file have one INSPIRE id.",
    "ids-unique",
    "town.geojson",
    geojson(every(lambda each: {"properties": {"inspireId": "CZ.1"}})),
    must_catch={"MIM7-R4.1": "duplicate inspireId passes because row index is checked (measured)"},
)
fault(
    "Two rows of a GeoPackage have one id.", "ids-unique", "town.gpkg", sql("UPDATE places SET id = 'same'")
)
fault("A GeoPackage has row numbers for ids.", "ids-unique", "town.gpkg", sql("UPDATE places SET id = NULL"))
fault(
    "A new export has new ids.",
    "ids-persistent",
    "town.geojson",
    geojson(every(lambda each: {"id": each["id"] + "-v2"})),
)

fault(
    "A GeoPackage has an undefined reference system.",
    "crs-stated",
    "town.gpkg",
    sql("UPDATE gpkg_contents SET srs_id = -1"),
    must_catch={"MIM7-R5.1a": "no CRS passes (measured)"},
)
fault("GML names no reference system.", "crs-stated", "trees.gml", text(' srsName="[^"]*"', ""))
fault("CityJSON names no reference system.", "crs-stated", "hall.city.json", text("referenceSystem", "words"))
fault("IFC names no reference system.", "crs-stated", "hall.ifc", text("#1=IFCPROJECTEDCRS[^\n]*\n", ""))
fault(
    "Degrees stand in a file that states Krovak.",
    "coordinates-in-range",
    "trees.gml",
    text("EPSG::4326", "EPSG::5514"),
    must_catch={"MIM7-R5.1a": "coordinates not in the stated CRS range"},
)
fault(
    "Metres stand in a GeoJSON file.",
    "coordinates-in-range lon-lat",
    "town.geojson",
    geojson(every(lambda each: {"geometry": {"type": "Point", "coordinates": [-764429.0, -1033271.0]}})),
)
fault(
    "Longitude stands first in GML of EPSG:4326.",
    "transformable lon-lat",
    "trees.gml",
    text(r"<gml:pos>([-0-9.]+) ([-0-9.]+)<", r"<gml:pos>\2 \1<"),
    must_catch={"MIM7-R5.1b": "axis order swapped", "MIM7-D02": "lat/lon order"},
)
fault(
    "A GeoPackage in Krovak stands on WGS 84.",
    "transformable",
    "town.gpkg",
    lambda path: write_geopackage(path, [_shifted(each) for each in TREES]),
    must_catch={"MIM7-R5.1b": "datum shift ignored (100 m)"},
)


def _shifted(feature: dict) -> dict:  # type: ignore[type-arg]
    x, y = feature["geometry"]["coordinates"]
    return {**feature, "geometry": {"type": "Point", "coordinates": [x - 0.0013, y - 0.0005]}}
