"""Outbox rows as items of a notification, and what throttling makes of several changes of one entity."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from mimas.ngsi_ld.core.state import Change
from mimas.ngsi_ld.core.subscriptions import from_payload
from mimas.ngsi_ld.store.outbox import Claimed


@dataclass(frozen=True, slots=True)
class Item:
    """One change to be told, the outbox rows it stands for, and the time of the flush that wrote them."""

    ids: tuple[int, ...]
    entity_id: str
    change: Change
    at: datetime
    attempts: int
    flush: datetime
    size: int = 0


def items_of(claimed: Iterable[Claimed]) -> list[Item]:
    """One item a row, in order."""
    items = []
    for row in claimed:
        change, at = from_payload(row.payload)
        size = len(row.payload)
        items.append(Item((row.id,), row.entity_id, change, at, row.attempts, row.created_at, size))
    return items


def coalesced(items: Iterable[Item]) -> list[Item]:
    """The latest change of each entity, from its first former state on, in the order of the last changes."""
    latest: dict[str, Item] = {}
    for item in items:
        earlier = latest.pop(item.entity_id, None)
        latest[item.entity_id] = item if earlier is None else _merged(earlier, item)
    return list(latest.values())


def _merged(earlier: Item, later: Item) -> Item:
    effects = {**earlier.change.attributes, **later.change.attributes}
    for key, effect in earlier.change.attributes.items():
        if effect == "created" and later.change.attributes.get(key) == "updated":
            effects[key] = "created"
    change = Change(earlier.change.before, later.change.after, effects)
    if change.after is None and change.before is None:
        change.before = later.change.before
    return replace(
        later,
        ids=earlier.ids + later.ids,
        change=change,
        attempts=max(earlier.attempts, later.attempts),
        size=max(earlier.size, later.size),
    )
