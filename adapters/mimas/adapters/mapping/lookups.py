"""Lookup tables: what the city knows about a device that the device does not say itself."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..messages import MessageRejected
from .problems import MappingProblem, Place
from .scope import MISSING, Getter, Scope

MAX_BYTES = 64 * 1024 * 1024

Row = Mapping[str, Any]


class SkipRecord(Exception):
    """The record is passed over: it is none of this mapping's business."""


@dataclass(frozen=True, slots=True)
class Lookup:
    """A table and the value that finds a row in it."""

    name: str
    rows: Mapping[str, Row]
    find: Getter
    missing: str

    def bind(self, scope: Scope) -> None:
        """Put the row into `scope` under the table's name; an unknown key is treated as declared."""
        key = self.find(scope)
        row = self.rows.get(str(key).strip()) if isinstance(key, str | int) else None
        if row is None:
            if self.missing == "skip":
                raise SkipRecord
            if self.missing == "reject":
                shown = "nothing to look up" if key is MISSING else f"{str(key)[:80]!r} is not in the table"
                raise MessageRejected("lookup", self.name, shown, "add a row to the table, then replay")
            row = {}
        scope.variables[self.name] = row


def load_table(declaration: Mapping[str, Any], folder: Path, place: Place) -> dict[str, Row]:
    """The rows by key: inline (`table`), or from a CSV file beside the mapping (`file`)."""
    if "table" in declaration:
        return {
            key: row if isinstance(row, dict) else {"value": row} for key, row in declaration["table"].items()
        }
    path = folder / declaration["file"]
    try:
        if path.stat().st_size > MAX_BYTES:
            raise MappingProblem(place, f"{path.name} is larger than {MAX_BYTES // 2**20} MiB")
        text = path.read_bytes().decode(declaration.get("encoding", "utf-8-sig"))
    except (OSError, UnicodeDecodeError, LookupError) as error:
        raise MappingProblem(
            (*place, "file"),
            f"{path.name} cannot be read: {error}",
            "put the CSV beside the mapping; see encoding",
        ) from error
    return _read_rows(text, declaration, path.name, place)


def _read_rows(text: str, declaration: Mapping[str, Any], name: str, place: Place) -> dict[str, Row]:
    reader = csv.DictReader(io.StringIO(text), delimiter=declaration.get("delimiter", ","))
    heads = [head.strip() for head in reader.fieldnames or []]
    reader.fieldnames = heads
    key = declaration.get("key", heads[0] if heads else "")
    if key not in heads:
        raise MappingProblem(
            (*place, "key"), f"{name} has no column {key!r}", f"its columns are {', '.join(heads)[:200]}"
        )
    rows: dict[str, Row] = {}
    for row in reader:
        found = (row[key] or "").strip()
        if found in rows:
            raise MappingProblem(
                place, f"{name}, line {reader.line_num}: {found!r} stands twice", "keep one of the two"
            )
        if found:
            rows[found] = {head: (row[head] or "").strip() for head in heads if (row[head] or "").strip()}
    return rows
