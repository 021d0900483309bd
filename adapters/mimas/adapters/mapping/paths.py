"""Dotted paths (`object.energy[0].kWh`) compiled to getters; JMESPath for what they cannot say."""

from __future__ import annotations

import re
from typing import Any

import jmespath
import jmespath.exceptions

from ..messages import MessageRejected
from .problems import MappingProblem, Place
from .scope import MISSING, Getter, Scope

MAX_LENGTH = 500
_STEP = re.compile(r'\.?(?:([^\W\d][\w-]*)|"([^"]+)")|\[(-?\d{1,6})\]')
_OPTIONS = jmespath.Options()


def compile_path(text: str, place: Place) -> Getter:
    """A getter for a dotted path; `@` is the record, `$` in front means the whole payload."""
    whole = text == "$" or text.startswith("$.")
    steps = _parse_steps(text[2:] if whole else text, place) if text not in ("@", "$") else []
    if whole:
        return lambda scope: _walk(scope.payload, steps)
    match steps:
        case [str() as only]:
            return compile_column(only)
        case [str() as first, str() as second]:
            return _compile_pair(first, second)
        case _:
            return lambda scope: _walk(scope.record, steps)


def compile_column(name: str) -> Getter:
    """A getter for one member whose name may hold anything: a column's heading."""

    def get(scope: Scope) -> Any:
        record = scope.record
        return record.get(name, MISSING) if isinstance(record, dict) else MISSING

    return get


def _compile_pair(first: str, second: str) -> Getter:
    """The path of most values: a member of a member."""

    def get(scope: Scope) -> Any:
        record = scope.record
        inner = record.get(first) if isinstance(record, dict) else None
        return inner.get(second, MISSING) if isinstance(inner, dict) else MISSING

    return get


def compile_query(text: str, place: Place) -> Getter:
    """A getter for a JMESPath expression over the record."""
    if len(text) > MAX_LENGTH:
        raise MappingProblem(
            place, f"the expression is longer than {MAX_LENGTH} characters", "split it with let"
        )
    try:
        expression = jmespath.compile(text)
    except (jmespath.exceptions.JMESPathError, RecursionError) as error:
        raise MappingProblem(place, f"this is not JMESPath: {error}", "see jmespath.org") from error

    def search(scope: Scope) -> Any:
        try:
            found = expression.search(scope.record, _OPTIONS)
        except (
            jmespath.exceptions.JMESPathError,
            ArithmeticError,
            TypeError,
            ValueError,
            RecursionError,
        ) as error:
            raise MessageRejected("value", text, f"the expression failed: {type(error).__name__}") from error
        return MISSING if found is None else found

    return search


def _parse_steps(text: str, place: Place) -> list[str | int]:
    steps: list[str | int] = []
    position = 0
    while position < len(text):
        step = _STEP.match(text, position)
        if step is None or (position == 0 and text[0] == "."):
            raise MappingProblem(
                place,
                f"{text!r} is not a path (at character {position + 1})",
                'write names with dots and [index]; put unusual names in "quotes", or use column:',
            )
        steps.append(step[1] or step[2] or int(step[3]))
        position = step.end()
    if not steps or len(steps) > 20:
        raise MappingProblem(place, "a path has between 1 and 20 steps")
    return steps


def _member(value: Any, name: str) -> Any:
    return value.get(name, MISSING) if isinstance(value, dict) else MISSING


def _walk(value: Any, steps: list[str | int]) -> Any:
    for step in steps:
        if isinstance(step, str):
            value = _member(value, step)
        elif isinstance(value, list) and -len(value) <= step < len(value):
            value = value[step]
        else:
            return MISSING
    return value
