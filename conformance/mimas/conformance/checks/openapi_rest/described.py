"""Whether the description is one, and tells the truth (MIM0 R1.3, R1.4, mechanism 1)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urljoin

import jsonschema

from ...answer import Answer
from ...session import origin_of
from ...verdicts import Failure, NotTested
from .collections import Rest, rest
from .description import Operation, gets, mapping, sequence
from .schemas import first_error

DESCRIBED = ("MIM0-R1.3", "MIM4-C11")
MIM0_1 = "MIM0 Mechanism 1"
# Parameters that services honour without saying so.
TYPICAL = {
    "limit": "1",
    "offset": "1",
    "page": "2",
    "pageSize": "1",
    "fields": "id",
    "format": "csv",
    "f": "csv",
    "q": "mimas",
}
TYPES = frozenset(
    {
        "application/vnd.oai.openapi+json",
        "application/vnd.oai.openapi+yaml",
        "application/vnd.oai.openapi",
        "application/openapi+json",
        "application/openapi+yaml",
        "application/json",
        "application/yaml",
        "application/x-yaml",
        "text/yaml",
        "text/x-yaml",
    }
)


@rest("description.is-valid", DESCRIBED, clause="OpenAPI 3.1.1, 4.8.1")
def valid(rest: Rest) -> None:
    """The description is valid by the published schema of its OpenAPI version, and has operations."""
    document, version = rest.description.document, rest.description.version
    if not version.startswith("3."):
        raise Failure(f"The description is of version {version!r}.", mend="Describe the API in OpenAPI 3.1.")
    from openapi_spec_validator.schemas import schema_v30, schema_v31, schema_v32  # takes long to import

    envelopes = {"3.0.": schema_v30, "3.2.": schema_v32}
    schema = dict(envelopes.get(version[:4], schema_v31))
    validator = jsonschema.validators.validator_for(schema)(schema)
    errors = sorted(validator.iter_errors(document), key=lambda error: len(error.absolute_path))
    if errors:
        where = "/".join(map(str, errors[0].absolute_path)) or "its root"
        raise Failure(
            f"The description is no OpenAPI {version} at {where}: {errors[0].message[:300]} "
            f"({len(errors)} mistakes).",
            mend="Validate it where it is made.",
        )
    if not list(rest.description.operations()):
        raise Failure("The description has no operation.", mend="Describe what can be called.")


@rest("description.is-of-this-service", DESCRIBED, clause="OpenAPI 3.1.1, 4.8.5")
def of_this_service(rest: Rest) -> None:
    """The servers that the description names are this service, not another product's."""
    answer, own = rest.description.answer, origin_of(rest.probe.interface.url)
    servers = [
        str(mapping(each).get("url", "")) for each in sequence(rest.description.document.get("servers"))
    ]
    places = [urljoin(answer.url, each) for each in servers if "{" not in each] or [answer.url]
    if (
        servers
        and not any(_origin(each) == own for each in places)
        and all("{" not in each for each in servers)
    ):
        raise Failure(
            f"The description at {answer.url} is of {', '.join(servers)}.",
            mend="Name this service in `servers`.",
        )


def _origin(url: str) -> str | None:
    try:
        return origin_of(url)
    except ValueError:
        return None


@rest("description.operations-answer", DESCRIBED, clause="OpenAPI 3.1.1, 4.8.10")
def operations_answer(rest: Rest) -> None:
    """Each described GET answers with a status and a media type that it is described with."""
    asked, left_out = 0, 0
    for operation, answer in called(rest):
        asked += answer is not None
        left_out += answer is None
        if answer is not None:
            _judge(rest, operation, answer)
    rest.probe.note("operations called", asked)
    rest.probe.note("operations without example parameters", left_out)
    if not asked:
        raise NotTested("No described GET can be called: no parameter has an example.")


def called(rest: Rest) -> Iterator[tuple[Operation, Answer | None]]:
    """Each described GET with its answer; None where a parameter has no example."""
    for operation in gets(rest.description)[:60]:
        url = rest.description.url(operation)
        yield operation, rest.probe.read(url, Accept="application/json, */*;q=0.5") if url else None


def _judge(rest: Rest, operation: Operation, answer: Answer) -> None:
    declared = rest.description.response(operation, answer.status)
    if answer.status in (404, 405, 501) or answer.status >= 500 or declared is None:
        raise Failure(
            f"{operation} is described; {answer}.",
            mend="Describe what there is, with examples that exist, and every status it can answer.",
        )
    media = {str(each).partition(";")[0].strip().lower() for each in mapping(declared.get("content"))}
    if media and answer.body and answer.media_type not in media and not media & {"*/*", "application/*"}:
        raise Failure(
            f"{answer} as {answer.media_type!r}; described are {', '.join(sorted(media))}.",
            mend="Serve what is described.",
        )


@rest("description.bodies-fit-their-schemas", DESCRIBED, clause="OpenAPI 3.1.1, 4.8.24")
def bodies_fit(rest: Rest) -> None:
    """The bodies of all described GETs fit the schemas they are described with."""
    looked = 0
    for operation, answer in called(rest):
        schema = _schema(rest, operation, answer)
        if answer is None or schema is None:
            continue
        looked += 1
        error = first_error(rest, schema, answer.json())
        if error:
            raise Failure(f"{answer} with a body that is not as described: {error}", mend="Correct either.")
    if not looked:
        raise NotTested("No answer has a schema it could be compared with.")


def _schema(rest: Rest, operation: Operation, answer: Answer | None) -> Any:
    if answer is None or answer.status >= 400 or not answer.media_type.endswith("json"):
        return None
    for name, media in rest.description.media(operation, answer.status).items():
        if str(name).partition(";")[0].strip().lower() == answer.media_type:
            return mapping(media).get("schema")
    return None


@rest("description.parameters-are-all-described", DESCRIBED, level="SHOULD", clause="OpenAPI 3.1.1, 4.8.12")
def parameters(rest: Rest) -> None:
    """No query parameter changes an answer without being described."""
    collection = rest.filled()
    if collection.operation.takes_any_parameter:
        return
    known = {name.lower() for name in collection.operation.query_names}
    plain, again = rest.get(collection.url), rest.get(collection.url)
    if plain.body != again.body:
        raise NotTested(f"{collection.url} never answers twice alike, so no parameter can be seen to work.")
    for name, value in TYPICAL.items():
        if name.lower() in known:
            continue
        answer = rest.get(collection.asking(**{name: value}))
        if (
            answer.status == 200
            and answer.body != plain.body
            and answer.body != rest.get(collection.url).body
        ):
            raise Failure(f"{answer}: `{name}` works, and is not described.", mend="Describe it.")


@rest("description.is-openapi-3-1", "MIM0-M1-openapi31", clause=MIM0_1)
def is_3_1(rest: Rest) -> None:
    """The description is OpenAPI 3.1 or newer, and labelled as JSON or YAML."""
    answer, version = rest.description.answer, rest.description.version
    if answer.media_type not in TYPES:
        raise Failure(
            f"{answer} with the description as {answer.media_type!r}.",
            mend="Send application/vnd.oai.openapi+json;version=3.1 or application/json.",
        )
    if not version.startswith("3.") or version.startswith("3.0"):
        raise Failure(f"The description is OpenAPI {version}.", mend="Publish it as OpenAPI 3.1.")
