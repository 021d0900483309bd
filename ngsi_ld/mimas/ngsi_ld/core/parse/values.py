"""JSON values: copied, and refused where a database or another client could not take them (CIM 009 4.5.0)."""

from __future__ import annotations

from math import isfinite
from typing import Any, Final

from ..instants import is_date, is_instant, is_time
from ..names import shown
from ..state import NGSI_LD_NULL
from .rules import refuse

MAX_VALUE_DEPTH: Final = 64
_TEMPORAL: Final = {"DateTime": is_instant, "Date": is_date, "Time": is_time}


def copy_value(value: Any, path: str, nulls: bool = False, depth: int = 0) -> Any:
    """A copy of a value that shares nothing mutable with it; `nulls` allows the NGSI-LD Null in objects."""
    kind = type(value)
    if kind is str and value.isascii() and "\0" not in value and value != NGSI_LD_NULL:
        return value
    if kind is dict:
        if "@value" in value and "@type" in value:
            return _typed_value(value, path, depth)
        _require_depth(path, depth)
        return {
            require_text(name, path): each
            if nulls and each == NGSI_LD_NULL
            else copy_value(each, f"{path}.{name}", nulls, depth + 1)
            for name, each in value.items()
        }
    if kind is list:
        _require_depth(path, depth)
        return [copy_value(each, path, nulls, depth + 1) for each in value]
    if value is None:
        refuse(
            path,
            "null is not allowed in NGSI-LD: leave the member out, or, where a null is really meant, "
            'write {"@type": "@json", "@value": null}.',
        )
    if value == NGSI_LD_NULL:
        refuse_null(path)
    return copy_scalar(value, path)


def copy_raw(value: Any, path: str, depth: int = 0) -> Any:
    """A copy of raw JSON, where nulls mean nothing but themselves (CIM 009 4.5.24)."""
    _require_depth(path, depth)
    kind = type(value)
    if kind is dict:
        return {require_text(name, path): copy_raw(each, path, depth + 1) for name, each in value.items()}
    if kind is list:
        return [copy_raw(each, path, depth + 1) for each in value]
    return None if value is None else copy_scalar(value, path)


def copy_scalar(value: Any, path: str) -> Any:
    """A text, number or boolean; integers beyond 64 bits become floating-point numbers."""
    kind = type(value)
    if kind is str:
        return require_text(value, path)
    if kind is bool:
        return value
    if kind is int:
        return value if -(2**63) <= value < 2**64 else _as_float(value, path)
    if kind is float:
        if not isfinite(value):
            refuse(path, "NaN and infinity are no JSON numbers.")
        return value
    return refuse(path, f"{shown(value)} is no JSON value.")


def require_text(text: Any, path: str) -> str:
    """The text, without NUL characters and lone surrogates."""
    if type(text) is not str:
        refuse(path, f"{shown(text)} is no text.")
    if "\0" in text:
        refuse(path, "the NUL character (\\u0000) cannot be stored: remove it.")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            refuse(path, "half of a surrogate pair (\\ud800 to \\udfff) is no character: remove it.")
    return str(text)


def refuse_null(path: str) -> None:
    """Say where the NGSI-LD Null may stand (CIM 009 5.5.4)."""
    refuse(
        path,
        f'"{NGSI_LD_NULL}" is not allowed here: it only marks what an update or a merge is to delete.',
    )


def _typed_value(value: dict[str, Any], path: str, depth: int) -> dict[str, Any]:
    """A JSON-LD typed value, as it is; a core DateTime, Date or Time must be one (CIM 009 4.6.3)."""
    kind, literal = value["@type"], value["@value"]
    if kind == "@json":
        return {name: copy_raw(each, path, depth + 1) for name, each in value.items()}
    check = _TEMPORAL.get(kind) if isinstance(kind, str) else None
    if check is not None and not (isinstance(literal, str) and check(literal)):
        refuse(
            path,
            f"{shown(literal)} is no {kind} in UTC such as 2025-01-31T12:00:00Z, 2025-01-31 or 12:00:00Z.",
        )
    return {require_text(name, path): copy_value(each, path, depth=depth + 1) for name, each in value.items()}


def _as_float(number: int, path: str) -> float:
    try:
        return float(number)
    except OverflowError:
        refuse(path, "the number is too large.")


def _require_depth(path: str, depth: int) -> None:
    if depth > MAX_VALUE_DEPTH:
        refuse(path, f"the value is nested deeper than {MAX_VALUE_DEPTH} levels.")
