"""The temporal evolution of entities (clauses 4.11, 5.6.11 to 5.6.16, 5.7.3, 5.7.4); an optional part."""

from __future__ import annotations

from typing import Any

from ...answer import Answer
from ...verdicts import Failure
from .broker import (
    Broker,
    Entity,
    Query,
    equal,
    instances,
    ngsi_ld,
    offered,
    path_to,
    present,
    prop,
    refused,
)

WRITE = {"write"}
HISTORY = ("MIM1X-06", "MIM0-BP02-history")
PART = "The temporal API"


def _path(entity: Entity | str, *rest: str) -> str:
    return f"/temporal{path_to(entity, *rest)}"


def _at(hour: int) -> str:
    return f"2026-01-01T{hour:02}:00:00Z"


def _levels(*hours: int) -> list[dict[str, Any]]:
    """One instance an hour, whose value is the hour."""
    return [prop(each, observedAt=_at(each)) for each in hours]


def _post(broker: Broker, entity: Entity) -> Answer:
    broker.removes(entity)
    return offered(broker.call("POST", "/temporal/entities", body=entity), PART)


def _series(broker: Broker, *hours: int) -> Entity:
    entity = broker.entity(level=_levels(*(hours or (1, 2, 3, 4))))
    broker.needed(_post(broker, entity))
    return entity


def _hours(broker: Broker, entity: Entity, query: Query) -> list[Any]:
    answer = broker.get(_path(entity), query).expect(200, 206)
    return [each.get("value") for each in instances(answer.json_object().get("level", []))]


def _expect_hours(broker: Broker, query: Query, expected: list[int]) -> None:
    found = _hours(broker, _series(broker), query)
    equal(sorted(found), expected, f"The instances of 1, 2, 3 and 4 o'clock that {dict(query)} gives")


@ngsi_ld("5.6.11", "create-answers-201", "MIM1X-06", needs=WRITE)
def create_answers_201(broker: Broker) -> None:
    """Creating the history of an entity answers 201, with its Location."""
    answer = _post(broker, broker.entity(level=_levels(1))).expect(201)
    present("location", answer.headers, "The answer to the creation")


@ngsi_ld("5.6.11", "adding-answers-204", "MIM1X-06", needs=WRITE)
def adding_answers_204(broker: Broker) -> None:
    """Sending more history of a known entity answers 204 and adds to what is there."""
    entity = _series(broker, 1)
    body = {**entity, "level": _levels(2)}
    broker.call("POST", "/temporal/entities", body=body).expect(204)
    equal(sorted(_hours(broker, entity, {})), [1, 2], "The instances after one was added")


@ngsi_ld("5.7.3", "history-comes-back", HISTORY, needs=WRITE)
def history_comes_back(broker: Broker) -> None:
    """Retrieving the history of an entity gives all instances with their times."""
    entity = _series(broker)
    found = broker.get(_path(entity)).expect(200, 206).json_object()
    times = {each.get("value"): each.get("observedAt") for each in instances(found.get("level", []))}
    equal(times, {each: _at(each) for each in (1, 2, 3, 4)}, "The instances of the history")


@ngsi_ld("5.7.3", "unknown-is-404", "MIM1X-06")
def unknown(broker: Broker) -> None:
    """Retrieving the history of an entity that does not exist answers 404."""
    offered(
        broker.get("/temporal/entities", {"timerel": "before", "timeAt": _at(1), "type": broker.type}), PART
    )
    refused(broker.get(_path(broker.new_id())), 404)


@ngsi_ld("4.11", "after-takes-its-bound-in", HISTORY, needs=WRITE)
def after(broker: Broker) -> None:
    """timerel=after gives what is at timeAt or later."""
    _expect_hours(broker, {"timerel": "after", "timeAt": _at(3)}, [3, 4])


@ngsi_ld("4.11", "before-leaves-its-bound-out", HISTORY, needs=WRITE)
def before(broker: Broker) -> None:
    """timerel=before gives what is earlier than timeAt."""
    _expect_hours(broker, {"timerel": "before", "timeAt": _at(3)}, [1, 2])


@ngsi_ld("4.11", "between-is-half-open", HISTORY, needs=WRITE)
def between(broker: Broker) -> None:
    """timerel=between gives what is at timeAt or later and earlier than endTimeAt."""
    _expect_hours(broker, {"timerel": "between", "timeAt": _at(2), "endTimeAt": _at(4)}, [2, 3])


@ngsi_ld("5.7.3", "last-n-is-the-newest", HISTORY, needs=WRITE)
def last_n(broker: Broker) -> None:
    """lastN=2 gives the two newest instances."""
    _expect_hours(broker, {"lastN": 2}, [3, 4])


@ngsi_ld("4.11", "time-at-is-a-date-time", "MIM1X-06", needs=WRITE)
def time_at(broker: Broker) -> None:
    """A timeAt that is no DateTime is answered 400."""
    refused(broker.get(_path(_series(broker, 1)), {"timerel": "after", "timeAt": "yesterday"}))


@ngsi_ld("4.11", "between-needs-its-end", "MIM1X-06", needs=WRITE)
def between_needs_its_end(broker: Broker) -> None:
    """timerel=between without endTimeAt is answered 400."""
    refused(broker.get(_path(_series(broker, 1)), {"timerel": "between", "timeAt": _at(1)}))


@ngsi_ld("4.5.8", "temporal-values", "MIM1X-06", needs=WRITE)
def temporal_values(broker: Broker) -> None:
    """With options=temporalValues an attribute is its pairs of value and time."""
    entity = _series(broker, 1, 2)
    found = broker.get(_path(entity), {"options": "temporalValues"}).expect(200, 206).json_object()
    pairs = (found.get("level") or {}).get("values", [])
    equal(sorted(pairs), [[1, _at(1)], [2, _at(2)]], "`values` of the attribute")


@ngsi_ld("4.5.19", "aggregated-values", "MIM1X-06", level="SHOULD", needs=WRITE)
def aggregated_values(broker: Broker) -> None:
    """With options=aggregatedValues an attribute is its sums and averages of each period."""
    query: dict[str, str | int] = {
        "options": "aggregatedValues",
        "aggrMethods": "sum,avg",
        "aggrPeriodDuration": "PT2H",
        "timerel": "between",
        "timeAt": _at(1),
        "endTimeAt": _at(5),
    }
    found = broker.get(_path(_series(broker)), query).expect(200, 206).json_object()
    level = found.get("level") or {}
    equal([each[0] for each in level.get("sum", [])], [3, 7], "The sums of 1+2 and 3+4")
    equal([each[0] for each in level.get("avg", [])], [1.5, 3.5], "The averages of 1, 2 and of 3, 4")


@ngsi_ld("5.7.4", "query-needs-a-time", "MIM1X-06")
def query_needs_a_time(broker: Broker) -> None:
    """A query of histories without timerel and timeAt is answered 400."""
    answer = broker.get("/temporal/entities", {"type": broker.type})
    refused(offered(answer, PART))


@ngsi_ld("5.7.4", "query-finds-what-was-then", HISTORY, needs=WRITE)
def query_finds(broker: Broker) -> None:
    """A query of histories finds the entities that have an instance in the window."""
    early, late = _series(broker, 1), _series(broker, 5)
    window: Query = {"type": broker.type, "timerel": "before", "timeAt": _at(3)}
    equal(broker.ids(window, "/temporal/entities"), {early["id"]}, "What was before 3 o'clock")
    window = {"type": broker.type, "timerel": "after", "timeAt": _at(3)}
    equal(broker.ids(window, "/temporal/entities"), {late["id"]}, "What was after 3 o'clock")


@ngsi_ld("5.7.4", "query-by-post", "MIM1X-06", needs=WRITE)
def query_by_post(broker: Broker) -> None:
    """A query of histories by POST finds the same."""
    early, _ = _series(broker, 1), _series(broker, 5)
    window = {"timerel": "before", "timeAt": _at(3)}
    body = {"type": "Query", "entities": [{"type": broker.type}], "temporalQ": window}
    found = broker.call("POST", "/temporal/entityOperations/query", body=body).expect(200, 206).json_array()
    equal([each.get("id") for each in found], [early["id"]], "What was before 3 o'clock")


@ngsi_ld("5.6.12", "attributes-are-added", "MIM1X-06", needs=WRITE)
def attributes_are_added(broker: Broker) -> None:
    """Adding instances to a history answers 204; nothing is overwritten."""
    entity = _series(broker, 1, 2)
    broker.call("POST", _path(entity, "attrs"), body={"level": _levels(3)}).expect(204)
    equal(sorted(_hours(broker, entity, {})), [1, 2, 3], "The instances after one was added")


@ngsi_ld("5.6.12", "adding-to-unknown-is-404", "MIM1X-06", needs=WRITE)
def adding_to_unknown(broker: Broker) -> None:
    """Adding instances to the history of an entity that does not exist answers 404."""
    _series(broker, 1)
    refused(broker.call("POST", _path(broker.new_id(), "attrs"), body={"level": _levels(1)}), 404)


@ngsi_ld("5.6.13", "attribute-is-deleted", "MIM1X-06", needs=WRITE)
def attribute_is_deleted(broker: Broker) -> None:
    """Deleting an attribute from a history answers 204 and removes its instances."""
    entity = broker.entity(level=_levels(1, 2), other=_levels(1))
    broker.needed(_post(broker, entity))
    broker.call("DELETE", _path(entity, "attrs", "level")).expect(204)
    equal(_hours(broker, entity, {}), [], "The instances of the deleted attribute")


def _instance(broker: Broker, entity: Entity, value: int) -> str:
    """The instanceId of an instance."""
    found = broker.needed(broker.get(_path(entity))).json_object()
    for each in instances(found.get("level", [])):
        if each.get("value") == value:
            return str(present("instanceId", each, "An instance of a history"))
    raise Failure(f"The history has no instance of value {value}.")


@ngsi_ld("5.6.14", "instance-is-changed", "MIM1X-06", needs=WRITE)
def instance_is_changed(broker: Broker) -> None:
    """Changing one instance of a history answers 204 and changes no other."""
    entity = _series(broker, 1, 2)
    place = _path(entity, "attrs", "level", _instance(broker, entity, 1))
    broker.call("PATCH", place, body={"level": [prop(9, observedAt=_at(1))]}).expect(204)
    equal(sorted(_hours(broker, entity, {})), [2, 9], "The instances after one was changed")


@ngsi_ld("5.6.15", "instance-is-deleted", "MIM1X-06", needs=WRITE)
def instance_is_deleted(broker: Broker) -> None:
    """Deleting one instance of a history answers 204 and deletes no other."""
    entity = _series(broker, 1, 2)
    broker.call("DELETE", _path(entity, "attrs", "level", _instance(broker, entity, 1))).expect(204)
    equal(_hours(broker, entity, {}), [2], "The instances that are left")


@ngsi_ld("5.6.16", "history-is-deleted", "MIM1X-06", needs=WRITE)
def history_is_deleted(broker: Broker) -> None:
    """Deleting the history of an entity answers 204; it is gone."""
    entity = _series(broker, 1)
    broker.call("DELETE", _path(entity)).expect(204)
    refused(broker.get(_path(entity)), 404)


@ngsi_ld("4.3.1", "changes-become-history", HISTORY, level="SHOULD", needs=WRITE)
def changes_become_history(broker: Broker) -> None:
    """What is written by the core API stands in the history."""
    entity = broker.create(level=prop(1, observedAt=_at(1)))
    change = {"level": prop(2, observedAt=_at(2))}
    broker.needed(broker.call("PATCH", path_to(entity, "attrs"), body=change))
    offered(broker.get(_path(entity)), PART)
    equal(sorted(_hours(broker, entity, {})), [1, 2], "The instances of two writes")
