"""The steps a value goes through, always in this order.

default, type, enum map, scale, offset, unit, round, range; what comes after (monotonic) needs to know
the entity and is checked by `counters`. The order in the file does not matter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..messages import MessageRejected
from .moments import Moments
from .numerals import parse_number
from .problems import MappingProblem, Place
from .scope import MISSING
from .units import compile_conversion, require_unit

NUMERIC = frozenset({"scale", "offset", "unit", "round", "range", "monotonic"})
MAX_TEXT = 10_000
_NUMBERS = (float, int)

Step = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Reading:
    """How the values of a payload are written: its decimal sign, its words for "no value", its clock."""

    decimal: str = "."
    missing: frozenset[str] = frozenset({""})
    moments: Moments = field(default_factory=Moments)
    thousands: str = ""


@dataclass(frozen=True, slots=True)
class Steps:
    """The compiled steps of one value: `run` gives the value, or MISSING when there is none to give."""

    run: Step
    unit_code: str | None


def compile_steps(declaration: Mapping[str, Any], reading: Reading, spot: str, place: Place) -> Steps:
    """The steps declared in `declaration`; `spot` names the value in refusals."""
    kind = _kind(declaration, place)
    steps = [_default(declaration, reading, spot), _type(kind, declaration, reading, spot)]
    if "map" in declaration:
        steps.append(_enum(declaration, spot))
    unit_code, conversion = _unit(declaration, place)
    steps.extend(_arithmetic(declaration, conversion, spot))
    pipeline = tuple(steps)
    # What is a number already needs no reading; NaN compares false and takes the long way.
    after_reading = tuple(steps[2:]) if kind == "number" and "map" not in declaration else None

    def run(value: Any) -> Any:
        rest = pipeline
        if after_reading is not None and type(value) in _NUMBERS and -1e300 < value < 1e300:
            rest = after_reading
        for step in rest:
            value = step(value)
            if value is MISSING:
                return MISSING
        return value

    return Steps(run, unit_code)


def _kind(declaration: Mapping[str, Any], place: Place) -> str:
    """The declared type: what the value is when it comes in; numeric steps imply a number."""
    numeric = sorted(NUMERIC & declaration.keys())
    mapped = "map" in declaration
    kind: str = declaration.get("type", "number" if numeric and not mapped else "any")
    if numeric and not mapped and kind not in ("number", "integer"):
        raise MappingProblem(place, f"{', '.join(numeric)} need a number, not {kind}", "write type: number")
    if numeric and mapped and not all(_is_number(each) for each in _map_targets(declaration)):
        raise MappingProblem((*place, "map"), f"{', '.join(numeric)} need numbers on the right side of map")
    return kind


def _map_targets(declaration: Mapping[str, Any]) -> list[Any]:
    otherwise = [declaration["otherwise"]] if "otherwise" in declaration else []
    return [*declaration["map"].values(), *otherwise]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _default(declaration: Mapping[str, Any], reading: Reading, spot: str) -> Step:
    default = declaration.get("default", MISSING)
    required = declaration.get("required", False)
    missing = frozenset(declaration["missing"]) if "missing" in declaration else reading.missing

    def step(value: Any) -> Any:
        if (
            value is not MISSING
            and value is not None
            and not (isinstance(value, str) and value.strip() in missing)
        ):
            return value
        if default is MISSING and required:
            raise MessageRejected("value", spot, "there is no value", "the mapping says it is required")
        return default

    return step


def _type(kind: str, declaration: Mapping[str, Any], reading: Reading, spot: str) -> Step:
    convert = _CONVERSIONS[kind](declaration.get("decimal", reading.decimal), reading.moments)
    if reading.thousands and kind in ("number", "integer"):
        convert = _ungrouped(convert, reading.thousands)

    def step(value: Any) -> Any:
        try:
            return convert(value)
        except ValueError as error:
            raise MessageRejected("value", spot, str(error), f"the mapping expects {kind}") from error

    return step


def _ungrouped(convert: Step, sign: str) -> Step:
    """Numbers as text without the declared sign between thousands."""
    return lambda value: convert(value.replace(sign, "") if isinstance(value, str) else value)


def _enum(declaration: Mapping[str, Any], spot: str) -> Step:
    table: Mapping[str, Any] = declaration["map"]
    otherwise = declaration.get("otherwise", MISSING)

    def step(value: Any) -> Any:
        word = str(value).lower() if isinstance(value, bool) else str(value)
        if word in table:
            return table[word]
        if otherwise is not MISSING:
            return otherwise
        raise MessageRejected(
            "value", spot, f"{word[:60]!r} is not in the map", "add it to map, or give otherwise"
        )

    return step


def _unit(declaration: Mapping[str, Any], place: Place) -> tuple[str | None, Callable[[float], float] | None]:
    unit = declaration.get("unit")
    if unit is None:
        return None, None
    if isinstance(unit, str):
        return require_unit(unit, (*place, "unit")), None
    source = require_unit(unit["from"], (*place, "unit", "from"))
    target = require_unit(unit["to"], (*place, "unit", "to"))
    return target, compile_conversion(source, target, (*place, "unit"))


def _arithmetic(
    declaration: Mapping[str, Any], conversion: Callable[[float], float] | None, spot: str
) -> list[Step]:
    steps: list[Step] = []
    if "scale" in declaration:
        scale = declaration["scale"]
        steps.append(lambda value: value * scale)
    if "offset" in declaration:
        offset = declaration["offset"]
        steps.append(lambda value: value + offset)
    if conversion:
        steps.append(conversion)
    if "round" in declaration:
        digits = declaration["round"]
        steps.append(lambda value: round(value, digits) if digits else round(value))
    if steps:
        steps.append(_finite(spot))
    if "range" in declaration:
        steps.append(_range(declaration["range"], spot))
    return steps


def _finite(spot: str) -> Step:
    def step(value: Any) -> Any:
        try:
            return parse_number(value, ".")
        except ValueError as error:
            raise MessageRejected("value", spot, f"the result {error}") from error

    return step


def _range(limits: Mapping[str, Any], spot: str) -> Step:
    low, high = limits.get("min", float("-inf")), limits.get("max", float("inf"))
    omit = limits.get("otherwise") == "omit"

    def step(value: Any) -> Any:
        if low <= value <= high:
            return value
        if omit:
            return MISSING
        raise MessageRejected(
            "value", spot, f"{value} is outside {low} to {high}", "check the meter, or the range"
        )

    return step


def _to_number(decimal: str, _moments: Moments) -> Step:
    return lambda value: (
        value if type(value) is float and abs(value) < 1e300 else parse_number(value, decimal)
    )


def _to_integer(decimal: str, _moments: Moments) -> Step:
    def convert(value: Any) -> int:
        number = parse_number(value, decimal)
        if number != int(number):
            raise ValueError(f"{number} is not a whole number")
        return int(number)

    return convert


def _to_text(_decimal: str, _moments: Moments) -> Step:
    def convert(value: Any) -> str:
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise ValueError("is neither text nor a number")
        text = value if isinstance(value, str) else repr(value)
        if len(text) > MAX_TEXT:
            raise ValueError(f"is longer than {MAX_TEXT} characters")
        return text

    return convert


def _to_boolean(_decimal: str, _moments: Moments) -> Step:
    words = {"true": True, "1": True, "false": False, "0": False}

    def convert(value: Any) -> bool:
        if isinstance(value, str | int) and (word := str(value).strip().lower()) in words:
            return words[word]
        raise ValueError("is not true, false, 1 or 0")

    return convert


def _to_datetime(_decimal: str, moments: Moments) -> Step:
    return moments.text


def _to_any(_decimal: str, _moments: Moments) -> Step:
    return lambda value: value


_CONVERSIONS: dict[str, Callable[[str, Moments], Step]] = {
    "number": _to_number,
    "integer": _to_integer,
    "text": _to_text,
    "boolean": _to_boolean,
    "datetime": _to_datetime,
    "any": _to_any,
}
