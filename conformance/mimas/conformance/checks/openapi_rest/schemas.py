"""Values against the schemas of a description, wherever these refer to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urljoin

from referencing import Registry, Resource
from referencing.exceptions import NoSuchResource, Unresolvable
from referencing.jsonschema import DRAFT202012

from ...verdicts import CheckError, Failure, NoAnswer, Outcome
from .collections import Rest


def first_error(rest: Rest, schema: Any, value: Any) -> str | None:
    """What is wrong with a value by a schema of the description; None when it fits.

    References that lead outside are fetched; one that leads nowhere is a CheckError.
    """
    from openapi_schema_validator import (  # takes long to import
        OAS30ReadValidator,
        OAS31Validator,
        oas30_format_checker,
        oas31_format_checker,
    )

    description = rest.description
    is_old = description.version.startswith("3.0")
    kind = OAS30ReadValidator if is_old else OAS31Validator
    registry: Registry[Any] = Registry(retrieve=lambda url: _retrieve(rest, url))  # type: ignore[call-arg]
    whole = DRAFT202012.create_resource(dict(description.document))
    registry = registry.with_resource(description.answer.url, whole)
    checker = oas30_format_checker if is_old else oas31_format_checker
    try:
        validator = kind(_based(schema, description.answer.url), registry=registry, format_checker=checker)
        error = next(validator.iter_errors(value), None)
    except Unresolvable as unknown:
        raise CheckError(f"A schema of the description refers to what is not there: {unknown}") from unknown
    except Outcome:
        raise
    except RecursionError as endless:
        raise CheckError("A schema of the description refers to itself without end.") from endless
    if error is None:
        return None
    return f"{'/'.join(map(str, error.absolute_path)) or 'the body'}: {error.message[:200]}"


def _based(schema: Any, url: str) -> Any:
    """The schema with its references made absolute, so that they are found in the whole description."""
    if isinstance(schema, Mapping):
        return {
            name: urljoin(url, value) if name == "$ref" and isinstance(value, str) else _based(value, url)
            for name, value in schema.items()
        }
    return [_based(each, url) for each in schema] if isinstance(schema, list) else schema


def _retrieve(rest: Rest, url: str) -> Resource[Any]:
    try:
        answer = rest.probe.fetch(url, accept="application/schema+json, application/json")
        return Resource.from_contents(answer.expect(200).json(), default_specification=DRAFT202012)
    except (Failure, NoAnswer) as error:
        raise NoSuchResource(ref=url) from error  # type: ignore[call-arg]
