"""Examples in the description: there are some, they fit, and they work (MIM0 best practice, mechanism 1)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...verdicts import Failure, NotTested
from .collections import Rest, rest
from .described import MIM0_1, called
from .description import Operation, mapping
from .schemas import first_error


@rest("description.examples-everywhere", "MIM0-M1-example", clause=MIM0_1)
def examples_everywhere(rest: Rest) -> None:
    """Every operation has an example: of its request body, its response or a parameter."""
    without = [str(each) for each in rest.description.operations() if not _has_example(rest, each)]
    if without:
        raise Failure(f"Without an example: {', '.join(without[:10])}.", mend="Give each operation one.")


def _has_example(rest: Rest, operation: Operation) -> bool:
    media = [
        *mapping(rest.description.resolve(operation.definition.get("requestBody")).get("content")).values()
    ]
    for response in rest.description.responses(operation).values():
        media += mapping(response.get("content")).values()
    return any(next(rest.description.examples(each), None) is not None for each in media) or any(
        rest.description.values_of(each) for each in operation.parameters
    )


@rest(
    "description.examples-fit-their-schemas",
    "MIM0-BP07-examples",
    level="SHOULD",
    clause="OpenAPI 3.1.1, 4.8.14",
)
def examples_fit(rest: Rest) -> None:
    """Examples fit the schemas beside them."""
    looked = 0
    for where, media in _media(rest):
        schema = mapping(media).get("schema")
        for example in rest.description.examples(media) if schema is not None and "json" in where else ():
            looked += 1
            error = first_error(rest, schema, example)
            if error:
                raise Failure(f"An example of {where} does not fit its schema: {error}", mend="Correct it.")
    if not looked:
        raise Failure("No operation has a JSON example.", mend="Give examples of requests and responses.")


def _media(rest: Rest) -> Iterator[tuple[str, Any]]:
    for operation in rest.description.operations():
        body = rest.description.resolve(operation.definition.get("requestBody"))
        yield from ((f"{operation} {name}", media) for name, media in mapping(body.get("content")).items())
        for status, response in rest.description.responses(operation).items():
            content = mapping(response.get("content"))
            yield from ((f"{operation} {status} {name}", media) for name, media in content.items())


@rest("description.example-requests-work", "MIM0-BP07-examples", level="SHOULD")
def example_requests(rest: Rest) -> None:
    """A GET with the example values of its parameters is answered with success."""
    looked = 0
    for operation, answer in called(rest):
        if answer is None or not operation.parameters:
            continue
        looked += 1
        if answer.status >= 400 and answer.status not in (401, 403):
            raise Failure(f"{answer} to {operation} with its own examples.", mend="Take examples that exist.")
    if not looked:
        raise NotTested("No GET has parameters with examples.")
