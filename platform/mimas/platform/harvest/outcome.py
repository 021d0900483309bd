"""What a run did, while it goes on and when it is over."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

SHOWN = 20  # ids of each kind that are kept with a run


@dataclass(slots=True)
class Tally:
    """Counts of one run. Records: read = unchanged + repeated + taken + rejected; the others are entities.

    `still_rejected` are records that were refused before, are as they were, and wait in the quarantine.
    """

    read: int = 0
    unchanged: int = 0
    repeated: int = 0
    taken: int = 0
    rejected: int = 0
    still_rejected: int = 0
    skipped: int = 0
    created: int = 0
    changed: int = 0
    deleted: int = 0
    requests: int = 0
    bytes: int = 0
    examples: dict[str, list[str]] = field(default_factory=dict)

    def counts(self) -> dict[str, int]:
        """The counts by name."""
        return {name: getattr(self, name) for name in self.__slots__ if name != "examples"}

    def show(self, kind: str, ids: Iterable[str]) -> None:
        """Keep some ids as examples."""
        shown = self.examples.setdefault(kind, [])
        for each in ids:
            if len(shown) >= SHOWN:
                return
            if each not in shown:
                shown.append(each)

    @property
    def refused_share(self) -> float:
        """The share of the records that could not be taken, now or before."""
        return (self.rejected + self.still_rejected) / self.read if self.read else 0.0


@dataclass(frozen=True, slots=True)
class RunReport:
    """How a run ended: unchanged, finished, refused, failed or interrupted, and why."""

    source: str
    state: str
    tally: Tally
    detail: str | None = None


class RunRefused(Exception):
    """The run must not go on: too much was refused, or too much would go."""


class RunStopped(Exception):
    """Mimas is being stopped."""
