"""What types and attributes there are (clauses 5.7.5 to 5.7.10)."""

from __future__ import annotations

from typing import Any

from ...answer import Answer
from ...verdicts import Failure
from .broker import DEFAULT, Broker, Entity, equal, ngsi_ld, path_to, present, prop, refused

WRITE = {"write"}


def _own(broker: Broker) -> tuple[Entity, str]:
    """An entity of a type and with an attribute that nobody else has, and the attribute's name."""
    name = f"{broker.type}Attribute"
    return broker.create(**{name: prop(1)}), name


def _listed(answer: Answer, member: str) -> list[str]:
    listed = present(member, answer.expect(200).json_object(), "The list")
    if not isinstance(listed, list):
        raise Failure(f"{answer} with {member} that is no array.")
    return [str(each) for each in listed]


def _one_of(answer: Answer, member: str, name: str) -> dict[str, Any]:
    """The element of a detailed list that has this name."""
    for each in answer.expect(200).json_array():
        if isinstance(each, dict) and each.get(member) == name:
            return each
    raise Failure(f"{answer} without an element whose {member} is {name!r}.")


@ngsi_ld("5.7.5", "types-are-listed", "MIM1X-04")
def types_are_listed(broker: Broker) -> None:
    """The list of types is an EntityTypeList with an id and the types of the entities that are there."""
    answer = broker.get("/types")
    if broker.sample()["_asked"] not in _listed(answer, "typeList"):
        raise Failure(f"{answer} without {broker.sample()['_asked']!r}, of which there are entities.")
    found = answer.json_object()
    equal(found.get("type"), "EntityTypeList", "The type of the list")
    present("id", found, "The list")


@ngsi_ld("5.7.5", "new-type-is-listed", "MIM1X-04", needs=WRITE)
def new_type_is_listed(broker: Broker) -> None:
    """The type of a new entity is listed."""
    broker.create()
    if broker.type not in _listed(broker.get("/types"), "typeList"):
        raise Failure("The type of an entity that was just made is not listed.")


@ngsi_ld("5.7.5", "deleted-type-is-not-listed", "MIM1X-04", needs=WRITE)
def deleted_type(broker: Broker) -> None:
    """A type whose last entity is deleted is not listed any more."""
    broker.needed(broker.call("DELETE", path_to(broker.create())))
    if broker.type in _listed(broker.get("/types"), "typeList"):
        raise Failure("A type is listed, although its last entity is deleted.")


@ngsi_ld("5.7.6", "types-with-their-attributes", "MIM1X-04", level="SHOULD", needs=WRITE)
def types_with_attributes(broker: Broker) -> None:
    """With details=true each type comes with the names of its attributes."""
    _, name = _own(broker)
    found = _one_of(broker.get("/types", {"details": "true"}), "typeName", broker.type)
    equal(found.get("attributeNames"), [name], "The attributeNames of the type")


@ngsi_ld("5.7.7", "one-type", "MIM1X-04", needs=WRITE)
def one_type(broker: Broker) -> None:
    """A type can be asked for by its name; the answer has its IRI as id."""
    broker.create()
    found = broker.get(f"/types/{broker.type}").expect(200).json_object()
    equal(found.get("id"), f"{DEFAULT}{broker.type}", "The id of the type")


@ngsi_ld("5.7.7", "one-type-with-its-attributes", "MIM1X-04", level="SHOULD", needs=WRITE)
def one_type_with_attributes(broker: Broker) -> None:
    """The answer about one type describes its attributes."""
    _, name = _own(broker)
    found = broker.get(f"/types/{broker.type}").expect(200).json_object()
    names = [each.get("attributeName") for each in found.get("attributeDetails", ())]
    equal(names, [name], "The attributes of the type")


@ngsi_ld("5.7.7", "entities-of-a-type-are-counted", "MIM1X-04", level="SHOULD", needs=WRITE)
def entities_are_counted(broker: Broker) -> None:
    """entityCount of a type is the number of its entities."""
    broker.create()
    broker.create()
    found = broker.get(f"/types/{broker.type}").expect(200).json_object()
    equal(found.get("entityCount"), 2, "The entityCount of a type with two entities")


@ngsi_ld("5.7.7", "unknown-type-is-404", "MIM1X-04")
def unknown_type(broker: Broker) -> None:
    """Asking for a type of which there are no entities answers 404."""
    refused(broker.get(f"/types/{broker.type}"), 404)


@ngsi_ld("5.7.8", "attributes-are-listed", "MIM1X-04", needs=WRITE)
def attributes_are_listed(broker: Broker) -> None:
    """The attribute of a new entity is in the list of attributes."""
    _, name = _own(broker)
    if name not in _listed(broker.get("/attributes"), "attributeList"):
        raise Failure("The attribute of an entity that was just made is not listed.")


@ngsi_ld("5.7.9", "attributes-with-their-types", "MIM1X-04", level="SHOULD", needs=WRITE)
def attributes_with_types(broker: Broker) -> None:
    """With details=true each attribute comes with the names of the types that have it."""
    _, name = _own(broker)
    found = _one_of(broker.get("/attributes", {"details": "true"}), "attributeName", name)
    equal(found.get("typeNames"), [broker.type], "The typeNames of the attribute")


@ngsi_ld("5.7.10", "one-attribute", "MIM1X-04", level="SHOULD", needs=WRITE)
def one_attribute(broker: Broker) -> None:
    """An attribute can be asked for by its name; the answer says which types have it and its kind."""
    _, name = _own(broker)
    found = broker.get(f"/attributes/{name}").expect(200).json_object()
    equal(found.get("typeNames"), [broker.type], "The typeNames of the attribute")
    equal(found.get("attributeTypes"), ["Property"], "The attributeTypes of the attribute")


@ngsi_ld("5.7.10", "unknown-attribute-is-404", "MIM1X-04")
def unknown_attribute(broker: Broker) -> None:
    """Asking for an attribute that no entity has answers 404."""
    refused(broker.get(f"/attributes/{broker.type}Attribute"), 404)
