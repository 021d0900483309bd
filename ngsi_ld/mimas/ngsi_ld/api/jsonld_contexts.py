"""`/jsonldContexts`: the @contexts kept here (CIM 009 5.13, 6.29 and 6.30)."""

from __future__ import annotations

import uuid
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import orjson

from mimas.ngsi_ld.core.context import is_core_url
from mimas.ngsi_ld.core.errors import (
    BadRequestData,
    InvalidRequest,
    LdContextNotAvailable,
    OperationNotSupported,
    ResourceNotFound,
)
from mimas.ngsi_ld.core.instants import format_instant
from mimas.ngsi_ld.store.contexts import CACHED, HOSTED, IMPLICIT, StoredContext

from .answers import Answer, created, json_answer, no_content
from .contexts import CONTEXTS_PATH
from .exchange import Exchange
from .negotiation import DOCUMENT, JSON
from .operation import Body, Operation, Parameter, Reply
from .parameters import CONTEXT_ID, DETAILS, read_boolean
from .schemas import BOOLEAN, CREATED, NO_CONTENT, array_of, choice, reference

TAG = "JSON-LD contexts"
LIST_PATH = CONTEXTS_PATH.rstrip("/")
ONE_PATH = CONTEXTS_PATH + "{contextId}"
CORE_ID = "core"
_SHIPPED = datetime(2025, 7, 1, tzinfo=UTC)
KINDS = (CACHED, HOSTED, IMPLICIT)

KIND = Parameter("kind", "Only contexts of this kind.", choice(*KINDS))
RELOAD = Parameter("reload", "Whether a cached context is downloaded again instead.", BOOLEAN)


async def add(exchange: Exchange) -> Answer:
    """Host a context for clients (5.13.2); members beside @context are dropped."""
    body = await exchange.read_json()
    if not isinstance(body, dict) or "@context" not in body:
        raise InvalidRequest("The body is a JSON object with an @context.")
    with suppress(LdContextNotAvailable):  # what it refers to may come later
        await exchange.broker.contexts.from_value(body["@context"])
    context_id = uuid.uuid4().hex
    text = orjson.dumps({"@context": body["@context"]}).decode()
    await exchange.broker.context_store.save(StoredContext(context_id, None, HOSTED, text, datetime.now(UTC)))
    return created(CONTEXTS_PATH + context_id)


async def list_contexts(exchange: Exchange) -> Answer:
    """The URLs of contexts, or details about each (5.13.3)."""
    details = read_boolean(exchange.query, "details")
    kind = exchange.query.get("kind")
    if kind is not None and kind not in KINDS:
        raise InvalidRequest(f"kind is one of {', '.join(KINDS)}.", parameter="kind")
    await exchange.broker.contexts.count_uses()
    found = await exchange.broker.context_store.list_all(kind)
    return json_answer([_details(exchange, each) if details else _url(exchange, each) for each in found])


async def serve(exchange: Exchange) -> Answer:
    """The document of a context, or details about it (5.13.4); cached ones are not served."""
    details = read_boolean(exchange.query, "details")
    if details:
        await exchange.broker.contexts.count_uses()
    stored = await _find(exchange)
    if stored.kind == CACHED:
        exchange.broker.contexts.note_use(stored)
    if details:
        return json_answer(_details(exchange, stored))
    if stored.kind == CACHED:
        raise OperationNotSupported(f"A cached @context is not served from here; it is at {stored.url}.")
    return Answer(200, stored.body.encode(), [(b"content-type", exchange.media_type.encode())])


async def delete(exchange: Exchange) -> Answer:
    """Forget a context, or download a cached one again (5.13.5)."""
    reload = read_boolean(exchange.query, "reload")
    stored = await _find(exchange)
    if stored.id == CORE_ID:
        if not reload:
            raise BadRequestData("The core @context cannot be deleted.")
    elif not reload:
        await exchange.broker.contexts.forget(stored)
    elif stored.kind == CACHED:
        await exchange.broker.contexts.reload(stored)
    else:
        raise BadRequestData(f"Only cached contexts can be reloaded; this one is {stored.kind}.")
    return no_content()


async def _find(exchange: Exchange) -> StoredContext:
    key = exchange.path["contextId"]
    if is_core_url(key):
        return _core(key)
    stored = await exchange.broker.context_store.find(key)
    if stored is None:
        raise ResourceNotFound(f"There is no @context {key!r} here.")
    return stored


def _core(url: str) -> StoredContext:
    """The core context: as good as cached, but it ships with Mimas and never changes."""
    return StoredContext(CORE_ID, url, CACHED, "", _SHIPPED)


def _url(exchange: Exchange, stored: StoredContext) -> str:
    return stored.url or exchange.base_url() + CONTEXTS_PATH + quote(stored.id, safe="")


def _details(exchange: Exchange, stored: StoredContext) -> dict[str, Any]:
    details: dict[str, Any] = {
        "URL": _url(exchange, stored),
        "localId": stored.id,
        "kind": stored.kind,
        "createdAt": format_instant(stored.created_at),
        "numberOfHits": stored.hits,
    }
    for name, instant in (("expiresAt", stored.expires_at), ("lastUsage", stored.last_used_at)):
        if instant is not None:
            details[name] = format_instant(instant)
    return details


_DETAILS = reference("ContextDetails")
_LIST = array_of({"oneOf": [{"type": "string"}, _DETAILS]})

OPERATIONS = (
    Operation(
        "addContext",
        "POST",
        LIST_PATH,
        add,
        "Add an @context",
        "6.29.3.1",
        TAG,
        body=Body(reference("Context")),
        replies={201: CREATED},
        tenants=False,
    ),
    Operation(
        "listContexts",
        "GET",
        LIST_PATH,
        list_contexts,
        "List @contexts",
        "6.29.3.2",
        TAG,
        (DETAILS, KIND),
        offers=DOCUMENT,
        replies={200: Reply("URLs, or details.", _LIST, (JSON,))},
        tenants=False,
    ),
    Operation(
        "serveContext",
        "GET",
        ONE_PATH,
        serve,
        "Serve an @context",
        "6.30.3.1",
        TAG,
        (CONTEXT_ID, DETAILS),
        offers=DOCUMENT,
        replies={
            200: Reply("The document, or details.", {"anyOf": [reference("Context"), _DETAILS]}, DOCUMENT),
            422: Reply("A cached @context is not served.", reference("ProblemDetails"), (JSON,)),
        },
        tenants=False,
    ),
    Operation(
        "deleteContext",
        "DELETE",
        ONE_PATH,
        delete,
        "Delete or reload an @context",
        "6.30.3.2",
        TAG,
        (CONTEXT_ID, RELOAD),
        replies={204: NO_CONTENT, 504: Reply("It cannot be had.", reference("ProblemDetails"), (JSON,))},
        tenants=False,
    ),
)
