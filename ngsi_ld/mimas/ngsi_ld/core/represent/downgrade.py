"""Entities for readers of an older NGSI-LD: what their version does not know is left out (4.3.6.8)."""

from __future__ import annotations

from typing import Any

from ..kinds import ENTITY_MEMBERS, INSTANCE_MEMBERS, VALUE_MEMBER, dataset_of, instances_of
from ..state import Document, Instance
from .formats import targets

Version = tuple[int, int]

_KIND_SINCE: dict[str, Version] = {
    "LanguageProperty": (1, 4),
    "VocabProperty": (1, 8),
    "JsonProperty": (1, 8),
    "ListProperty": (1, 8),
    "ListRelationship": (1, 8),
}
_MEMBER_SINCE: dict[str, Version] = {
    "datasetId": (1, 3),
    "observedAt": (1, 3),
    "unitCode": (1, 3),
    "objectType": (1, 8),
    "valueType": (1, 9),
    "expiresAt": (1, 9),
}
_SEVERAL_SINCE: Version = (1, 3)
_SCOPE_SINCE: Version = (1, 4)


def downgrade(document: Document, version: str) -> Document:
    """The stored document as NGSI-LD `version` (`major.minor`) knows it; the same object when it knows all.

    Done before an entity is represented, so that every format follows.
    """
    major, _, minor = version.partition(".")
    wanted = (int(major), int(minor or 0))
    shown = {name: _member(name, value, wanted) for name, value in document.items()}
    shown = {name: value for name, value in shown.items() if value is not None}
    return document if shown == document else shown


def _member(name: str, value: Any, version: Version) -> Any | None:
    if name not in ENTITY_MEMBERS:
        return _attribute(value, version)
    if name == "type" and version < _SEVERAL_SINCE:
        return instances_of(value)[0]
    if (name == "scope" and version < _SCOPE_SINCE) or (
        name == "expiresAt" and version < _MEMBER_SINCE[name]
    ):
        return None
    return value


def _attribute(value: Any, version: Version) -> Any:
    if type(value) is dict:
        return _instance(value, version)
    if version < _SEVERAL_SINCE:
        default = [each for each in value if not dataset_of(each)]
        return _instance((default or value)[0], version)
    return [_instance(each, version) for each in value]


def _instance(instance: Instance, version: Version) -> Instance:
    shown: Instance = {}
    for name, value in instance.items():
        if name not in INSTANCE_MEMBERS:
            shown[name] = _attribute(value, version)
        elif version >= _MEMBER_SINCE.get(name, (1, 0)):
            shown[name] = value
    return _older_kind(shown) if version < _KIND_SINCE.get(instance["type"], (1, 0)) else shown


def _older_kind(instance: Instance) -> Instance:
    """The instance as a Property, or a ListRelationship as a Relationship."""
    kind = instance["type"]
    member = VALUE_MEMBER[kind]
    rest = {name: value for name, value in instance.items() if name not in ("type", member)}
    if kind == "ListRelationship":
        return {"type": "Relationship", "object": targets(instance[member]), **rest}
    return {"type": "Property", "value": instance[member], **rest}
