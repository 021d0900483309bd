"""What a source is: the only part that touches a network or a disk."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from .mapping import MappingFile
from .messages import Mapped, Message


class SourceState(Protocol):
    """Where a source keeps how far it has come; the platform keeps it in the database."""

    async def load(self, source: str) -> dict[str, Any]:
        """Every value the source has kept, by key."""

    async def save(self, source: str, values: dict[str, Any], now: datetime) -> None:
        """Keep values, in the place of older ones."""


class ForgetfulState:
    """For a dry run and a replay: nothing is kept."""

    async def load(self, source: str) -> dict[str, Any]:
        """Nothing is known."""
        return {}

    async def save(self, source: str, values: dict[str, Any], now: datetime) -> None:
        """Nothing is kept."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the platform gives to every source."""

    mqtt_url: str
    state: SourceState


class Source(Protocol):
    """One configured source. `messages` reads; `to_entities` is pure.

    `media` is the format of the raw bytes of its messages where it differs from the mapping's.
    """

    name: str
    file: MappingFile
    media: str

    def messages(self) -> AsyncIterator[Message]:
        """Messages as they arrive, until the source is exhausted; closing it lets go of everything."""

    def to_entities(self, message: Message) -> Mapped:
        """What `message` becomes."""


SourceFactory = Callable[[MappingFile, Surroundings], Source]


class SourceError(Exception):
    """A source that cannot be used as it is configured."""


def source_kind(file: MappingFile) -> str:
    """The kind of source the file asks for: mqtt, file, or another package's."""
    kinds = list(file.declaration.get("source", {}))
    if not kinds:
        raise SourceError(
            f"{file.name}: source: is missing: say where messages come from, e.g. source: {{mqtt: ...}}"
        )
    return str(kinds[0])


def source_options(file: MappingFile) -> dict[str, Any]:
    """The options under the source's kind."""
    options: dict[str, Any] = file.declaration["source"][source_kind(file)]
    return options


def beside(file: MappingFile, name: str) -> Path:
    """The path `name` as seen from the folder of the mapping file."""
    return file.folder / name
