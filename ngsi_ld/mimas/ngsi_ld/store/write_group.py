"""All operations of one flush on one entity: applied in memory, in order, to the state that was found."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from ..core.apply import apply, drop_expired
from ..core.errors import NgsiLdError
from ..core.operations import CreateEntity
from ..core.state import Change, EntityState, HistoryEntry
from .geometry import GeoKey, geometries
from .outbox import OutboxRow
from .state_cache import Key
from .stored import StoredEntity, from_state
from .write_queue import Entry, Outcome


class ChangeListener(Protocol):
    """Turns changes into outbox rows by the subscriptions it knows.

    `generation` names that set of subscriptions: a flush is written only while it is the present one
    (None: whatever the present one is).
    """

    @property
    def generation(self) -> int | None:
        """The set of subscriptions it knows."""

    def rows(self, tenant: str, change: Change) -> list[OutboxRow]:
        """The rows that a change puts into the outbox."""

    async def refresh(self) -> None:
        """Learn the present subscriptions and their generation."""


_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Base:
    """What a group starts from. `read` is false for a cached state and for an assumed absence."""

    stored: StoredEntity | None
    read: bool


@dataclass(slots=True)
class Group:
    """One entity's operations and what they come to."""

    key: Key
    entries: list[Entry]
    base: Base | None = None
    outcomes: list[Outcome] = field(default_factory=list)
    state: EntityState | None = None
    stored: StoredEntity | None = None
    history: list[HistoryEntry] = field(default_factory=list)
    outbox: list[OutboxRow] = field(default_factory=list)
    geometries: dict[GeoKey, str] = field(default_factory=dict)
    former_geometries: frozenset[GeoKey] = frozenset()
    changed: bool = False
    delete_history: bool = False

    @property
    def creates_blindly(self) -> bool:
        """Say whether absence may be assumed: the insert itself finds out."""
        return isinstance(self.entries[0].operation, CreateEntity)

    @property
    def expected_version(self) -> int:
        """The version the row must still have, 0 when there must be none."""
        return self.base.stored.version if self.base and self.base.stored else 0

    @property
    def writes_state(self) -> bool:
        """Say whether the entity's row is written, which proves that the base was right."""
        return self.changed and (self.state is not None or self.expected_version > 0)

    @property
    def must_read(self) -> bool:
        """Say whether the outcomes hang on a base that nothing has proved."""
        assert self.base is not None
        return not self.base.read and not self.writes_state and not self.touches_row

    @property
    def touches_row(self) -> bool:
        """Say whether only history is added to a row that has to be there unchanged."""
        return not self.changed and bool(self.history) and self.expected_version > 0

    def run(self, base: Base, now: datetime, listener: ChangeListener | None, keep_history: bool) -> None:
        """Apply the operations in order; one that fails leaves the state to the next."""
        self.base, self.outcomes, self.history, self.outbox = base, [], [], []
        self.changed = self.delete_history = False
        before = base.stored.state() if base.stored else None
        self.state = before
        for step, entry in enumerate(self.entries):
            moment = now + timedelta(microseconds=step) if step else now
            self.outcomes.append(self._apply(entry, moment, listener))
        self.delete_history = self.delete_history and not keep_history
        if self.state is not None and before is not None and self.state.document is before.document:
            self.state, self.stored, self.changed = before, base.stored, False
        self.finish(before)

    def _apply(self, entry: Entry, now: datetime, listener: ChangeListener | None) -> Outcome:
        try:
            applied = apply(entry.operation, self.state, now)
            tenant, change = entry.tenant, applied.change
            rows = listener.rows(tenant, change) if listener and change else []
        except NgsiLdError as error:
            return error
        except Exception:
            _log.exception("An operation failed", extra={"operation": type(entry.operation).__name__})
            return NgsiLdError("The operation failed for a reason of ours; the log says more.")
        if applied.changed:
            self.changed, self.state = True, applied.state
            self.history += applied.history
            self.outbox += rows
            self.delete_history |= applied.state is None
        return applied

    def finish(self, before: EntityState | None) -> None:
        """Make of the last state what is written of it."""
        if not self.changed:
            return
        self.stored, self.geometries = None, {}
        self.former_geometries = frozenset(geometries(before.document)) if before else frozenset()
        if self.state is not None:
            self.stored = from_state(self.state)
            self.geometries = geometries(self.state.document)

    @property
    def is_open(self) -> bool:
        """Say whether some caller still waits."""
        return any(entry.open for entry in self.entries)

    def settle(self) -> None:
        """Tell every caller."""
        for entry, outcome in zip(self.entries, self.outcomes, strict=True):
            entry.settle(outcome)

    def fail(self, error: NgsiLdError) -> None:
        """Tell every caller the same error."""
        for entry in self.entries:
            entry.settle(error)


def expired(key: Key, stored: StoredEntity, now: datetime) -> Group:
    """A group that takes away what has expired of an entity (CIM 009 4.22)."""
    group = Group(key, [], Base(stored, True))
    before = stored.state()
    group.state = drop_expired(before, now)
    group.changed = True
    if group.state is not None:
        group.state.version = before.version + 1
    group.finish(before)
    return group


def group(entries: list[Entry]) -> list[Group]:
    """The entries by entity, in the order of the keys: writers that meet take locks in one order."""
    groups: dict[Key, Group] = {}
    for entry in entries:
        groups.setdefault(entry.key, Group(entry.key, [])).entries.append(entry)
    return [groups[key] for key in sorted(groups)]
