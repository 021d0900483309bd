"""A sample of a table: how it is written, its columns, and what they seem to hold."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from .dialects import Written, complete_dialect, detect_dialect
from .mapping.moments import compile_moments
from .mapping.numerals import parse_number
from .mapping.payloads import Dialect
from .tables import is_torn, read_table

ROWS = 500
ABSENT = ("", "-", "--", "#N/A", "N/A", "n/a", "NaN", "NULL", "null", "#REF!", "#VALUE!", "#DIV/0!", "x")
FORMATS = (
    "iso",
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y %H:%M",
    "%d.%m.%Y",
    "%d. %m. %Y %H:%M",
    "%d. %m. %Y",
    "%d/%m/%Y %H:%M:%S",
    "%d/%m/%Y %H:%M",
    "%d/%m/%Y",
    "%m/%d/%Y %H:%M",
    "%m/%d/%Y",
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M",
    "%Y/%m/%d",
    "%d-%m-%Y %H:%M:%S",
    "%d-%m-%Y %H:%M",
    "%d-%m-%Y",
    "%Y%m%d%H%M%S",
    "%Y%m%d%H%M",
    "%Y%m%d",
)
_COMMA = re.compile(r"[-+]?\d{1,3}(?:[ \u00a0\u202f.']?\d{3})*,\d+|[-+]?\d+,\d+")
_GROUPED = re.compile(r"[-+]?\d{1,3}(?:,\d{3})+(?:\.\d+)?")


@dataclass(frozen=True, slots=True)
class Column:
    """One column: what it holds (`time`, `number`, `whole`, `text`, `empty`), and examples."""

    name: str
    kind: str
    examples: tuple[str, ...]
    format: str | None = None
    absent: tuple[str, ...] = ()
    is_unique: bool = False


@dataclass(frozen=True, slots=True)
class Sample:
    """The beginning of a table."""

    path: Path
    written: Written
    decimal: str
    thousands: str | None
    columns: tuple[Column, ...]
    rows: tuple[dict[str, Any], ...] = field(repr=False)

    @property
    def absent(self) -> tuple[str, ...]:
        """The words for "no value" that the columns use."""
        return tuple(dict.fromkeys(word for column in self.columns for word in column.absent if word))


def take_sample(path: Path, payload: Mapping[str, Any] | None = None) -> Sample:
    """Look at the first rows of a table; `payload` says what is known of how it is written."""
    declared = dict(payload or {})
    found = detect_dialect(path)
    given = Dialect(
        format=declared.get("format", found.format),
        encoding=declared.get("encoding", found.encoding),
        delimiter=declared.get("delimiter", found.delimiter),
        skip=declared.get("skip", 0),
        header_rows=declared.get("header_rows", 1),
        sheet=declared.get("sheet"),
    )
    dialect = complete_dialect(given, declared, found)
    rows = tuple(row for _, row in islice(read_table(path, dialect), ROWS) if not is_torn(row))
    decimal = declared.get("decimal") or _decimal(rows)
    thousands = "," if decimal == "." and _is_grouped(rows) else None
    names = list(rows[0]) if rows else []
    columns = tuple(_column(name, [row.get(name) for row in rows], decimal, thousands) for name in names)
    written = Written(dialect.format, dialect.encoding, dialect.delimiter)
    return Sample(path, written, decimal, thousands, columns, rows)


def _texts(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    return [cell.strip() for row in rows for cell in row.values() if isinstance(cell, str)]


def _decimal(rows: Sequence[Mapping[str, Any]]) -> str:
    """A comma, when more cells read as numbers with it than with a point."""
    cells = _texts(rows)
    commas = sum(bool(_COMMA.fullmatch(cell)) and not _GROUPED.fullmatch(cell) for cell in cells)
    points = sum(bool(re.fullmatch(r"[-+]?\d+\.\d+", cell)) for cell in cells)
    return "," if commas > points else "."


def _is_grouped(rows: Sequence[Mapping[str, Any]]) -> bool:
    return any(_GROUPED.fullmatch(cell) for cell in _texts(rows))


def _column(name: str, cells: Sequence[Any], decimal: str, thousands: str | None) -> Column:
    words = [cell.strip() if isinstance(cell, str) else cell for cell in cells if cell is not None]
    absent = tuple(word for word in dict.fromkeys(words) if isinstance(word, str) and word in ABSENT)
    held = [word for word in words if word not in absent]
    kind, written = _kind(held, decimal, thousands)
    examples = tuple(str(word)[:40] for word in islice(dict.fromkeys(map(str, held)), 3))
    is_unique = bool(held) and len(set(map(str, held))) == len(words)
    return Column(name, kind, examples, written, absent if kind in ("number", "whole") else (), is_unique)


def _kind(held: Sequence[Any], decimal: str, thousands: str | None) -> tuple[str, str | None]:
    """The kind that nine of ten cells have; a tenth may be faults, which is what quarantine is for."""
    if not held:
        return "empty", None
    enough = max(1, int(len(held) * 0.9))
    for written in FORMATS:
        # The hour that is doubled or left out in some zone is none in UTC.
        read = _text_reader(compile_moments({"format": written, "zone": "UTC"}, ()).parse)
        if sum(_reads(read, value) for value in held) >= enough:
            return "time", written
    numbers = [each for each in held if _reads(lambda value: _number(value, decimal, thousands), each)]
    if len(numbers) < enough:
        return "text", None
    whole = all(isinstance(_number(each, decimal, thousands), int) for each in numbers)
    return ("whole" if whole else "number"), None


def _number(value: Any, decimal: str, thousands: str | None) -> float | int:
    if isinstance(value, str) and re.fullmatch(r"0\d+", value):
        raise ValueError("a number with leading zeros is a name")
    return parse_number(
        value.replace(thousands, "") if thousands and isinstance(value, str) else value, decimal
    )


def _text_reader(parse: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Reads text alone: a number in a table is no time, though it could be one of Unix."""

    def read(value: Any) -> Any:
        if not isinstance(value, str):
            raise ValueError("is no text")
        return parse(value)

    return read


def _reads(read: Callable[[Any], Any], value: Any) -> bool:
    try:
        read(value)
    except (ValueError, TypeError):
        return False
    return True
