"""Attributes: append (5.6.3), update (5.6.2), partial update (5.6.4), delete (5.6.5), replace (5.6.19)."""

from __future__ import annotations

from typing import Any

from ...answer import Answer
from ...verdicts import Failure
from .broker import NULL, Broker, Entity, absent, equal, instances, ngsi_ld, path_to, present, prop, refused

WRITE = {"write"}
DATASET = "urn:ngsi-ld:Dataset:a"


def _two(broker: Broker) -> Entity:
    return broker.create(level=prop(1, unitCode="MTR"), name=prop("x"))


def _send(
    broker: Broker, method: str, entity: Entity | str, *rest: str, body: Any = None, **query: str
) -> Answer:
    return broker.call(method, path_to(entity, "attrs", *rest), query, body=body)


@ngsi_ld("5.6.3", "append-adds", "MIM1X-09", needs=WRITE)
def append_adds(broker: Broker) -> None:
    """Appending an attribute answers 204, adds it and keeps the others."""
    entity = _two(broker)
    _send(broker, "POST", entity, body={"colour": prop("red")}).expect(204)
    found = broker.stored(entity)
    equal(present("colour", found, "The entity").get("value"), "red", "The appended value")
    present("level", found, "The entity")


@ngsi_ld("5.6.3", "append-replaces", "MIM1X-09", needs=WRITE)
def append_replaces(broker: Broker) -> None:
    """Appending an attribute that is there replaces it."""
    entity = _two(broker)
    _send(broker, "POST", entity, body={"level": prop(2)}).expect(204)
    equal(broker.stored(entity)["level"], prop(2), "The attribute after it was appended again")


@ngsi_ld("5.6.3", "no-overwrite-keeps", "MIM1X-09", needs=WRITE)
def no_overwrite_keeps(broker: Broker) -> None:
    """Appending with options=noOverwrite answers 207, keeps what is there and says what was not updated."""
    entity = _two(broker)
    both = {"level": prop(2), "colour": prop("red")}
    result = _send(broker, "POST", entity, body=both, options="noOverwrite").expect(207).json_object()
    equal(broker.stored(entity)["level"].get("value"), 1, "The value that was not to be overwritten")
    _names(result.get("updated"), "colour")
    _names([each.get("attributeName") for each in instances(result.get("notUpdated"))], "level")


def _names(listed: object, name: str) -> None:
    """The list names the attribute, by its term or its IRI."""
    names = [str(each) for each in listed] if isinstance(listed, list) else []
    if not any(each.rpartition("/")[2] == name for each in names):
        raise Failure(f"The UpdateResult names {listed!r} where {name!r} is due (5.2.18).")


@ngsi_ld("5.6.3", "append-to-unknown-is-404", "MIM1X-09", needs=WRITE)
def append_to_unknown(broker: Broker) -> None:
    """Appending an attribute to an entity that does not exist answers 404."""
    refused(_send(broker, "POST", broker.new_id(), body={"level": prop(1)}), 404)


@ngsi_ld("5.6.2", "update-replaces-the-attribute", "MIM1X-09", needs=WRITE)
def update_replaces(broker: Broker) -> None:
    """Updating attributes (PATCH of attrs) answers 204 and replaces each whole: a unit not sent is gone."""
    entity = _two(broker)
    _send(broker, "PATCH", entity, body={"level": prop(2)}).expect(204)
    equal(broker.stored(entity)["level"], prop(2), "The attribute after its update")


@ngsi_ld("5.6.2", "update-keeps-the-others", "MIM1X-09", needs=WRITE)
def update_keeps_the_others(broker: Broker) -> None:
    """Updating an attribute keeps the other attributes."""
    entity = _two(broker)
    broker.needed(_send(broker, "PATCH", entity, body={"level": prop(2)}))
    equal(broker.stored(entity).get("name"), prop("x"), "The attribute that was not updated")


@ngsi_ld("5.6.2", "update-removes-by-null", "MIM1X-09", level="SHOULD", needs=WRITE)
def update_removes(broker: Broker) -> None:
    """Updating an attribute to `urn:ngsi-ld:null` removes it."""
    entity = _two(broker)
    broker.needed(_send(broker, "PATCH", entity, body={"level": prop(NULL)}))
    absent("level", broker.stored(entity), "After its update to the null of NGSI-LD the entity")


@ngsi_ld("5.6.2", "update-of-unknown-is-404", "MIM1X-09", needs=WRITE)
def update_of_unknown(broker: Broker) -> None:
    """Updating attributes of an entity that does not exist answers 404."""
    refused(_send(broker, "PATCH", broker.new_id(), body={"level": prop(1)}), 404)


@ngsi_ld("5.6.4", "partial-update-keeps-members", "MIM1X-09", needs=WRITE)
def partial_update(broker: Broker) -> None:
    """Updating an attribute partially answers 204 and keeps the members that are not sent."""
    entity = _two(broker)
    _send(broker, "PATCH", entity, "level", body={"value": 2}).expect(204)
    equal(broker.stored(entity)["level"], prop(2, unitCode="MTR"), "The attribute after its partial update")


@ngsi_ld("5.6.4", "partial-update-of-unknown-is-404", "MIM1X-09", needs=WRITE)
def partial_update_of_unknown(broker: Broker) -> None:
    """Updating partially an attribute that the entity does not have answers 404."""
    refused(_send(broker, "PATCH", _two(broker), "colour", body={"value": "red"}), 404)


@ngsi_ld("5.6.4", "partial-update-keeps-the-kind", "MIM1X-09", level="SHOULD", needs=WRITE)
def partial_update_keeps_the_kind(broker: Broker) -> None:
    """Making a Relationship of a Property by a partial update is answered 400."""
    body = {"type": "Relationship", "object": "urn:ngsi-ld:Thing:x"}
    refused(_send(broker, "PATCH", _two(broker), "level", body=body))


@ngsi_ld("5.6.4", "partial-update-of-a-dataset", "MIM1X-16", level="SHOULD", needs=WRITE)
def partial_update_of_a_dataset(broker: Broker) -> None:
    """Updating partially with a datasetId changes that instance and no other."""
    entity = broker.create(level=[prop(1), prop(2, datasetId=DATASET)])
    broker.needed(_send(broker, "PATCH", entity, "level", body={"value": 3, "datasetId": DATASET}))
    found = {each.get("datasetId"): each.get("value") for each in instances(broker.stored(entity)["level"])}
    equal(found, {None: 1, DATASET: 3}, "The instances after the update of one")


@ngsi_ld("5.6.5", "delete-attribute", "MIM1X-09", needs=WRITE)
def delete_attribute(broker: Broker) -> None:
    """Deleting an attribute answers 204; it is gone and the others stay."""
    entity = _two(broker)
    _send(broker, "DELETE", entity, "level").expect(204)
    found = broker.stored(entity)
    absent("level", found, "After its attribute was deleted the entity")
    present("name", found, "The entity")


@ngsi_ld("5.6.5", "delete-unknown-attribute-is-404", "MIM1X-09", needs=WRITE)
def delete_unknown_attribute(broker: Broker) -> None:
    """Deleting an attribute that the entity does not have answers 404."""
    refused(_send(broker, "DELETE", _two(broker), "colour"), 404)


@ngsi_ld("5.6.5", "delete-one-dataset", "MIM1X-16", needs=WRITE)
def delete_one_dataset(broker: Broker) -> None:
    """Deleting an attribute with a datasetId deletes that instance and no other."""
    entity = broker.create(level=[prop(1), prop(2, datasetId=DATASET)])
    _send(broker, "DELETE", entity, "level", datasetId=DATASET).expect(204)
    values = [each.get("value") for each in instances(broker.stored(entity).get("level"))]
    equal(values, [1], "The instances that are left")


@ngsi_ld("5.6.5", "delete-all-datasets", "MIM1X-16", needs=WRITE)
def delete_all_datasets(broker: Broker) -> None:
    """Deleting an attribute with deleteAll=true deletes all its instances."""
    entity = broker.create(level=[prop(1), prop(2, datasetId=DATASET)])
    _send(broker, "DELETE", entity, "level", deleteAll="true").expect(204)
    absent("level", broker.stored(entity), "After deleteAll=true the entity")


@ngsi_ld("5.6.19", "replace-attribute", "MIM1X-09", level="SHOULD", needs=WRITE)
def replace_attribute(broker: Broker) -> None:
    """Replacing an attribute (PUT) answers 204, drops members not sent and keeps the other attributes."""
    entity = _two(broker)
    _send(broker, "PUT", entity, "level", body=prop(2)).expect(204)
    found = broker.stored(entity)
    equal(found.get("level"), prop(2), "The replaced attribute")
    present("name", found, "The entity")


@ngsi_ld("5.6.19", "replace-unknown-attribute-is-404", "MIM1X-09", level="SHOULD", needs=WRITE)
def replace_unknown_attribute(broker: Broker) -> None:
    """Replacing an attribute that the entity does not have answers 404."""
    refused(_send(broker, "PUT", _two(broker), "colour", body=prop("red")), 404)
