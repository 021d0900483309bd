"""Partial Attribute update: the first level of an instance (CIM 009 5.6.4, 5.5.8)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ..errors import BadRequestData
from ..kinds import (
    INSTANCE_MEMBERS,
    VALUE_MEMBER,
    VALUE_MEMBERS,
    dataset_of,
    instances_of,
    is_deletion,
    is_null,
)
from ..operations import PartialUpdate
from ..state import NGSI_LD_NULL, Applied, EntityState, Instance
from .attributes import refuse_scope, require_instance
from .draft import Draft


def partial_update(operation: PartialUpdate, state: EntityState, now: datetime) -> Applied:
    """Only the given members change, a null removes one, or the instance when it is the value."""
    refuse_scope(operation.attribute)
    draft = Draft(state, now)
    fragment = operation.fragment
    old = require_instance(draft, operation.attribute, dataset_of(fragment))
    require_kind(operation.attribute, old, fragment)
    if any(is_null(name, fragment[name]) for name in VALUE_MEMBERS if name in fragment):
        # CIM 009 4.5.2.2 and 5.5.8: a null as the value deletes the instance as 5.6.5 says; 5.6.4.1 has it
        # that this operation cannot. The text contradicts itself; the first is done here.
        draft.remove(operation.attribute, dataset_of(fragment))
    else:
        draft.put(operation.attribute, _patched(old, fragment))
    return draft.applied()


def require_kind(attribute: str, old: Instance, fragment: Instance) -> None:
    """Refuse a fragment that would make another kind of attribute of the stored one (5.6.4)."""
    kind = old["type"]
    named = fragment.get("type", kind)
    strange = [name for name in VALUE_MEMBERS if name in fragment and name != VALUE_MEMBER[kind]]
    if named != kind or strange:
        raise BadRequestData(
            f"{attribute} is a {kind}; a fragment cannot make it another kind"
            f" ({named if named != kind else strange[0]}): replace the attribute instead",
            attributeName=attribute,
        )


def _patched(old: Instance, fragment: Instance) -> Instance:
    instance = old.copy()
    for name, value in fragment.items():
        if name not in INSTANCE_MEMBERS:
            set_member(instance, name, _patched_instances(name, instance.get(name), value))
        else:
            set_member(instance, name, None if value == NGSI_LD_NULL else value)
    return instance


def set_member(instance: Instance, name: str, value: Any | None) -> None:
    """Set a member of an instance that is being made, or take it away with None."""
    if value is None:
        instance.pop(name, None)
    else:
        instance[name] = value


def require_complete(attribute: str, instance: Instance) -> Instance:
    """Refuse to add what a fragment only tells a part of: an attribute has a kind and a value (4.5)."""
    kind = instance.get("type")
    if kind is None or VALUE_MEMBER[kind] not in instance:
        raise BadRequestData(
            f"there is no {attribute} this fragment could be a part of: give its value",
            attributeName=attribute,
        )
    return instance


def _patched_instances(name: str, old: Any | None, fragment: Any) -> Any | None:
    """A sub-attribute after a first-level patch, dataset by dataset; None when no instance is left."""
    by_dataset = {} if old is None else {dataset_of(each): each for each in instances_of(old)}
    for each in instances_of(fragment):
        if is_deletion(each):
            by_dataset.pop(dataset_of(each) if type(each) is dict else "", None)
        else:
            by_dataset[dataset_of(each)] = require_complete(name, each)
    return packed(list(by_dataset.values()))


def packed(instances: list[Instance]) -> Any | None:
    """Instances as a document holds them: one alone, several in a list, None for none."""
    if len(instances) > 1:
        return instances
    return instances[0] if instances else None
