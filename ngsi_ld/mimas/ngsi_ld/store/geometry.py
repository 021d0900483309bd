"""GeoProperties of a document as PostGIS reads them."""

from __future__ import annotations

from struct import pack
from typing import Any

import orjson

from ..core.kinds import dataset_of
from ..core.state import DEFAULT_DATASET, Document

LOCATION = "location"
GeoKey = tuple[str, str]


def geometries(document: Document) -> dict[GeoKey, str]:
    """The geometry of each GeoProperty instance, by attribute and dataset: WKB in hex, or GeoJSON."""
    found: dict[GeoKey, str] = {}
    for name, value in document.items():
        for instance in (value,) if type(value) is dict else value if type(value) is list else ():
            if type(instance) is dict and instance["type"] == "GeoProperty":
                found[name, dataset_of(instance)] = _geometry(instance["value"])
    return found


def _geometry(value: Any) -> str:
    """Points, nearly all there is, as WKB: PostGIS parses that several times faster than GeoJSON."""
    if value.get("type") == "Point":
        longitude, latitude = value["coordinates"][:2]
        return pack("<BIdd", 1, 1, float(longitude), float(latitude)).hex()
    return orjson.dumps(value).decode()


LOCATION_KEY: GeoKey = (LOCATION, DEFAULT_DATASET)
