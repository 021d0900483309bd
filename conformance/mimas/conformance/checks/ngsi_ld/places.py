"""Geodata of a broker (MIM7): GeoProperties as GeoJSON, in CRS84, with the ids of their entities."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from urllib.parse import urlsplit

from ...geodata.features import Feature, expect_same_ids, expect_unique_ids, harvest_note, of_geojson
from ...geodata.geometry import box_of, positions, problem_of
from ...geodata.places import expect_lon_lat
from ...geodata.reference import CRS84, expect_in_range, lon_lat, parse_crs
from ...verdicts import Failure, NotTested, Warn
from ..declaration import Needs
from .broker import GEO_JSON, JSON, MARK, Broker, Entity, Query, instances, ngsi_ld, path_to

MOST_TYPES = 20


def places(
    clause: str, name: str, requirement: str | Iterable[str], *, needs: Iterable[Needs] = ()
) -> Callable[[Callable[[Broker, list[Entity]], None]], Callable[[Broker, list[Entity]], None]]:
    """Declare a check of entities that have a GeoProperty; it gets up to a hundred of one type."""

    def declare(function: Callable[[Broker, list[Entity]], None]) -> Callable[[Broker, list[Entity]], None]:
        @ngsi_ld(clause, name, requirement, needs=needs)
        @functools.wraps(function)
        def run(broker: Broker) -> None:
            function(broker, _placed(broker))

        return function

    return declare


def _placed(broker: Broker) -> list[Entity]:
    """Entities of the first type that has some with a place; NotTested where none has."""
    listed = broker.probe.read(broker.resource("/types"), Accept=JSON).expect(200).json()
    names = listed.get("typeList", ()) if isinstance(listed, dict) else listed
    for name in [each for each in names if isinstance(each, str) and MARK not in each][:MOST_TYPES]:
        query: Query = {"type": name, "limit": 100}
        found = broker.probe.read(broker.resource("/entities", query), Accept=JSON).expect(200).json_array()
        placed = [each for each in found if _geometries(each)]
        if placed:
            return placed
    raise NotTested("The broker holds no entity with a GeoProperty.")


def _geometries(entity: Entity) -> list[Feature]:
    """The values of an entity's GeoProperties."""
    return [
        Feature(str(entity.get("id")), each.get("value"))
        for value in entity.values()
        for each in instances(value)
        if each.get("type") == "GeoProperty"
    ]


def _all(entities: list[Entity]) -> list[Feature]:
    return [each for entity in entities for each in _geometries(entity)]


@places("6.4.3.2", "geo-json-collection", ("MIM7-R1.1", "MIM7-R2.1", "MIM7-2022-r2"))
def geo_json_collection(broker: Broker, entities: list[Entity]) -> None:
    """Entities asked for as GeoJSON are features with the ids and the places of the entities."""
    ids = {str(each["id"]) for each in entities}
    query: Query = {"type": _type(entities[0]), "limit": 100}
    answer = broker.probe.read(broker.resource("/entities", query), Accept=GEO_JSON).expect(200)
    found = {each.id: each for each in of_geojson(answer.json())}
    missing = ids - found.keys()
    if missing:
        raise Failure(
            f"{answer} without the features {sorted(missing)[:3]}.", mend="Give every entity as a feature."
        )
    bare = [name for name in ids if found[name].geometry is None and "location" in _by_id(entities, name)]
    if bare:
        raise Failure(f"{answer}: feature {bare[0]!r} has no geometry, its entity has a location.")


def _type(entity: Entity) -> str:
    kind = entity["type"]
    return str(kind[0] if isinstance(kind, list) else kind)


def _by_id(entities: list[Entity], name: str) -> Entity:
    return next(each for each in entities if each["id"] == name)


@places("4.7", "geometries-are-valid", "MIM7-R2.1")
def geometries_are_valid(_: Broker, entities: list[Entity]) -> None:
    """GeoProperties are well-formed GeoJSON, and valid: rings closed, no polygon crosses itself."""
    for each in _all(entities):
        if each.geometry is None or (why := problem_of(each.geometry)):
            raise Failure(
                f"A place of {each.id!r} is not valid: {why}.", mend="Mend the geometry (ST_MakeValid)."
            )


@places("4.7", "places-are-in-crs84", "MIM7-R5.1a")
def in_crs84(_: Broker, entities: list[Entity]) -> None:
    """Places are in CRS84, as NGSI-LD states it: no member `crs` says otherwise, and they lie on earth."""
    for each in _all(entities):
        if "crs" in (each.geometry or {}):
            raise Failure(f"A place of {each.id!r} names a reference system in `crs`, which GeoJSON has not.")
        expect_in_range(each.geometry, CRS84, f"A place of {each.id!r}")


@places("4.7", "longitude-before-latitude", ("MIM7-R5.1b", "MIM7-D02"))
def longitude_first(broker: Broker, entities: list[Entity]) -> None:
    """Longitude stands before latitude, so that places can be transformed to other systems."""
    found = [position for each in _all(entities) for position in positions(each.geometry)]
    expect_lon_lat(found, broker.probe.target.service_area)
    for position in found[:3]:
        lon_lat((position[1], position[0]), parse_crs("EPSG:4258"))
    if broker.probe.target.service_area is None:
        raise NotTested("Without `service_area` in the target exchanged axes cannot be told.")


@places("4.10", "near-finds-what-is-there", "MIM7-R1.1")
def near_finds(broker: Broker, entities: list[Entity]) -> None:
    """near finds an entity at its own place, longitude first, and not with its axes exchanged."""
    place = next(
        (each for each in _all([each for each in entities if "location" in each]) if each.geometry), None
    )
    if place is None or place.geometry is None:
        raise NotTested("No entity has a location.")
    west, south, east, north = box_of(place.geometry)
    centre = ((west + east) / 2, (south + north) / 2)
    reach = max(100, int((east - west + north - south) * 111_000))
    if place.id not in _near(broker, entities, centre, reach):
        raise Failure(f"near {centre} within {reach} m does not find {place.id!r}, which is there.")
    if abs(centre[0] - centre[1]) > 2 and place.id in _near(broker, entities, centre[::-1], reach):
        raise Failure(f"near {centre[::-1]} finds {place.id!r}, which is at {centre}.")


def _near(broker: Broker, entities: list[Entity], centre: tuple[float, ...], reach: int) -> set[str]:
    query = {
        "type": _type(entities[0]),
        "georel": f"near;maxDistance=={reach}",
        "geometry": "Point",
        "coordinates": f"[{centre[0]},{centre[1]}]",
    }
    return broker.ids(query)


@places("5.2.4", "entities-with-a-place-have-ids", ("MIM7-R4.1", "MIM7-R3.1"))
def have_ids(broker: Broker, entities: list[Entity]) -> None:
    """Entities with a place have ids that are URIs, each its own, and are found by them."""
    expect_unique_ids(Feature(each.get("id"), None) for each in entities)
    for each in entities:
        if not urlsplit(str(each["id"])).scheme:
            raise Failure(f"The id {each['id']!r} is no URI (CIM 009, 4.6.2).", mend="Use URIs as ids.")
    answer = broker.get(path_to(entities[0])).expect(200)
    if answer.json_object()["id"] != entities[0]["id"]:
        raise Failure(f"{answer}, but not with {entities[0]['id']!r}.")


@places("5.2.4", "ids-persist", "MIM7-R4.1", needs={"baseline"})
def ids_persist(broker: Broker, entities: list[Entity]) -> None:
    """Entities with a place have the ids that they had in the earlier run."""
    kept = [
        Feature(str(each["id"]), None, {name: value for name, value in each.items() if name != "id"})
        for each in entities
    ]
    found = harvest_note(kept)
    broker.probe.note("entities", found)
    expect_same_ids(broker.probe.earlier("entities"), found)


@places("5.2.4", "ids-name-more-than-a-row", "MIM7-2022-2")
def ids_are_lasting(_: Broker, entities: list[Entity]) -> None:
    """Ids of entities with a place are URIs whose last part is more than a row number."""
    for each in entities:
        if not urlsplit(str(each["id"])).scheme or len(str(each["id"]).split(":")) < 3:
            raise Warn(
                f"The id {each['id']!r} names no type and no source.",
                mend="Use urn:ngsi-ld:{type}:{id}, or an HTTP URI.",
            )


@places("4.7", "entities-with-a-place-are-modelled", "MIM7-R3.1")
def are_modelled(_: Broker, entities: list[Entity]) -> None:
    """Entities with a place have a type and attributes of NGSI-LD, each saying what it is."""
    kinds = {"Property", "GeoProperty", "Relationship", "LanguageProperty", "JsonProperty", "VocabProperty"}
    kinds |= {"ListProperty", "ListRelationship"}
    for entity in entities:
        for name, value in entity.items():
            if name in ("id", "type", "@context", "scope") or name.endswith("At"):
                continue
            if not instances(value) or any(each.get("type") not in kinds for each in instances(value)):
                raise Failure(
                    f"Attribute {name!r} of {entity['id']!r} does not say what it is: {str(value)[:80]}.",
                    mend="Give attributes in the normalised representation (CIM 009, 4.5.2).",
                )
