"""When two JSON values are the same value."""

from __future__ import annotations

from typing import Any


def same(one: Any, other: Any) -> bool:
    """Whether both are the same JSON value: 1 and 1.0 are, 1 and true are not (CIM 009 4.5.2)."""
    return one is other or (bool(one == other) and _same_booleans(one, other))


def _same_booleans(one: Any, other: Any) -> bool:
    if type(one) is dict:
        return all(_same_booleans(value, other[name]) for name, value in one.items())
    if type(one) is list:
        return all(_same_booleans(*pair) for pair in zip(one, other, strict=True))
    return (type(one) is bool) == (type(other) is bool)
