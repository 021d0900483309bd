"""Times as devices and exports write them, made UTC.

A local time that a change of the clocks doubles or skips has no one meaning: the mapping declares what to
do (`ambiguous: earlier|later|reject`, `nonexistent: shift|reject`), and refusing is the default.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from mimas.ngsi_ld.core.instants import format_instant

from .problems import MappingProblem, Place

EARLIEST = datetime(1970, 1, 2, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)
_UNIX = {"unix": 1.0, "unix_ms": 1e-3, "unix_us": 1e-6}
_MIDNIGHT = re.compile(r"(?<![\d:])24:00(?!:0*[1-9])")
_FRACTION = re.compile(r"(\.\d{6})\d+")


@dataclass(frozen=True, slots=True)
class Moments:
    """How times are written: formats tried in turn, the zone of those without an offset, the policies."""

    formats: tuple[str, ...] = ("iso",)
    zone: ZoneInfo | None = None
    ambiguous: str = "reject"
    nonexistent: str = "reject"

    def parse(self, value: Any) -> datetime:
        """The instant in `value`; ValueError says what is wrong."""
        try:
            moment = self._to_utc(self._read(value))
        except (OverflowError, OSError) as error:
            raise ValueError(f"{str(value)[:40]!r} is beyond the calendar") from error
        if not EARLIEST <= moment < LATEST:
            raise ValueError(f"{moment.isoformat()} is outside {EARLIEST.year} to {LATEST.year}")
        return moment

    def _read(self, value: Any) -> datetime:
        """The time by the first format that it has."""
        for written in self.formats[:-1]:
            try:
                return _read(value, written)
            except ValueError:
                continue
        return _read(value, self.formats[-1])

    def text(self, value: Any) -> str:
        """The instant in `value` as NGSI-LD writes it."""
        return format_instant(self.parse(value))

    def _to_utc(self, moment: datetime) -> datetime:
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
        if self.zone is None:
            raise ValueError("has no offset, and the mapping names no zone")
        return _resolve(moment, self.zone, self.ambiguous, self.nonexistent)


def compile_moments(declaration: Mapping[str, Any], place: Place) -> Moments:
    """The way times are written, from `format`, `zone`, `ambiguous` and `nonexistent`."""
    formats: Sequence[str] | str = declaration.get("format", "iso")
    names = (formats,) if isinstance(formats, str) else tuple(formats)
    for name in names:
        if name != "iso" and name not in _UNIX and "%" not in name:
            raise MappingProblem(
                (*place, "format"),
                f"{name!r} is no format",
                "iso, unix, unix_ms, unix_us, or like %d.%m.%Y %H:%M",
            )
    return Moments(
        names,
        _zone(declaration["zone"], (*place, "zone")) if "zone" in declaration else None,
        declaration.get("ambiguous", "reject"),
        declaration.get("nonexistent", "reject"),
    )


def _zone(name: str, place: Place) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise MappingProblem(place, f"{name!r} is not a time zone", "e.g. Europe/Prague or UTC") from error


def _read(value: Any, written: str) -> datetime:
    if written in _UNIX:
        if isinstance(value, str) and re.fullmatch(r"-?\d{1,17}(\.\d{1,9})?", value.strip()):
            value = float(value)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError(f"{str(value)[:40]!r} is not a Unix time")
        return datetime.fromtimestamp(value * _UNIX[written], UTC)
    if not isinstance(value, str):
        raise ValueError(f"{str(value)[:40]!r} is not text")
    text = value.strip()
    if len(text) > 64:
        raise ValueError("is too long for a time")
    if written == "iso":
        return _read_iso(text)
    try:
        return _end_of_day(text, lambda given: datetime.strptime(given, written))
    except ValueError as error:
        raise ValueError(f"{text!r} is not a time written as {written}") from error


def _end_of_day(text: str, read: Callable[[str], datetime]) -> datetime:
    """The time in `text`; 24:00 is the beginning of the next day, as quarter-hour tables write it."""
    if "24:00" in text and (found := _MIDNIGHT.search(text)):
        return read(text[: found.start()] + "00" + text[found.start() + 2 :]) + timedelta(days=1)
    return read(text)


def _read_iso(text: str) -> datetime:
    if len(text) < 8 or "W" in text:
        raise ValueError(f"{text!r} is not an ISO 8601 time")
    try:
        return _end_of_day(_FRACTION.sub(r"\1", text), datetime.fromisoformat)
    except ValueError as error:
        raise ValueError(f"{text!r} is not an ISO 8601 time") from error


def _resolve(local: datetime, zone: ZoneInfo, ambiguous: str, nonexistent: str) -> datetime:
    """The UTC instant of a local time; PEP 495's folds tell doubled and skipped times."""
    first, second = local.replace(tzinfo=zone, fold=0), local.replace(tzinfo=zone, fold=1)
    if first.utcoffset() == second.utcoffset():
        return first.astimezone(UTC)
    if first.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == local:
        if ambiguous == "reject":
            raise ValueError(f"{local} happened twice in {zone.key}: the clocks went back")
        return (first if ambiguous == "earlier" else second).astimezone(UTC)
    if nonexistent == "reject":
        raise ValueError(f"{local} never was in {zone.key}: the clocks went forward")
    return first.astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Window:
    """How far from the arrival a time may lie: clocks of devices go wrong, and then by years."""

    ahead: timedelta = timedelta(days=1)
    behind: timedelta | None = None

    def require(self, moment: datetime, received_at: datetime) -> None:
        """ValueError when `moment` is too far in the future or the past."""
        if moment > received_at + self.ahead:
            raise ValueError(f"{moment.isoformat()} lies in the future: the device's clock is wrong")
        if self.behind is not None and moment < received_at - self.behind:
            raise ValueError(f"{moment.isoformat()} is older than the mapping allows")
