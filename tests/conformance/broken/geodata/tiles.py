"""Tiles and 3D that are declared, and are something else."""

from __future__ import annotations

import json

from tests.conformance.servers.tiles import CITY, PNG, TILESET_3D, VECTOR, vector_tile

from mimas.conformance.testing.declaring import asked, changed, faults_of
from mimas.conformance.testing.ngsi_ld import says

fault = faults_of("tiles", "")
TILES = "OGC-FEATURES.declared-tiles-parse"
MODELS = "OGC-FEATURES.declared-3d-parses DATA.linked-3d-parses@ngsi-ld"
VECTOR_TILE = asked("/tiles/vector/.*")
MAP_TILE = asked("/image/.*")
CITY_MODEL, SCENE = asked("/hall.city.json"), asked("/3d/tileset.json")


def tile(media_type, body):
    return says(200, body, Content_Type=media_type)


def _without_links(value):
    value["collections"][0]["links"] = []


fault("A vector tile that is declared is not there.", TILES, VECTOR_TILE, says(404, {}))
fault("A vector tile is a page.", TILES, VECTOR_TILE, tile(VECTOR, b"<html>Sorry</html>"))
fault("A vector tile ends in its middle.", TILES, VECTOR_TILE, tile(VECTOR, vector_tile()[:-6]))
fault("A layer of a vector tile has no name.", TILES, VECTOR_TILE, tile(VECTOR, vector_tile(b"")))
fault("A map tile is called PNG and is a page.", TILES, MAP_TILE, tile("image/png", b"<html>"))
fault("A map tile ends in its middle.", TILES, MAP_TILE, tile("image/png", PNG[:-20]))
fault("A map tile is called JPEG and is PNG.", TILES, MAP_TILE, tile("image/jpeg", PNG))
fault("No tile set is listed.", TILES, asked("/tiles"), changed(lambda value: {"tilesets": []}))
fault("A tile set links no tiles.", TILES, asked("/tiles/set"), changed(lambda value: {"links": []}))
fault("Tiles are declared and linked nowhere.", TILES, asked("/collections"), changed(_without_links))
fault(
    "All tiles are of a kind that is not read here.",
    TILES,
    asked("/(tiles/vector|image)/.*"),
    tile("image/x-own", b"?"),
    verdict="not_tested",
)
fault(
    "No tile set says where its tiles are, and the whole world has none.",
    TILES,
    asked("/(tiles/set|map|image/.*|tiles/vector/.*)"),
    lambda received, forward: (
        says(404, {})(received, forward)
        if received.path.endswith("/0/0/0")
        else changed(lambda value: json.loads(json.dumps(value).replace("tileMatrixSetLimits", "x")))(
            received, forward
        )
    ),
    verdict="not_tested",
)
fault("CityJSON names a vertex that is not there.", MODELS, CITY_MODEL, says(200, {**CITY, "vertices": []}))
fault("CityJSON is a page.", MODELS, CITY_MODEL, says(200, b"<html>Sorry</html>"))
fault("CityJSON that is linked is not there.", MODELS, CITY_MODEL, says(404, {}))
fault("3D Tiles are a page.", MODELS, SCENE, says(200, b"<html>Sorry</html>"))
fault("3D Tiles have no root.", MODELS, SCENE, says(200, {**TILESET_3D, "root": None}))
fault("3D Tiles have no version.", MODELS, SCENE, says(200, {**TILESET_3D, "asset": {}}))
fault("3D Tiles have no geometric error.", MODELS, SCENE, says(200, {**TILESET_3D, "geometricError": "few"}))
