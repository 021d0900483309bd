"""The data model of SensorThings: entity sets, entities, links, places, units, ids."""

from __future__ import annotations

from collections import Counter
from urllib.parse import urljoin

from ...geodata.features import Feature, expect_same_ids, expect_unique_ids, harvest_note
from ...geodata.geometry import positions, problem_of
from ...geodata.linked import expect_entity
from ...geodata.places import expect_lon_lat
from ...geodata.reference import CRS84, expect_in_range, lon_lat, parse_crs
from ...verdicts import Failure, NotTested, Warn
from .service import NAMED, SETS, STANDARD, Entity, Things, path_to, sensorthings

SERVICE, IDS = "MIM7-R1.1", "MIM7-R4.1"
REQ_1_1 = "http://www.opengis.net/spec/iot_sensing/1.1/req/"
GEO_JSON = ("application/geo+json", "application/vnd.geo+json")
# What leads from one set to another (one entity or several).
LINKS = {
    "Things": ("Locations", "Datastreams", "HistoricalLocations"),
    "Datastreams": ("Thing", "Sensor", "ObservedProperty", "Observations"),
    "Observations": ("Datastream", "FeatureOfInterest"),
}


@sensorthings("entity-sets", SERVICE, f"{STANDARD}, 9.2.1")
def entity_sets(service: Things) -> None:
    """The service root lists all eight entity sets, and each answers."""
    listed = service.sets()
    missing = [each for each in SETS if each not in listed]
    if missing:
        raise Failure(f"The service root does not list {', '.join(missing)}.", mend="List all entity sets.")
    for name in NAMED:
        service.read(f"{listed[name]}?$top=1").expect(200).json_object()["value"]


@sensorthings("declaration", SERVICE, f"{STANDARD}, 9.2.1")
def declaration(service: Things) -> None:
    """A service of version 1.1 declares the requirements it meets, the data model and reading among them."""
    declared = (service.read("").expect(200).json_object().get("serverSettings") or {}).get("conformance")
    if declared is None:
        raise Warn("The service root has no serverSettings: the service speaks version 1.0.")
    for name in ("datamodel", "request-data"):
        if not any(str(each).startswith(f"{REQ_1_1}{name}") for each in declared):
            raise Failure(
                f"serverSettings.conformance does not list {REQ_1_1}{name}.",
                mend="Declare what the service does.",
            )


@sensorthings("entities", SERVICE, f"{STANDARD}, 8.2, 9.2.2")
def entities(service: Things) -> None:
    """Entities have an id, a link to themselves, and a name and a description where the model gives them."""
    for name in NAMED:
        for each in service.some(name):
            due = ["@iot.id", "@iot.selfLink", "name", "description"]
            missing = [member for member in due if each.get(member) is None]
            if missing:
                raise Failure(f"One of {name} has no {', '.join(missing)}: {str(each)[:120]}.")


@sensorthings("by-id", (SERVICE, IDS), f"{STANDARD}, 9.2.3")
def by_id(service: Things) -> None:
    """An entity is found by its id and by its link to itself; one that does not exist is answered 404."""
    for name in ("Things", "Datastreams"):
        listed = service.some(name)[0]
        for path in (path_to(name, listed), str(listed["@iot.selfLink"])):
            found = service.read(path).expect(200, mend="Let every entity be found by its id.").json_object()
            if found.get("@iot.id") != listed["@iot.id"]:
                raise Failure(f"{path} brings the entity {found.get('@iot.id')!r}.")
    unknown = {"@iot.id": 987_654_321 if isinstance(listed["@iot.id"], int) else "mimas-check-nothing"}
    service.read(path_to("Things", unknown)).expect(404, mend="Answer 404 for what is not there.")


@sensorthings("links", SERVICE, f"{STANDARD}, 8.2, 9.2.6")
def links(service: Things) -> None:
    """The navigation links of Things, Datastreams and Observations lead to entities."""
    for name, targets in LINKS.items():
        entity = service.some(name)[0]
        for target in targets:
            link = entity.get(f"{target}@iot.navigationLink")
            if not link:
                raise Failure(f"One of {name} has no {target}@iot.navigationLink.")
            found = service.read(urljoin(f"{service.probe.interface.url}/", str(link)))
            body = found.expect(200).json_object()
            if target.endswith("s") and not isinstance(body.get("value"), list):
                raise Failure(f"{found}, but not with an array `value`.")
            if not target.endswith("s") and "@iot.id" not in body:
                raise Failure(f"{found}, but not with an entity.")


@sensorthings("units", SERVICE, f"{STANDARD}, 8.2.4")
def units(service: Things) -> None:
    """Each Datastream states its unit by name, symbol and definition, and what it observes."""
    loose = []
    for each in service.some("Datastreams", "$top=50"):
        unit = each.get("unitOfMeasurement")
        if not isinstance(unit, dict) or not {"name", "symbol", "definition"} <= unit.keys():
            raise Failure(
                f"Datastream {each.get('@iot.id')!r} has the unitOfMeasurement {unit!r}.",
                mend="Give name, symbol and definition; null where there is no unit.",
            )
        if not each.get("observationType"):
            raise Failure(f"Datastream {each.get('@iot.id')!r} has no observationType.")
        loose += [each for value in [unit["definition"]] if value and "://" not in str(value)]
    if loose:
        raise Warn(
            f"The unit of Datastream {loose[0].get('@iot.id')!r} is defined by no URI.",
            mend="Let `definition` be the URI of the unit in a public list.",
        )


@sensorthings("property-and-value", SERVICE, f"{STANDARD}, 9.2.4, 9.2.5")
def property_and_value(service: Things) -> None:
    """A property alone comes as an object of one member, its $value as plain text."""
    thing = service.some("Things")[0]
    path = f"{path_to('Things', thing)}/name"
    if service.read(path).expect(200).json_object() != {"name": thing["name"]}:
        raise Failure(f"{path} is not an object with `name` alone.")
    value = service.read(f"{path}/$value").expect(200)
    if value.text != thing["name"]:
        raise Failure(f"{path}/$value is {value.text[:60]!r}, expected {thing['name']!r}.")


# -- places


@sensorthings("valid-geometries", "MIM7-R2.1", "RFC 7946, 3.1; OGC 06-103r4")
def valid_geometries(service: Things) -> None:
    """The places of Locations are GeoJSON, labelled as such, and valid."""
    for each in service.some("Locations", "$top=50"):
        if each.get("encodingType") not in GEO_JSON:
            raise Failure(
                f"Location {each.get('@iot.id')!r} has the encodingType {each.get('encodingType')!r}."
            )
        geometry = _geometry(each)
        if geometry is None:
            raise Failure(f"Location {each.get('@iot.id')!r} has no place.")
        if why := problem_of(geometry):
            raise Failure(f"The place of Location {each.get('@iot.id')!r} is not valid: {why}.")


def _geometry(location: Entity) -> Entity | None:
    """The geometry, which may come inside a Feature."""
    place = location.get("location")
    return place.get("geometry") if isinstance(place, dict) and place.get("type") == "Feature" else place


def placed(service: Things) -> list[Feature]:
    """The Locations as features."""
    return [
        Feature(str(each.get("@iot.id")), _geometry(each)) for each in service.some("Locations", "$top=50")
    ]


@sensorthings("crs-stated", "MIM7-R5.1a", "RFC 7946, 4")
def crs_stated(service: Things) -> None:
    """Places are in CRS84, as GeoJSON states it: no member `crs` says otherwise, and they lie on earth."""
    for location, each in zip(service.some("Locations", "$top=50"), placed(service), strict=True):
        if "crs" in (location.get("location") or {}):
            raise Failure(f"Location {each.id!r} names a reference system in `crs`, which GeoJSON has not.")
        expect_in_range(each.geometry, CRS84, f"Location {each.id!r}")
    service.probe.note("crs", "CRS84, stated by the standard")


@sensorthings("lon-lat", ("MIM7-R5.1b", "MIM7-R5.1a"), "RFC 7946, 4")
def longitude_first(service: Things) -> None:
    """Longitude stands before latitude, so that places can be transformed to other systems."""
    places = [place for each in placed(service) for place in positions(each.geometry)]
    expect_lon_lat(places, service.probe.target.service_area)
    for place in places[:3]:
        lon_lat((place[1], place[0]), parse_crs("EPSG:4258"))
    if service.probe.target.service_area is None:
        raise NotTested("Without `service_area` in the target exchanged axes cannot be told.")


# -- ids


@sensorthings("ids-unique", IDS, "INSPIRE D2.5, 14")
def ids_unique(service: Things) -> None:
    """No id stands on two entities of a set."""
    for name in ("Things", "Locations", "Datastreams"):
        expect_unique_ids(_as_feature(each) for each in service.harvest(name))


def _as_feature(entity: Entity) -> Feature:
    name = entity.get("@iot.id")
    kept = {member: value for member, value in entity.items() if "@iot" not in member}
    return Feature(None if name is None else str(name), None, kept)


@sensorthings("ids-persistent", IDS, "INSPIRE D2.5, 14", needs={"baseline"})
def ids_persistent(service: Things) -> None:
    """Things have the ids that they had in the earlier run."""
    found = harvest_note(map(_as_feature, service.harvest("Things")))
    service.probe.note("things", found)
    expect_same_ids(service.probe.earlier("things"), found)


@sensorthings("ids-uri", "MIM7-2022-2", "W3C DWBP, 9")
def ids_uri(service: Things) -> None:
    """The link of a Thing to itself is an HTTP URI that identifies it, and no other Thing has the same."""
    links = [str(each.get("@iot.selfLink")) for each in service.some("Things")]
    if not all(each.startswith(("http://", "https://")) for each in links):
        raise Warn(f"Things identify themselves by {links[0]!r}, which is no HTTP URI.")
    twice = [each for each, count in Counter(links).items() if count > 1]
    if twice:
        raise Failure(f"Two Things have the same @iot.selfLink {twice[0]!r}.")


@sensorthings("things-are-entities", (IDS, "MIM7-R3.1"), "MIMs Plus 9.0, MIM7 R4.1, R3.1", level="SHOULD")
def things_are_entities(service: Things) -> None:
    """A property of a Thing names its NGSI-LD entity."""
    thing = service.some("Things")[0]
    kept = {name: value for name, value in thing.items() if "@iot" not in name and name != "properties"}
    feature = Feature(str(thing["@iot.id"]), None, {**kept, **(thing.get("properties") or {})})
    if not expect_entity(service.probe, feature):
        raise Failure("The first Thing names no entity.", mend="Give the entity's id in `properties`.")
