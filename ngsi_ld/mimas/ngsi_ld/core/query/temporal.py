"""Temporal queries (CIM 009 4.11): before, after and between, over one of the temporal properties."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, cast

from ..errors import BadRequestData
from .limits import check_text
from .literals import read_temporal

TimeRelation = Literal["before", "after", "between"]
TimeProperty = Literal["observedAt", "createdAt", "modifiedAt", "deletedAt"]

_RELATIONS = ("before", "after", "between")
_PROPERTIES = ("observedAt", "createdAt", "modifiedAt", "deletedAt")


@dataclass(frozen=True, slots=True)
class TemporalQuery:
    """A window: `before` excludes its bound, `after` and `between` include it, the end is excluded.

    `timerel` and `time_at` are None for a query that only names the `timeproperty`.
    """

    timerel: TimeRelation | None
    time_at: datetime | None
    end_time_at: datetime | None = None
    timeproperty: TimeProperty = "observedAt"

    def holds(self, instant: datetime | None) -> bool:
        """True when `instant` lies in the window; an absent instant never does."""
        if instant is None:
            return False
        if self.timerel is None or self.time_at is None:
            return True
        if self.timerel == "before":
            return instant < self.time_at
        return instant >= self.time_at and (self.end_time_at is None or instant < self.end_time_at)


def parse_temporal_query(
    timerel: Any = None, time_at: Any = None, end_time_at: Any = None, timeproperty: Any = None
) -> TemporalQuery | None:
    """Return the query the parameters make, None without any; timerel and timeAt need each other."""
    if timerel is None and time_at is None and end_time_at is None and timeproperty is None:
        return None
    name = timeproperty if timeproperty is not None else "observedAt"
    if name not in _PROPERTIES:
        raise BadRequestData(f"timeproperty must be one of {', '.join(_PROPERTIES)}")
    if (timerel is None) != (time_at is None):
        raise BadRequestData("timerel and timeAt need each other")
    if timerel is not None and timerel not in _RELATIONS:
        raise BadRequestData(f"timerel must be one of {', '.join(_RELATIONS)}")
    if timerel == "between" and end_time_at is None:
        raise BadRequestData("timerel=between needs endTimeAt")
    start = None if time_at is None else _instant(time_at, "timeAt")
    end = _instant(end_time_at, "endTimeAt") if timerel == "between" else None
    return TemporalQuery(cast("TimeRelation | None", timerel), start, end, cast("TimeProperty", name))


def _instant(text: Any, what: str) -> datetime:
    temporal = read_temporal(check_text(text, what), ("DateTime",))
    if temporal is None:
        raise BadRequestData(f"{what} must be a DateTime such as 2026-01-31T12:00:00Z")
    return temporal.instant()
