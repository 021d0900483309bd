"""Transient entities, attributes, sub-attributes: what has expired is not there any more (CIM 009 4.22)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from ..kinds import attributes_of, instances_of, sub_attributes_of
from ..state import Document, EntityState, Instance


def earliest_expiry(document: Document) -> datetime | None:
    """When the next part of a document expires, None when nothing does."""
    if not ("expiresAt" in document or _mentions_expiry(document.values())):
        return None
    return min((datetime.fromisoformat(each) for each in _expiries(document)), default=None)


def drop_expired(state: EntityState, now: datetime) -> EntityState | None:
    """The state without what has expired: itself when nothing has, None when the whole entity has."""
    document = state.document
    earliest = earliest_expiry(document)
    if earliest is None or earliest > now:
        return state
    if _is_past(document, now):
        return None
    living = {name: _living(value, now) for name, value in attributes_of(document)}
    gone = {name for name, value in living.items() if value is None}
    left = {name: value for name, value in {**document, **living}.items() if name not in gone}
    return EntityState(left, state.created_at, state.modified_at, state.times, state.version)


def _mentions_expiry(members: Iterable[Any]) -> bool:
    """Whether it is worth looking closer: a quick scan that may be wrong in one direction only."""
    for value in members:
        kind = type(value)
        if kind is dict:
            if "expiresAt" in value or _mentions_expiry(value.values()):
                return True
        elif kind is list and value and type(value[0]) is dict and _mentions_expiry(value):
            return True
    return False


def _expiries(document: Document) -> Iterator[str]:
    if "expiresAt" in document:
        yield document["expiresAt"]
    for _, value in attributes_of(document):
        for instance in instances_of(value):
            yield from _instance_expiries(instance)


def _instance_expiries(instance: Instance) -> Iterator[str]:
    if "expiresAt" in instance:
        yield instance["expiresAt"]
    for _, value in sub_attributes_of(instance):
        for each in instances_of(value):
            yield from _instance_expiries(each)


def _is_past(element: dict[str, Any], now: datetime) -> bool:
    return "expiresAt" in element and datetime.fromisoformat(element["expiresAt"]) <= now


def _living(value: Any, now: datetime) -> Any | None:
    """An attribute without its expired instances and sub-attributes, None when no instance is left."""
    instances = [_pruned(each, now) for each in instances_of(value) if not _is_past(each, now)]
    if len(instances) > 1:
        return instances
    return instances[0] if instances else None


def _pruned(instance: Instance, now: datetime) -> Instance:
    below = {name: _living(value, now) for name, value in sub_attributes_of(instance)}
    if not below:
        return instance
    whole = {**instance, **below}
    return {name: value for name, value in whole.items() if name not in below or value is not None}
