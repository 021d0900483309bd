"""The newest entity states a writer saw, bounded by number and by bytes.

Guarded by the version: a state that another process has overtaken is found out by the write itself.
"""

from __future__ import annotations

from collections import OrderedDict

from .stored import StoredEntity

Key = tuple[str, str]


class StateCache:
    """Least recently used states leave first."""

    def __init__(self, max_states: int = 10_000, max_bytes: int = 8_000_000) -> None:
        self._states: OrderedDict[Key, StoredEntity] = OrderedDict()
        self._max_states = max_states
        self._max_bytes = max_bytes
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._states)

    def get(self, key: Key) -> StoredEntity | None:
        """The state kept for a tenant's entity."""
        stored = self._states.get(key)
        if stored is not None:
            self._states.move_to_end(key)
        return stored

    def put(self, key: Key, stored: StoredEntity) -> None:
        """Keep a state, and let go of the oldest ones."""
        self.forget(key)
        self._states[key] = stored
        self._bytes += stored.size
        while len(self._states) > self._max_states or self._bytes > self._max_bytes:
            _, oldest = self._states.popitem(last=False)
            self._bytes -= oldest.size

    def forget(self, key: Key) -> None:
        """Let go of a state."""
        stored = self._states.pop(key, None)
        if stored is not None:
            self._bytes -= stored.size
