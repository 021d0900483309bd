"""DateTime, Date and Time (CIM 009 4.6.3): ISO 8601, UTC with a trailing `Z`, at most six fractional digits.

A comma is accepted in requests as the decimal separator; what Mimas writes has a point.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Any, Final

from .errors import BadRequestData
from .names import shown

_CLOCK: Final = r"(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:[.,]\d{1,6})?Z"
_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\dT" + _CLOCK, re.ASCII)
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_TIME: Final = re.compile(_CLOCK, re.ASCII)


def parse_instant(text: Any, what: str = "The time") -> datetime:
    """The DateTime as a datetime in UTC, or BadRequestData; `what` names it in the error."""
    if isinstance(text, str) and _INSTANT.fullmatch(text):
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            pass  # such as the 30th of February
    raise BadRequestData(
        f"{what} must be a DateTime in UTC such as 2025-01-31T12:00:00Z "
        f"(at most six fractional digits, no offset), not {shown(text)}."
    )


def require_instant(text: Any, what: str) -> str:
    """The DateTime as it is stored: as it was given, with a point before the fraction."""
    parse_instant(text, what)
    return str(text).replace(",", ".")


def is_instant(text: str) -> bool:
    """Whether it is a DateTime."""
    try:
        parse_instant(text)
    except BadRequestData:
        return False
    return True


def is_date(text: str) -> bool:
    """Whether it is a Date, `YYYY-MM-DD`."""
    if not _DATE.fullmatch(text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def is_time(text: str) -> bool:
    """Whether it is a Time, `hh:mm:ss[.f]Z`."""
    return _TIME.fullmatch(text) is not None


def format_instant(instant: datetime) -> str:
    """The DateTime text of a datetime, with a fraction only when it has one; naive ones count as UTC."""
    if instant.tzinfo is not UTC:
        instant = instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
    return instant.isoformat()[:-6] + "Z"
