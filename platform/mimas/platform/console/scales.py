"""Where the lines of a chart and a map go: round numbers, whole hours, days and months."""

from __future__ import annotations

import math
from datetime import datetime, timedelta, tzinfo

_HOURS = (1, 3, 6, 12)
_DAYS = (1, 2, 7, 14)


def round_step(span: float, parts: int) -> float:
    """The smallest of 1, 2, 5 times a power of ten that cuts `span` into at most `parts`."""
    if span <= 0:
        return 1.0
    raw = span / parts
    power = 10.0 ** math.floor(math.log10(raw))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= raw * 0.999999)


def round_ticks(low: float, high: float, parts: int) -> list[float]:
    """Round numbers from at or below `low` to at or above `high`."""
    step = round_step(high - low, parts)
    first, last = math.floor(low / step), math.ceil(high / step)
    return [round(index * step, 10) for index in range(first, max(last, first + 1) + 1)]


def time_ticks(start: datetime, end: datetime, most: int, zone: tzinfo) -> list[tuple[datetime, str]]:
    """At most about `most` moments between start and end, at whole local hours, days or months."""
    hours = (end - start).total_seconds() / 3600
    for step in _HOURS:
        if hours / step <= most:
            return [(each, _hour_text(each)) for each in _every_hours(start, end, step, zone)]
    for step in _DAYS:
        if hours / 24 / step <= most:
            return [(each, f"{each.day} {each:%b}") for each in _every_days(start, end, step, zone)]
    months = _every_months(start, end, max(1, math.ceil(hours / 730 / most)), zone)
    return [(each, f"{each:%b %Y}" if each.month == 1 else f"{each:%b}") for each in months]


def _hour_text(moment: datetime) -> str:
    return f"{moment.day} {moment:%b}" if moment.hour == 0 else f"{moment:%H:%M}"


def _every_hours(start: datetime, end: datetime, step: int, zone: tzinfo) -> list[datetime]:
    local = start.astimezone(zone).replace(minute=0, second=0, microsecond=0)
    moments = (
        local + timedelta(hours=index) for index in range(int((end - start).total_seconds() // 3600) + 2)
    )
    return [each for each in moments if each.hour % step == 0 and start <= each < end]


def _every_days(start: datetime, end: datetime, step: int, zone: tzinfo) -> list[datetime]:
    midnight = start.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    days = (midnight + timedelta(days=index) for index in range((end - start).days + 2))
    inside = [each for each in days if start <= each < end]
    if step == 7:  # weeks start on Monday
        return [each for each in inside if each.weekday() == 0]
    return inside[::step]


def _every_months(start: datetime, end: datetime, step: int, zone: tzinfo) -> list[datetime]:
    local = start.astimezone(zone)
    first = local.year * 12 + local.month - 1
    last = end.astimezone(zone)
    months = range(first, last.year * 12 + last.month)
    moments = [datetime(index // 12, index % 12 + 1, 1, tzinfo=zone) for index in months if index % step == 0]
    return [each for each in moments if start <= each < end]
