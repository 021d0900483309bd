"""The accept guard."""

from __future__ import annotations

import time
from typing import Any

import pytest

from mimas.adapters.mapping.conditions import compile_conditions, compile_pattern
from mimas.adapters.mapping.problems import MappingProblem
from mimas.adapters.mapping.scope import Scope


@pytest.mark.parametrize(
    ("condition", "value", "holds"),
    [
        ({"is": 1}, 1, True),
        ({"is": 1}, True, False),
        ({"is": "a"}, "b", False),
        ({"is_not": 0}, 0.0, False),
        ({"is_not": 0}, 5, True),
        ({"in": ["a", "b"]}, "b", True),
        ({"not_in": ["a", "b"]}, "b", False),
        ({"exists": True}, None, False),
        ({"exists": False}, None, True),
        ({"at_least": 3}, "3,5", True),
        ({"at_least": 3}, 2, False),
        ({"at_least": 3, "at_most": 4}, 5, False),
        ({"at_most": 3}, "x", False),
        ({"like": "em*-?"}, "em310-a", True),
        ({"like": "em*"}, 5, False),
        ({"matches": "[A-Z]{2}[0-9]+"}, "AB12", True),
        ({"matches": "[A-Z]{2}"}, "AB1", False),
    ],
)
def test_condition(condition: dict[str, Any], value: Any, holds: bool) -> None:
    """Each test says whether a value passes."""
    test = compile_conditions([{"path": "v", **condition}], ())

    assert test(Scope({"v": value}, None)) is holds


def test_all_conditions_must_hold() -> None:
    """The conditions of a list are joined by and."""
    test = compile_conditions([{"path": "a", "is": 1}, {"path": "b", "exists": True}], ())

    assert [test(Scope(record, None)) for record in ({"a": 1, "b": 2}, {"a": 1}, {"b": 2})] == [
        True,
        False,
        False,
    ]


def test_condition_that_tests_nothing() -> None:
    """A condition without a test is a mistake."""
    with pytest.raises(MappingProblem):
        compile_conditions([{"path": "a"}], ())


@pytest.mark.parametrize(
    "pattern", ["(a+)+", "(a|b)*c", r"(.)\1", "a*b*c*d*", "(", "x" * 201, "(?=a)b", "(a){9}"]
)
def test_runaway_pattern(pattern: str) -> None:
    """Patterns that could take very long are refused when the mapping is loaded."""
    with pytest.raises(MappingProblem):
        compile_pattern(pattern, ())


def test_pattern_is_quick_at_its_worst() -> None:
    """The slowest pattern that is allowed answers within a second for the longest value."""
    pattern = compile_pattern("a*a*a*b", ())
    begun = time.perf_counter()
    pattern.fullmatch("a" * 256)

    assert time.perf_counter() - begun < 1
