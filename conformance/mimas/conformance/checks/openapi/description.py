"""The description by the validator of its own standard, and live answers by the schemas it describes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...probe import Probe
from ...rdf.contexts import refuse_deep
from ...verdicts import CheckError, Failure, NotTested, fail_if_any
from ..data.schemas import json_schema, response_schema
from ..data.sources import JSON, api_description, listing_paths
from ..declaration import check

MECHANISM = "openapi-rest"
_VERSIONS = ("3.0", "3.1", "3.2")


@check("OPENAPI.description-is-valid", requirement="MIM2-R3.4", mechanism=MECHANISM, clause="OpenAPI 3.x")
def description_is_valid(probe: Probe) -> None:
    """The description is valid OpenAPI 3, schemas included, and describes at least one path."""
    from openapi_spec_validator import OpenAPIV30SpecValidator, OpenAPIV31SpecValidator  # late: half a second

    document = api_description(probe)
    refuse_deep(document)
    version = str(document.get("openapi", ""))
    if not version.startswith(_VERSIONS):
        raise Failure(
            f"The description says openapi {version or document.get('swagger')!r}.",
            mend="Publish OpenAPI 3.1.",
        )
    if not document.get("paths"):
        raise Failure("The description has no path.", mend="Describe what is served.")
    elsewhere = [each for each in _references(document) if not each.startswith("#")]
    if elsewhere:
        raise CheckError(f"The description refers to other files, which are not followed: {elsewhere[:3]}.")
    kind = OpenAPIV30SpecValidator if version.startswith("3.0") else OpenAPIV31SpecValidator
    try:
        errors = [_said(each) for each, _ in zip(kind(document).iter_errors(), range(10), strict=False)]
    except (RecursionError, LookupError, TypeError, ValueError, AttributeError) as error:
        raise Failure(
            f"The description cannot be followed: {type(error).__name__}: {error!s:.120}"
        ) from error
    fail_if_any(errors, "The description is not valid: {}.", mend="Mend it with any OpenAPI validator.")


@check("OPENAPI.answers-are-as-described", requirement="MIM2-R3.4", mechanism=MECHANISM, clause="OpenAPI 3.x")
def answers_are_as_described(probe: Probe) -> None:
    """What GET without parameters answers is valid by the schema that the description gives for it."""
    document, judged, faults = api_description(probe), 0, []
    for path in listing_paths(probe):
        schema = response_schema(document, path)
        answer = probe.read(path, Accept=JSON)
        if schema is None or answer.status != 200 or "json" not in answer.media_type:
            continue
        judged += 1
        whole = {**schema, "components": document.get("components", {})}
        old = str(document.get("openapi", "")).startswith("3.0")
        described = json_schema(probe, whole, "urn:openapi:answer", f"the description of {path}", old=old)
        faults += [f"{path}: {each}" for each in described.errors_in(answer.json())]
    if not judged:
        raise NotTested("No path can be called without parameters and has a JSON schema.")
    fail_if_any(
        faults, "Answers that are not as described: {}.", mend="Mend the answers, or the description."
    )


def _references(part: Any) -> Iterator[str]:
    waiting = [part]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            if isinstance(each.get("$ref"), str):
                yield each["$ref"]
            waiting += each.values()
        elif isinstance(each, list):
            waiting += each


def _said(error: Any) -> str:
    place = "/".join(map(str, getattr(error, "absolute_path", ()) or ())) or "document"
    return f"{place}: {error.message[:160]}"
