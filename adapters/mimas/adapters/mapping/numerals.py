"""Numbers as meters and portals write them."""

from __future__ import annotations

import math
import re
from typing import Any

_SPACES = re.compile(r"[\s\u00a0\u202f']+")
_NUMBER = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d{1,3})?")


def parse_number(value: Any, decimal: str) -> float | int:
    """The finite number in `value`; ValueError says what is wrong. `decimal` is the sign before fractions."""
    if isinstance(value, bool):
        raise ValueError("is a truth value, not a number")
    if isinstance(value, int | float):
        if not _is_finite(value):
            raise ValueError("is not a finite number")
        return value
    if not isinstance(value, str):
        raise ValueError("is not a number")
    return _parse_text(value, decimal)


def _parse_text(text: str, decimal: str) -> float | int:
    if len(text) > 60:
        raise ValueError("is too long for a number")
    plain = _SPACES.sub("", text).replace("\u2212", "-")
    if decimal == ",":
        plain = plain.replace(".", "").replace(",", ".")
    if not plain.isascii() or not _NUMBER.fullmatch(plain):
        raise ValueError(f"{text[:40]!r} is not a number")
    number = float(plain)
    if not math.isfinite(number):
        raise ValueError("is not a finite number")
    return int(plain) if plain.lstrip("-").isdigit() and len(plain) < 16 else number


def _is_finite(value: float) -> bool:
    return math.isfinite(value) if isinstance(value, float) else abs(value) < 10**300
