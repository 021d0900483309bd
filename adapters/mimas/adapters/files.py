"""Files: tables in a file or a folder, read on from where the last run stopped."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

from .mapping import MappingFile
from .mapping.payloads import JSON, TABULAR
from .mapping.tabulation import Row
from .mapping.topics import FilePattern
from .messages import Mapped, Message, MessageRejected
from .source import SourceError, SourceState, Surroundings, beside, source_options
from .tables import is_torn, read_table

CHUNK = 500
EVERY = 10.0
SETTLED = 2.0  # seconds without a change until a watched file is read


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What a file held: its size and the hash of so many bytes."""

    size: int
    digest: str


class FileSource:
    """The rows of a file, or of the files in a folder that have the declared name."""

    media = JSON

    def __init__(self, file: MappingFile, surroundings: Surroundings) -> None:
        self.name = file.name
        self.file = file
        self._options = source_options(file)
        self._state = surroundings.state
        self._dialect = file.mapping.dialect
        if self._dialect.format not in TABULAR:
            raise SourceError(f"{file.name}: files hold tables: set payload.format to csv or xlsx")

    def to_entities(self, message: Message) -> Mapped:
        """What the row becomes by the mapping; a file that breaks off is a refusal itself."""
        if isinstance(message.record, MessageRejected):
            return Mapped(rejections=[message.record])
        return self.file.mapping.map(message)

    async def messages(self) -> AsyncIterator[Message]:
        """Every row that was not committed before; with `watch`, for ever."""
        while True:
            kept = await self._state.load(self.name)
            for path in await asyncio.to_thread(self._paths):
                async for message in self._rows_of(path, kept.get(_key(path), {})):
                    yield message
            if not self._options.get("watch", False):
                return
            await asyncio.sleep(self._options.get("every", EVERY))

    def _paths(self) -> list[Path]:
        path = beside(self.file, self._options["path"])
        pattern = self.file.mapping.place
        glob = pattern.glob if isinstance(pattern, FilePattern) else f"*.{self._dialect.format}"
        found = sorted(path.glob(glob)) if path.is_dir() else [path]
        return [each for each in found if each.is_file() and self._is_settled(each)]

    def _is_settled(self, path: Path) -> bool:
        """A watched file that is still being written would end in half a row."""
        return not self._options.get("watch", False) or time.time() - path.stat().st_mtime >= SETTLED

    async def _rows_of(self, path: Path, kept: dict[str, Any]) -> AsyncIterator[Message]:
        progress = await _Progress.of(path, self.name, self._state, kept)
        if progress.finished:
            return
        rows = enumerate(read_table(path, self._dialect))
        while chunk := await asyncio.to_thread(_take, rows):
            for index, content in chunk:
                if index >= progress.rows:
                    yield self._message(path, content, progress)
            await progress.save()
        await progress.finish()

    def _message(
        self, path: Path, content: tuple[int, Row] | MessageRejected, progress: _Progress
    ) -> Message:
        now = datetime.now(UTC)
        progress.yielded += 1
        if isinstance(content, MessageRejected):
            return Message(self.name, path.name, b"", now, record=content, acknowledge=progress.acknowledge)
        line, row = content
        place = f"{path.name}:{line}"
        if is_torn(row):
            raw = self._dialect.delimiter.join(row.values()).encode(errors="surrogateescape")
            return Message(self.name, place, raw, now, acknowledge=progress.acknowledge)
        return Message(self.name, place, orjson.dumps(row), now, JSON, row, acknowledge=progress.acknowledge)


def _take(rows: Iterator[tuple[int, tuple[int, Row]]]) -> list[tuple[int, tuple[int, Row] | MessageRejected]]:
    """The next rows; a table that breaks off ends in its refusal."""
    taken: list[tuple[int, tuple[int, Row] | MessageRejected]] = []
    try:
        taken.extend(islice(rows, CHUNK))
    except MessageRejected as rejection:
        taken.append((2**62, rejection))
    return taken


def _key(path: Path) -> str:
    return f"file:{path.name}"


class _Progress:
    """How many rows of one file are committed, kept so that a later run goes on after them."""

    def __init__(self, path: Path, source: str, state: SourceState, print_: Fingerprint) -> None:
        self._path = path
        self._source = source
        self._state = state
        self._print = print_
        self.rows = 0
        self.yielded = 0
        self.finished = False
        self._committed = 0
        self._moved = asyncio.Event()

    @classmethod
    async def of(cls, path: Path, source: str, state: SourceState, kept: dict[str, Any]) -> _Progress:
        """The progress kept for `path`; none when its beginning is not what it was."""
        fingerprint, beginning = await asyncio.to_thread(_fingerprint, path, kept.get("size", 0))
        progress = cls(path, source, state, fingerprint)
        if kept and beginning == kept["digest"]:
            progress.rows = kept["rows"]
            progress.finished = kept["finished"] and fingerprint.size == kept["size"]
        return progress

    def acknowledge(self) -> None:
        """One more row is committed."""
        self._committed += 1
        self._moved.set()

    async def save(self, *, finished: bool = False) -> None:
        """Keep how far it is."""
        value = {
            "size": self._print.size,
            "digest": self._print.digest,
            "rows": self.rows + self._committed,
            "finished": finished,
        }
        await self._state.save(self._source, {_key(self._path): value}, datetime.now(UTC))

    async def finish(self) -> None:
        """Wait until every row is committed, then keep that the file is done."""
        while self._committed < self.yielded:
            self._moved.clear()
            await self._moved.wait()
        await self.save(finished=True)


def _fingerprint(path: Path, size: int) -> tuple[Fingerprint, str]:
    """The fingerprint of the file, and the hash of its first `size` bytes."""
    digest = blake2b(digest_size=16)
    beginning = ""
    done = 0
    with path.open("rb") as content:
        while True:
            if done == size:
                beginning = digest.hexdigest()
            block = content.read(min(1 << 20, size - done) if done < size else 1 << 20)
            if not block:
                return Fingerprint(done, digest.hexdigest()), beginning
            digest.update(block)
            done += len(block)
