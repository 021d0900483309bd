"""Entities as GeoJSON: Feature and FeatureCollection (CIM 009 4.5.16, 4.5.17)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..kinds import dataset_of, instances_of
from ..parse.geometry import is_geometry
from ..state import Document, EntityState
from .representation import Representation


def to_feature(state: EntityState, shown: Document, how: Representation) -> dict[str, Any]:
    """The Feature of an entity that `represent_entity` (or `embed`) has shown; `@context` is the caller's."""
    properties = {name: value for name, value in shown.items() if name != "id"}
    return {
        "id": state.id,
        "type": "Feature",
        "geometry": geometry(state.document, how),
        "properties": properties,
    }


def to_feature_collection(features: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """The FeatureCollection of some Features."""
    return {"type": "FeatureCollection", "features": list(features)}


def geometry(document: Document, how: Representation) -> dict[str, Any] | None:
    """The geometry of an entity, None when it has none or several and none of them is meant (4.5.16.1).

    Of several instances the one asked for by datasetId counts, else the default one.
    """
    value = document.get(how.geometry_property)
    if type(value) not in (dict, list):
        return None
    instances = [each for each in instances_of(value) if how.shows_dataset(dataset_of(each))]
    if len(instances) > 1 and not how.dataset_ids:
        instances = [each for each in instances if not dataset_of(each)]
    if not instances or instances[0].get("type") != "GeoProperty":
        return None
    found = instances[0]["value"]
    return found if is_geometry(found) else None
