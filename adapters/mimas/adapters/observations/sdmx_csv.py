"""SDMX-CSV, versions 1.0 and 2.0, read row by row.

1.0 begins with DATAFLOW; 2.0 with STRUCTURE, STRUCTURE_ID and ACTION. What stands between them and OBS_VALUE
are dimensions, what comes after it are attributes. With `labels=both` names and cells are `ID: name`.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from ..harvest import Record
from ..messages import MessageRejected
from ..source import SourceError
from ..tables import is_torn
from .observation import Code, make_record, to_number

_HEADS = frozenset({"DATAFLOW", "STRUCTURE", "STRUCTURE_ID", "STRUCTURE_NAME", "ACTION"})
VALUE = "OBS_VALUE"
TIME = "TIME_PERIOD"


def read_rows(path: Path, url: str) -> Iterator[Record | MessageRejected]:
    """The observations of a file; SourceError when it is no SDMX-CSV."""
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as text:
        first = text.readline()
        text.seek(0)
        delimiter = max(",;\t", key=first.count)
        rows = csv.reader(text, delimiter=delimiter)
        try:
            heads = [head.split(":", 1)[0].strip() for head in next(rows, [])]
            if VALUE not in heads or heads[0] not in _HEADS:
                raise SourceError(f"{url} is no SDMX-CSV: its header is {first.strip()[:200]!r}")
            for cells in rows:
                if cells:
                    yield _read_row(heads, cells, f"line {rows.line_num}")
        except csv.Error as error:
            raise SourceError(f"{url} is not CSV at line {rows.line_num}: {error}") from error


def _read_row(heads: list[str], cells: list[str], place: str) -> Record | MessageRejected:
    if len(cells) != len(heads):
        return MessageRejected(
            "payload", place, f"has {len(cells)} cells, the header {len(heads)}", "perhaps it is cut off"
        )
    behind = heads.index(VALUE)
    row = dict(zip(heads, cells, strict=True))
    if is_torn(row):
        return MessageRejected("payload", place, "holds bytes that are not UTF-8")
    dimensions = {head: _code(row[head]) for head in heads[:behind] if head not in _HEADS}
    attributes = {head: _code(row[head]) for head in heads[behind + 1 :] if head not in _HEADS and row[head]}
    dataset = row.get("DATAFLOW") or row.get("STRUCTURE_ID")
    value = to_number(row[VALUE])
    return make_record(place, dimensions, value, time=TIME, attributes=attributes, dataset=dataset)


def _code(cell: str) -> Code:
    code, colon, label = cell.partition(": ")
    return Code(code.strip(), label.strip() or None) if colon else Code(cell.strip())
