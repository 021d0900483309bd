"""Errors as problem details (CIM 009 5.5.3, RFC 9457)."""

from __future__ import annotations

import logging
import uuid
from typing import Any

import orjson

from mimas.ngsi_ld.core.errors import PREFIX, NgsiLdError, Unavailable

from .answers import Answer, Header
from .negotiation import JSON, PROBLEM_JSON, wants_problem_json

BASE = "/ngsi-ld/v1"

logger = logging.getLogger(__name__)


def problem_answer(problem: dict[str, Any], path: str, accept: bytes, *headers: Header) -> Answer:
    """Problem details as application/json below the API's root, as the standard has it.

    Elsewhere, and for clients that ask for it, as application/problem+json.
    """
    plain = path.startswith(BASE) and not wants_problem_json(accept)
    media_type = JSON if plain else PROBLEM_JSON
    return Answer(
        problem["status"], orjson.dumps(problem), [(b"content-type", media_type.encode()), *headers]
    )


def error_answer(error: NgsiLdError, path: str, accept: bytes) -> Answer:
    """The answer an error already knows."""
    headers = []
    if isinstance(error, Unavailable):
        headers.append((b"retry-after", str(error.retry_after).encode()))
    return problem_answer(error.to_problem(), path, accept, *headers)


def unexpected_answer(error: Exception, method: str, path: str, accept: bytes, request_id: str) -> Answer:
    """500 for what nobody foresaw: the log has the trace, the client the number to ask for."""
    request_id = request_id or str(uuid.uuid4())
    logger.error("request %s failed: %s %s", request_id, method, path, exc_info=error)
    problem = {
        "type": PREFIX + "InternalError",
        "title": "Internal error",
        "status": 500,
        "detail": f"The server made a mistake. Its log has more under the request id {request_id}.",
        "instance": f"urn:request:{request_id}",
    }
    return problem_answer(problem, path, accept)


def not_found(path: str, accept: bytes) -> Answer:
    """404 for a path that no resource has."""
    problem = {
        "type": PREFIX + "ResourceNotFound",
        "title": "Not found",
        "status": 404,
        "detail": f"There is no resource {path!r}. GET {BASE} lists what is here.",
    }
    return problem_answer(problem, path, accept)


def method_not_allowed(method: str, path: str, accept: bytes, allow: str) -> Answer:
    """405 with the methods that would do."""
    problem = {
        "type": PREFIX + "OperationNotSupported",
        "title": "Method not allowed",
        "status": 405,
        "detail": f"{method} is not possible here; {allow} are.",
    }
    return problem_answer(problem, path, accept, (b"allow", allow.encode()))


def not_acceptable(path: str, offers: tuple[str, ...]) -> Answer:
    """406 with the media types that are available (CIM 009 6.3.4)."""
    problem = {
        "type": PREFIX + "InvalidRequest",
        "title": "Not acceptable",
        "status": 406,
        "detail": "Accept names no media type of this resource: " + ", ".join(offers),
        "available": list(offers),
    }
    return problem_answer(problem, path, b"")
