"""Tables as records: CSV and workbooks from a path, a folder or a URL, harvested."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import Any

from .dialects import complete_dialect, detect_dialect
from .harvest import Harvest, Record, Unchanged
from .mapping import MappingFile
from .mapping.payloads import JSON, TABULAR
from .mapping.tabulation import OVERFULL, Row
from .mapping.topics import FilePattern
from .messages import Mapped, Message, MessageRejected
from .source import SourceError, Surroundings, beside, source_options
from .tables import is_torn, read_table

CHUNK = 1000
SETTLED = 2.0  # seconds without a change until a file in a folder is read
WRITING = 60.0
SUFFIXES = (".csv", ".tsv", ".txt", ".xlsx", ".xls", ".ods")
Item = Record | MessageRejected


class TableSource:
    """The rows of tables; each is a record, or each of its cells where the mapping says `unpivot`."""

    media = JSON

    def __init__(self, file: MappingFile, surroundings: Surroundings) -> None:
        self.name = file.name
        self.file = file
        self._options = source_options(file)
        key = self._options.get("key", [])
        self._key: list[str] = [key] if isinstance(key, str) else key
        self._declared: dict[str, Any] = file.declaration.get("payload", {})
        self._dialect = file.mapping.dialect
        if self._dialect.format not in TABULAR:
            raise SourceError(f"{file.name}: set payload.format to one of {', '.join(TABULAR)}")

    def to_entities(self, message: Message) -> Mapped:
        """What the row becomes by the mapping."""
        return self.file.mapping.map(message)

    async def records(self, run: Harvest) -> AsyncIterator[Item]:
        """Every row of every file; nothing when no file changed."""
        if "url" in self._options:
            download = await run.download(self._options["url"], headers=self._headers(), conditional=True)
            name = self._options["url"].partition("?")[0].rstrip("/").rpartition("/")[2] or self.name
            async for item in self._rows_of(download.path, name):
                yield item
            return
        paths = await self._settled_paths()
        prints = {path.name: await asyncio.to_thread(_fingerprint, path) for path in paths}
        if prints and prints == run.watermark("files"):
            raise Unchanged
        for path in paths:
            before = path.stat()
            async for item in self._rows_of(path, path.name):
                yield item
            if (after := path.stat()).st_mtime_ns != before.st_mtime_ns or after.st_size != before.st_size:
                raise SourceError(f"{path.name} was changed while it was read; the next run reads it again")
        run.advance("files", prints)

    def _headers(self) -> dict[str, str]:
        """Headers from the file beside the mapping: keys do not belong into the YAML."""
        if "headers_file" not in self._options:
            return {}
        path = beside(self.file, self._options["headers_file"])
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except OSError as error:
            raise SourceError(f"{path} cannot be read: {error.strerror}") from error
        pairs = [line.partition(":") for line in lines if ":" in line]
        return {name.strip(): value.strip() for name, _, value in pairs}

    async def _settled_paths(self) -> list[Path]:
        """The files, when none in a folder is being written any more: half a table would be a wrong one."""
        deadline = time.monotonic() + WRITING
        while True:
            paths = await asyncio.to_thread(self._paths)
            folder = beside(self.file, self._options["path"]).is_dir()
            fresh = [path.name for path in paths if time.time() - path.stat().st_mtime < SETTLED]
            if not folder or not fresh:
                return paths
            if time.monotonic() > deadline:
                raise SourceError(f"{', '.join(fresh)[:200]} is still being written after {WRITING:.0f} s")
            await asyncio.sleep(0.2)

    def _paths(self) -> list[Path]:
        path = beside(self.file, self._options["path"])
        if path.is_file():
            return [path]
        if not path.is_dir():
            raise SourceError(f"{path} is not there: put the table there, or mend source.table.path")
        pattern = self.file.mapping.place
        if isinstance(pattern, FilePattern):
            return [each for each in sorted(path.glob(pattern.glob)) if each.is_file()]
        return [each for each in sorted(path.iterdir()) if each.suffix.lower() in SUFFIXES and each.is_file()]

    async def _rows_of(self, path: Path, name: str) -> AsyncIterator[Item]:
        rows = await asyncio.to_thread(self._open, path)
        while chunk := await asyncio.to_thread(self._take, rows, name):
            for item in chunk:
                yield item

    def _open(self, path: Path) -> Iterator[tuple[int, Row]]:
        try:
            found = detect_dialect(path)
        except OSError as error:
            raise SourceError(f"{path.name} cannot be read: {error.strerror}") from error
        return read_table(path, complete_dialect(self._dialect, self._declared, found))

    def _take(self, rows: Iterator[tuple[int, Row]], name: str) -> list[Item]:
        """The next records; a table that breaks off ends the run, as what follows is not known."""
        try:
            return [self._record(f"{name}:{line}", row) for line, row in islice(rows, CHUNK)]
        except MessageRejected as rejection:
            place = f"{name}, {rejection.place}" if rejection.place != name else name
            raise SourceError(f"{place}: {rejection.reason}") from rejection

    def _record(self, place: str, row: Row) -> Item:
        if OVERFULL in row:
            return MessageRejected(
                "payload",
                place,
                f"has more cells than the header: {str(row[OVERFULL])[:100]}",
                "put quotes around what holds the separator, or name the column",
            )
        if is_torn(row):
            return MessageRejected("payload", place, "has bytes that are not of its encoding", "see encoding")
        if not self._key:
            return Record(place, row)
        parts = [str(row.get(column, "")).strip() for column in self._key]
        if not all(parts):
            return MessageRejected(
                "key",
                place,
                f"{' and '.join(self._key)} must not be empty",
                "mend the row, or source.table.key",
            )
        return Record(place, row, "\x1f".join(parts))


def _fingerprint(path: Path) -> str:
    digest = blake2b(digest_size=16)
    with path.open("rb") as content:
        while block := content.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
