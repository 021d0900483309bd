"""Entities as GeoJSON (CIM 009 4.5.16, 4.5.17)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from mimas.ngsi_ld.core.context.term_map import TermMap
from mimas.ngsi_ld.core.represent import Representation, represent_entity, to_feature, to_feature_collection
from mimas.ngsi_ld.core.state import Document, EntityState

NOW = datetime(2025, 1, 1, tzinfo=UTC)
GPS = "urn:ngsi-ld:Dataset:gps"


def geo(longitude: float, **members: str) -> Document:
    """A GeoProperty."""
    return {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [longitude, 50.0]}, **members}


def feature(attributes: Document, **how: Any) -> Document:
    """The Feature of an entity."""
    state = EntityState({"id": "urn:a:b", "type": "T", **attributes}, NOW, NOW)
    asked = Representation(**how)
    return to_feature(state, represent_entity(state, asked, TermMap()), asked)


def test_a_feature() -> None:
    """id and geometry outside, type and all attributes in the properties, the location among them."""
    location = geo(14.0)

    assert feature({"location": location}) == {
        "id": "urn:a:b",
        "type": "Feature",
        "geometry": location["value"],
        "properties": {"type": "T", "location": location},
    }


def test_a_simplified_feature() -> None:
    """With format=simplified the properties are simplified (4.5.17)."""
    location = geo(14.0)

    assert feature({"location": location}, format="simplified")["properties"] == {
        "type": "T",
        "location": location["value"],
    }


@pytest.mark.parametrize(
    ("attributes", "how", "longitude"),
    [
        ({"location": geo(1)}, {}, 1),
        ({"location": geo(1), "entrance": geo(2)}, {"geometry_property": "entrance"}, 2),
        ({"location": [geo(1), geo(2, datasetId=GPS)]}, {}, 1),
        ({"location": [geo(1), geo(2, datasetId=GPS)]}, {"dataset_ids": frozenset({GPS})}, 2),
        ({"location": geo(2, datasetId=GPS)}, {}, 2),
        ({"location": [geo(1, datasetId="urn:d:1"), geo(2, datasetId=GPS)]}, {}, None),
        ({"location": geo(1)}, {"dataset_ids": frozenset({GPS})}, None),
        ({}, {}, None),
        ({"location": {"type": "Property", "value": "here"}}, {}, None),
        ({"place": geo(1)}, {"geometry_property": "type"}, None),
    ],
)
def test_geometry(attributes: Document, how: dict[str, Any], longitude: float | None) -> None:
    """The named GeoProperty, the default instance or the one of the dataset, else null (4.5.16.1)."""
    geometry = feature(attributes, **how)["geometry"]

    assert (geometry and geometry["coordinates"][0]) == longitude


def test_a_feature_collection() -> None:
    """Features stand in a FeatureCollection."""
    assert to_feature_collection([feature({})]) == {"type": "FeatureCollection", "features": [feature({})]}
