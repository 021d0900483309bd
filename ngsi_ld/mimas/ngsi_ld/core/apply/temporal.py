"""Temporal provision on the one store that current state and history share (CIM 009 5.6.11, 5.6.12)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ..kinds import attributes_of, dataset_of, instances_of
from ..operations import AppendTemporal, UpsertTemporal
from ..state import Applied, EntityState, HistoryEntry, Instance
from .draft import SCOPE, Draft, observed_at
from .whole import fresh


def upsert_temporal(
    operation: UpsertTemporal, state: EntityState | None, now: datetime, version: int
) -> Applied:
    """Create the evolution, or add its instances to the one that is there (5.6.11)."""
    if state is not None:
        return _add(operation.document, state, now)
    document = operation.document
    newest = {
        name: value if name in ("id", "type", "expiresAt") else _newest(value, now)
        for name, value in document.items()
    }
    if SCOPE in newest:
        newest[SCOPE] = _scope_of(newest[SCOPE])
    applied = fresh(newest, now, version)
    applied.history = [
        _entry(name, instance, now)
        for name, value in document.items()
        if name not in ("id", "type", "expiresAt")
        for instance in _instances(name, value)
    ]
    return applied


def append_temporal(operation: AppendTemporal, state: EntityState, now: datetime) -> Applied:
    """Instances are added, none is overwritten; types are unioned (5.6.12)."""
    return _add(operation.fragment, state, now)


def _add(fragment: dict[str, Any], state: EntityState, now: datetime) -> Applied:
    draft = Draft(state, now)
    if "type" in fragment:
        draft.add_types(fragment["type"])
    if SCOPE in fragment:
        instances = _instances(SCOPE, fragment[SCOPE])
        draft.set_scope(_latest(instances, now)["value"])
        draft.history = [_entry(SCOPE, each, now) for each in instances]
    for name, value in attributes_of(fragment):
        instances = instances_of(value)
        latest = instances_of(_newest(value, now))
        for each in instances:
            if not any(each is one for one in latest) or not _is_newest(each, draft, name):
                draft.record_late(name, each, None)
            else:
                draft.put(name, each)
    return draft.applied()


def _is_newest(instance: Instance, draft: Draft, attribute: str) -> bool:
    """Whether an instance is to become the current one: there is none, or it is not younger."""
    current = draft.find(attribute, dataset_of(instance))
    return current is None or _time(instance, draft.now) >= _time(current, draft.before.modified_at)


def _newest(value: Any, now: datetime) -> Any:
    """The newest instance of each dataset, as a current document holds them."""
    latest: dict[str, Instance] = {}
    for each in instances_of(value):
        if type(each) is not dict:
            return value
        known = latest.get(dataset_of(each))
        if known is None or _time(each, now) >= _time(known, now):
            latest[dataset_of(each)] = each
    newest = list(latest.values())
    return newest if len(newest) > 1 else newest[0]


def _time(instance: Instance, otherwise: datetime) -> datetime:
    return observed_at(instance) or otherwise


def _latest(instances: list[Instance], now: datetime) -> Instance:
    return max(instances, key=lambda each: _time(each, now))


def _instances(name: str, value: Any) -> list[Instance]:
    """The instances of an attribute, or of a scope, which may also be given plain (4.5.6)."""
    instances = instances_of(value)
    if name == SCOPE and not all(type(each) is dict for each in instances):
        return [{"type": "Property", "value": value}]
    return instances


def _scope_of(newest: Any) -> Any:
    return newest["value"] if type(newest) is dict else newest


def _entry(attribute: str, instance: Instance, now: datetime) -> HistoryEntry:
    observed = observed_at(instance)
    if attribute == SCOPE and observed is None:
        observed = now
    return HistoryEntry(attribute, instance, now, now, dataset_of(instance), observed)
