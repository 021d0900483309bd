"""The HTTP binding as one ASGI application."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Sequence

from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from .answers import Answer, json_answer
from .broker import Broker
from .docs_page import docs_page
from .exchange import Exchange
from .negotiation import JSON
from .openapi import openapi_document, with_security
from .operation import Operation, Reply
from .operation_table import OPERATIONS
from .routing import NgsiLdApp

TAG = "Information"
_REFUSED = re.compile(rb"gzip\s*;\s*q=0(\.0*)?\s*(,|$)", re.IGNORECASE)
EXPOSED_HEADERS = (
    *("Link", "Location", "Content-Range"),
    *("NGSILD-Results-Count", "NGSILD-Tenant", "NGSILD-EntityMap", "NGSILD-Snapshot"),
)


def create_app(
    broker: Broker,
    *,
    gzip: bool = False,
    cors_origins: Sequence[str] = (),
    more_operations: Sequence[Operation] = (),
    asks_for_tokens: Callable[[], Awaitable[bool]] | None = None,
) -> ASGIApp:
    """The application; compression and CORS only when asked for.

    `asks_for_tokens` says whether a request needs one now: the description tells it.
    """
    operations = _with_description(broker, (*OPERATIONS, *more_operations), asks_for_tokens)
    app: ASGIApp = NgsiLdApp(broker, operations)
    if gzip:
        app = _Compressed(app)
    if cors_origins:
        app = CORSMiddleware(
            app,
            allow_origins=list(cors_origins),
            allow_methods=["*"],
            allow_headers=["*"],
            expose_headers=EXPOSED_HEADERS,
        )
    return app


class _Compressed:
    """Packs the answers to reads of clients that ask for it; writes have next to nothing to pack."""

    def __init__(self, app: ASGIApp) -> None:
        self._plain = app
        self._packed = GZipMiddleware(app, minimum_size=1024, compresslevel=4)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        reads = scope["type"] == "http" and (scope["method"] == "GET" or scope["path"].endswith("/query"))
        packs = reads and accepts_gzip(scope["headers"])
        await (self._packed if packs else self._plain)(scope, receive, send)


def accepts_gzip(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether Accept-Encoding has gzip, and not with `q=0` (RFC 9110 12.5.3)."""
    return any(
        name == b"accept-encoding" and b"gzip" in value and _REFUSED.search(value) is None
        for name, value in headers
    )


def _with_description(
    broker: Broker, operations: Sequence[Operation], asks_for_tokens: Callable[[], Awaitable[bool]] | None
) -> tuple[Operation, ...]:
    """The operations with the two that describe them all, themselves included."""

    async def openapi(_: Exchange) -> Answer:
        secured = asks_for_tokens is not None and await asks_for_tokens()
        return json_answer(with_security(document) if secured else document)

    async def docs(_: Exchange) -> Answer:
        return Answer(200, page, [(b"content-type", b"text/html; charset=utf-8")])

    described = (
        *operations,
        Operation(
            "openapi",
            "GET",
            "/openapi.json",
            openapi,
            "This description",
            "",
            TAG,
            replies={200: Reply("An OpenAPI 3.1 document.", {"type": "object"}, (JSON,))},
            tenants=False,
        ),
        Operation(
            "docs",
            "GET",
            "/docs",
            docs,
            "This description to read",
            "",
            TAG,
            replies={200: Reply("An HTML page.", {"type": "string"}, ("text/html",))},
            tenants=False,
        ),
    )
    document = openapi_document(described, broker.version)
    page = docs_page(document).encode()
    return described
