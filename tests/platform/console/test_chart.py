from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mimas.platform.console.chart import Point, Series, describe, draw_chart
from mimas.platform.console.scales import round_ticks, time_ticks

START = datetime(2019, 12, 24, tzinfo=UTC)
HOUR = timedelta(hours=1)
SVG = "{http://www.w3.org/2000/svg}"


def series(values: dict[int, float], **changes: Any) -> Series:
    points = [Point(START + hour * HOUR, value) for hour, value in values.items()]
    given: dict[str, Any] = {
        "title": "Energy <of> b58",
        "points": points,
        "start": START,
        "end": START + timedelta(days=1),
        "step": HOUR,
        "unit": "KWH",
        "amounts": True,
    }
    return Series(**given | changes)


def draw(drawn: Series) -> ElementTree.Element:
    return ElementTree.fromstring(draw_chart(drawn, width=800, height=300, chart_id="c"))


def test_amounts_are_bars_inside_the_drawing() -> None:
    """One bar a reading; none leaves the drawing."""
    bars = draw(series({0: 10, 1: 20, 23: 5})).findall(f".//{SVG}rect")
    edges = [(float(bar.get("x", 0)), float(bar.get("x", 0)) + float(bar.get("width", 0))) for bar in bars]

    assert len(bars) == 3
    assert all(0 <= left < right <= 800 for left, right in edges)


def test_a_line_breaks_where_readings_are_missing() -> None:
    """A gap is shown as a gap; a lone value is a dot."""
    root = draw(series({0: 5, 1: 6, 4: 7, 8: 1, 9: 2}, amounts=False, unit="CEL"))

    assert len(root.findall(f".//{SVG}polyline")) == 2
    assert len(root.findall(f".//{SVG}circle")) == 1


def test_a_chart_says_what_it_shows() -> None:
    """Title and description stand in for the picture, and count what is missing."""
    root = draw(series({0: 10, 5: 20}))
    labels = (root.get("aria-labelledby") or "").split()

    assert root.find(f"{SVG}title").text == "Energy <of> b58"  # type: ignore[union-attr]
    assert "between 10 and 20 kWh" in (root.find(f"{SVG}desc").text or "")  # type: ignore[union-attr]
    assert "22 of 24 steps have no reading" in describe(series({0: 10, 5: 20}))
    assert labels == ["c-title", "c-desc"]


@pytest.mark.parametrize("values", [{}, {0: 0}, {0: -5, 1: 5}, {0: 1e9}, {3: 0.0001}])
def test_any_values_can_be_drawn(values: dict[int, float]) -> None:
    """No readings, zeros, negatives, huge and tiny numbers make a picture as well."""
    root = draw(series(values, amounts=False))

    assert root.tag == f"{SVG}svg"


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [(0, 738.1, [0, 200, 400, 600, 800]), (-5, 12, [-5, 0, 5, 10, 15]), (0, 0, [0, 1])],
)
def test_value_ticks_are_round_numbers(low: float, high: float, ticks: list[float]) -> None:
    """Lines lie at 1, 2 or 5 times a power of ten, around all values."""
    assert round_ticks(low, high, 5) == ticks


@pytest.mark.parametrize(("days", "first"), [(1, "24 Dec"), (7, "24 Dec"), (56, "30 Dec"), (400, "Jan 2020")])
def test_time_ticks_fit_the_window(days: int, first: str) -> None:
    """Hours in a day, days in weeks, months in a year; never more than there is room for."""
    ticks = time_ticks(START, START + timedelta(days=days), 14, UTC)

    assert ticks[0][1] == first
    assert len(ticks) <= 15
