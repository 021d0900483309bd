"""Times of statistics (`2024`, `2024-Q1`, `2024M03`, `2024-W05`) as the days they begin and end with.

SDMX 3.0, section 6 (standard and reporting periods, counted as calendar periods); JSON-stat says nothing of
how times are written, and its publishers write them like Eurostat.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

_PARTS = re.compile(r"(\d{4})-?([ASTQMWD])?(\d{1,3})?", re.IGNORECASE)
_MONTHS = {"A": 12, "S": 6, "T": 4, "Q": 3, "M": 1}


@lru_cache(maxsize=4096)
def find_period(text: str) -> tuple[date, date] | None:
    """The first and the last day of a period; None for what is written otherwise."""
    try:
        return _calendar(text.strip()) or _lettered(text.strip())
    except ValueError:
        return None


def end_of(period: tuple[date, date]) -> str:
    """The instant a period is over, as NGSI-LD writes it: what is known of it is known then."""
    after = datetime.combine(period[1] + timedelta(days=1), datetime.min.time(), UTC)
    return after.isoformat().replace("+00:00", "Z")


def _calendar(text: str) -> tuple[date, date] | None:
    """`2024-03-01`, `2024-03` and what ISO 8601 puts behind: a time of day, or a duration."""
    day = re.match(r"(\d{4})-(\d\d)-(\d\d)(?:T.*)?$", text)
    if day:
        found = date(int(day[1]), int(day[2]), int(day[3]))
        return found, found
    month = re.fullmatch(r"(\d{4})-(\d\d)", text)
    return _months(int(month[1]), int(month[2]), 1) if month else None


def _lettered(text: str) -> tuple[date, date] | None:
    parts = _PARTS.fullmatch(text)
    if parts is None:
        return None
    year, letter, number = int(parts[1]), (parts[2] or "A").upper(), int(parts[3] or 1)
    if parts[2] is None and parts[3] is not None:
        return None
    if letter == "W":
        monday = date.fromisocalendar(year, number, 1)
        return monday, monday + timedelta(days=6)
    if letter == "D":
        day = date(year, 1, 1) + timedelta(days=number - 1)
        return (day, day) if day.year == year else None
    length = _MONTHS[letter]
    if not 1 <= number <= 12 // length:
        return None
    return _months(year, 1 + (number - 1) * length, length)


def _months(year: int, first: int, count: int) -> tuple[date, date]:
    last = first + count - 1
    after = date(year + last // 12, last % 12 + 1, 1)
    return date(year, first, 1), after - timedelta(days=1)
