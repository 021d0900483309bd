"""The mapping's JSON Schema, and its findings as problems a person can mend."""

from __future__ import annotations

import difflib
from functools import cache
from importlib.resources import files
from typing import Any

import jsonschema
import orjson
from jsonschema.exceptions import ValidationError

from .problems import Place, Problem

Schema = dict[str, Any]


@cache
def mapping_schema() -> Schema:
    """The JSON Schema that ships with Mimas; editors can use it for completion."""
    schema: Schema = orjson.loads((files(__package__) / "mapping.schema.json").read_bytes())
    return schema


@cache
def _validator() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(mapping_schema())


def check_schema(data: Any) -> list[Problem]:
    """All that the schema finds wrong with `data`."""
    if not isinstance(data, dict):
        return [Problem((), "a mapping is a table of keys", "see docs/reference/mapping.md")]
    found = sorted(
        _validator().iter_errors(data), key=lambda error: [str(step) for step in error.absolute_path]
    )
    return [_problem(error) for error in found]


def _problem(error: ValidationError) -> Problem:
    error = _narrowest(error)
    place: Place = tuple(error.absolute_path)
    wanted: Any = error.validator_value
    instance: Any = error.instance
    match error.validator:
        case "additionalProperties":
            return _unknown_key(error, place)
        case "required":
            missing = [name for name in wanted if name not in instance]
            return Problem(place, f"{', '.join(missing)} must be given")
        case "enum":
            return Problem(place, f"{instance!r} is not known", f"one of {_listed(wanted)}")
        case "type":
            names = wanted if isinstance(wanted, str) else " or ".join(wanted)
            return Problem(place, f"must be {names}", "check the indentation" if instance is None else "")
        case "oneOf" | "anyOf" if not error.context:
            return Problem(place, "several ways are given at once", "keep one of them")
        case _:
            return Problem(place, error.message[:300])


def _narrowest(error: ValidationError) -> ValidationError:
    """Of the alternatives of a oneOf, the finding of the one that was meant: the one with the same type."""
    while error.context:
        meant = [
            each for each in error.context if not (each.validator == "type" and len(each.relative_path) == 0)
        ]
        error = max(meant or error.context, key=lambda each: len(each.absolute_path))
    return error


def _unknown_key(error: ValidationError, place: Place) -> Problem:
    known = list(error.schema.get("properties", {})) if isinstance(error.schema, dict) else []
    instance: Any = error.instance
    unknown = [key for key in instance if key not in known]
    near = difflib.get_close_matches(str(unknown[0]), known, n=1)
    mend = f"did you mean {near[0]}?" if near else f"known here: {_listed(known)}"
    return Problem((*place, unknown[0]), f"unknown key{'s' if unknown[1:] else ''} {_listed(unknown)}", mend)


def _listed(names: list[Any]) -> str:
    return ", ".join(str(name) for name in names)[:300]
