"""Collects the bound parameters of a statement that is compiled piece by piece."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def bind(parameters: list[Any], value: Any, type_name: str) -> str:
    """Add a parameter and return the placeholder that stands for it."""
    parameters.append(value)
    return f"${len(parameters)}::{type_name}"


def all_of(conditions: Iterable[str]) -> str:
    """The conjunction, in parentheses; of nothing it is true."""
    return _joined(conditions, " AND ", "TRUE")


def any_of(conditions: Iterable[str]) -> str:
    """The disjunction, in parentheses; of nothing it is false."""
    return _joined(conditions, " OR ", "FALSE")


def _joined(conditions: Iterable[str], operator: str, empty: str) -> str:
    known = list(conditions)
    return f"({operator.join(known)})" if known else empty
