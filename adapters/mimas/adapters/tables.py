"""Tables in files: CSV in any encoding, and workbooks through python-calamine."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import closing
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from .mapping.payloads import WORKBOOKS, Dialect, read_rows
from .mapping.tabulation import Header, Row, read_cells
from .messages import MessageRejected
from .source import SourceError


def read_table(path: Path, dialect: Dialect) -> Iterator[tuple[int, Row]]:
    """Line numbers and rows; MessageRejected when the file cannot be read on.

    Bytes that are not of the declared encoding come as lone surrogates, so that only their row is refused.
    """
    if dialect.format in WORKBOOKS:
        return _read_workbook(path, dialect)
    return _read_csv(path, dialect)


def is_torn(row: Row) -> bool:
    """Say whether the row holds bytes that are not of the declared encoding."""
    return any(isinstance(cell, str) and not cell.isascii() and _has_surrogate(cell) for cell in row.values())


def _has_surrogate(text: str) -> bool:
    return any("\ud800" <= sign <= "\udfff" for sign in text)


def _read_csv(path: Path, dialect: Dialect) -> Iterator[tuple[int, Row]]:
    line = 0
    try:
        with path.open(encoding=dialect.encoding, errors="surrogateescape", newline="") as lines:
            for line, row in read_rows(lines, dialect):
                yield line, row
    except (csv.Error, UnicodeError, OSError) as error:
        raise MessageRejected(
            "payload", f"after line {line}", f"cannot be read: {error}", "see payload"
        ) from error


def _read_workbook(path: Path, dialect: Dialect) -> Iterator[tuple[int, Row]]:
    try:
        from python_calamine import CalamineError, CalamineWorkbook
    except ImportError as error:
        raise SourceError("workbooks need the extra records: pip install 'mimas[records]'") from error
    try:
        with closing(CalamineWorkbook.from_path(str(path))) as book:
            names = book.sheet_names
            wanted = dialect.sheet if dialect.sheet is not None else 0
            sheet = book.get_sheet_by_name(names[wanted] if isinstance(wanted, int) else wanted)
            yield from _sheet_rows(sheet, dialect)
    except (CalamineError, OSError, IndexError) as error:
        raise MessageRejected(
            "payload", path.name, f"is no workbook that can be read: {error}", "see sheet"
        ) from error


def _sheet_rows(sheet: Any, dialect: Dialect) -> Iterator[tuple[int, Row]]:
    numbered = (
        (line, [_plain(cell) for cell in cells])
        for line, cells in enumerate(sheet.iter_rows(), 1)
        if line > dialect.skip
    )
    return read_cells(numbered, Header(dialect.header, dialect.header_rows), dialect.unpivot)


def _plain(cell: Any) -> Any:
    """Cells as JSON has them: times in ISO 8601, whole numbers as such."""
    if isinstance(cell, float):
        return int(cell) if cell.is_integer() and abs(cell) < 2**53 else cell
    if isinstance(cell, datetime | date | time):
        return cell.isoformat()
    return cell.total_seconds() if isinstance(cell, timedelta) else cell
