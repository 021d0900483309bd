"""Counters that must not fall."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from mimas.adapters.counters import Counters
from mimas.adapters.messages import CounterReading, MessageRejected


def reading(value: float, hour: int, **rules: float) -> CounterReading:
    return CounterReading("urn:m", "energy", value, datetime(2026, 1, 1, hour, tzinfo=UTC), **rules)


def known(value: float, hour: int) -> Counters:
    counters = Counters()
    instance = {"type": "Property", "value": value, "observedAt": f"2026-01-01T{hour:02}:00:00Z"}
    counters.learn(reading(0, 0), {"id": "urn:m", "energy": instance})
    return counters


@pytest.mark.parametrize(
    "each",
    [
        reading(100, 5),
        reading(101, 6),
        reading(5, 4),
        reading(99.6, 6, tolerance=0.5),
        reading(3, 6, restart_below=10),
    ],
)
def test_accepted(each: CounterReading) -> None:
    """Equal, higher, late, within the tolerance, or begun again."""
    known(100, 5).check([each])


@pytest.mark.parametrize(
    "each", [reading(99, 6), reading(99, 6, tolerance=0.5), reading(50, 6, restart_below=10)]
)
def test_refused(each: CounterReading) -> None:
    """A newer value that is lower is refused with both values."""
    with pytest.raises(MessageRejected, match="is below 100"):
        known(100, 5).check([each])


def test_unknown_until_learnt() -> None:
    """What the store says is asked for once; an entity that is not there may begin anywhere."""
    counters = Counters()
    before = counters.unknown([reading(1, 1)])
    counters.learn(reading(1, 1), None)

    assert (before, counters.unknown([reading(1, 1)])) == ({"urn:m"}, set())


def test_refused_together() -> None:
    """When one reading of a record is refused, none of it moves a counter."""
    counters = known(100, 5)
    with pytest.raises(MessageRejected):
        counters.check([reading(200, 6), reading(1, 6)])

    counters.check([reading(101, 7)])
