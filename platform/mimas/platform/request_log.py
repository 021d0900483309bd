"""The outermost layer: request ids, counts, and a line for each answer that somebody should look at."""

from __future__ import annotations

import logging
import re
import secrets
import time
from itertools import count

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .logs import REQUEST_ID
from .metrics import HTTP

SLOW = 2.0
_SAFE_ID = re.compile(rb"[A-Za-z0-9._:-]{1,64}")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_ALWAYS = ((b"x-content-type-options", b"nosniff"),)
_DENIED = frozenset({401, 403})
_SHOWN_SEGMENTS = 3  # of a path: /ngsi-ld/v1/entities; what follows may name a person

logger = logging.getLogger(__name__)


class RequestLog:
    """Gives every request an id, the client's own where that is harmless, and answers with it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._prefix = secrets.token_hex(4)
        self._numbers = count(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and note what becomes of it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = self._id_of(scope)
        reset = REQUEST_ID.set(request_id.decode())
        status = 500
        start = time.perf_counter()

        async def note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), (b"x-request-id", request_id), *_ALWAYS]
            await send(message)

        try:
            await self._app(scope, receive, note)
        finally:
            _note(scope, status, time.perf_counter() - start)
            REQUEST_ID.reset(reset)

    def _id_of(self, scope: Scope) -> bytes:
        """The id the client sent, or a new one that the application finds among the headers."""
        headers = scope["headers"]
        given = [value for name, value in headers if name == b"x-request-id"]
        if len(given) == 1 and _SAFE_ID.fullmatch(given[0]):
            return bytes(given[0])
        request_id = f"{self._prefix}-{next(self._numbers):x}".encode()
        kept = [header for header in headers if header[0] != b"x-request-id"] if given else headers
        scope["headers"] = [*kept, (b"x-request-id", request_id)]
        return request_id


def _note(scope: Scope, status: int, seconds: float) -> None:
    method = scope["method"] if scope["method"] in _METHODS else "other"
    HTTP.count((method, str(status)))
    HTTP.time(seconds)
    level = _level(status, seconds)
    if logger.isEnabledFor(level):
        facts = {
            "method": method,
            "resource": "/".join(scope["path"].split("/")[: _SHOWN_SEGMENTS + 1]),
            "status": status,
            "milliseconds": round(seconds * 1000, 1),
        }
        logger.log(level, "request", extra={"facts": facts})


def _level(status: int, seconds: float) -> int:
    """Trouble is a warning, and a denied call is told (ISO/IEC 27001:2022 A.8.15)."""
    if status >= 500 or seconds > SLOW:
        return logging.WARNING
    return logging.INFO if status in _DENIED else logging.DEBUG
