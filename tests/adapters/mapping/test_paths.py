"""Paths, columns and queries."""

from __future__ import annotations

from typing import Any

import pytest

from mimas.adapters.mapping.expressions import compile_expression
from mimas.adapters.mapping.problems import MappingProblem
from mimas.adapters.mapping.scope import MISSING, Scope
from mimas.adapters.messages import MessageRejected

RECORD = {"a": {"b": [{"c": 1}, {"c": 2}], "d.e": 3, "n": None}, "x": 5, "Spotřeba kWh": 7}


def get(declaration: Any) -> Any:
    scope = Scope(RECORD, {"outer": 9}, {"v": "vv", "row": {"col": 4}})
    return compile_expression(declaration, ())(scope)


@pytest.mark.parametrize(
    ("declaration", "value"),
    [
        ("x", 5),
        ("a.b[1].c", 2),
        ("a.b[-1].c", 2),
        ("a.b[2].c", MISSING),
        ("a.missing.deeper", MISSING),
        ("x.y", MISSING),
        ('a."d.e"', 3),
        ("a.n", None),
        ("@", RECORD),
        ("$.outer", 9),
        ({"path": "x"}, 5),
        ({"column": "Spotřeba kWh"}, 7),
        ({"query": "sum(a.b[].c)"}, 3),
        ({"query": "nothing.here"}, MISSING),
        ({"value": {"k": 1}}, {"k": 1}),
        ({"variable": "v"}, "vv"),
        ({"variable": "row.col"}, 4),
        ({"variable": "unknown.col"}, MISSING),
        ({"text": "{v}/{row.col}"}, "vv/4"),
        ({"first": ["missing", "a.n", "x"]}, 5),
        ({"first": ["missing"]}, MISSING),
    ],
)
def test_expression(declaration: Any, value: Any) -> None:
    """Each way of saying where a value comes from finds it, or says that it is missing."""
    assert get(declaration) == value


@pytest.mark.parametrize("path", [".a", "a..b", "a[", "a[x]", "a b", "", "a[1", "1a"])
def test_wrong_path(path: str) -> None:
    """A path that cannot be read is refused when the mapping is loaded."""
    with pytest.raises(MappingProblem):
        compile_expression({"path": path}, ())


@pytest.mark.parametrize("query", ["a[", "foo(", "@@", "x" * 501])
def test_wrong_query(query: str) -> None:
    """So is a JMESPath expression."""
    with pytest.raises(MappingProblem):
        compile_expression({"query": query}, ())


def test_query_that_fails_rejects() -> None:
    """A function applied to the wrong type rejects the message, not the mapping."""
    with pytest.raises(MessageRejected, match="JMESPathTypeError"):
        get({"query": "sum(x)"})


@pytest.mark.parametrize("declaration", [{}, {"path": "x", "value": 1}])
def test_exactly_one_origin(declaration: dict[str, Any]) -> None:
    """A value comes from exactly one place."""
    with pytest.raises(MappingProblem):
        compile_expression(declaration, ())
