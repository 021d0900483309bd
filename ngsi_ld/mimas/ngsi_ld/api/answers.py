"""What goes back over the wire."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any

import orjson

Header = tuple[bytes, bytes]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

JSON_TYPE: Header = (b"content-type", b"application/json")


@dataclass(slots=True)
class Answer:
    """A status, headers and the whole body."""

    status: int
    body: bytes = b""
    headers: list[Header] = field(default_factory=list)

    async def send(self, send: Send, *, with_body: bool = True) -> None:
        """Send it; a 204 has neither a body nor a Content-Length (CIM 009 6.3.4)."""
        if self.status != 204:
            self.headers.append((b"content-length", str(len(self.body)).encode()))
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        await send({"type": "http.response.body", "body": self.body if with_body else b""})


def json_answer(value: Any, *headers: Header, status: int = 200) -> Answer:
    """`value` as application/json."""
    return Answer(status, orjson.dumps(value), [JSON_TYPE, *headers])


def no_content() -> Answer:
    """204."""
    return Answer(204)


def created(location: str) -> Answer:
    """201 with the relative path of what was created."""
    return Answer(201, b"", [(b"location", location.encode())])
