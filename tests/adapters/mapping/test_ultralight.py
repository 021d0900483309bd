"""FIWARE UltraLight 2.0."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mimas.adapters.mapping.ultralight import read_ultralight
from mimas.adapters.messages import MessageRejected


@pytest.mark.parametrize(
    ("text", "groups"),
    [
        ("d|25|h|60", [{"d": 25, "h": 60}]),
        ("t|-7.5\n", [{"t": -7.5}]),
        ("a|1e3", [{"a": 1000.0}]),
        ("2026-01-15T10:30:00Z|t|1", [{"TimeInstant": "2026-01-15T10:30:00Z", "t": 1}]),
        ("gps|1.2/3.4#t|10", [{"gps": "1.2/3.4"}, {"t": 10}]),
        ("s||t|1", [{"s": "", "t": 1}]),
        ("n|007", [{"n": 7}]),
        ("n|nan|i|Infinity", [{"n": "nan", "i": "Infinity"}]),
    ],
)
def test_groups(text: str, groups: list[dict[str, Any]]) -> None:
    """A group is pairs of name and value; an odd part in front is its time."""
    assert read_ultralight(text) == groups


@pytest.mark.parametrize("text", ["", "25", "d|1#", "|1", "t|1#x"])
def test_refused(text: str) -> None:
    """What has no pair of name and value is refused."""
    with pytest.raises(MessageRejected):
        read_ultralight(text)


@given(st.text(max_size=60))
def test_any_text_gives_groups_or_a_refusal(text: str) -> None:
    """No text makes the reader fail in another way."""
    try:
        groups = read_ultralight(text)
    except MessageRejected:
        return
    assert all(groups)
