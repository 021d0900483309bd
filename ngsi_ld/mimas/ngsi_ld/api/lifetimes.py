"""How long what a client makes may live: ISO 8601 durations within the limits of the broker."""

from __future__ import annotations

from datetime import datetime, timedelta

from mimas.ngsi_ld.core.errors import BadRequestData
from mimas.ngsi_ld.store.periods import parse_period


def end_of_life(
    lifetime: object, what: str, now: datetime, *, default: timedelta, longest: timedelta
) -> datetime:
    """When something made now ends; a longer lifetime than the broker grants is cut (5.2.41, 6.4.3.2)."""
    if lifetime is None:
        return now + min(default, longest)
    if not isinstance(lifetime, str):
        raise _refused(what)
    try:
        period = parse_period(lifetime)
    except BadRequestData:
        raise _refused(what) from None
    end = period.after(now, 1)
    if end <= now:
        raise BadRequestData(f"{what} must be longer than nothing.")
    return min(end, now + longest)


def _refused(what: str) -> BadRequestData:
    return BadRequestData(f"{what} must be an ISO 8601 duration such as PT10M or P1D.")
