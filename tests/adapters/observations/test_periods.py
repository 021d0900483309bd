"""Times of statistics."""

from __future__ import annotations

import pytest

from mimas.adapters.observations.periods import end_of, find_period


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2024", "2024-01-01", "2024-12-31"),
        ("2024-02", "2024-02-01", "2024-02-29"),
        ("2024M02", "2024-02-01", "2024-02-29"),
        ("2024-M12", "2024-12-01", "2024-12-31"),
        ("2024-Q4", "2024-10-01", "2024-12-31"),
        ("2024Q1", "2024-01-01", "2024-03-31"),
        ("2024-S2", "2024-07-01", "2024-12-31"),
        ("2024-T3", "2024-09-01", "2024-12-31"),
        ("2024-A1", "2024-01-01", "2024-12-31"),
        ("2026-W01", "2025-12-29", "2026-01-04"),
        ("2024-D366", "2024-12-31", "2024-12-31"),
        ("2024-03-05", "2024-03-05", "2024-03-05"),
        ("2024-03-05T10:00:00", "2024-03-05", "2024-03-05"),
    ],
)
def test_periods_begin_and_end_with_days(text: str, first: str, last: str) -> None:
    """SDMX's reporting periods, and how Eurostat writes them."""
    period = find_period(text)

    assert period is not None
    assert [each.isoformat() for each in period] == [first, last]


@pytest.mark.parametrize(
    "text", ["", "summer", "2024-Q5", "2024-13", "2024-W60", "2023-D366", "2024-02-31", "0000"]
)
def test_what_is_no_period_is_none(text: str) -> None:
    """The record then has no time, and its mapping decides."""
    assert find_period(text) is None


def test_a_period_is_over_at_the_midnight_after_it() -> None:
    """In UTC."""
    period = find_period("2024")

    assert period is not None
    assert end_of(period) == "2025-01-01T00:00:00Z"
