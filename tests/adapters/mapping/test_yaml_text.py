"""YAML as mappings use it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mimas.adapters.mapping.problems import MappingError
from mimas.adapters.mapping.yaml_text import MAX_BYTES, read_yaml


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: no", {"a": "no"}),
        ("NO: on", {"NO": "on"}),
        ("a: 2026-01-01", {"a": "2026-01-01"}),
        ("a: 12:30", {"a": "12:30"}),
        ("a: 010", {"a": "010"}),
        ("a: 1_000", {"a": "1_000"}),
        ("a: [1, -2.5, 1e3, true, ~]", {"a": [1, -2.5, 1000.0, True, None]}),
        ("\ufeffa: b", {"a": "b"}),
        ("", None),
    ],
)
def test_plain_data_without_surprises(text: str, value: Any) -> None:
    """Only JSON's types come out, and only where they are written as such."""
    found, _ = read_yaml(text.encode(), "m")

    assert found == value


@pytest.mark.parametrize(
    ("text", "reason", "line"),
    [
        (b"a: 1\nb: 2\na: 3", "stands twice", 3),
        (b"a: &x [1]\nb: *x", "aliases are not allowed", 2),
        (b"a: !!python/object:os.system x", "is not plain data", 1),
        (b"a: !!int x", "is not plain data", 1),
        (b"? [a]\n: b", "must be plain text", 1),
        (b"a: [", "expected", 1),
        (b"\xff", "is not UTF-8", None),
        (b"[" * 100_000, "nested too deeply", 1),
        (b"a: " + b"[" * 50 + b"]" * 50, "nested too deeply", 1),
        (b"#" * (MAX_BYTES + 1), "larger than", None),
    ],
)
def test_refused(text: bytes, reason: str, line: int | None) -> None:
    """What is dangerous or ambiguous is refused with its line."""
    with pytest.raises(MappingError) as caught:
        read_yaml(text, "m")

    problem = caught.value.problems[0]
    assert (reason in problem.reason, problem.line) == (True, line)


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(text: bytes) -> None:
    """No bytes lead to anything but data or a MappingError."""
    try:
        read_yaml(text, "m")
    except MappingError as error:
        assert error.problems
