"""Which part of a history a page shows: a week by the hour, or eight weeks by the day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

_STEPS = {"hour": timedelta(hours=1), "day": timedelta(days=1)}
_SPANS = {"hour": timedelta(days=7), "day": timedelta(days=56)}


@dataclass(frozen=True, slots=True)
class Window:
    """Steps from `start` up to `end`; `newest` is where the newest window ends."""

    per: str
    start: datetime
    end: datetime
    newest: datetime

    @property
    def step(self) -> timedelta:
        """The length of one step."""
        return _STEPS[self.per]

    @property
    def span(self) -> timedelta:
        """The usual length of such a window."""
        return _SPANS[self.per]

    @property
    def earlier(self) -> str:
        """The end of the window before, as it stands in an address."""
        return _address_text(self.start)

    @property
    def later(self) -> str | None:
        """The end of the window after; None when this is the newest."""
        if self.end >= self.newest:
            return None
        return _address_text(min(self.end + _SPANS[self.per], self.newest))


def read_window(parameters: Mapping[str, str], newest_reading: datetime | None, zone: tzinfo) -> Window:
    """The window an address asks for; what it says wrongly is taken as not said."""
    per = parameters.get("per", "hour")
    per = per if per in _STEPS else "hour"
    newest = _day_after(newest_reading or datetime.now(UTC), zone)
    asked = _moment(parameters.get("to", ""))
    end = _day_after(asked - timedelta(seconds=1), zone) if asked and asked < newest else newest
    return Window(per, _midnight(end - _SPANS[per] + timedelta(hours=3), zone), end, newest)


def _midnight(moment: datetime, zone: tzinfo) -> datetime:
    local = moment.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    return local.astimezone(UTC)  # differences within one zone would ignore its changes of the clock


def _day_after(moment: datetime, zone: tzinfo) -> datetime:
    # Noon of the next day first: a day may have 23 or 25 hours.
    return _midnight(_midnight(moment, zone) + timedelta(hours=36), zone)


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.year not in range(1900, 9000):
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _address_text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
