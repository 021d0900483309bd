"""Brokers whose geodata are wrong in one way."""

from __future__ import annotations

import re
from urllib.parse import unquote

from mimas.conformance.testing.declaring import asking, changed, faults_of
from mimas.conformance.testing.ngsi_ld import says

fault = faults_of("geodata", "NGSI-LD.")
BASE = "/ngsi-ld/v1"


def on(path, *having):
    """Requests to a resource of the broker with these texts in the query."""

    def picks(received):
        place, _, query = unquote(received.path).partition("?")
        return bool(re.fullmatch(BASE + path, place)) and all(each in query for each in having)

    return picks


def asked_as_geojson(received):
    return on("/entities")(received) and "geo+json" in received.headers.get("accept", "")


def each_entity(change):
    def of(value):
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, dict) and "location" in each:
                change(each)

    return changed(of)


def place(**members):
    return each_entity(lambda each: each["location"].update(value={**each["location"]["value"], **members}))


ENTITIES = on("/entities")
BOW = [[[14.1, 50.1], [14.2, 50.2], [14.2, 50.1], [14.1, 50.2], [14.1, 50.1]]]

fault(
    "Entities asked for as GeoJSON come as entities.",
    "6.4.3.2.geo-json-collection",
    asked_as_geojson,
    lambda received, forward: says(200, [{"id": "urn:x:y", "type": "T"}])(received, forward),
)
fault(
    "Features of GeoJSON have no geometry.",
    "6.4.3.2.geo-json-collection",
    asked_as_geojson,
    changed(lambda value: [each.update(geometry=None) for each in value["features"]] and None),
)
fault(
    "The place of an entity crosses itself.",
    "4.7.geometries-are-valid",
    ENTITIES,
    place(type="Polygon", coordinates=BOW),
    must_catch={"MIM7-R2.1": "self-intersecting polygon"},
)
fault(
    "The place of an entity is in Krovak.",
    "4.7.places-are-in-crs84 4.7.longitude-before-latitude",
    ENTITIES,
    place(type="Point", coordinates=[-764429.0, -1033271.0]),
    must_catch={"MIM7-R5.1a": "coordinates not in the stated CRS range"},
)
fault(
    "The place of an entity names a system.", "4.7.places-are-in-crs84", ENTITIES, place(crs={"type": "name"})
)
fault(
    "The latitude of entities stands first.",
    "4.7.longitude-before-latitude",
    ENTITIES,
    place(type="Point", coordinates=[50.145, 14.1]),
    must_catch={"MIM7-R5.1b": "axis order swapped", "MIM7-D02": "lat/lon order"},
)
fault(
    "near does not find what is there.",
    "4.10.near-finds-what-is-there",
    on("/entities", "near"),
    says(200, []),
)
fault(
    "near finds everything.",
    "4.10.near-finds-what-is-there",
    on("/entities", "near"),
    asking(r"&georel=[^&]*&geometry=[^&]*&coordinates=[^&]*", ""),
)
fault(
    "Entities have no ids.",
    "5.2.4.entities-with-a-place-have-ids",
    ENTITIES,
    each_entity(lambda each: each.pop("id")),
    must_catch={"MIM7-R4.1": "file without any id passes (measured)"},
)
fault(
    "Ids of entities are row numbers.",
    "5.2.4.entities-with-a-place-have-ids",
    ENTITIES,
    each_entity(lambda each: each.update(id=each["id"].split(":")[-1])),
)
fault(
    "An entity is not found by its id.",
    "5.2.4.entities-with-a-place-have-ids",
    on("/entities/.*"),
    says(404, {}),
)
fault(
    "Entities have new ids after an import.",
    "5.2.4.ids-persist",
    ENTITIES,
    each_entity(lambda each: each.update(id=each["id"] + "-2")),
)
fault(
    "Ids of entities name nothing but a number.",
    "5.2.4.ids-name-more-than-a-row",
    ENTITIES,
    each_entity(lambda each: each.update(id="row:" + each["id"].split(":")[-1])),
    verdict="warn",
)
fault(
    "Attributes do not say what they are.",
    "4.7.entities-with-a-place-are-modelled",
    ENTITIES,
    each_entity(lambda each: each.update(height=5)),
)
