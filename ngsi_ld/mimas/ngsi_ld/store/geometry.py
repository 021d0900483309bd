"""GeoProperties of a document as PostGIS reads them."""

from __future__ import annotations

from collections.abc import Iterator
from struct import pack
from typing import Any

import orjson

from ..core.kinds import attributes_of, dataset_of, instances_of
from ..core.state import DEFAULT_DATASET, Document

LOCATION = "location"
GeoKey = tuple[str, str]


def geometries(document: Document) -> dict[GeoKey, str]:
    """The geometry of each GeoProperty instance, by attribute and dataset: WKB in hex, or GeoJSON."""
    return dict(_geometries(document))


def _geometries(document: Document) -> Iterator[tuple[GeoKey, str]]:
    for name, value in attributes_of(document):
        for instance in instances_of(value):
            if instance.get("type") == "GeoProperty":
                yield (name, dataset_of(instance)), _geometry(instance["value"])


def _geometry(value: Any) -> str:
    """Points, nearly all there is, as WKB: PostGIS parses that several times faster than GeoJSON."""
    if value.get("type") == "Point":
        longitude, latitude = value["coordinates"][:2]
        return pack("<BIdd", 1, 1, float(longitude), float(latitude)).hex()
    return orjson.dumps(value).decode()


LOCATION_KEY: GeoKey = (LOCATION, DEFAULT_DATASET)
