"""What a harvested source is: it ends, and is read again by schedule. Only what changed is written.

A record source (a table, a feature service, a feed) yields records; the platform compares each with what
it saw in the last run, maps what is new or changed, writes it, and may delete what is gone. So a source knows
neither hashes nor the database: it reads, through `Harvest.download`, and says what it found.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from .mapping import MappingFile
from .messages import Mapped, Message, MessageRejected
from .source import Surroundings


@dataclass(frozen=True, slots=True)
class Record:
    """One thing that was found: its fields, and where it stood.

    `place` is for people (`parking.csv:14`, `collections/buildings/items/42`). `key` is the natural key by
    which the next run recognises the thing; without one the ids of its entities are that key. `fields` is
    plain data as JSON has it (text, numbers, booleans, None, lists, dictionaries, geometry as GeoJSON in
    WGS 84): it is what paths of the mapping see, and its hash says whether the thing changed.
    """

    place: str
    fields: Any
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Download:
    """A body that was fetched whole into a file of the run, which goes away with the run.

    `url` is the last one after redirects, `media_type` is without parameters, `headers` have small letters.
    """

    url: str
    path: Path
    media_type: str
    charset: str | None
    headers: Mapping[str, str]
    sha256: str

    def read(self) -> bytes:
        """The whole body."""
        return self.path.read_bytes()


class Unchanged(Exception):
    """What was asked for is as it was in the last whole run: 304, or the same bytes."""


class Harvest(Protocol):
    """One run of a source, as the platform hands it to `records`."""

    folder: Path  # for files of this run; removed behind it
    full: bool  # read everything, whatever is known of the last run

    async def download(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        body: bytes | None = None,
        conditional: bool = False,
    ) -> Download:
        """Fetch a URL (POST when there is a `body`), politely and within limits, through the outgoing guard.

        429, 503 and broken connections are tried again with back-off. With `conditional` the validators of
        the last whole run go along, and Unchanged is raised for 304 or the same bytes. SourceError
        when it cannot be had.
        """

    def watermark(self, name: str) -> Any:
        """The value that `advance` kept last; None the first time, and in a full run."""

    def advance(self, name: str, value: Any) -> None:
        """Keep a JSON value for the next run. It counts when everything yielded before it is committed.

        A value advanced behind the last record counts only when the run ends whole, not failed nor refused.
        """

    def partial(self) -> None:
        """Say that this run shows changes alone: what it does not name is not gone."""

    def gone(self, key: str) -> None:
        """Say that the thing with this key does not exist any more (a change file names deletions)."""

    def expect(self, total: int) -> None:
        """How many records there will be, for progress."""


class RecordSource(Protocol):
    """A source that is harvested. `records` is the only part that touches a network or a disk."""

    name: str
    file: MappingFile
    media: str

    def records(self, run: Harvest) -> AsyncIterator[Record | MessageRejected]:
        """Everything there is now (or all changes, see `Harvest.partial`), a refusal for what is unreadable.

        Raises Unchanged when nothing changed since the last run, SourceError when it cannot be read.
        """

    def to_entities(self, message: Message) -> Mapped:
        """What a record becomes: `message.record` is its fields."""


RecordSourceFactory = Callable[[MappingFile, Surroundings], RecordSource]
