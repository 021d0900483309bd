"""Batch operations (clauses 5.6.7 to 5.6.10, 5.6.20): what succeeds, what fails, and who says so."""

from __future__ import annotations

from typing import Any

from ...answer import Answer
from ...verdicts import Failure
from .broker import Broker, Entity, absent, equal, ngsi_ld, path_to, present, prop, refused

WRITE = {"write"}


def _batch(broker: Broker, operation: str, body: Any, **query: str) -> Answer:
    if operation in ("create", "upsert"):
        broker.removes(*(each for each in body if isinstance(each, dict) and ":" in str(each.get("id"))))
    return broker.call("POST", f"/entityOperations/{operation}", query, body=body)


def _result(answer: Answer, success: list[str], errors: list[str]) -> list[dict[str, Any]]:
    """The BatchOperationResult names these as successes and as errors; gives its errors."""
    result = answer.expect(207).json_object()
    found = result.get("errors")
    listed: list[dict[str, Any]] = [each for each in found or [] if isinstance(each, dict)]
    equal(sorted(result.get("success") or []), sorted(success), "`success` of the BatchOperationResult")
    equal(sorted(str(each.get("entityId")) for each in listed), sorted(errors), "The entityIds of `errors`")
    return listed


def _level(broker: Broker, entity: Entity) -> Any:
    return broker.stored(entity)["level"].get("value")


@ngsi_ld("5.6.7", "create-answers-201-with-ids", "MIM1X-13", needs=WRITE)
def create_answers_201(broker: Broker) -> None:
    """Creating several entities answers 201 with their ids, and all are there."""
    both = [broker.entity(level=prop(each)) for each in (1, 2)]
    ids = _batch(broker, "create", both).expect(201).json_array()
    equal(sorted(ids), sorted(each["id"] for each in both), "The ids in the answer")
    broker.expect_found({}, both)


@ngsi_ld("5.6.7", "one-bad-item-harms-no-other", "MIM1X-13", needs=WRITE)
def one_bad_item(broker: Broker) -> None:
    """A batch with one bad entity answers 207, makes the good one and names the bad one."""
    good, bad = broker.entity(level=prop(1)), broker.entity(level={"type": "Property"})
    answer = _batch(broker, "create", [bad, good])
    _result(answer, [good["id"]], [bad["id"]])
    broker.expect_found({}, [good])


@ngsi_ld("5.6.7", "existing-is-an-error-of-its-own", "MIM1X-13", needs=WRITE)
def existing_is_an_error(broker: Broker) -> None:
    """Creating an entity that exists in a batch is its error, AlreadyExists; the other is made."""
    old, new = broker.create(level=prop(1)), broker.entity(level=prop(2))
    error = _result(_batch(broker, "create", [old, new]), [new["id"]], [old["id"]])[0]
    kind = str((error.get("error") or {}).get("type", ""))
    equal(kind.rpartition("/")[2], "AlreadyExists", "The kind of error of the existing entity")


@ngsi_ld("5.2.17", "errors-are-problem-details", ("MIM1X-13", "MIM1X-12"), needs=WRITE)
def errors_are_problem_details(broker: Broker) -> None:
    """Each error of a batch is a ProblemDetails with type and title."""
    bad = broker.entity(level={"type": "Property"})
    answer = _batch(broker, "create", [bad, broker.entity()])
    for each in answer.expect(207).json_object().get("errors", ()):
        for name in ("type", "title"):
            present(name, each.get("error") or {}, "The error of an entity")


@ngsi_ld("5.6.8", "empty-batch-is-400", "MIM1X-13", needs=WRITE)
def empty_batch(broker: Broker) -> None:
    """A batch without entities is answered 400."""
    for operation in ("upsert", "update", "delete"):
        refused(_batch(broker, operation, []))


@ngsi_ld("5.6.8", "upsert-creates", "MIM1X-13", needs=WRITE)
def upsert_creates(broker: Broker) -> None:
    """Upserting entities of which one is new answers 201 with the id of the new one only."""
    old, new = broker.create(level=prop(1)), broker.entity(level=prop(2))
    ids = _batch(broker, "upsert", [{**old, "level": prop(3)}, new]).expect(201).json()
    equal(ids, [new["id"]], "The ids in the answer")
    equal((_level(broker, old), _level(broker, new)), (3, 2), "The values after the upsert")


@ngsi_ld("5.6.8", "upsert-of-known-is-204", "MIM1X-13", needs=WRITE)
def upsert_of_known(broker: Broker) -> None:
    """Upserting only entities that exist answers 204."""
    old = broker.create(level=prop(1))
    _batch(broker, "upsert", [{**old, "level": prop(2)}]).expect(204)
    equal(_level(broker, old), 2, "The value after the upsert")


@ngsi_ld("5.6.8", "upsert-replaces", "MIM1X-13", needs=WRITE)
def upsert_replaces(broker: Broker) -> None:
    """Upserting replaces what exists: attributes not sent are gone."""
    old = broker.create(level=prop(1), name=prop("x"))
    new = {"id": old["id"], "type": old["type"], "level": prop(2)}
    broker.needed(_batch(broker, "upsert", [new]))
    absent("name", broker.stored(old), "After an upsert without options the entity")


@ngsi_ld("5.6.8", "upsert-updates-on-request", "MIM1X-13", needs=WRITE)
def upsert_updates(broker: Broker) -> None:
    """Upserting with options=update keeps attributes that are not sent."""
    old = broker.create(level=prop(1), name=prop("x"))
    new = {"id": old["id"], "type": old["type"], "level": prop(2)}
    broker.needed(_batch(broker, "upsert", [new], options="update"))
    found = broker.stored(old)
    present("name", found, "After an upsert with options=update the entity")
    equal(found["level"].get("value"), 2, "The updated value")


@ngsi_ld("5.6.9", "update-answers-204", "MIM1X-13", needs=WRITE)
def update_answers_204(broker: Broker) -> None:
    """Updating several entities answers 204 and keeps attributes that are not sent."""
    old = broker.create(level=prop(1), name=prop("x"))
    new = {"id": old["id"], "type": old["type"], "level": prop(2)}
    _batch(broker, "update", [new]).expect(204)
    equal(_level(broker, old), 2, "The updated value")
    present("name", broker.stored(old), "The updated entity")


@ngsi_ld("5.6.9", "update-names-the-unknown", "MIM1X-13", needs=WRITE)
def update_names_the_unknown(broker: Broker) -> None:
    """Updating an entity that does not exist is its error; the other is updated."""
    old, unknown = broker.create(level=prop(1)), broker.entity(level=prop(2))
    broker.removes(unknown)
    _result(_batch(broker, "update", [unknown, {**old, "level": prop(3)}]), [old["id"]], [unknown["id"]])
    equal(_level(broker, old), 3, "The value of the other entity")


@ngsi_ld("5.6.9", "update-no-overwrite", "MIM1X-13", level="SHOULD", needs=WRITE)
def update_no_overwrite(broker: Broker) -> None:
    """Updating with options=noOverwrite keeps the values that are there."""
    old = broker.create(level=prop(1))
    _batch(broker, "update", [{**old, "level": prop(2)}], options="noOverwrite").expect(204, 207)
    equal(_level(broker, old), 1, "The value that was not to be overwritten")


@ngsi_ld("5.6.10", "delete-answers-204", "MIM1X-13", needs=WRITE)
def delete_answers_204(broker: Broker) -> None:
    """Deleting several entities by their ids answers 204, and they are gone."""
    both = [broker.create(), broker.create()]
    _batch(broker, "delete", [each["id"] for each in both]).expect(204)
    broker.expect_found({}, [])


@ngsi_ld("5.6.10", "delete-names-the-unknown", "MIM1X-13", needs=WRITE)
def delete_names_the_unknown(broker: Broker) -> None:
    """Deleting an entity that does not exist is its error; the other is deleted."""
    old, unknown = broker.create(), broker.new_id()
    _result(_batch(broker, "delete", [unknown, old["id"]]), [old["id"]], [unknown])
    refused(broker.get(path_to(old)), 404)


@ngsi_ld("5.6.20", "merge-answers-204", "MIM1X-13", level="SHOULD", needs=WRITE)
def merge_answers_204(broker: Broker) -> None:
    """Merging into several entities answers 204 and keeps members that are not sent."""
    old = broker.create(level=prop(1, unitCode="MTR"))
    _batch(broker, "merge", [{"id": old["id"], "type": old["type"], "level": prop(2)}]).expect(204)
    equal(broker.stored(old)["level"], prop(2, unitCode="MTR"), "The merged attribute")


@ngsi_ld("5.5.11", "order-counts", "MIM1X-13", level="SHOULD", needs=WRITE)
def order_counts(broker: Broker) -> None:
    """An entity that is several times in one upsert ends as the last one says."""
    entity = broker.entity()
    several = [{**entity, "level": prop(each)} for each in (1, 2, 3)]
    broker.needed(_batch(broker, "upsert", several))
    if (found := _level(broker, entity)) != 3:
        raise Failure(f"Of 1, 2 and 3 in one upsert {found!r} is left.", mend="Keep the order of the array.")
