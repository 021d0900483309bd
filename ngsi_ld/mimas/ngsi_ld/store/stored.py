"""An entity as it comes from its row: text that can be served as it is, and what joins in when asked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from ..core.apply import drop_expired, earliest_expiry
from ..core.state import EntityState, Times

STORED_COLUMNS = "id, doc, times, created_at, modified_at, expires_next, version"  # as StoredEntity has them
_COLUMNS = 7


@dataclass(slots=True)
class StoredEntity:
    """One entity; `text` is its normalised document in stored names, as JSON."""

    id: str
    text: bytes
    times_text: bytes | None
    created_at: datetime
    modified_at: datetime
    expires_next: datetime | None
    version: int

    @property
    def times(self) -> Times:
        """When attributes were created and modified, as `core.state` has it."""
        return orjson.loads(self.times_text) if self.times_text else {}

    @property
    def plain(self) -> bool:
        """Say whether `text` is what a client of the core context gets, when it asks for nothing special."""
        return True

    @property
    def size(self) -> int:
        """How many bytes of JSON it is made of."""
        return len(self.text) + len(self.times_text or b"")

    def state(self) -> EntityState:
        """The entity as the core works on it, expired parts included."""
        return EntityState(
            orjson.loads(self.text), self.created_at, self.modified_at, self.times, self.version
        )

    def living(self, now: datetime) -> StoredEntity | None:
        """The entity without what has expired by `now`, None when it has expired itself (CIM 009 4.22)."""
        if self.expires_next is None or self.expires_next > now:
            return self
        state = drop_expired(self.state(), now)
        return None if state is None else from_state(state)


def from_row(row: Any) -> StoredEntity:
    """Make it from a row that begins with the `STORED_COLUMNS`."""
    return StoredEntity(*row[:_COLUMNS])


def from_state(state: EntityState) -> StoredEntity:
    """Make it from what a write left."""
    text = orjson.dumps(state.document)
    return StoredEntity(
        state.id,
        text,
        orjson.dumps(state.times) if state.times else None,
        state.created_at,
        state.modified_at,
        # Most documents say nothing of it, and their text tells that at once.
        earliest_expiry(state.document) if b'"expiresAt"' in text else None,
        state.version,
    )
