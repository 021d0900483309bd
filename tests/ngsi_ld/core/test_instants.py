"""DateTime, Date and Time (CIM 009 4.6.3)."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mimas.ngsi_ld.core.errors import BadRequestData
from mimas.ngsi_ld.core.instants import (
    format_instant,
    is_date,
    is_instant,
    is_time,
    parse_instant,
    require_instant,
)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2025-01-31T12:00:00Z", datetime(2025, 1, 31, 12, tzinfo=UTC)),
        ("2025-01-31T12:00:00.5Z", datetime(2025, 1, 31, 12, 0, 0, 500_000, tzinfo=UTC)),
        ("2025-01-31T12:00:00,000001Z", datetime(2025, 1, 31, 12, 0, 0, 1, tzinfo=UTC)),
        ("0001-01-01T00:00:00Z", datetime(1, 1, 1, tzinfo=UTC)),
    ],
)
def test_parse(text: str, instant: datetime) -> None:
    """UTC with Z, up to six fractional digits behind a point or a comma."""

    assert parse_instant(text) == instant


@pytest.mark.parametrize(
    "text",
    [
        "2025-01-31",
        "2025-01-31T12:00:00",
        "2025-01-31T12:00:00+02:00",
        "2025-01-31T12:00Z",
        "2025-02-30T00:00:00Z",
        "2025-01-31T24:00:00Z",
        "2025-01-31T12:00:60Z",
        "2025-01-31T12:00:00.1234567Z",
        "2025-01-31T12:00:00.Z",
        "2025-01-31t12:00:00z",
        "20250131T120000Z",
        "2025-01-31T12:00:00Z\n",
        "٢٠٢٥-01-31T12:00:00Z",
        "",
        None,
        5,
    ],
)
def test_refused(text: object) -> None:
    """Offsets, dates alone, reduced forms and impossible days are a 400."""
    with pytest.raises(BadRequestData) as caught:
        parse_instant(text, "observedAt")

    assert caught.value.detail.startswith("observedAt must be a DateTime in UTC")


@given(st.datetimes(timezones=st.just(UTC)))
def test_round_trip(instant: datetime) -> None:
    """What is written is read again as the same instant."""

    assert parse_instant(format_instant(instant)) == instant


@pytest.mark.parametrize(
    ("instant", "text"),
    [
        (datetime(2025, 1, 2, tzinfo=UTC), "2025-01-02T00:00:00Z"),
        (datetime(2025, 1, 2, 0, 0, 0, 1500, tzinfo=UTC), "2025-01-02T00:00:00.001500Z"),
        (datetime(2025, 1, 2, 2, tzinfo=timezone(timedelta(hours=2))), "2025-01-02T00:00:00Z"),
        (datetime(2025, 1, 2), "2025-01-02T00:00:00Z"),
    ],
)
def test_format(instant: datetime, text: str) -> None:
    """Always UTC with Z, a fraction only where there is one."""

    assert format_instant(instant) == text


def test_comma_becomes_a_point() -> None:
    """A stored DateTime has a point before its fraction and is otherwise as it was given."""

    assert require_instant("2025-01-31T12:00:00,50Z", "observedAt") == "2025-01-31T12:00:00.50Z"


def test_kinds() -> None:
    """A Date is no DateTime, and a Time is neither."""
    texts = ["2025-01-31T12:00:00Z", "2025-01-31", "12:00:00.5Z", "2025-02-30", "12:00:00"]

    assert [(is_instant(each), is_date(each), is_time(each)) for each in texts] == [
        (True, False, False),
        (False, True, False),
        (False, False, True),
        (False, False, False),
        (False, False, False),
    ]
