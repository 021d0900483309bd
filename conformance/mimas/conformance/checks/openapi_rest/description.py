"""An OpenAPI description as data: its operations, what they ask for and what they promise.

A description is an answer of the target, so it may be anything: references outside it are fetched through the
guard, patterns that can run for ever are left out, and one that unfolds without end is not read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import quote, urlencode, urljoin, urlsplit

import orjson
import yaml

from ...answer import Answer
from ...identity import openapi_document
from ...probe import Probe
from ...session import origin_of
from ...verdicts import Failure, NotTested

METHODS = ("get", "head", "options", "post", "put", "patch", "delete")
MOST_NODES = 500_000
MOST_OPERATIONS = 200
_RUNAWAY = re.compile(r"[+*}][^()]*\)\s*[+*{]")
_PATH_WORD = re.compile(r"\{([^{}]+)\}")


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path. `parameters` are those of the path and its own, references resolved."""

    method: str
    path: str
    definition: Mapping[str, Any]
    parameters: tuple[Mapping[str, Any], ...]
    security: tuple[Mapping[str, Any], ...]

    def __str__(self) -> str:
        return f"{self.method.upper()} {self.path}"

    @property
    def is_restricted(self) -> bool:
        """Whether it asks for a credential: an empty requirement among several makes that optional."""
        return bool(self.security) and all(self.security)

    def parameter(self, name: str) -> Mapping[str, Any] | None:
        """A query parameter it describes."""
        return next(
            (each for each in self.parameters if (each.get("in"), each.get("name")) == ("query", name)), None
        )

    @property
    def query_names(self) -> list[str]:
        """The names of its query parameters."""
        return [str(each.get("name")) for each in self.parameters if each.get("in") == "query"]

    @property
    def takes_any_parameter(self) -> bool:
        """Whether a free-form query parameter declares that unknown names are looked past."""
        return any(
            each.get("in") == "query" and mapping(each.get("schema")).get("type") == "object"
            for each in self.parameters
        )


@dataclass(frozen=True, slots=True)
class Description:
    """The description and where it lies."""

    answer: Answer
    document: Mapping[str, Any]
    base: str

    @property
    def version(self) -> str:
        """The version of OpenAPI it is written in."""
        return str(self.document.get("openapi") or self.document.get("swagger"))

    def resolve(self, value: Any) -> Mapping[str, Any]:
        """The object itself, or what its local `$ref` leads to; empty for anything else."""
        for _ in range(10):
            found = mapping(value)
            reference = found.get("$ref")
            if not isinstance(reference, str) or not reference.startswith("#/"):
                return found
            value = self.at(reference)
        return {}

    def at(self, reference: str) -> Any:
        """What a local reference names; None when it names nothing."""
        place: Any = self.document
        for word in reference.removeprefix("#/").split("/"):
            place = mapping(place).get(word.replace("~1", "/").replace("~0", "~"))
        return place

    def operations(self) -> Iterator[Operation]:
        """All of them, in the order of the document."""
        general = self._security(self.document, ())
        count = 0
        for path, value in mapping(self.document.get("paths")).items():
            item = self.resolve(value)
            for method in METHODS:
                if isinstance(item.get(method), Mapping) and count < MOST_OPERATIONS:
                    count += 1
                    yield self._operation(method, str(path), item, general)

    def _operation(
        self, method: str, path: str, item: Mapping[str, Any], general: tuple[Mapping[str, Any], ...]
    ) -> Operation:
        definition = item[method]
        parameters = {
            (each.get("in"), each.get("name")): each
            for source in (item, definition)
            for each in map(self.resolve, sequence(source.get("parameters")))
        }
        return Operation(
            method, path, definition, tuple(parameters.values()), self._security(definition, general)
        )

    def _security(
        self, definition: Mapping[str, Any], general: tuple[Mapping[str, Any], ...]
    ) -> tuple[Mapping[str, Any], ...]:
        if not isinstance(definition.get("security"), list):
            return general
        return tuple(map(mapping, definition["security"]))

    def responses(self, operation: Operation) -> dict[str, Mapping[str, Any]]:
        """What an operation may answer, by status, `2XX` or `default`."""
        declared = mapping(operation.definition.get("responses"))
        return {str(status).upper(): self.resolve(value) for status, value in declared.items()}

    def response(self, operation: Operation, status: int) -> Mapping[str, Any] | None:
        """What it says of one status."""
        declared = self.responses(operation)
        return declared.get(str(status), declared.get(f"{status // 100}XX", declared.get("DEFAULT")))

    def media(self, operation: Operation, status: int = 200) -> Mapping[str, Any]:
        """The media types of a response with what it says of each."""
        return mapping(mapping(self.response(operation, status)).get("content"))

    def example(self, operation: Operation) -> Any:
        """The first JSON example of the request body; None when there is none."""
        body = self.resolve(operation.definition.get("requestBody"))
        for name, media in mapping(body.get("content")).items():
            if "json" in str(name):
                return next(self.examples(media), None)
        return None

    def examples(self, media: Any) -> Iterator[Any]:
        """The examples of a media type object: `example`, `examples`, or those of its schema."""
        media = self.resolve(media)
        schema = self.resolve(media.get("schema"))
        if "example" in media:
            yield media["example"]
        for each in map(self.resolve, mapping(media.get("examples")).values()):
            if "value" in each:
                yield each["value"]
        if "example" in schema:
            yield schema["example"]
        yield from sequence(schema.get("examples"))

    # -- URLs

    def values_of(self, parameter: Mapping[str, Any]) -> list[Any]:
        """Values that the description itself gives a parameter: examples, enumeration, default."""
        schema = self.resolve(parameter.get("schema"))
        given = [parameter["example"]] if "example" in parameter else []
        given += [
            each["value"]
            for each in map(self.resolve, mapping(parameter.get("examples")).values())
            if "value" in each
        ]
        given += [schema["example"]] if "example" in schema else []
        given += [*sequence(schema.get("examples")), *sequence(schema.get("enum"))]
        given += [schema["default"]] if "default" in schema else []
        return [each for number, each in enumerate(given) if each not in given[:number]]

    def url(self, operation: Operation, query: Mapping[str, Any] | None = None, **words: Any) -> str | None:
        """The operation's URL with examples for what it requires; None when an example is missing."""
        path, needed = operation.path, dict(words)
        asked: dict[str, Any] = {}
        for each in operation.parameters:
            name = str(each.get("name"))
            if each.get("in") == "path" and name not in needed:
                values = self.values_of(each)
                if not values:
                    return None
                needed[name] = values[0]
            if each.get("in") == "query" and each.get("required") and name not in (query or {}):
                values = self.values_of(each)
                if not values:
                    return None
                asked[name] = values[0]
        if set(_PATH_WORD.findall(path)) - needed.keys():
            return None
        filled = _PATH_WORD.sub(lambda found: quote(str(needed[found[1]]), safe=""), path)
        words_asked = urlencode({**asked, **(query or {})})
        return f"{self.base}{filled}" + (f"?{words_asked}" if words_asked else "")

    def urls(self, operation: Operation, most: int = 2) -> list[str]:
        """URLs of the operation for the first values of its first path parameter."""
        first = next((each for each in operation.parameters if each.get("in") == "path"), None)
        if first is None:
            url = self.url(operation)
            return [url] if url else []
        values = self.values_of(first)[:most]
        found = [self.url(operation, **{str(first.get("name")): value}) for value in values]
        return [url for url in found if url]


def mapping(value: Any) -> Mapping[str, Any]:
    """The value when it is an object; an empty one when it is not."""
    return value if isinstance(value, Mapping) else {}


def sequence(value: Any) -> list[Any]:
    """The value when it is an array; an empty one when it is not."""
    return value if isinstance(value, list) else []


def describe(probe: Probe) -> Description:
    """The description of the interface; Failure when there is none or it cannot be used."""
    answer = openapi_document(probe)
    document = _parsed(answer.body)
    if document is None:
        raise Failure(f"{answer} with a description that unfolds into more than {MOST_NODES} parts.")
    if not mapping(document.get("paths")):
        raise Failure(
            f"The description at {answer.url} has no path.", mend="Describe the operations there are."
        )
    return Description(answer, document, _base(probe, answer, document))


@lru_cache(maxsize=4)
def _parsed(body: bytes) -> dict[str, Any] | None:
    document = orjson.loads(body) if body.lstrip()[:1] == b"{" else yaml.safe_load(body)
    if _weight(document, {}) > MOST_NODES:
        return None
    _tame(document, set())
    return document if isinstance(document, dict) else None


def _weight(value: Any, known: dict[int, int]) -> int:
    """How many parts a value has when shared ones are counted each time; a value within itself is endless."""
    if not isinstance(value, dict | list):
        return 1
    if id(value) not in known:
        known[id(value)] = MOST_NODES + 1
        parts = value.values() if isinstance(value, dict) else value
        known[id(value)] = 1 + sum(_weight(each, known) for each in parts)
    return known[id(value)]


def _tame(value: Any, seen: set[int]) -> None:
    """Leave out patterns with a repetition in a repetition: matching them can take for ever."""
    if not isinstance(value, dict | list) or id(value) in seen:
        return
    seen.add(id(value))
    if isinstance(value, dict):
        pattern = value.get("pattern")
        if isinstance(pattern, str) and (_RUNAWAY.search(pattern) or len(pattern) > 1000):
            del value["pattern"]
    for each in value.values() if isinstance(value, dict) else value:
        _tame(each, seen)


def _base(probe: Probe, answer: Answer, document: Mapping[str, Any]) -> str:
    """What paths are put below: the first server on the interface's own host, else the interface's URL."""
    for server in map(mapping, sequence(document.get("servers"))):
        url = urljoin(answer.url, str(server.get("url", "")))
        if "{" not in url and _origin(url) == origin_of(probe.interface.url):
            return url.rstrip("/")
    return probe.interface.url


def _origin(url: str) -> str | None:
    try:
        return origin_of(url) if urlsplit(url).hostname else None
    except ValueError:
        return None


def gets(description: Description) -> list[Operation]:
    """The operations that read."""
    found = [each for each in description.operations() if each.method == "get"]
    if not found:
        raise NotTested("The description has no GET.")
    return found
