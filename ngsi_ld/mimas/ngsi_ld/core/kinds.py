"""The eight kinds of attribute, and what an instance has besides sub-attributes (CIM 009 4.5.2 to 4.5.24)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from .state import DEFAULT_DATASET, NGSI_LD_NULL, Instance

VALUE_MEMBER: Final[dict[str, str]] = {
    "Property": "value",
    "GeoProperty": "value",
    "Relationship": "object",
    "LanguageProperty": "languageMap",
    "VocabProperty": "vocab",
    "JsonProperty": "json",
    "ListProperty": "valueList",
    "ListRelationship": "objectList",
}
VALUE_MEMBERS: Final[frozenset[str]] = frozenset(VALUE_MEMBER.values())
INSTANCE_MEMBERS: Final[frozenset[str]] = VALUE_MEMBERS | {
    *("type", "datasetId", "observedAt", "unitCode", "expiresAt", "objectType", "valueType", "instanceId"),
    *("createdAt", "modifiedAt", "deletedAt", "entity", "entityList", "lang"),
    *("entityIdSealed", "entityTypeSealed"),
}
ENTITY_MEMBERS: Final[frozenset[str]] = frozenset(
    {"id", "type", "scope", "expiresAt", "createdAt", "modifiedAt", "deletedAt", "@context"}
)


def instances_of(value: Any) -> list[Instance]:
    """The instances an attribute holds: one, or a list of several."""
    return value if type(value) is list else [value]


def dataset_of(instance: Instance) -> str:
    """The datasetId of an instance, `""` for the default one (CIM 009 4.5.5)."""
    dataset: str = instance.get("datasetId", DEFAULT_DATASET)
    return dataset


def attributes_of(document: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """The attributes of a document, without its own members."""
    return ((name, value) for name, value in document.items() if name not in ENTITY_MEMBERS)


def sub_attributes_of(instance: Instance) -> Iterator[tuple[str, Any]]:
    """The sub-attributes of an instance, without its own members."""
    return ((name, value) for name, value in instance.items() if name not in INSTANCE_MEMBERS)


def null_value(kind: str) -> Any:
    """The NGSI-LD Null in the shape the value of this kind has (CIM 009 4.5.0)."""
    if kind == "LanguageProperty":
        return {"@none": NGSI_LD_NULL}
    return [NGSI_LD_NULL] if kind in ("ListProperty", "ListRelationship") else NGSI_LD_NULL


def is_null(member: str, value: Any) -> bool:
    """Whether the value of a value member is an NGSI-LD Null, bare or in the shape the member asks for."""
    if value == NGSI_LD_NULL:
        return True
    if member == "languageMap":
        return type(value) is dict and len(value) == 1 and value.get("@none") == NGSI_LD_NULL
    if member in ("valueList", "objectList"):
        return value in ([NGSI_LD_NULL], [{"object": NGSI_LD_NULL}])
    return False


def is_deletion(instance: Any) -> bool:
    """Whether an attribute in a fragment says: remove me. Bare, or with a null as its value."""
    if type(instance) is not dict:
        return bool(instance == NGSI_LD_NULL)
    return any(is_null(member, instance[member]) for member in VALUE_MEMBERS if member in instance)
