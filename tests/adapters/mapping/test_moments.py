"""Times as devices and exports write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mimas.adapters.mapping.moments import Window, compile_moments
from mimas.adapters.mapping.problems import MappingProblem

PRAGUE = {"format": "%d.%m.%Y %H:%M", "zone": "Europe/Prague"}


@pytest.mark.parametrize(
    ("declaration", "value", "instant"),
    [
        ({}, "2026-01-15T10:30:00Z", "2026-01-15T10:30:00Z"),
        ({}, "2026-01-15T10:30:00.123456789+01:00", "2026-01-15T09:30:00.123456Z"),
        ({"zone": "UTC"}, "2026-01-15 10:30", "2026-01-15T10:30:00Z"),
        ({"format": "unix"}, 1768473000, "2026-01-15T10:30:00Z"),
        ({"format": "unix"}, "1768473000.5", "2026-01-15T10:30:00.500000Z"),
        ({"format": "unix_ms"}, 1768473000000, "2026-01-15T10:30:00Z"),
        ({"format": ["iso", "unix"]}, 1768473000, "2026-01-15T10:30:00Z"),
        (PRAGUE, "15.01.2026 11:30", "2026-01-15T10:30:00Z"),
        (PRAGUE, "15.07.2026 11:30", "2026-07-15T09:30:00Z"),
        ({**PRAGUE, "ambiguous": "earlier"}, "26.10.2025 02:30", "2025-10-26T00:30:00Z"),
        ({**PRAGUE, "ambiguous": "later"}, "26.10.2025 02:30", "2025-10-26T01:30:00Z"),
        ({**PRAGUE, "nonexistent": "shift"}, "29.03.2026 02:30", "2026-03-29T01:30:00Z"),
    ],
)
def test_instant(declaration: dict[str, Any], value: Any, instant: str) -> None:
    """A time becomes the one instant it means."""
    assert compile_moments(declaration, ()).text(value) == instant


@pytest.mark.parametrize(
    ("declaration", "value", "reason"),
    [
        ({}, "2026-01-15T10:30:00", "names no zone"),
        ({}, "31.02.2026", "is not an ISO 8601 time"),
        ({}, 5, "is not text"),
        ({}, "x" * 65, "too long"),
        (PRAGUE, "31.02.2026 10:00", "is not a time written as"),
        (PRAGUE, "26.10.2025 02:30", "happened twice"),
        (PRAGUE, "29.03.2026 02:30", "never was"),
        ({"format": "unix"}, True, "is not a Unix time"),
        ({"format": "unix"}, 1e300, "beyond the calendar"),
        ({"format": "unix"}, 0, "outside"),
        ({"format": "unix"}, "soon", "is not a Unix time"),
        ({"zone": "UTC"}, "9999-12-31T23:59:59", "outside"),
    ],
)
def test_refused(declaration: dict[str, Any], value: Any, reason: str) -> None:
    """What has no one meaning is refused, not guessed."""
    with pytest.raises(ValueError, match=reason):
        compile_moments(declaration, ()).parse(value)


@pytest.mark.parametrize(
    "declaration", [{"format": "american"}, {"zone": "Europe/Kladno"}, {"zone": "../etc/passwd"}]
)
def test_wrong_declaration(declaration: dict[str, Any]) -> None:
    """Unknown formats and zones are mistakes of the mapping."""
    with pytest.raises(MappingProblem):
        compile_moments(declaration, ())


@given(st.one_of(st.text(max_size=70), st.floats(), st.integers(), st.none(), st.booleans()))
def test_any_value_is_a_time_or_refused(value: Any) -> None:
    """Nothing but ValueError comes out of any value."""
    moments = compile_moments({"format": ["iso", "unix", "%Y%m%d", "unix_ms"], "zone": "Europe/Prague"}, ())
    try:
        found = moments.parse(value)
    except ValueError:
        return

    assert found.tzinfo is UTC


@pytest.mark.parametrize(("hours", "fits"), [(23, True), (25, False), (-1000, True), (-3000, False)])
def test_window(hours: int, fits: bool) -> None:
    """A time too far ahead of its arrival, or too old where that is declared, is refused."""
    window = Window(behind=timedelta(hours=2000))
    received = datetime(2026, 1, 1, tzinfo=UTC)
    try:
        window.require(received + timedelta(hours=hours), received)
        found = True
    except ValueError:
        found = False

    assert found is fits
