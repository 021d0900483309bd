"""The body of a request together with its @context (CIM 009 6.3.5)."""

from __future__ import annotations

from typing import Any

from mimas.ngsi_ld.core.context import TermMap
from mimas.ngsi_ld.core.errors import BadRequestData, InvalidRequest, NgsiLdError

from .contexts import RequestContext
from .exchange import Exchange
from .links import context_link
from .negotiation import LD_JSON

_MEND_MISSING = (
    "A body of application/ld+json has no @context. Put one into the body, "
    "or send application/json with the @context in a Link header."
)
_MEND_BODY = (
    "A body of application/json cannot hold an @context. Send it as application/ld+json, "
    "or name the @context in a Link header instead."
)
_MEND_LINK = "With application/ld+json the @context stands in the body alone; leave the Link header away."


async def linked_context(exchange: Exchange) -> RequestContext:
    """The context of a request without a body, or with a plain JSON one: by Link, else the default."""
    header = exchange.headers.get(b"link")
    url = context_link(header) if header else None
    contexts = exchange.broker.contexts
    return await (contexts.from_url(url) if url else contexts.default())


async def read_object(exchange: Exchange) -> tuple[dict[str, Any], RequestContext]:
    """A JSON object and its context; `@context` is taken out of it."""
    body = await exchange.read_json()
    if not isinstance(body, dict):
        raise InvalidRequest("The body is not a JSON object.")
    return body, await _context_of(exchange, body)


async def read_value(exchange: Exchange) -> tuple[Any, RequestContext]:
    """Any JSON value; only an object can bring its own context."""
    body = await exchange.read_json()
    if isinstance(body, dict):
        return body, await _context_of(exchange, body)
    if exchange.content_type == LD_JSON:
        raise BadRequestData(_MEND_MISSING)
    return body, await linked_context(exchange)


async def _context_of(exchange: Exchange, body: dict[str, Any]) -> RequestContext:
    if exchange.content_type != LD_JSON:
        if "@context" in body:
            raise BadRequestData(_MEND_BODY)
        return await linked_context(exchange)
    _refuse_link(exchange)
    if "@context" not in body:
        raise BadRequestData(_MEND_MISSING)
    return await exchange.broker.contexts.from_value(body.pop("@context"))


def _refuse_link(exchange: Exchange) -> None:
    header = exchange.headers.get(b"link")
    if header and context_link(header):
        raise BadRequestData(_MEND_LINK)


class Batch:
    """The items of a batch, each with the terms of its own context or the error that it has none."""

    def __init__(self, items: list[Any], terms: list[TermMap | NgsiLdError]) -> None:
        self.items = items
        self.terms = terms


async def read_items(exchange: Exchange) -> list[Any]:
    """The items of a batch; an empty array and null items fail it as a whole (CIM 009 5.6.7 to 5.6.10)."""
    items = await exchange.read_json()
    if not isinstance(items, list):
        raise BadRequestData("The body of a batch is a JSON array.")
    if not items:
        raise BadRequestData("The batch is empty.")
    limit = exchange.broker.limits.batch_size
    if len(items) > limit:
        raise BadRequestData(f"The batch has {len(items)} items; {limit} are allowed. Send smaller ones.")
    if any(item is None for item in items):
        raise BadRequestData("The batch holds null.")
    return items


async def read_batch(exchange: Exchange) -> Batch:
    """A batch of entities. In ld+json every item brings its context; one without fails alone."""
    items = await read_items(exchange)
    if exchange.content_type == LD_JSON:
        _refuse_link(exchange)
        return Batch(items, await _own_terms(exchange, items))
    terms = (await linked_context(exchange)).terms
    refused = BadRequestData(_MEND_BODY)
    return Batch(
        items, [refused if isinstance(item, dict) and "@context" in item else terms for item in items]
    )


async def _own_terms(exchange: Exchange, items: list[Any]) -> list[TermMap | NgsiLdError]:
    found: list[TermMap | NgsiLdError] = []
    for item in items:
        if not isinstance(item, dict) or "@context" not in item:
            found.append(BadRequestData(_MEND_MISSING))
            continue
        try:
            found.append((await exchange.broker.contexts.from_value(item.pop("@context"))).terms)
        except NgsiLdError as error:
            found.append(error)
    return found
