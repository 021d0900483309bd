"""One attribute model becomes one function that finds what is wrong with a simplified value."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from .catalogue import AttributeModel

Fault = tuple[str, str]
"""What is wrong, and how to mend it."""
ValueCheck = Callable[[Any], Fault | None]

_DATE = r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"
_CLOCK = r"([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?(Z|[+-]([01]\d|2[0-3]):?[0-5]\d)"
_DATE_TIME = re.compile(rf"{_DATE}T{_CLOCK}")
_DURATION = re.compile(r"P(?=\w)(\d+Y)?(\d+M)?(\d+W)?(\d+D)?(T(\d+H)?(\d+M)?(\d+(\.\d{1,2})?S)?)?")
# GTFS counts on after midnight: a trip of the day before arrives at 25:05:00.
_SERVICE_TIME = re.compile(r"([0-3]\d|4[0-7]):[0-5]\d:[0-5]\d")
_GEOMETRIES = {"Point", "LineString", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon"}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_uri(value: Any) -> bool:
    return isinstance(value, str) and bool(urlsplit(value).scheme)


def _has_form(pattern: re.Pattern[str]) -> Callable[[Any], bool]:
    def claim(value: Any) -> bool:
        return isinstance(value, str) and pattern.fullmatch(value) is not None

    return claim


def _is_geometry(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and value.get("type") in _GEOMETRIES
        and isinstance(value.get("coordinates"), list)
    )


_CLAIMS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "any": (lambda value: True, "give any value"),
    "boolean": (lambda value: isinstance(value, bool), "give true or false, without quotes"),
    "date": (_has_form(re.compile(_DATE)), "give a date such as 2026-03-31"),
    "date-time": (_has_form(_DATE_TIME), "give date, time and zone, such as 2026-03-31T08:00:00Z"),
    "duration": (_has_form(_DURATION), "give a duration such as PT5M30S"),
    "geometry": (_is_geometry, "give a GeoJSON geometry: an object with type and coordinates"),
    "id": (_is_text, "give the identifier of an entity, a URI such as urn:ngsi-ld:Building:town-hall"),
    "integer": (
        lambda value: _is_number(value) and float(value).is_integer(),
        "give a whole number, without quotes",
    ),
    "list": (lambda value: isinstance(value, list), "give a list: [...]"),
    "mac": (
        _has_form(re.compile(r"([0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}")),
        "give six bytes: 0A:1B:2C:3D:4E:5F",
    ),
    "number": (_is_number, "give a number, without quotes"),
    "object": (lambda value: isinstance(value, dict), "give an object: {...}"),
    "service-time": (
        _has_form(_SERVICE_TIME),
        "give a time of GTFS such as 08:05:00, or 25:05:00 after midnight",
    ),
    "string": (_is_text, "give a text, in quotes"),
    "time": (_has_form(re.compile(_CLOCK)), "give a time with its zone, such as 08:00:00Z"),
    "uri": (_is_uri, "give a URI such as https://example.org/picture.jpg"),
}


def compile_check(attribute: AttributeModel) -> ValueCheck:
    """Return the check of one attribute; lists are checked item by item."""
    check_one = _compile_one(attribute)
    return _for_each(check_one, attribute.least) if attribute.is_list else check_one


def _for_each(check_one: ValueCheck, least: int) -> ValueCheck:
    def check_list(value: Any) -> Fault | None:
        if not isinstance(value, list):
            return "it is a list in the model", "put the value in a list: [...], also when it is only one"
        if len(value) < least:
            return f"the list holds {len(value)} items", f"give at least {least}, or leave the attribute out"
        return next((fault for item in value if (fault := check_one(item)) is not None), None)

    return check_list


def _compile_one(attribute: AttributeModel) -> ValueCheck:
    claims = [_CLAIMS[each] for each in attribute.types]
    is_right = claims[0][0] if len(claims) == 1 else lambda value: any(claim(value) for claim, _ in claims)
    mend = ", or ".join(text for _, text in claims)
    wanted = " or ".join(attribute.types)
    limited = bool(attribute.enum or attribute.minimum is not None or attribute.maximum is not None)

    def check_one(value: Any) -> Fault | None:
        if not is_right(value):
            return f"{_show(value)} is not of type {wanted}", mend
        if attribute.members and (fault := _check_members(attribute, value)) is not None:
            return fault
        return _check_limits(attribute, value) if limited else None

    return check_one


def _check_members(attribute: AttributeModel, value: dict[str, Any]) -> Fault | None:
    for member, type_name in attribute.members.items():
        if member in value:
            claim, mend = _CLAIMS[type_name]
            if not claim(value[member]):
                return f"{member}: {_show(value[member])} is not of type {type_name}", mend
    return None


def _check_limits(attribute: AttributeModel, value: Any) -> Fault | None:
    # Where a word or a number may stand, the enum is about the words.
    words_only = len(attribute.types) == 1 or isinstance(value, str)
    if attribute.enum and words_only and value not in attribute.enum:
        return f"{_show(value)} is not one of the model's values", f"use one of: {_join(attribute.enum)}"
    numbers = [value[name] for name in attribute.members if name in value] if attribute.members else [value]
    for number in numbers:
        if _is_number(number) and not _is_within(attribute, number):
            return f"{number} is out of range", f"give a number {_range(attribute)}"
    return None


def _is_within(attribute: AttributeModel, number: float) -> bool:
    return (attribute.minimum is None or number >= attribute.minimum) and (
        attribute.maximum is None or number <= attribute.maximum
    )


def _range(attribute: AttributeModel) -> str:
    if attribute.maximum is None:
        return f"of {attribute.minimum} or more"
    if attribute.minimum is None:
        return f"of {attribute.maximum} or less"
    return f"from {attribute.minimum} to {attribute.maximum}"


def _show(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _join(values: tuple[Any, ...]) -> str:
    shown = ", ".join(str(each) for each in values[:12])
    return shown if len(values) <= 12 else f"{shown} ... ({len(values)} values; see `mimas models show`)"
