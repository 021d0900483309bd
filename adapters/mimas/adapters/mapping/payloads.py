"""Payload formats: bytes to values, with limits and without surprises."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from ..messages import MessageRejected
from .mbus import read_frame, read_keys
from .paths import compile_path
from .problems import MappingProblem, Place
from .scope import MISSING, Getter, Scope
from .tabulation import Header, Unpivot, compile_unpivot, read_cells
from .ultralight import read_ultralight

MAX_BYTES = 4 * 1024 * 1024
MAX_ROWS = 100_000
JSON = "application/json"
WORKBOOKS = ("xlsx", "xls", "ods")
TABULAR = ("csv", *WORKBOOKS)

_BROKEN = "send it again from the device, or choose another payload format"


@dataclass(frozen=True, slots=True)
class Dialect:
    """How the payload is written, as declared under `payload`."""

    format: str = "json"
    encoding: str = "utf-8-sig"
    delimiter: str = ","
    header: tuple[str, ...] | None = None
    skip: int = 0
    sheet: str | int | None = None
    max_bytes: int = MAX_BYTES
    header_rows: int = 1
    unpivot: Unpivot | None = None
    inside: Getter | None = None
    keys: Mapping[str, str] = field(default_factory=dict)


def compile_dialect(declaration: Mapping[str, Any], folder: Path, place: Place) -> Dialect:
    """The dialect declared under `payload`; files it names stand in `folder`."""
    encoding = declaration.get("encoding", "utf-8-sig")
    try:
        codecs.lookup(encoding)
        b"".decode(encoding)
    except LookupError as error:
        raise MappingProblem(
            (*place, "encoding"), f"{encoding!r} is no encoding", "e.g. utf-8 or cp1250"
        ) from error
    header = declaration.get("header")
    return Dialect(
        declaration.get("format", "json"),
        encoding,
        declaration.get("delimiter", ","),
        tuple(header) if header else None,
        declaration.get("skip", 0),
        declaration.get("sheet"),
        declaration.get("max_bytes", MAX_BYTES),
        declaration.get("header_rows", 1),
        compile_unpivot(declaration),
        compile_path(declaration["inside"], (*place, "inside")) if "inside" in declaration else None,
        read_keys(folder / declaration["keys"], (*place, "keys")) if "keys" in declaration else {},
    )


def decode_payload(raw: bytes, media: str, dialect: Dialect) -> Any:
    """The value in `raw`; MessageRejected says what cannot be read and where."""
    if len(raw) > dialect.max_bytes:
        raise MessageRejected(
            "payload", "", f"is larger than {dialect.max_bytes} bytes", "see payload.max_bytes"
        )
    decode = _decode_json if media == JSON else _DECODERS[dialect.format]
    return decode(raw, dialect)


def read_rows(lines: Iterator[str] | io.TextIOBase, dialect: Dialect) -> Iterator[tuple[int, dict[str, str]]]:
    """Line number and record (column to text) of a table in text."""
    for _ in range(dialect.skip):
        next(lines, None)
    reader = csv.reader(lines, delimiter=dialect.delimiter)
    numbered = ((reader.line_num + dialect.skip, cells) for cells in reader)
    yield from read_cells(numbered, Header(dialect.header, dialect.header_rows), dialect.unpivot)


def _decode_json(raw: bytes, dialect: Dialect) -> Any:
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        spot = f"line {error.lineno}, column {error.colno}"
        raise MessageRejected("payload", spot, f"is not JSON: {error.msg}", _BROKEN) from error


def _decode_text(raw: bytes, dialect: Dialect) -> str:
    try:
        return raw.decode(dialect.encoding)
    except (UnicodeDecodeError, ValueError) as error:
        spot = f"byte {error.start}" if isinstance(error, UnicodeDecodeError) else ""
        raise MessageRejected(
            "payload", spot, f"is not {dialect.encoding} text", "see payload.encoding"
        ) from error


def _decode_csv(raw: bytes, dialect: Dialect) -> list[dict[str, str]]:
    rows: list[dict[str, str]] = []
    try:
        for line, row in read_rows(io.StringIO(_decode_text(raw, dialect), newline=""), dialect):
            if len(rows) >= MAX_ROWS:
                raise MessageRejected(
                    "payload", f"line {line}", f"more than {MAX_ROWS} rows", "split the file"
                )
            rows.append(row)
    except csv.Error as error:
        raise MessageRejected("payload", "", f"is not CSV: {error}", "see payload.delimiter") from error
    return rows


def _decode_ultralight(raw: bytes, dialect: Dialect) -> list[dict[str, Any]]:
    return read_ultralight(_decode_text(raw, dialect))


def _decode_frame(raw: bytes, dialect: Dialect) -> dict[str, Any]:
    """An M-Bus frame by itself, or inside a JSON message, which stays there as `envelope`."""
    if dialect.inside is None:
        return read_frame(raw, dialect.keys)
    envelope = _decode_json(raw, dialect)
    frame = dialect.inside(Scope(envelope, envelope))
    if frame is MISSING or not isinstance(frame, str):
        raise MessageRejected("payload", "", "there is no frame in the message", "see payload.inside")
    return read_frame(frame.encode(), dialect.keys) | {"envelope": envelope}


def _refuse_workbook(raw: bytes, dialect: Dialect) -> Any:
    raise MessageRejected("payload", "", "workbooks are read from files only", "see source.file")


_DECODERS: dict[str, Callable[[bytes, Dialect], Any]] = {
    "json": _decode_json,
    "csv": _decode_csv,
    "text": _decode_text,
    "hex": lambda raw, dialect: raw.hex(),
    **dict.fromkeys(WORKBOOKS, _refuse_workbook),
    "ultralight": _decode_ultralight,
    "mbus": _decode_frame,
}
