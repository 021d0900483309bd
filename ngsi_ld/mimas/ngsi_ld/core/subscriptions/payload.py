"""A change as it waits in the outbox: what it was before, what it is now, what was touched."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import orjson

from ..state import Change, EntityState


def to_payload(change: Change, at: datetime) -> bytes:
    """The change as JSON; `at` is the time of the write. The former state goes along where it is needed."""
    deletes = change.after is None or "deleted" in change.attributes.values()
    updates = "updated" in change.attributes.values()
    return orjson.dumps(
        {
            "at": at,
            "before": _packed(change.before) if deletes or updates else None,
            "after": _packed(change.after),
            "effects": [[name, dataset, effect] for (name, dataset), effect in change.attributes.items()],
        }
    )


def from_payload(payload: bytes | str) -> tuple[Change, datetime]:
    """The change and its time, as `to_payload` had them."""
    packed = orjson.loads(payload)
    effects = {(name, dataset): effect for name, dataset, effect in packed["effects"]}
    change = Change(_unpacked(packed["before"]), _unpacked(packed["after"]), effects)
    return change, datetime.fromisoformat(packed["at"])


def _packed(state: EntityState | None) -> dict[str, Any] | None:
    if state is None:
        return None
    return {
        "document": state.document,
        "times": state.times,
        "created": state.created_at,
        "modified": state.modified_at,
    }


def _unpacked(packed: dict[str, Any] | None) -> EntityState | None:
    if packed is None:
        return None
    return EntityState(
        document=packed["document"],
        created_at=datetime.fromisoformat(packed["created"]),
        modified_at=datetime.fromisoformat(packed["modified"]),
        times=packed["times"],
    )
