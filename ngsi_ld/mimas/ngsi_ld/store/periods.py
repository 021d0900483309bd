"""Periods of an aggregation: ISO 8601 durations counted from the start of the window (CIM 009 4.5.19.1)."""

from __future__ import annotations

import re
from bisect import bisect_right
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ..core.errors import BadRequestData, TooComplexQuery

MAX_PERIODS = 100_000

_DURATION = re.compile(
    r"P(?:(?P<weeks>\d+)W|(?:(?P<years>\d+)Y)?(?:(?P<months>\d+)M)?(?:(?P<days>\d+)D)?"
    r"(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?)",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Period:
    """Months, then a fixed time; days have 24 hours, in UTC. Nothing at all spans the whole range."""

    months: int = 0
    rest: timedelta = timedelta()

    @property
    def is_whole_range(self) -> bool:
        """Say whether there is one bucket only."""
        return not self.months and not self.rest

    def boundaries(self, start: datetime, end: datetime) -> list[datetime]:
        """The starts of all periods from `start` on, and the end of the last one, which is behind `end`."""
        found = [start]
        while found[-1] <= end:
            if len(found) > MAX_PERIODS:
                raise TooComplexQuery(
                    f"The window holds more than {MAX_PERIODS} periods: choose longer ones."
                )
            found.append(self.after(start, len(found)))
        return found

    def after(self, start: datetime, count: int) -> datetime:
        """The start of the period number `count`."""
        try:
            return _add_months(start, self.months * count) + self.rest * count
        except (OverflowError, ValueError):
            return datetime.max.replace(tzinfo=UTC)


WHOLE_RANGE = Period()


def parse_period(text: str) -> Period:
    """Return the period that an `aggrPeriodDuration` means; `PT0S` and `P0D` are the whole range."""
    found = _DURATION.fullmatch(text)
    if found is None or text[-1] in "PT":
        raise BadRequestData("aggrPeriodDuration must be an ISO 8601 duration such as PT1H, P1D or P1M.")
    given = {name: float(value or 0) for name, value in found.groupdict().items()}
    months = int(given.pop("years") * 12 + given.pop("months"))
    try:
        rest = timedelta(**given)
    except OverflowError:
        raise BadRequestData("aggrPeriodDuration is too long.") from None
    if months > 120_000 or (not months and timedelta() < rest < timedelta(microseconds=1)):
        raise BadRequestData("aggrPeriodDuration is too long or too short.")
    return Period(months, rest)


def bucket_of(boundaries: list[datetime], at: datetime) -> int:
    """The number of the period that `at` lies in."""
    return bisect_right(boundaries, at) - 1


def _add_months(start: datetime, months: int) -> datetime:
    """The same day that many months later; the last of the month where it has no such day."""
    month = start.month - 1 + months
    year, month = start.year + month // 12, month % 12 + 1
    return start.replace(year=year, month=month, day=min(start.day, monthrange(year, month)[1]))
