"""The values a query compares with, and what each stored value is to them (CIM 009 4.6.3).

Strings that look like a DateTime, Date or Time compare temporally with one: by the *key*, text of a fixed
width whose order is the order of time. The same shapes and keys are used in memory and in SQL.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Literal

from ..errors import BadRequestData

TemporalKind = Literal["DateTime", "Date", "Time"]

_DAY = "[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
_HOUR = "(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:[.,][0-9]{1,6})?Z"
SHAPES: dict[TemporalKind, str] = {"DateTime": f"{_DAY}T{_HOUR}", "Date": _DAY, "Time": _HOUR}
WIDTHS: dict[TemporalKind, int] = {"DateTime": 19, "Date": 10, "Time": 8}
_SHAPES = {kind: re.compile(shape, re.ASCII) for kind, shape in SHAPES.items()}


def temporal_key(kind: TemporalKind, text: str) -> str | None:
    """The key of `text` when it is of this kind: whole seconds, then six digits of the fraction."""
    if _SHAPES[kind].fullmatch(text) is None:
        return None
    if kind == "Date":
        return text
    width = WIDTHS[kind]
    return text[:width] + text[width + 1 :].rstrip("Z").ljust(6, "0")


@dataclass(frozen=True, slots=True)
class Temporal:
    """A DateTime, Date or Time as a query gives it, without needless zeros."""

    kind: TemporalKind
    text: str

    @property
    def key(self) -> str:
        """What orders it among its kind."""
        key = temporal_key(self.kind, self.text)
        assert key is not None
        return key

    def instant(self) -> datetime:
        """A DateTime as a point in time."""
        return datetime.fromisoformat(self.text.removesuffix("Z")).replace(tzinfo=UTC)


Scalar = int | float | str | bool | Temporal


@dataclass(frozen=True, slots=True)
class Range:
    """`low..high`, both included; both of one data type."""

    low: Scalar
    high: Scalar


def read_temporal(
    text: str, kinds: tuple[TemporalKind, ...] = ("DateTime", "Date", "Time")
) -> Temporal | None:
    """Return the DateTime, Date or Time that `text` is, if any; BadRequestData when it is on no calendar."""
    for kind in kinds:
        key = temporal_key(kind, text)
        if key is not None:
            _check_calendar(kind, text)
            return Temporal(kind, _shortest(kind, key))
    return None


def _check_calendar(kind: TemporalKind, text: str) -> None:
    try:
        if kind != "Time":
            date.fromisoformat(text[:10])
    except ValueError:
        raise BadRequestData(f"{text[:10]} is not a day of the calendar") from None


def _shortest(kind: TemporalKind, key: str) -> str:
    if kind == "Date":
        return key
    width = WIDTHS[kind]
    fraction = key[width:].rstrip("0")
    return key[:width] + (f".{fraction}" if fraction else "") + "Z"


def read_number(text: str) -> int | float | None:
    """A JSON number as the JSON parser would store it; None when it is too large to be one."""
    if len(text) <= 21 and not set(text) & set(".eE"):
        value = int(text)
        if -(2**63) <= value < 2**64:
            return value
    number = float(text)
    return None if number in (float("inf"), float("-inf")) else number


def data_type(value: Any) -> str:
    """The data type of a query value or a stored JSON value."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "string"
    if isinstance(value, Temporal):
        return value.kind
    if isinstance(value, dict):
        return "object"
    return "array" if isinstance(value, list) else "null"


def sort_key(literal: Scalar, value: Any) -> Any:
    """`value` in the terms of `literal`, to compare with `literal_key`; None when the types differ."""
    if isinstance(value, Temporal):
        return value.key if data_type(literal) == value.kind else None
    if isinstance(literal, Temporal):
        return temporal_key(literal.kind, value) if isinstance(value, str) else None
    if data_type(value) != data_type(literal):
        return None
    return literal_key(value)


def literal_key(literal: Scalar) -> Any:
    """What a query value is compared by: numbers by their shortest decimal text, as the store keeps them."""
    if isinstance(literal, Temporal):
        return literal.key
    if isinstance(literal, float):
        return Decimal(repr(literal))
    return literal


def literal_text(literal: Scalar) -> str:
    """The value as a query writes it."""
    return literal.text if isinstance(literal, Temporal) else json.dumps(literal, ensure_ascii=False)
