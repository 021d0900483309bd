"""Merge Entity: a patch that goes to any depth (CIM 009 5.6.17, 5.5.12)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ..kinds import INSTANCE_MEMBERS, VALUE_MEMBERS, attributes_of, dataset_of, instances_of, is_deletion
from ..operations import MergeEntity
from ..state import NGSI_LD_NULL, Applied, EntityState, Instance
from .attributes import add_members, delete_instance
from .draft import SCOPE, Draft
from .partial import packed, require_complete, require_kind, set_member
from .simplified import normalised

_JSON_MEMBERS = frozenset({"value", "json", "languageMap"})


def merge(operation: MergeEntity, state: EntityState, now: datetime) -> Applied:
    """Members merge, nulls remove, types are added, scope is replaced (5.6.17)."""
    draft = Draft(state, now)
    fragment = operation.fragment
    add_members(draft, fragment)
    if SCOPE in fragment:
        draft.set_scope(None if fragment[SCOPE] == NGSI_LD_NULL else fragment[SCOPE])
    for name, value in attributes_of(fragment):
        if operation.simplified:
            value = normalised(name, value, draft, operation.lang)
        for each in instances_of(value):
            _merge_attribute(draft, name, each, operation.observed_at)
    return draft.applied()


def _merge_attribute(draft: Draft, name: str, fragment: Any, observed_at: str | None) -> None:
    if is_deletion(fragment):
        delete_instance(draft, name, fragment)
        return
    old = draft.find(name, dataset_of(fragment))
    if old is None:
        draft.put(name, _without_nulls(name, fragment))
        return
    require_kind(name, old, fragment)
    merged = _merged(old, fragment)
    if observed_at is not None and "observedAt" in old and "observedAt" not in fragment:
        merged["observedAt"] = observed_at
    if merged.get("languageMap") == {}:  # its last language was removed
        draft.remove(name, dataset_of(fragment))
    else:
        draft.put(name, merged)


def _merged(old: Instance, fragment: Instance) -> Instance:
    instance = old.copy()
    for name, value in fragment.items():
        if name not in INSTANCE_MEMBERS:
            set_member(instance, name, _merged_instances(name, old.get(name), value))
        elif name in _JSON_MEMBERS:
            instance[name] = merged_json(old.get(name), value)
        else:
            set_member(instance, name, None if value == NGSI_LD_NULL else value)
    return instance


def _merged_instances(name: str, old: Any | None, fragment: Any) -> Any | None:
    by_dataset = {} if old is None else {dataset_of(each): each for each in instances_of(old)}
    for each in instances_of(fragment):
        dataset = dataset_of(each) if type(each) is dict else ""
        present = by_dataset.get(dataset)
        if is_deletion(each):
            by_dataset.pop(dataset, None)
        elif present is None:
            by_dataset[dataset] = _without_nulls(name, each)
        else:
            require_kind(name, present, each)
            by_dataset[dataset] = _merged(present, each)
    return packed(list(by_dataset.values()))


def merged_json(old: Any, patch: Any) -> Any:
    """RFC 7396 with the NGSI-LD Null in the place of null; a typed value (`@value`) is replaced as one."""
    if type(patch) is not dict:
        return patch
    kept = {} if type(old) is not dict or "@value" in patch or "@value" in old else old.copy()
    for name, value in patch.items():
        if value == NGSI_LD_NULL:
            kept.pop(name, None)
        else:
            kept[name] = merged_json(kept.get(name), value)
    return kept


def _without_nulls(attribute: str, fragment: Instance) -> Instance:
    """A new instance as a fragment gives it: what it asks to delete cannot be there."""
    require_complete(attribute, fragment)
    instance: Instance = {}
    for name, value in fragment.items():
        if name in VALUE_MEMBERS:
            instance[name] = merged_json(None, value)
        elif name in INSTANCE_MEMBERS:
            set_member(instance, name, None if value == NGSI_LD_NULL else value)
        else:
            set_member(instance, name, _merged_instances(name, None, value))
    return instance
