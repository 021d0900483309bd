"""Create Entity (clause 5.6.1) and what an entity may be (clauses 4.5 to 4.8)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ...verdicts import Failure
from .broker import JSON, Broker, equal, geo, instances, ngsi_ld, path_to, point, present, prop, refused, rel

WRITE = {"write"}
ODD = "a<b> \"c\" 'd' = e; (f) \\ & | % + / ž 水 🚲"
NESTED = {"street": "Hlavní", "numbers": [1, 2.5, -3], "flags": {"open": True, "closed": False}, "list": []}


def _refuses(broker: Broker, **attributes: Any) -> None:
    refused(broker.try_to_create(broker.entity(**attributes)))


@ngsi_ld("5.6.1", "create-answers-201", "MIM1X-09", needs=WRITE)
def create_answers_201(broker: Broker) -> None:
    """Creating an entity answers 201."""
    broker.try_to_create(broker.entity(level=prop(1))).expect(201)


@ngsi_ld("5.6.1", "location-leads-to-the-entity", "MIM1X-09", needs=WRITE)
def location_leads(broker: Broker) -> None:
    """The Location of a created entity is where it can be retrieved."""
    entity = broker.entity(level=prop(1))
    answer = broker.needed(broker.try_to_create(entity))
    location = present("location", answer.headers, "The answer to a creation", mend="Send Location with 201.")
    relative = location.startswith("/") and not location.startswith("/ngsi-ld")
    found = broker.get(location) if relative else broker.probe.get(location, Accept=JSON)
    equal(found.expect(200).json_object().get("id"), entity["id"], "The id of what Location leads to")


@ngsi_ld("5.6.1", "second-create-is-409", ("MIM1X-09", "MIM1-R1.1"), needs=WRITE)
def second_create(broker: Broker) -> None:
    """Creating an entity whose id is taken answers 409 and changes nothing."""
    entity = broker.create(level=prop(1))
    answer = broker.try_to_create({**entity, "level": prop(2)})
    refused(answer, 409, mend="Refuse a second entity with the same id; changes go through PATCH or PUT.")
    equal(broker.stored(entity)["level"]["value"], 1, "The value after a refused creation")


@ngsi_ld("4.16", "id-is-unique-across-types", ("MIM1X-09", "MIM1-R1.1"), needs=WRITE)
def id_across_types(broker: Broker) -> None:
    """An id is one entity's whatever its type: creating it again with another type answers 409."""
    entity = broker.create(level=prop(1))
    refused(broker.try_to_create({**entity, "type": f"{broker.type}Other"}), 409)


@ngsi_ld("5.6.1", "id-is-mandatory", "MIM1X-09", needs=WRITE)
def id_is_mandatory(broker: Broker) -> None:
    """An entity without id is answered 400."""
    refused(broker.try_to_create({"type": broker.type}))


@ngsi_ld("5.6.1", "type-is-mandatory", "MIM1X-09", needs=WRITE)
def type_is_mandatory(broker: Broker) -> None:
    """An entity without type is answered 400."""
    refused(broker.try_to_create({"id": broker.new_id()}))


@ngsi_ld("5.6.1", "id-is-a-uri", ("MIM1X-09", "MIM1-R1.1"), needs=WRITE)
def id_is_a_uri(broker: Broker) -> None:
    """An entity whose id is no URI is answered 400."""
    refused(broker.try_to_create({"id": broker.probe.unique(), "type": broker.type}))


@ngsi_ld("5.5.2", "body-is-json", "MIM1X-12", needs=WRITE)
def body_is_json(broker: Broker) -> None:
    """A body that is no JSON is answered 400."""
    refused(broker.try_to_create('{"id": '))


@ngsi_ld("4.5.2", "property-has-a-value", "MIM1X-09", needs=WRITE)
def property_has_a_value(broker: Broker) -> None:
    """A Property without value is answered 400."""
    _refuses(broker, level={"type": "Property"})


@ngsi_ld("4.5.2", "null-is-no-value", "MIM1X-09", needs=WRITE)
def null_is_no_value(broker: Broker) -> None:
    """A Property whose value is null is answered 400."""
    _refuses(broker, level=prop(None))


@ngsi_ld("4.5.3", "relationship-has-an-object", "MIM1X-09", needs=WRITE)
def relationship_has_an_object(broker: Broker) -> None:
    """A Relationship without object is answered 400."""
    _refuses(broker, near={"type": "Relationship"})


@ngsi_ld("4.5.3", "object-is-a-uri", ("MIM1X-09", "MIM1-R3.1"), needs=WRITE)
def object_is_a_uri(broker: Broker) -> None:
    """A Relationship whose object is no URI is answered 400."""
    _refuses(broker, near=rel("not a uri"))


@ngsi_ld("4.5.5", "dataset-ids-differ", "MIM1X-16", needs=WRITE)
def dataset_ids_differ(broker: Broker) -> None:
    """Two instances of an attribute with one datasetId are answered 400."""
    both = [prop(each, datasetId="urn:ngsi-ld:Dataset:one") for each in (1, 2)]
    _refuses(broker, level=both)


@ngsi_ld("4.5.5", "one-default-instance", "MIM1X-16", needs=WRITE)
def one_default_instance(broker: Broker) -> None:
    """Two instances of an attribute without datasetId are answered 400."""
    _refuses(broker, level=[prop(1), prop(2)])


@ngsi_ld("4.5.5", "instances-are-kept-apart", "MIM1X-16", needs=WRITE)
def instances_are_kept_apart(broker: Broker) -> None:
    """Instances of an attribute with different datasetIds are all kept, each with its value."""
    sent = {None: 1, "urn:ngsi-ld:Dataset:a": 2, "urn:ngsi-ld:Dataset:b": 3}
    level = [prop(value, **({"datasetId": each} if each else {})) for each, value in sent.items()]
    found = instances(broker.stored(broker.create(level=level)).get("level"))
    kept = {each.get("datasetId"): each.get("value") for each in found}
    equal(kept, sent, "What is kept of three instances")


@ngsi_ld("4.5.5", "dataset-is-appended", "MIM1X-16", needs=WRITE)
def dataset_is_appended(broker: Broker) -> None:
    """Appending an instance with another datasetId leaves the default instance alone."""
    entity = broker.create(level=prop(1))
    more = {"level": prop(2, datasetId="urn:ngsi-ld:Dataset:a")}
    broker.needed(broker.call("POST", path_to(entity, "attrs"), body=more))
    found = instances(broker.stored(entity)["level"])
    values = {each.get("datasetId"): each.get("value") for each in found}
    equal(values, {None: 1, "urn:ngsi-ld:Dataset:a": 2}, "The two instances")


@ngsi_ld("4.6.2", "names-follow-the-grammar", "MIM1X-09", level="SHOULD", needs=WRITE)
def names_follow_the_grammar(broker: Broker) -> None:
    """An attribute whose name has a space is answered 400."""
    _refuses(broker, **{"two words": prop(1)})


@ngsi_ld("4.6.4", "values-come-back-unaltered", ("MIM1X-09", "MIM2-R1.3"), needs=WRITE)
def values_come_back(broker: Broker) -> None:
    """Text with characters that mean something elsewhere comes back as it was sent."""
    entity = broker.create(note=prop(ODD))
    equal(broker.stored(entity)["note"]["value"], ODD, "The text that came back")


@ngsi_ld("4.5.2", "json-values-come-back", ("MIM1X-09", "MIM2-R1.3"), needs=WRITE)
def json_values_come_back(broker: Broker) -> None:
    """Objects, arrays, numbers and booleans in values come back as they were sent."""
    entity = broker.entity(address=prop(NESTED), open=prop(False), zero=prop(0))
    broker.try_to_create(entity).expect(201)
    found = broker.stored(entity)
    values = [found[each]["value"] for each in ("address", "open", "zero")]
    equal(values, [NESTED, False, 0], "The values that came back")


@ngsi_ld("4.5.2", "members-come-back", ("MIM1X-09", "MIM1X-10", "MIM2-R1.3"), needs=WRITE)
def members_come_back(broker: Broker) -> None:
    """unitCode, observedAt and Properties of a Property come back with it."""
    sent = prop(21.5, unitCode="CEL", observedAt="2026-01-31T12:00:00Z", accuracy=prop(0.1))
    found = broker.stored(broker.create(temperature=sent))["temperature"]
    for name in ("unitCode", "observedAt", "accuracy"):
        present(name, found, "The Property that came back", mend="Keep all members of an attribute.")
    equal(found["accuracy"].get("value"), 0.1, "The Property of the Property")


@ngsi_ld("4.5.3", "relationships-come-back", ("MIM1X-09", "MIM1-R3.1"), needs=WRITE)
def relationships_come_back(broker: Broker) -> None:
    """A Relationship comes back as a Relationship to the same object, which can be retrieved."""
    target = broker.create()
    found = broker.stored(broker.create(near=rel(target["id"])))["near"]
    equal((found.get("type"), found.get("object")), ("Relationship", target["id"]), "The Relationship")
    broker.get(path_to(found["object"])).expect(200)


@ngsi_ld("4.5.1", "several-types-are-kept", "MIM1X-09", level="SHOULD", needs=WRITE)
def several_types(broker: Broker) -> None:
    """An entity of two types keeps both."""
    types = [broker.type, f"{broker.type}Other"]
    found = broker.stored(broker.create({"id": broker.new_id(), "type": types}))
    equal(sorted(found.get("type", ())), types, "The types")


@ngsi_ld("4.6.3", "offsets-are-refused-or-converted", "MIM1X-18", needs=WRITE)
def offsets(broker: Broker) -> None:
    """A time with an offset is refused, or read as the instant it is: all times are UTC with Z."""
    entity = broker.entity(level=prop(1, observedAt="2026-01-31T12:00:00+02:00"))
    answer = broker.try_to_create(entity).expect(400, 201)
    if answer.status == 201:
        found = broker.stored(entity)["level"].get("observedAt", "")
        equal(found[:19] + found[-1:], "2026-01-31T10:00:00Z", "12:00+02:00 as the broker has it")


@ngsi_ld("4.6.3", "times-without-zone-are-refused", ("MIM1X-18", "MIM2-R1.1d"), needs=WRITE)
def times_without_zone(broker: Broker) -> None:
    """A time without zone, and a number of milliseconds, as observedAt are answered 400."""
    for wrong in ("2026-01-31T12:00:00", 1769860800000):
        _refuses(broker, level=prop(1, observedAt=wrong))


@ngsi_ld("4.8", "observed-at-comes-back", "MIM1X-18", needs=WRITE)
def observed_at(broker: Broker) -> None:
    """observedAt comes back as the same instant, fractions of the second included."""
    sent = "2026-01-31T12:00:00.25Z"
    found = broker.stored(broker.create(level=prop(1, observedAt=sent)))["level"].get("observedAt")
    if not isinstance(found, str) or _instant(found) != _instant(sent):
        raise Failure(f"observedAt {sent} comes back as {found!r}.", mend="Keep observedAt as sent, in UTC.")


def _instant(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


@ngsi_ld("4.7", "geometries-come-back", "MIM1X-17", needs=WRITE)
def geometries_come_back(broker: Broker) -> None:
    """A GeoProperty comes back as a GeoProperty with the same GeoJSON geometry."""
    found = broker.stored(broker.create(location=geo(point(14.42, 50.09))))["location"]
    equal(found.get("type"), "GeoProperty", "The kind of the location")
    equal(found.get("value"), point(14.42, 50.09), "The geometry that came back")


@ngsi_ld("4.7", "geometry-is-geojson", "MIM1X-17", needs=WRITE)
def geometry_is_geojson(broker: Broker) -> None:
    """A GeoProperty whose value is no GeoJSON geometry is answered 400."""
    for wrong in ({"type": "Circle", "coordinates": [14, 50]}, {"type": "Point", "coordinates": ["a", "b"]}):
        _refuses(broker, location=geo(wrong))


@ngsi_ld("4.7", "rings-are-closed", "MIM1X-17", level="SHOULD", needs=WRITE)
def rings_are_closed(broker: Broker) -> None:
    """A polygon whose ring is not closed (RFC 7946, 3.1.6) is answered 400."""
    ring = [[14, 50], [15, 50], [15, 51], [14, 51]]
    _refuses(broker, location=geo({"type": "Polygon", "coordinates": [ring]}))


@ngsi_ld("4.7", "latitudes-are-in-range", "MIM1X-17", level="SHOULD", needs=WRITE)
def latitudes_are_in_range(broker: Broker) -> None:
    """A point whose latitude is above 90 degrees (RFC 7946, 4: WGS 84) is answered 400."""
    _refuses(broker, location=geo(point(14.42, 95)))


@ngsi_ld("4.7", "no-geometry-collections", "MIM1X-17", needs=WRITE)
def no_geometry_collections(broker: Broker) -> None:
    """A GeometryCollection, which NGSI-LD does not have, is answered 400."""
    _refuses(broker, location=geo({"type": "GeometryCollection", "geometries": [point(14, 50)]}))
