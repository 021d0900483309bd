"""Request bodies: read within a limit, then parsed strictly.

orjson refuses NaN, numbers beyond a double, broken UTF-8 and lone surrogates. Three things it lets pass
are checked here at the speed of memchr: members given twice, depth, and the NUL character that
PostgreSQL cannot store. Each check is exact only when its cheap test raises a doubt.
"""

from __future__ import annotations

import json
from typing import Any

import orjson

from mimas.ngsi_ld.core.errors import InvalidRequest, RequestTooLarge

_BRACKETS = b"{}[]"
_NO_BRACKETS = bytes(byte for byte in range(256) if byte not in _BRACKETS)
_ESCAPED_COLON = b"\\u003"


class BodyReader:
    """Collects the chunks of a body and stops as soon as it grows beyond the limit."""

    def __init__(self, receive: Any, limit: int) -> None:
        self._receive = receive
        self._limit = limit

    async def read(self) -> bytes:
        """The whole body; RequestTooLarge without reading on."""
        message = await self._receive()
        body: bytes = message.get("body", b"")
        if not message.get("more_body", False):
            return self._within(body)
        chunks = [body]
        size = len(body)
        while message.get("more_body", False):
            message = await self._receive()
            chunks.append(message.get("body", b""))
            size += len(chunks[-1])
            if size > self._limit:
                break
        return self._within(b"".join(chunks))

    def _within(self, body: bytes) -> bytes:
        if len(body) > self._limit:
            raise RequestTooLarge(f"The body has more than {self._limit} bytes. Send it in smaller parts.")
        return body


def parse_json(body: bytes, max_depth: int) -> Any:
    """The JSON value of `body`; InvalidRequest says what is wrong and where."""
    if not body.strip():
        raise InvalidRequest("The body is empty; a JSON document is needed.")
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise InvalidRequest(f"The body is not valid JSON: {error}") from None
    _check_depth(value, body, max_depth)
    _check_members(value, body)
    if b"\\u0000" in body:
        _refuse_nul(value)
    return value


def _check_depth(value: Any, body: bytes, max_depth: int) -> None:
    if body.count(b"{") + body.count(b"[") <= max_depth:
        return
    brackets = body.translate(None, _NO_BRACKETS)
    for _ in range(max_depth):
        if not brackets:
            return
        brackets = brackets.replace(b"{}", b"").replace(b"[]", b"")
    # Brackets inside strings count too, so only now look at the value itself.
    if brackets and _depth_exceeds(value, max_depth):
        raise InvalidRequest(f"The body nests deeper than {max_depth} levels.")


def _depth_exceeds(value: Any, max_depth: int) -> bool:
    level = [value]
    for _ in range(max_depth):
        level = [member for each in level for member in _members(each) if isinstance(member, dict | list)]
        if not level:
            return False
    return True


def _members(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _check_members(value: Any, body: bytes) -> None:
    """A member given twice is one member in `value`, so its colon is missing when that is written again."""
    if _ESCAPED_COLON not in body and body.count(b":") == orjson.dumps(value).count(b":"):
        return
    json.loads(body, object_pairs_hook=_refuse_doubles)


def _refuse_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        names = [name for name, _ in pairs]
        double = next(name for name in names if names.count(name) > 1)
        raise InvalidRequest(f"The member {double!r} is given twice in one object.")
    return members


def _refuse_nul(value: Any) -> None:
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, str) and "\x00" in each:
            raise InvalidRequest("The character U+0000 cannot be stored.")
        if isinstance(each, dict):
            waiting.extend(each)
        waiting.extend(_members(each))
