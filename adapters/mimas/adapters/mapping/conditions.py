"""The accept guard: declared conditions that a record must meet; all of them, no expressions."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .expressions import compile_expression
from .problems import MappingProblem, Place
from .scope import MISSING, Getter, Scope

MAX_SUBJECT = 256
MAX_OPEN_REPEATS = 3

Condition = Callable[[Scope], bool]
Test = Callable[[Any], bool]


def compile_conditions(declarations: Sequence[Mapping[str, Any]], place: Place) -> Condition:
    """One function that says whether a record meets every declared condition."""
    conditions = [_compile_one(each, (*place, index)) for index, each in enumerate(declarations)]
    if len(conditions) == 1:
        return conditions[0]
    return lambda scope: all(condition(scope) for condition in conditions)


def compile_pattern(text: str, place: Place) -> re.Pattern[str]:
    """A regular expression that cannot run away: no repeated groups, no back-references, few open repeats."""
    if len(text) > 200:
        raise MappingProblem(place, "the pattern is longer than 200 characters")
    plain = re.sub(r"\\[^1-9]|\[\^?\]?(?:\\.|[^\]])*\]", "x", text)
    if re.search(r"\)[*+{?]|\\[1-9]|\(\?(?!:)", plain):
        raise MappingProblem(
            place, "repeated groups and back-references are not allowed", "use like: with * and ?"
        )
    if len(re.findall(r"[*+]|\{\d*,\d*\}", plain)) > MAX_OPEN_REPEATS:
        raise MappingProblem(place, f"more than {MAX_OPEN_REPEATS} open repeats", "use like: with * and ?")
    try:
        return re.compile(text)
    except (re.error, OverflowError, RecursionError) as error:
        raise MappingProblem(place, f"this is not a pattern: {error}") from error


def _compile_one(declaration: Mapping[str, Any], place: Place) -> Condition:
    get: Getter = compile_expression(declaration, place)
    tests = [_TESTS[name](content, (*place, name)) for name, content in declaration.items() if name in _TESTS]
    if not tests:
        raise MappingProblem(place, "the condition tests nothing", f"add one of {', '.join(_TESTS)}")
    if len(tests) == 1:
        only = tests[0]
        return lambda scope: only(get(scope))
    return lambda scope: _holds(get(scope), tests)


def _holds(value: Any, tests: list[Test]) -> bool:
    return all(test(value) for test in tests)


def _equal(left: Any, right: Any) -> bool:
    """JSON equality: `true` is not 1."""
    return left == right and isinstance(left, bool) == isinstance(right, bool)


def _number(value: Any) -> float | None:
    if isinstance(value, str):
        try:
            return float(value.strip().replace(",", "."))
        except ValueError:
            return None
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _at_least(limit: float, place: Place) -> Test:
    return lambda value: (number := _number(value)) is not None and number >= limit


def _at_most(limit: float, place: Place) -> Test:
    return lambda value: (number := _number(value)) is not None and number <= limit


def _like(pattern: str, place: Place) -> Test:
    matches = re.compile(fnmatch.translate(pattern)).match
    return lambda value: isinstance(value, str) and len(value) <= MAX_SUBJECT and matches(value) is not None


def _matches(pattern: str, place: Place) -> Test:
    matches = compile_pattern(pattern, place).fullmatch
    return lambda value: isinstance(value, str) and len(value) <= MAX_SUBJECT and matches(value) is not None


def _is_in(members: Sequence[Any], place: Place) -> Test:
    return lambda value: any(_equal(value, member) for member in members)


_TESTS: dict[str, Callable[[Any, Place], Test]] = {
    "is": lambda wanted, place: lambda value: _equal(value, wanted),
    "is_not": lambda wanted, place: lambda value: not _equal(value, wanted),
    "in": _is_in,
    "not_in": lambda members, place: lambda value: not any(_equal(value, member) for member in members),
    "exists": lambda wanted, place: lambda value: (value is not MISSING and value is not None) == wanted,
    "at_least": _at_least,
    "at_most": _at_most,
    "like": _like,
    "matches": _matches,
}
