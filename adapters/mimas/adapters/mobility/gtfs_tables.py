"""The tables of a GTFS feed, read from its zip file row by row, within limits (GTFS Schedule Reference)."""

from __future__ import annotations

import csv
import io
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from ..messages import MessageRejected
from ..source import SourceError
from ..tables import is_torn

MAX_TABLE = 4 << 30  # bytes of one unpacked table: a country's stop times
MAX_RATIO = 200  # a zip bomb unpacks to thousands of times its size, tables to ten
MAX_MEMBERS = 200

# What zipfile raises for contents that are damaged, encrypted or packed in a way of their own.
_UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    OSError,
    EOFError,
    NotImplementedError,
    RuntimeError,
    csv.Error,
)

Row = dict[str, str]


class Tables:
    """An opened feed. Columns are without blanks around them, and empty ones are left out of a row."""

    def __init__(self, path: Path, place: str) -> None:
        self._place = place
        try:
            self._archive = zipfile.ZipFile(path)
            members = self._archive.infolist()
        except (zipfile.BadZipFile, OSError, ValueError) as error:
            raise SourceError(
                f"{place} is no zip file that can be read: {error}; perhaps it is cut off"
            ) from error
        if len(members) > MAX_MEMBERS:
            raise SourceError(f"{place} has {len(members)} files, more than {MAX_MEMBERS}")
        # Feeds should have their tables at the top; many have them in one folder.
        self._members = {each.filename.rpartition("/")[2]: each for each in reversed(members)}
        if "stops.txt" not in self._members or "routes.txt" not in self._members:
            raise SourceError(f"{place} is no GTFS feed: it has no stops.txt or no routes.txt")

    def close(self) -> None:
        """Let go of the file."""
        self._archive.close()

    def rows(self, table: str) -> Iterator[tuple[str, Row | MessageRejected]]:
        """Place and row of everything in a table; nothing when the feed does not have it."""
        member = self._members.get(f"{table}.txt")
        if member is None:
            return
        if member.file_size > MAX_TABLE or member.file_size > max(member.compress_size, 1 << 16) * MAX_RATIO:
            raise SourceError(f"{self._place}: {table}.txt unpacks to {member.file_size} bytes: too much")
        try:
            with self._archive.open(member) as raw:
                text = io.TextIOWrapper(raw, "utf-8-sig", errors="surrogateescape", newline="")
                yield from self._read(table, csv.reader(text, strict=False))
        except _UNREADABLE as error:
            raise SourceError(f"{self._place}: {table}.txt cannot be unpacked: {error}") from error

    def _read(self, table: str, lines: Iterator[list[str]]) -> Iterator[tuple[str, Row | MessageRejected]]:
        heads = [head.strip() for head in next(lines, [])]
        for number, cells in enumerate(lines, 2):
            if not any(cells):
                continue
            place = f"{table}.txt:{number}"
            if len(cells) > len(heads):
                yield (
                    place,
                    MessageRejected("payload", place, f"has {len(cells)} cells, the header {len(heads)}"),
                )
                continue
            row = {head: cell.strip() for head, cell in zip(heads, cells, strict=False) if cell.strip()}
            if is_torn(row):
                yield place, MessageRejected("payload", place, "holds bytes that are not UTF-8")
            else:
                yield place, row
