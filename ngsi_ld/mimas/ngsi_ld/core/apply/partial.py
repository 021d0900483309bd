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
    """Only the given members change, a null removes one; kind and datasetId stay as they are."""
    refuse_scope(operation.attribute)
    draft = Draft(state, now)
    fragment = operation.fragment
    old = require_instance(draft, operation.attribute, dataset_of(fragment))
    require_kind(operation.attribute, old, fragment)
    draft.put(operation.attribute, _patched(operation.attribute, old, fragment))
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


def _patched(attribute: str, old: Instance, fragment: Instance) -> Instance:
    instance = old.copy()
    for name, value in fragment.items():
        if name not in INSTANCE_MEMBERS:
            set_member(instance, name, patched_instances(instance.get(name), value))
        elif name in VALUE_MEMBERS and is_null(name, value):
            raise BadRequestData(
                f"a partial update cannot delete {attribute} itself: use DELETE", attributeName=attribute
            )
        else:
            set_member(instance, name, None if value == NGSI_LD_NULL else value)
    return instance


def set_member(instance: Instance, name: str, value: Any | None) -> None:
    """Set a member of an instance that is being made, or take it away with None."""
    if value is None:
        instance.pop(name, None)
    else:
        instance[name] = value


def patched_instances(old: Any | None, fragment: Any) -> Any | None:
    """A sub-attribute after a first-level patch, dataset by dataset; None when no instance is left."""
    by_dataset = {} if old is None else {dataset_of(each): each for each in instances_of(old)}
    for each in instances_of(fragment):
        if is_deletion(each):
            by_dataset.pop(dataset_of(each) if type(each) is dict else "", None)
        else:
            by_dataset[dataset_of(each)] = each
    return packed(list(by_dataset.values()))


def packed(instances: list[Instance]) -> Any | None:
    """Instances as a document holds them: one alone, several in a list, None for none."""
    if len(instances) > 1:
        return instances
    return instances[0] if instances else None
