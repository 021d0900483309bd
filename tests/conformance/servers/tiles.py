"""A town as tiles and in 3D: one vector tile, one map tile, a hall as CityJSON and as 3D Tiles."""

from __future__ import annotations

import base64
import json
from typing import Any

from mimas.conformance.http_server import Received, Reply

RELATION = "http://www.opengis.net/def/rel/ogc/1.0/tilesets-"
VECTOR = "application/vnd.mapbox-vector-tile"
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII="
)
CITY = {
    "type": "CityJSON",
    "version": "2.0",
    "transform": {"scale": [1, 1, 1], "translate": [0, 0, 0]},
    "vertices": [[0, 0, 0], [1, 0, 0], [1, 1, 0]],
    "CityObjects": {
        "hall": {"type": "Building", "geometry": [{"type": "MultiSurface", "boundaries": [[[0, 1, 2]]]}]}
    },
}
TILESET_3D = {
    "asset": {"version": "1.1"},
    "geometricError": 10,
    "root": {"boundingVolume": {"region": [0, 0, 1, 1, 0, 9]}, "geometricError": 0},
}


def _field(number: int, content: bytes) -> bytes:
    return bytes([number << 3 | 2, len(content)]) + content


def vector_tile(name: bytes = b"trees") -> bytes:
    """A vector tile of one layer with one point."""
    point = bytes([0x18, 1]) + _field(4, bytes([9, 50, 34]))
    return _field(3, bytes([0x78, 2]) + _field(1, name) + _field(2, point) + bytes([0x28, 0x80, 0x20]))


def _set(kind: str) -> dict[str, Any]:
    item = {"rel": "item", "href": f"{kind}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}", "templated": True}
    limits = {"tileMatrix": "3", "minTileRow": 2, "maxTileRow": 2, "minTileCol": 4, "maxTileCol": 4}
    return {"links": [item], "tileMatrixSetLimits": [limits]}


def answer(received: Received) -> Reply:
    """A service of features with tiles and 3D, and a broker whose entity links the same 3D."""
    url = f"http://{received.headers['host']}"
    trees = {
        "id": "trees",
        "links": [
            {"rel": f"{RELATION}vector", "href": f"{url}/tiles"},
            {"rel": f"{RELATION}map", "href": "/map"},
            {"rel": "enclosure", "type": "application/city+json", "href": "/hall.city.json"},
        ],
    }
    landing = {"links": [{"rel": "3d", "type": "application/json+3dtiles", "href": "/3d/tileset.json"}]}
    classes = ["http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/core"]
    hall = {"id": "urn:ngsi-ld:Building:1", "type": "Building"}
    hall |= {name: {"type": "Property", "value": f"{url}{place}"} for name, place in _MODELS.items()}
    documents: dict[str, Any] = {
        "/": landing,
        "/conformance": {"conformsTo": classes},
        "/collections": {"collections": [trees]},
        "/tiles": {"tilesets": [{"links": [{"rel": "self", "href": "/tiles/set"}]}]},
        "/tiles/set": _set("vector"),
        "/map": {"tilesets": [_set("image")]},
        "/hall.city.json": CITY,
        "/3d/tileset.json": TILESET_3D,
        "/ngsi-ld/v1/types": ["Building"],
        "/ngsi-ld/v1/entities": [hall],
    }
    tiles = {"/tiles/vector/3/2/4": (VECTOR, vector_tile()), "/image/3/2/4": ("image/png", PNG)}
    place = received.path.partition("?")[0]
    if place in tiles:
        return Reply(200, tiles[place][1], {"Content-Type": tiles[place][0]})
    found = documents.get(place)
    body = json.dumps(found if found is not None else {}).encode()
    return Reply(404 if found is None else 200, body, {"Content-Type": "application/json"})


_MODELS = {"model": "/hall.city.json", "scene": "/3d/tileset.json"}
