"""How far a service was read by the time its features were changed: the watermark of feature services."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from ..harvest import Harvest, Record


class Latest:
    """The newest value of the attribute that says when a feature was changed; nothing without such a one."""

    def __init__(self, attribute: str | None, run: Harvest, name: str) -> None:
        self._attribute = attribute
        self._run = run
        self._name = f"modified:{name}"
        self.since: str | None = run.watermark(self._name) if attribute else None
        self._newest = self.since
        if self.since is not None:
            run.partial()

    def note(self, found: Any) -> None:
        """Look at a record that was read."""
        if self._attribute is None or not isinstance(found, Record):
            return
        value = found.fields.get(self._attribute)
        if isinstance(value, str) and (self._newest is None or _moment(value) > _moment(self._newest)):
            self._newest = value

    def keep(self) -> None:
        """Everything was read: the next run begins here."""
        if self._newest is not None:
            self._run.advance(self._name, self._newest)


def _moment(text: str) -> datetime:
    """Times without an offset count as UTC; what is no time stands before all others."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
