"""What was heard: topics, how often, and some messages of each; bounded, whatever the broker carries."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson

MAX_TOPICS = 20_000
MAX_SAMPLES = 3
MAX_SAMPLE = 64 * 1024


@dataclass(slots=True)
class Topic:
    """One topic, its latest messages, and what they hold when they are JSON."""

    name: str
    count: int = 0
    samples: list[bytes] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)

    @property
    def levels(self) -> list[str]:
        """The parts between the slashes."""
        return self.name.split("/")

    @property
    def value(self) -> Any:
        """The latest message as JSON has it, None when it is none."""
        return self.values[-1] if self.values else None


class Heard:
    """Collects messages; `dropped` counts those of topics beyond the limit."""

    def __init__(self) -> None:
        self.topics: dict[str, Topic] = {}
        self.messages = 0
        self.dropped = 0

    def note(self, name: str, payload: bytes) -> None:
        """One message; `$SYS` and its like are the broker's own."""
        if name.startswith("$"):
            return
        self.messages += 1
        topic = self.topics.get(name)
        if topic is None:
            if len(self.topics) >= MAX_TOPICS:
                self.dropped += 1
                return
            topic = self.topics[name] = Topic(name)
        topic.count += 1
        if payload and len(payload) <= MAX_SAMPLE:
            topic.samples = [*topic.samples[1 - MAX_SAMPLES :], payload]
            value = _read(payload)
            topic.values = [*topic.values[1 - MAX_SAMPLES :], value] if value is not None else topic.values

    def __iter__(self) -> Iterator[Topic]:
        return iter(sorted(self.topics.values(), key=lambda topic: topic.name))


def _read(payload: bytes) -> Any:
    try:
        return orjson.loads(payload)
    except orjson.JSONDecodeError:
        return None
