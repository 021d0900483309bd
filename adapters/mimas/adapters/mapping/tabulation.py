"""Rows of a table from its cells: headings made one and unique, wide tables made long."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

OVERFULL = "\uffff"  # the field with what stands beyond the last heading: no heading is called so
JOINT = " / "

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Unpivot:
    """A wide table: each of its `columns` that is not kept becomes a record of its own."""

    keep: tuple[str, ...]
    columns: tuple[str, ...] | None
    name: str
    value: str
    missing: frozenset[str]

    def rows(self, row: Row) -> Iterator[Row]:
        """A record for every cell that holds something."""
        kept = {column: row[column] for column in self.keep if column in row}
        for column, cell in row.items():
            if column in kept or cell is None or (isinstance(cell, str) and cell.strip() in self.missing):
                continue
            if column == OVERFULL:
                yield {**kept, OVERFULL: cell}
            elif self.columns is None or any(fnmatch.fnmatchcase(column, each) for each in self.columns):
                yield {**kept, self.name: column, self.value: cell}


def compile_unpivot(payload: Mapping[str, Any]) -> Unpivot | None:
    """The declaration `unpivot` under `payload`."""
    declared = payload.get("unpivot")
    if declared is None:
        return None
    columns = declared.get("columns")
    return Unpivot(
        tuple(declared["keep"]),
        None if columns is None else (columns,) if isinstance(columns, str) else tuple(columns),
        declared.get("name", "name"),
        declared.get("value", "value"),
        frozenset({"", *payload.get("missing", ())}),
    )


@dataclass(slots=True)
class Header:
    """Takes the rows of the header, then says what the columns are called."""

    declared: Sequence[str] | None
    rows: int = 1
    names: list[str] | None = None
    _above: list[list[str]] | None = None

    def __post_init__(self) -> None:
        if self.declared:
            self.names = name_columns([list(self.declared)])

    def take(self, cells: Sequence[Any]) -> None:
        """One row of the header."""
        self._above = [*(self._above or []), [str(cell).strip() for cell in cells]]
        if len(self._above) == self.rows:
            self.names = name_columns(self._above)

    def row(self, cells: Sequence[Any]) -> Row:
        """The cells under their names; those beyond the last name under `OVERFULL`."""
        assert self.names is not None
        row = dict(zip(self.names, cells, strict=False))
        if len(cells) > len(self.names):
            beyond = [str(cell) for cell in cells[len(self.names) :] if str(cell).strip()]
            if beyond:
                row[OVERFULL] = " | ".join(beyond)
        return row


def name_columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """One name a column, each its own. A heading merged over several columns counts for all of them.

    `Budova A |   | Budova B` over `kWh | m3 | kWh` makes `Budova A / kWh`, `Budova A / m3`, `Budova B / kWh`.
    A column without a heading is called by its number, a second `kWh` becomes `kWh (2)`.
    """
    width = max((len(row) for row in rows), default=0)
    filled = [
        *(_fill([*row, *[""] * (width - len(row))]) for row in rows[:-1]),
        [*rows[-1], *[""] * (width - len(rows[-1]))],
    ]
    names: dict[str, None] = {}
    for index in range(width):
        parts = dict.fromkeys(part for row in filled if (part := row[index].strip()))
        wanted = JOINT.join(parts) or f"column {index + 1}"
        name, number = wanted, 1
        while name in names:
            number += 1
            name = f"{wanted} ({number})"
        names[name] = None
    return list(names)


def read_cells(
    rows: Iterable[tuple[int, Sequence[Any]]], header: Header, unpivot: Unpivot | None
) -> Iterator[tuple[int, Row]]:
    """Line numbers and records of the rows below the header; empty rows are none."""
    for line, cells in rows:
        if header.names is None:
            if any(str(cell).strip() for cell in cells):
                header.take(cells)
        elif any(cell != "" and str(cell).strip() for cell in cells):
            row = header.row(cells)
            if unpivot is None:
                yield line, row
            else:
                for each in unpivot.rows(row):
                    yield line, each


def _fill(row: Sequence[str]) -> list[str]:
    """A merged heading stands in its first column only."""
    filled: list[str] = []
    for cell in row:
        filled.append(cell or (filled[-1] if filled else ""))
    return filled
