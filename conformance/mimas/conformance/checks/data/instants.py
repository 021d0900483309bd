"""Moments as data writes them: RFC 3339 with seconds and a zone, and what is taken for one and is none."""

from __future__ import annotations

import re
from datetime import UTC, datetime

_DATE = r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])"
_INSTANT = re.compile(
    rf"{_DATE}[Tt](?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d+)?(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)",
    re.ASCII,
)
_LIKE_A_TIME = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:?\d\d(?::?\d\d)?(?:\.\d+)?\s*(?:[Zz]|[+-]\d\d:?\d\d|[A-Z]{2,4})?", re.ASCII
)


def is_instant(text: str) -> bool:
    """Whether it is a date-time of RFC 3339 that exists: date, time with seconds, zone."""
    if not _INSTANT.fullmatch(text):
        return False
    try:
        parse_instant(text)
    except ValueError:
        return False
    return True


def looks_like_a_time(text: str) -> bool:
    """Whether somebody meant a date and a time of day by it."""
    return _LIKE_A_TIME.fullmatch(text.strip()) is not None


def parse_instant(text: str) -> datetime:
    """The moment in UTC; a leap second counts as the last second before it. ValueError when it is none."""
    plain = re.sub(r":60(\.\d+)?", ":59", text.upper().replace(" ", "T"), count=1)
    moment = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", plain))
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
