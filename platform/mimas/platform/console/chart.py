"""A history as an SVG chart: bars for amounts, a line for everything else. Pure: points in, markup out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from markupsafe import Markup, escape

from .scales import round_ticks, time_ticks
from .words import number_text, unit_sign

_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 8, 28, 30


@dataclass(frozen=True, slots=True)
class Point:
    """The value of one step of time that begins at `time`; steps without readings have no point."""

    time: datetime
    value: float
    count: int = 1


@dataclass(frozen=True, slots=True)
class Series:
    """A window of history cut into equal steps."""

    title: str
    points: Sequence[Point]
    start: datetime
    end: datetime
    step: timedelta
    unit: str | None = None
    amounts: bool = False
    zone: tzinfo = UTC


def draw_chart(series: Series, *, width: int, height: int, chart_id: str) -> Markup:
    """Return the chart as accessible inline SVG, `width` x `height` in its own pixels."""
    plot = _Plot(series, width, height)
    parts = [
        f'<svg class="chart" viewBox="0 0 {width} {height}" role="img" '
        f'aria-labelledby="{chart_id}-title {chart_id}-desc" xmlns="http://www.w3.org/2000/svg">',
        f'<title id="{chart_id}-title">{escape(series.title)}</title>',
        f'<desc id="{chart_id}-desc">{escape(describe(series))}</desc>',
        *plot.value_lines(),
        *plot.time_marks(),
        *(plot.bars() if series.amounts else plot.line()),
        f'<line class="axis" x1="{_LEFT}" x2="{width - _RIGHT}" y1="{plot.zero:.1f}" y2="{plot.zero:.1f}"/>',
        f'<text class="unit" x="0" y="14">{escape(unit_sign(series.unit))}</text>',
        "</svg>",
    ]
    return Markup("".join(parts))  # noqa: S704 - every text above went through escape


def describe(series: Series) -> str:
    """What the chart shows in one or two sentences, for those who do not see it."""
    if not series.points:
        return "There are no readings in this window."
    values = [each.value for each in series.points]
    sign = unit_sign(series.unit)
    top = max(series.points, key=lambda each: each.value)
    words = (
        f"{len(values)} values between {number_text(min(values))} and {number_text(max(values))} {sign}, "
        f"highest on {top.time.astimezone(series.zone):%d %B %Y at %H:%M}."
    )
    steps = round((series.end - series.start) / series.step)
    missing = steps - len(values)
    return words + (f" {missing} of {steps} steps have no reading." if missing > 0 else "")


class _Plot:
    """The geometry of one chart."""

    def __init__(self, series: Series, width: int, height: int) -> None:
        self._series = series
        self._width, self._height = width, height
        values = [each.value for each in series.points] or [0.0, 1.0]
        low = min(values)
        self._ticks = round_ticks(min(0.0, low) if series.amounts or low >= 0 else low, max(*values, 0.0), 5)
        if not series.amounts and low > 0 and low > 0.5 * max(values):
            self._ticks = round_ticks(low, max(values), 5)
        self.zero = self._y(max(0.0, self._ticks[0]))

    def value_lines(self) -> list[str]:
        right = self._width - _RIGHT
        return [
            f'<line class="grid" x1="{_LEFT}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}"/>'
            f'<text class="tick" text-anchor="end" x="{_LEFT - 8}" y="{y + 4:.1f}">{number_text(tick)}</text>'
            for tick in self._ticks
            for y in [self._y(tick)]
        ]

    def time_marks(self) -> list[str]:
        series = self._series
        bottom = self._height - _BOTTOM
        most = max(2, (self._width - _LEFT - _RIGHT) // 62)
        return [
            f'<line class="mark" x1="{x:.1f}" x2="{x:.1f}" y1="{bottom}" y2="{bottom + 5}"/>'
            f'<text class="tick" text-anchor="{"start" if x < _LEFT + 20 else "middle"}" '
            f'x="{x:.1f}" y="{bottom + 20}">{escape(text)}</text>'
            for moment, text in time_ticks(series.start, series.end, most, series.zone)
            if (x := self._x(moment)) <= self._width - 24
        ]

    def bars(self) -> list[str]:
        series = self._series
        step = self._x(series.start + series.step) - _LEFT
        gap = min(2.0, step * 0.2)
        return ['<g class="bars">'] + [self._bar(each, step - gap) for each in series.points] + ["</g>"]

    def _bar(self, point: Point, width: float) -> str:
        y = self._y(point.value)
        top, height = min(y, self.zero), max(abs(self.zero - y), 0.5)
        return (
            f'<rect x="{self._x(point.time):.1f}" y="{top:.1f}" width="{width:.2f}" height="{height:.1f}">'
            f"<title>{escape(self._label(point))}</title></rect>"
        )

    def line(self) -> list[str]:
        """A line that breaks where a step has no reading; a lone value becomes a dot."""
        parts: list[str] = []
        for run in self._runs():
            places = [
                f"{self._x(each.time + self._series.step / 2):.1f},{self._y(each.value):.1f}" for each in run
            ]
            if len(places) == 1:
                x, y = places[0].split(",")
                parts.append(f'<circle class="dot" cx="{x}" cy="{y}" r="2"/>')
            else:
                parts.append(f'<polyline class="line" points="{" ".join(places)}"/>')
        return parts

    def _runs(self) -> list[list[Point]]:
        runs: list[list[Point]] = []
        for point in self._series.points:
            if runs and point.time - runs[-1][-1].time <= self._series.step:
                runs[-1].append(point)
            else:
                runs.append([point])
        return runs

    def _label(self, point: Point) -> str:
        local = point.time.astimezone(self._series.zone)
        moment = f"{local:%a %d %b %Y}"
        if self._series.step < timedelta(days=1):
            moment += f", {local:%H:%M}"
        return f"{moment}: {number_text(point.value)} {unit_sign(self._series.unit)}"

    def _x(self, moment: datetime) -> float:
        part = (moment - self._series.start) / (self._series.end - self._series.start)
        return _LEFT + part * (self._width - _LEFT - _RIGHT)

    def _y(self, value: float) -> float:
        low, high = self._ticks[0], self._ticks[-1]
        return _TOP + (high - value) / (high - low) * (self._height - _TOP - _BOTTOM)
