"""What the pages ask of the platform: a narrow view, so that pages can be drawn from anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol

from .chart import Point
from .things import Thing

Method = Literal["sum", "avg", "max"]


@dataclass(frozen=True, slots=True)
class LastRun:
    """The newest run of a harvested source."""

    state: str
    started_at: datetime
    created: int = 0
    changed: int = 0
    deleted: int = 0


@dataclass(frozen=True, slots=True)
class AdapterStatus:
    """How one source is doing."""

    name: str
    state: str
    healthy: bool
    received: int = 0
    stored: int = 0
    skipped: int = 0
    quarantined: int = 0
    last_message: datetime | None = None
    detail: str = ""
    last_run: LastRun | None = None


@dataclass(frozen=True, slots=True)
class QuarantinedMessage:
    """A message that waits, without its content; `number` is what commands call it."""

    number: int
    received_at: datetime
    source: str
    stage: str
    place: str
    reason: str


class Sight(Protocol):
    """Reads for pages; names of types and attributes are stored names."""

    async def counts(self) -> dict[str, int]:
        """How many entities there are of each type."""

    async def of_types(self, types: Sequence[str], *, limit: int, after: str | None = None) -> list[Thing]:
        """Entities of any of the types, by id."""

    async def thing(self, identifier: str) -> Thing | None:
        """One entity."""

    async def referring(self, identifier: str, *, limit: int) -> list[Thing]:
        """Entities with a relationship to this one."""

    async def history(
        self, identifier: str, attribute: str, start: datetime, end: datetime, step: timedelta, method: Method
    ) -> list[Point]:
        """The steps of a window that have readings, each aggregated by the method where they are stored."""

    async def adapters(self) -> list[AdapterStatus]:
        """The sources and how they are doing."""

    async def quarantine(self, *, limit: int) -> list[QuarantinedMessage]:
        """The newest messages in quarantine."""

    async def quarantine_count(self) -> int:
        """How many messages wait in quarantine."""
