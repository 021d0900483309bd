"""Answers that are not shaped as their specification says: the run, or the one record, says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from ..harvest import Record
from ..messages import MessageRejected
from ..source import SourceError

Item = TypeVar("Item")
# What reading a member of the wrong type, or one that is not there, raises in Python.
_MISSHAPEN = (KeyError, TypeError, AttributeError, ValueError, IndexError, OverflowError)


def read_shaped(items: Iterator[Item], place: str) -> Iterator[Item]:
    """The items; SourceError when a whole document is shaped otherwise."""
    try:
        yield from items
    except _MISSHAPEN as error:
        raise SourceError(f"{place} is not shaped as its specification says ({_told(error)})") from error


def record_or_refusal(make: Callable[[], Record | MessageRejected], place: str) -> Record | MessageRejected:
    """What `make` gives; a refusal when its one thing is shaped otherwise."""
    try:
        return make()
    except _MISSHAPEN as error:
        reason = f"is not shaped as its specification says ({_told(error)})"
        return MessageRejected("payload", place, reason, "tell its publisher")


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:200]
