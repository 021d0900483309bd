"""Value expressions: where a value comes from. A plain string is a path."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .paths import compile_column, compile_path, compile_query
from .problems import MappingProblem, Place
from .scope import MISSING, Getter, Scope
from .templates import compile_template, compile_variable

SOURCES = ("path", "column", "query", "value", "text", "variable", "first")


def compile_expression(declaration: str | Mapping[str, Any], place: Place) -> Getter:
    """A getter for `declaration`: exactly one of `SOURCES`."""
    if isinstance(declaration, str):
        return compile_path(declaration, place)
    given = [name for name in SOURCES if name in declaration]
    if len(given) != 1:
        wrong = (
            "nothing says where the value comes from"
            if not given
            else f"{' and '.join(given)} exclude each other"
        )
        raise MappingProblem(place, wrong, f"give exactly one of {', '.join(SOURCES)}")
    kind = given[0]
    content = declaration[kind]
    at = (*place, kind)
    match kind:
        case "path":
            return compile_path(content, at)
        case "column":
            return compile_column(content)
        case "query":
            return compile_query(content, at)
        case "text":
            return compile_template(content, at, encode=False)
        case "variable":
            return compile_variable(content)
        case "first":
            return _first([compile_expression(each, (*at, index)) for index, each in enumerate(content)])
        case _:
            return lambda scope: content


def _first(getters: list[Getter]) -> Getter:
    """A getter for the first value that is there."""

    def get(scope: Scope) -> Any:
        for getter in getters:
            value = getter(scope)
            if value is not MISSING and value is not None:
                return value
        return MISSING

    return get


def describe_expression(declaration: str | Mapping[str, Any]) -> str:
    """How a reader finds the value in the message: the path, column or variable."""
    if isinstance(declaration, str):
        return declaration
    if "first" in declaration:
        return " or ".join(describe_expression(each) for each in declaration["first"])[:300]
    return next((str(declaration[name])[:300] for name in SOURCES if name in declaration), "?")
