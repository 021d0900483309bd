"""Query Entities (clause 5.7.2): what a query needs, types, ids, and queries by POST."""

from __future__ import annotations

import re

from ...verdicts import Failure
from .broker import Broker, absent, equal, ngsi_ld, path_to, present, prop, refused

WRITE = {"write"}


@ngsi_ld("5.7.2", "too-wide-is-400", "MIM1X-05")
def too_wide(broker: Broker) -> None:
    """A query for everything, without type, attribute, q or place, is answered 400."""
    refused(broker.get("/entities"), error="BadRequestData")


@ngsi_ld("5.7.2", "one-api-for-all-types", "MIM1X-01")
def one_api(broker: Broker) -> None:
    """The entities of every type that the broker lists are read by the same query."""
    broker.sample()
    listed = broker.probe.read(broker.resource("/types"), Accept="application/json").json_object()
    names = [each for each in listed["typeList"] if "mimascheck" not in each]
    for name in names[:10]:
        broker.get("/entities", {"type": name, "limit": 1}).expect(200).json_array()


@ngsi_ld("5.7.2", "query-by-type", "MIM1X-05")
def query_by_type(broker: Broker) -> None:
    """A query by type finds only entities of that type."""
    entity = broker.sample()
    answer = broker.get("/entities", {"type": entity["_asked"], "limit": 20}).expect(200)
    for each in answer.json_array():
        types = each.get("type")
        if entity["_asked"] not in (types if isinstance(types, list) else [types]):
            raise Failure(f"{answer} with {each.get('id')!r} of type {types!r}.")


@ngsi_ld("5.7.2", "unknown-type-finds-nothing", ("MIM1X-05", "MIM0-R2.2"))
def unknown_type(broker: Broker) -> None:
    """A query that nothing fits is answered 200 with an empty array."""
    equal(broker.get("/entities", {"type": broker.type}).expect(200).json(), [], "What an unknown type finds")


@ngsi_ld("5.7.2", "query-by-id", ("MIM1X-05", "MIM1-R1.1"))
def query_by_id(broker: Broker) -> None:
    """A query by type and id finds exactly that entity, once."""
    entity = broker.sample()
    found = broker.get("/entities", {"type": entity["_asked"], "id": entity["id"]}).expect(200).json_array()
    equal([each.get("id") for each in found], [entity["id"]], "What the query by id finds")


@ngsi_ld("5.7.2", "query-by-id-pattern", "MIM1X-05")
def query_by_id_pattern(broker: Broker) -> None:
    """A query by type and idPattern finds the entities whose id fits, and no others."""
    entity = broker.sample()
    pattern = "^" + re.sub(r"([.^$*+?()\[\]{}|\\])", r"\\\1", entity["id"]) + "$"
    found = broker.ids({"type": entity["_asked"], "idPattern": pattern})
    equal(found, {entity["id"]}, f"What idPattern={pattern} finds")


@ngsi_ld("5.7.2", "ids-must-be-uris", "MIM1X-05")
def ids_must_be_uris(broker: Broker) -> None:
    """A query with an id that is no URI is answered 400."""
    refused(broker.get("/entities", {"type": broker.type, "id": "no uri"}))


@ngsi_ld("5.7.2", "several-ids", "MIM1X-05", needs=WRITE)
def several_ids(broker: Broker) -> None:
    """A query with several ids finds these entities and leaves the others out."""
    one, two, _ = (broker.create() for _ in range(3))
    broker.expect_found({"id": f"{one['id']},{two['id']}"}, [one, two])


@ngsi_ld("5.7.2", "what-is-written-is-read", ("MIM0-BP01-current", "MIM1X-09"), needs=WRITE)
def what_is_written_is_read(broker: Broker) -> None:
    """The value that a query gives is the last one written."""
    entity = broker.create(level=prop(1))
    for value in (2, 3):
        change = {"level": prop(value)}
        broker.needed(broker.call("PATCH", path_to(entity, "attrs"), body=change))
        found = broker.get("/entities", {"type": broker.type}).expect(200).json_array()
        equal([each["level"]["value"] for each in found], [value], f"The value after {value} was written")


@ngsi_ld("5.7.2", "attrs-filters", "MIM1X-05", needs=WRITE)
def attrs_filters(broker: Broker) -> None:
    """A query with `attrs` finds the entities that have one of them, and gives only these attributes."""
    with_level = broker.create(level=prop(1), name=prop("x"))
    broker.create(name=prop("y"))
    found = broker.get("/entities", {"type": broker.type, "attrs": "level"}).expect(200).json_array()
    equal([each.get("id") for each in found], [with_level["id"]], "What attrs=level finds")
    present("level", found[0], "What attrs=level gives")
    absent("name", found[0], "What attrs=level gives")


@ngsi_ld("4.17", "either-type", "MIM1X-05", needs=WRITE)
def either_type(broker: Broker) -> None:
    """A query with `type=A,B` finds the entities of either type."""
    one = broker.create()
    two = broker.create({**broker.entity(), "type": f"{broker.type}Other"})
    found = broker.ids({"type": f"{broker.type},{broker.type}Other"})
    equal(found, {one["id"], two["id"]}, "What type=A,B finds")


@ngsi_ld("4.17", "both-types", "MIM1X-05", level="SHOULD", needs=WRITE)
def both_types(broker: Broker) -> None:
    """A query with `type=(A;B)` finds only the entities that have both types."""
    broker.create()
    types = [broker.type, f"{broker.type}Other"]
    both = broker.create({"id": broker.new_id(), "type": types})
    equal(broker.ids({"type": f"({types[0]};{types[1]})"}), {both["id"]}, "What type=(A;B) finds")


@ngsi_ld("5.7.2", "query-by-post", "MIM1X-05")
def query_by_post(broker: Broker) -> None:
    """A query by POST finds what the same query by GET finds."""
    entity = broker.sample()
    body = {"type": "Query", "entities": [{"type": entity["_asked"], "id": entity["id"]}]}
    found = broker.call("POST", "/entityOperations/query", body=body).expect(200).json_array()
    equal([each.get("id") for each in found], [entity["id"]], "What the query by POST finds")


@ngsi_ld("5.2.23", "posted-query-has-its-type", "MIM1X-05")
def posted_query_has_its_type(broker: Broker) -> None:
    """A query by POST whose body is not of type Query is answered 400."""
    body = {"type": "Question", "entities": [{"type": broker.type}]}
    refused(broker.call("POST", "/entityOperations/query", body=body))


@ngsi_ld("5.7.2", "posted-query-too-wide", "MIM1X-05")
def posted_query_too_wide(broker: Broker) -> None:
    """A query by POST for everything is answered 400."""
    refused(broker.call("POST", "/entityOperations/query", body={"type": "Query"}))
