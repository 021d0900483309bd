"""Geo-queries as SQL conditions.

`near` is in metres on the sphere, the other relations are planar over longitude and latitude: what
`core.query.geo_match` does in memory. A bounding box comes first each time, for the GiST index.
"""

from __future__ import annotations

import json
from typing import Any

from ..core.query.geo import Geometry, GeoQuery
from ..core.query.sphere import search_box
from .sql import bind

LOCATION = "location"

_PREDICATES = {
    "within": "ST_Within",
    "contains": "ST_Contains",
    "intersects": "ST_Intersects",
    "equals": "ST_Equals",
    "overlaps": "ST_Overlaps",
}


def compile_geo(query: GeoQuery, parameters: list[Any], alias: str = "entity") -> str:
    """Return the condition: any instance of the GeoProperty is in the relation."""
    others = _Relation(query, parameters)
    attribute = bind(parameters, query.geoproperty, "text")
    side = (
        f"EXISTS (SELECT FROM entity_geo AS geo WHERE geo.tenant = {alias}.tenant"
        f" AND geo.entity_id = {alias}.id AND geo.attribute = {attribute} AND {others.of('geo.geometry')})"
    )
    if query.geoproperty != LOCATION:
        return side
    if others.searchable:
        # Few entities have a second location; their ids come first, so that an index serves both halves.
        ids = (
            f"SELECT entity_id FROM entity_geo WHERE attribute = {attribute}"  # noqa: S608
            f" AND {others.of('entity_geo.geometry')}"
        )
        side = f"({alias}.id = ANY (ARRAY({ids})) AND {side})"
    return f"({others.of(f'{alias}.location')} OR {side})"


def compile_relation(query: GeoQuery, parameters: list[Any], geometry: str) -> str:
    """Return the condition that a geometry, an expression that may be null, is in the relation."""
    return _Relation(query, parameters).of(geometry)


def geometry_sql(geometry: Geometry, parameters: list[Any]) -> str:
    """A checked geometry as an expression of type geometry."""
    text = bind(parameters, json.dumps(geometry.to_geojson()), "text")
    return f"ST_SetSRID(ST_GeomFromGeoJSON({text}), 4326)"


def mended_sql(geometry: str) -> str:
    """A geometry that crosses itself made valid; of a mixture only the parts of the highest dimension."""
    return f"ST_CollectionExtract(ST_MakeValid({geometry}))"


class _Relation:
    """The relation to the reference as a test on any geometry expression; false for null."""

    def __init__(self, query: GeoQuery, parameters: list[Any]) -> None:
        self.query = query
        self.reference = geometry_sql(query.reference, parameters)
        self.metres = query.max_distance if query.max_distance is not None else query.min_distance
        self.searchable = query.relation != "disjoint" and query.min_distance is None
        if self.metres is not None:
            corners = [bind(parameters, each, "float8") for each in search_box(query.reference, self.metres)]
            self.box = f"ST_MakeEnvelope({', '.join(corners)}, 4326)"
            self.distance = bind(parameters, self.metres, "float8")

    def of(self, geometry: str) -> str:
        if self.query.relation == "near":
            near = (
                f"({geometry} && {self.box} AND ST_DWithin({geometry}::geography,"
                f" {self.reference}::geography, {self.distance}, FALSE))"
            )
            return near if self.searchable else f"({geometry} IS NOT NULL AND NOT {near})"
        mended, reference = mended_sql(geometry), mended_sql(self.reference)
        if self.query.relation == "disjoint":
            return f"({geometry} IS NOT NULL AND ST_Disjoint({mended}, {reference}))"
        predicate = _PREDICATES[self.query.relation]
        return f"({geometry} && {self.reference} AND {predicate}({mended}, {reference}))"
