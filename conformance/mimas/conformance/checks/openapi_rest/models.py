"""Data models that items name (MIM0 R1.4)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urljoin

from ...answer import Answer
from ...verdicts import Failure
from .collections import Rest, id_of, rest
from .description import Operation, mapping


@rest("models.are-named-and-resolve", "MIM0-R1.4", level="SHOULD", clause="RFC 6892; JSON-LD 1.1, 6.1")
def models(rest: Rest) -> None:
    """Items name their data model (schema, @context, profile or describedby link), and it can be fetched."""
    named = dict.fromkeys(_named_models(rest))
    schemas = [_item_schema(rest, each.operation) for each in rest.collections()]
    if not named and not any(schemas):
        raise Failure(
            "Items name no data model.", mend="Describe their schema, or link it with rel=describedby."
        )
    for url in list(named)[:10]:
        answer = rest.probe.fetch(
            url, accept="application/ld+json, application/schema+json, application/json"
        )
        if answer.status != 200:
            raise Failure(f"The data model {url} is named, and {answer}.", mend="Keep models where they are.")


def _item_schema(rest: Rest, operation: Operation) -> bool:
    return any(mapping(media).get("schema") for media in rest.description.media(operation).values())


def _named_models(rest: Rest) -> Iterator[str]:
    """Everything outside the description that it, or an item, names as a model."""
    base = rest.description.answer.url
    yield from (url for url in _references(rest.description.document, base) if url.partition("#")[0] != base)
    for collection in rest.collections()[:3]:
        answers = [collection.answer]
        if rest.item_operation(collection):
            found = rest.probe.read(rest.item_url(collection, id_of(collection.items[0])))
            answers += [found] if found.status == 200 else []
        for answer in answers:
            wanted = {"describedby", "profile", "http://www.w3.org/ns/json-ld#context"}
            yield from (each.href for each in answer.links if wanted & each.relations)
            yield from _contexts(answer)


def _references(value: Any, base: str, depth: int = 0) -> Iterator[str]:
    if isinstance(value, Mapping) and depth < 60:
        reference = value.get("$ref")
        if isinstance(reference, str) and not reference.startswith("#"):
            yield urljoin(base, reference).partition("#")[0]
        for each in value.values():
            yield from _references(each, base, depth + 1)
    elif isinstance(value, list) and depth < 60:
        for each in value:
            yield from _references(each, base, depth + 1)


def _contexts(answer: Answer) -> Iterator[str]:
    if not answer.media_type.endswith("json"):
        return
    body = answer.json()
    first = body[0] if isinstance(body, list) and body else body
    context = mapping(first).get("@context")
    for each in context if isinstance(context, list) else [context]:
        if isinstance(each, str):
            yield urljoin(answer.url, each)
