"""Whole entities: delete (5.6.6), merge (5.6.17), replace (5.6.18), and what changes do to the rest."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from .broker import NULL, Broker, Entity, absent, equal, ngsi_ld, path_to, present, prop, refused

WRITE = {"write"}


def _two_attributes(broker: Broker) -> Entity:
    return broker.create(level=prop(1, unitCode="MTR"), name=prop("x"))


def _merge(broker: Broker, entity: Entity, fragment: dict[str, Any]) -> Entity:
    broker.call("PATCH", path_to(entity), body=fragment).expect(204)
    return broker.stored(entity)


@ngsi_ld("5.6.6", "delete-answers-204", "MIM1X-09", needs=WRITE)
def delete_answers_204(broker: Broker) -> None:
    """Deleting an entity answers 204."""
    broker.call("DELETE", path_to(broker.create())).expect(204)


@ngsi_ld("5.6.6", "deleted-is-gone", "MIM1X-09", needs=WRITE)
def deleted_is_gone(broker: Broker) -> None:
    """After its deletion an entity is neither retrieved nor found."""
    entity = broker.create()
    broker.needed(broker.call("DELETE", path_to(entity)))
    refused(broker.get(path_to(entity)), 404, mend="Delete what the DELETE was acknowledged for.")
    broker.expect_found({}, [])


@ngsi_ld("5.6.6", "delete-unknown-is-404", "MIM1X-09", needs=WRITE)
def delete_unknown(broker: Broker) -> None:
    """Deleting an entity that does not exist answers 404."""
    refused(broker.call("DELETE", path_to(broker.new_id())), 404, error="ResourceNotFound")


@ngsi_ld("5.6.6", "delete-needs-the-right-type", "MIM1X-09", level="SHOULD", needs=WRITE)
def delete_needs_the_right_type(broker: Broker) -> None:
    """Deleting an entity with a `type` that it has not answers 404 and deletes nothing."""
    entity = broker.create()
    refused(broker.call("DELETE", path_to(entity), {"type": f"{broker.type}Other"}), 404)
    broker.get(path_to(entity)).expect(200)


@ngsi_ld("5.6.17", "merge-keeps-the-rest", "MIM1X-09", level="SHOULD", needs=WRITE)
def merge_keeps_the_rest(broker: Broker) -> None:
    """Merging (PATCH of the entity) changes what the fragment names and keeps everything else."""
    found = _merge(broker, _two_attributes(broker), {"level": prop(2)})
    equal(present("level", found, "The merged entity").get("value"), 2, "The merged value")
    equal(found["level"].get("unitCode"), "MTR", "The unit that the fragment did not name")
    present("name", found, "The merged entity", mend="PATCH of an entity merges; only PUT replaces.")


@ngsi_ld("5.6.17", "merge-adds", "MIM1X-09", level="SHOULD", needs=WRITE)
def merge_adds(broker: Broker) -> None:
    """Merging adds the attributes of the fragment that are not there yet."""
    found = _merge(broker, _two_attributes(broker), {"colour": prop("red")})
    equal(present("colour", found, "The merged entity").get("value"), "red", "The added value")


@ngsi_ld("5.5.12", "merge-reaches-into-values", "MIM1X-09", level="SHOULD", needs=WRITE)
def merge_reaches_into_values(broker: Broker) -> None:
    """Merging an object into the object of a value keeps the members that the fragment does not name."""
    entity = broker.create(address=prop({"city": "Praha", "street": "Hlavní"}))
    found = _merge(broker, entity, {"address": prop({"street": "Nová"})})
    equal(found["address"]["value"], {"city": "Praha", "street": "Nová"}, "The merged value")


@ngsi_ld("5.5.12", "merge-removes-by-null", "MIM1X-09", level="SHOULD", needs=WRITE)
def merge_removes(broker: Broker) -> None:
    """Merging `urn:ngsi-ld:null` as value removes the attribute."""
    found = _merge(broker, _two_attributes(broker), {"level": prop(NULL)})
    absent("level", found, "After its value was merged with the null of NGSI-LD the entity")
    present("name", found, "The entity")


@ngsi_ld("5.6.17", "merge-unknown-is-404", "MIM1X-09", level="SHOULD", needs=WRITE)
def merge_unknown(broker: Broker) -> None:
    """Merging into an entity that does not exist answers 404 and makes none."""
    entity_id = broker.new_id()
    broker.removes(entity_id)
    refused(broker.call("PATCH", path_to(entity_id), body={"level": prop(1)}), 404)


@ngsi_ld("5.6.18", "replace-drops-the-rest", "MIM1X-09", level="SHOULD", needs=WRITE)
def replace_drops_the_rest(broker: Broker) -> None:
    """Replacing an entity (PUT) leaves only what was sent."""
    entity = _two_attributes(broker)
    body = {"id": entity["id"], "type": entity["type"], "colour": prop("red")}
    broker.call("PUT", path_to(entity), body=body).expect(204)
    found = broker.stored(entity)
    present("colour", found, "The replaced entity")
    absent("level", found, "The replaced entity", mend="PUT of an entity replaces it, PATCH merges.")


@ngsi_ld("5.6.18", "replace-keeps-created-at", ("MIM1X-09", "MIM1X-18"), level="SHOULD", needs=WRITE)
def replace_keeps_created_at(broker: Broker) -> None:
    """Replacing an entity keeps its createdAt."""
    entity = _two_attributes(broker)
    before = broker.stored(entity, {"options": "sysAttrs"}).get("createdAt")
    broker.call("PUT", path_to(entity), body={**entity, "level": prop(2)}).expect(204)
    equal(broker.stored(entity, {"options": "sysAttrs"}).get("createdAt"), before, "createdAt after PUT")


@ngsi_ld("5.6.18", "replace-refuses-other-id", "MIM1X-09", level="SHOULD", needs=WRITE)
def replace_refuses_other_id(broker: Broker) -> None:
    """Replacing an entity by one with another id is answered 400."""
    entity, other = _two_attributes(broker), broker.new_id()
    broker.removes(other)
    refused(broker.call("PUT", path_to(entity), body={**entity, "id": other}))


@ngsi_ld("5.6.18", "replace-unknown-is-404", "MIM1X-09", level="SHOULD", needs=WRITE)
def replace_unknown(broker: Broker) -> None:
    """Replacing an entity that does not exist answers 404 and makes none."""
    entity = broker.entity(level=prop(1))
    broker.removes(entity)
    refused(broker.call("PUT", path_to(entity), body=entity), 404)


@ngsi_ld("4.8", "modified-at-moves", "MIM1X-18", needs=WRITE)
def modified_at_moves(broker: Broker) -> None:
    """A change moves modifiedAt forward and leaves createdAt alone."""
    entity = _two_attributes(broker)
    before = broker.stored(entity, {"options": "sysAttrs"})
    broker.needed(broker.call("PATCH", path_to(entity, "attrs"), body={"level": prop(2)}))
    after = broker.stored(entity, {"options": "sysAttrs"})
    equal(after.get("createdAt"), before.get("createdAt"), "createdAt after a change")
    if not str(after.get("modifiedAt")) > str(before.get("modifiedAt")):
        equal(after.get("modifiedAt"), f"later than {before.get('modifiedAt')}", "modifiedAt after a change")


@ngsi_ld("5.5.8", "parallel-changes-are-all-kept", "MIM1X-19", level="SHOULD", needs=WRITE)
def parallel_changes(broker: Broker) -> None:
    """Changes of different attributes of one entity at the same time are all kept."""
    names = [f"level{each}" for each in range(8)]
    entity = broker.create(**{each: prop(0) for each in names})

    def change(name: str) -> None:
        broker.needed(broker.call("PATCH", path_to(entity, "attrs"), body={name: prop(1)}))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(change, names))
    found = broker.stored(entity)
    lost = [each for each in names if found.get(each, {}).get("value") != 1]
    equal(lost, [], "What was acknowledged and lost of eight changes")
