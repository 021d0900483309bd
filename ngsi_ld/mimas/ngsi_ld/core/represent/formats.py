"""One attribute in each format: normalised, concise (4.5.2.3 and its kin) and simplified (4.5.4)."""

from __future__ import annotations

from typing import Any

from ..kinds import VALUE_MEMBER, VALUE_MEMBERS, dataset_of
from ..parse.geometry import is_geometry
from ..state import Instance

_TELLING = VALUE_MEMBERS | {"type", "dataset"}


def concise_instance(instance: Instance, *, alone: bool) -> Any:
    """An instance without its type, or its bare value when nothing else is left and nothing is lost.

    Sub-attributes are concise already. `alone`: it is not one of several instances.
    """
    rest = {name: value for name, value in instance.items() if name != "type"}
    if instance["type"] == "ListRelationship":
        rest["objectList"] = targets(rest["objectList"])
    if instance["type"] == "Property" and is_geometry(instance["value"]):
        return dict(instance)  # without its type it would read as a GeoProperty
    if alone and len(rest) == 1 and "value" in rest and _may_stand_bare(instance):
        return rest["value"]
    return rest


def simplified_instance(instance: Instance) -> Any:
    """The bare value of an instance, wrapped for the kinds that would be lost without."""
    kind = instance["type"]
    member = VALUE_MEMBER[kind]
    if kind in ("LanguageProperty", "VocabProperty", "JsonProperty"):
        return {member: instance[member]}
    if kind == "ListRelationship":
        return targets(instance[member])
    return instance[member]


def simplified_attribute(instances: list[Instance], values: list[Any]) -> Any:
    """The only value, or all of them by datasetId."""
    if len(values) == 1:
        return values[0]
    return {
        "dataset": {dataset_of(each) or "@none": value for each, value in zip(instances, values, strict=True)}
    }


def targets(objects: Any) -> Any:
    """The URIs of an objectList, whose items may be objects."""
    if type(objects) is not list:
        return objects
    return [each["object"] if type(each) is dict else each for each in objects]


def _may_stand_bare(instance: Instance) -> bool:
    value = instance["value"]
    if type(value) is dict:
        return instance["type"] == "GeoProperty" or not (value.keys() & _TELLING)
    if type(value) is list:
        return not any(type(each) is dict for each in value)
    return True
