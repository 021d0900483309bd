"""createdAt and modifiedAt of attributes and sub-attributes, as `state.Times` keeps them."""

from __future__ import annotations

from typing import Any

from ..kinds import INSTANCE_MEMBERS, dataset_of, instances_of, sub_attributes_of
from ..state import Instance, Times

Entry = dict[str, Any]


def created_entry(instance: Instance, now: str) -> Entry:
    """The times of an instance that is new, and of all below it."""
    entry: Entry = {"c": now}
    if instance.keys() <= INSTANCE_MEMBERS:
        return entry
    below: Times = {}
    for name, value in sub_attributes_of(instance):
        below[name] = {dataset_of(each): created_entry(each, now) for each in instances_of(value)}
    entry["s"] = below
    return entry


def revised_entry(old: Instance, new: Instance, entry: Entry, now: str) -> Entry:
    """The times of an instance that took the place of another: createdAt stays (CIM 009 5.6.2, 5.6.3)."""
    revised: Entry = {"c": entry["c"], "m": now} if "c" in entry else {"m": now}
    if new.keys() <= INSTANCE_MEMBERS:
        return revised
    below = _revised_below(old, new, entry.get("s") or {}, now)
    if below:
        revised["s"] = below
    return revised


def _revised_below(old: Instance, new: Instance, times: Times, now: str) -> Times:
    below: Times = {}
    for name, value in sub_attributes_of(new):
        before = {dataset_of(each): each for each in instances_of(old[name])} if name in old else {}
        kept = times.get(name) or {}
        entries: Times = {}
        for each in instances_of(value):
            dataset = dataset_of(each)
            entry = _entry(before.get(dataset), each, kept.get(dataset), now)
            if entry is not None:
                entries[dataset] = entry
        if entries:
            below[name] = entries
    return below


def _entry(old: Instance | None, new: Instance, entry: Entry | None, now: str) -> Entry | None:
    if old is None:
        return created_entry(new, now)
    if old is new:  # what a write leaves alone keeps its identity, and so its times
        return entry
    return revised_entry(old, new, entry or {}, now)
