from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from mimas.platform.console.window import read_window

NEWEST = datetime(2019, 12, 31, 23, tzinfo=UTC)


def test_without_wishes_the_last_week_is_shown() -> None:
    """Seven whole days up to the day of the newest reading."""
    window = read_window({}, NEWEST, UTC)

    assert (window.start, window.end) == (
        datetime(2019, 12, 25, tzinfo=UTC),
        datetime(2020, 1, 1, tzinfo=UTC),
    )
    assert window.later is None


def test_earlier_and_later_lead_there_and_back() -> None:
    """Going a window back and forth ends where it began."""
    newest = read_window({"per": "day"}, NEWEST, UTC)
    before = read_window({"per": "day", "to": newest.earlier}, NEWEST, UTC)

    assert before.end == newest.start
    assert before.later == "2020-01-01T00:00:00Z"


@pytest.mark.parametrize(
    "wish", [{"per": "century"}, {"to": "yesterday"}, {"to": "9999-12-31"}, {"to": "0001-01-01"}, {"to": ""}]
)
def test_wrong_wishes_are_taken_as_none(wish: dict[str, str]) -> None:
    """An address somebody edited shows the newest week rather than an error."""
    window = read_window(wish, NEWEST, UTC)

    assert (window.per, window.end) == ("hour", datetime(2020, 1, 1, tzinfo=UTC))


def test_days_begin_at_local_midnight() -> None:
    """A window in Prague begins and ends at midnight there, also over a change of the clocks."""
    zone = ZoneInfo("Europe/Prague")
    window = read_window({}, datetime(2019, 10, 29, 12, tzinfo=UTC), zone)

    assert [each.astimezone(zone).hour for each in (window.start, window.end)] == [0, 0]
    assert window.end - window.start == timedelta(days=7, hours=1)
