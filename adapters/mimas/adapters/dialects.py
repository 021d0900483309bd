"""How a table in text is written: found out from its beginning, for what its mapping does not declare."""

from __future__ import annotations

import codecs
import csv
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

from .mapping.payloads import Dialect

HEAD = 256 * 1024
DELIMITERS = (";", "\t", ",", "|")
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# What begins a workbook: a zip archive (XLSX, ODS), a compound file (XLS).
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")


@dataclass(frozen=True, slots=True)
class Written:
    """How a file was found to be written."""

    format: str
    encoding: str = "utf-8-sig"
    delimiter: str = ","

    def __str__(self) -> str:
        if self.format != "csv":
            return "workbook"
        sign = {"\t": "tab"}.get(self.delimiter, self.delimiter)
        return f"CSV, {self.encoding.removesuffix('-sig')}, columns separated by {sign}"


def detect_dialect(path: Path) -> Written:
    """How the file is written, judged by its first 256 KiB."""
    with path.open("rb") as content:
        head = content.read(HEAD)
    if head.startswith(_WORKBOOKS):
        return Written("xlsx")
    encoding = detect_encoding(head)
    return Written("csv", encoding, detect_delimiter(head.decode(encoding, errors="replace")))


def complete_dialect(dialect: Dialect, declared: dict[str, object], found: Written) -> Dialect:
    """The declared dialect, with what is not declared as it was found."""
    if "format" not in declared:
        dialect = replace(dialect, format=found.format)
    if dialect.format != "csv" or found.format != "csv":
        return dialect
    if "encoding" not in declared:
        dialect = replace(dialect, encoding=found.encoding)
    if "delimiter" not in declared:
        dialect = replace(dialect, delimiter=found.delimiter)
    return dialect


def detect_encoding(head: bytes) -> str:
    """The encoding by its mark, as UTF-8 where that holds, else as charset-normalizer judges; else cp1250."""
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    if (wide := _without_mark(head)) is not None:
        return wide
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
        return "utf-8-sig"
    except UnicodeDecodeError:
        return _judge(head)


def detect_delimiter(text: str) -> str:
    """The sign that cuts the most lines into the same number of columns; a comma when none does."""
    lines = text.splitlines()
    if len(lines) > 1 and len(text) >= HEAD // 4:
        lines.pop()  # may be half a line
    best = max(DELIMITERS, key=lambda sign: _score(lines[:200], sign))
    return best if _score(lines[:200], best)[0] > 0 else ","


def _score(lines: list[str], delimiter: str) -> tuple[int, int]:
    """How many lines have the commonest width of more than one column, and that width."""
    widths = Counter(len(row) for row in csv.reader(lines, delimiter=delimiter) if len(row) > 1)
    if not widths:
        return 0, 0
    width, count = widths.most_common(1)[0]
    return count, width


def _without_mark(head: bytes) -> str | None:
    """UTF-16 without its mark: every second byte of ordinary text is zero."""
    sample = head[:2000]
    if len(sample) < 4:
        return None
    if sample[1::2].count(0) > len(sample) // 4:
        return "utf-16-le"
    return "utf-16-be" if sample[::2].count(0) > len(sample) // 4 else None


def _judge(head: bytes) -> str:
    try:
        from charset_normalizer import from_bytes
    except ModuleNotFoundError:
        return "cp1250"
    candidates = ["cp1250", "cp1252", "cp1251", "cp1253", "cp1257", "iso8859_2", "cp852"]
    best = from_bytes(head[:64_000], cp_isolation=candidates).best()
    return best.encoding if best is not None else "cp1250"
