"""What a source hands over, and what becomes of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from mimas.ngsi_ld.core.state import Document


def _nothing_to_acknowledge() -> None:
    """Files and tests have nobody who waits for an acknowledgement."""


@dataclass(slots=True)
class Message:
    """One delivery of a source: an MQTT message, a row of a table, a pushed body.

    `place` says where it came from (a topic, a file and its line). `media` overrides the mapping's payload
    format when the bytes are of another kind. `record` holds the payload when the source has decoded it.
    `key` recognises a repeated delivery where the sender gives one. `acknowledge` is called once, after
    everything the message became is committed.
    """

    source: str
    place: str
    raw: bytes
    received_at: datetime
    media: str = ""
    record: Any = None
    key: str = ""
    acknowledge: Callable[[], None] = _nothing_to_acknowledge


class MessageRejected(Exception):
    """A message, or one record of it, that cannot become entities.

    `stage` is the step that refused it, `place` the spot in the message, `mend` what a person can do.
    """

    def __init__(self, stage: str, place: str, reason: str, mend: str = "") -> None:
        super().__init__(f"{stage}: {place}: {reason}")
        self.stage = stage
        self.place = place
        self.reason = reason
        self.mend = mend

    def within(self, place: str) -> MessageRejected:
        """The same refusal seen from the whole message: `place` goes in front."""
        spot = f"{place}.{self.place}" if self.place else place
        return MessageRejected(self.stage, spot, self.reason, self.mend)


@dataclass(frozen=True, slots=True)
class CounterReading:
    """A value that must not fall: checked against the last one known for the entity (see `counters`)."""

    entity_id: str
    attribute: str
    value: float
    observed_at: datetime
    tolerance: float = 0.0
    restart_below: float | None = None


@dataclass(slots=True)
class MappedRecord:
    """What one record became: it is accepted or rejected as a whole.

    `static` documents describe things that hardly change (a device, a building); they need writing only
    when they differ from what was written last. `key` recognises a repeated delivery; of an `untimed` record,
    whose time is that of its arrival or which has none, nothing else would.
    """

    place: str
    documents: list[Document] = field(default_factory=list)
    static: list[Document] = field(default_factory=list)
    counters: list[CounterReading] = field(default_factory=list)
    key: str | None = None
    untimed: bool = False


@dataclass(slots=True)
class Mapped:
    """What one message became. `skipped` counts the records the accept guard passed over."""

    records: list[MappedRecord] = field(default_factory=list)
    rejections: list[MessageRejected] = field(default_factory=list)
    skipped: int = 0
