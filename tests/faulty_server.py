"""A real HTTP server for the tests: ETags and ranges as they should be, and every way of going wrong."""

from __future__ import annotations

import hashlib
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True, slots=True)
class Answer:
    """What a path answers once, in place of its content."""

    status: int = 503
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Truncate:
    """So many bytes of the content, then the connection breaks."""

    after: int


@dataclass(frozen=True, slots=True)
class Stall:
    """So many bytes of the content, then silence until the client gives up or the server is closed."""

    after: int = 0


@dataclass(frozen=True, slots=True)
class Hang:
    """The connection is closed without an answer."""


Fault = Answer | Truncate | Stall | Hang


@dataclass(slots=True)
class Content:
    """What a path holds."""

    body: bytes
    media_type: str
    headers: dict[str, str]
    validators: bool


@dataclass(frozen=True, slots=True)
class Request:
    """A request that came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class FaultyServer:
    """Serves contents by path; faults that are planned for a path come first, one a request."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self._contents: dict[str, Content] = {}
        self._faults: dict[str, deque[Fault]] = {}
        self._afterwards: dict[str, Callable[[], None]] = {}
        self._closing = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self._server.server_port}{path}"

    def put(
        self,
        path: str,
        body: bytes | str,
        media_type: str = "text/csv",
        *,
        validators: bool = True,
        **headers: str,
    ) -> str:
        """Serve `body` under `path` (its query is not looked at); gives the URL."""
        raw = body.encode() if isinstance(body, str) else body
        self._contents[path] = Content(
            raw, media_type, {name.replace("_", "-"): value for name, value in headers.items()}, validators
        )
        return self.url(path)

    def plan(self, path: str, *faults: Fault) -> None:
        """What the next requests to `path` meet."""
        self._faults.setdefault(path, deque()).extend(faults)

    def after(self, path: str, action: Callable[[], None]) -> None:
        """What happens once, after the next request to `path` was answered."""
        self._afterwards[path] = action

    def close(self) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: Any) -> None:
                """Tests are quiet."""

            def do_GET(self) -> None:
                outer._serve(self)

            def do_POST(self) -> None:
                outer._serve(self)

        return Handler

    def _serve(self, to: BaseHTTPRequestHandler) -> None:
        path = to.path.partition("?")[0]
        body = to.rfile.read(int(to.headers.get("content-length", 0)))
        headers = {name.lower(): value for name, value in to.headers.items()}
        self.requests.append(Request(to.command, to.path, headers, body))
        faults = self._faults.get(path)
        fault = faults.popleft() if faults else None
        content = self._contents.get(path)
        try:
            if isinstance(fault, Hang):
                to.close_connection = True
            elif isinstance(fault, Answer):
                self._send(to, fault.status, fault.headers, b"")
            elif content is None:
                self._send(to, 404, {}, b"")
            else:
                self._send_content(to, content, headers, fault)
        except (BrokenPipeError, ConnectionResetError):
            to.close_connection = True
        if (action := self._afterwards.pop(path, None)) is not None:
            action()

    def _send_content(
        self, to: BaseHTTPRequestHandler, content: Content, asked: dict[str, str], fault: Fault | None
    ) -> None:
        etag = f'"{hashlib.sha256(content.body).hexdigest()[:16]}"'
        own = {"content-type": content.media_type} | content.headers
        if content.validators:
            own |= {"etag": etag, "accept-ranges": "bytes"}
            if asked.get("if-none-match") == etag:
                self._send(to, 304, {"etag": etag}, b"")
                return
        status, body = 200, content.body
        if (
            content.validators
            and asked.get("range", "").startswith("bytes=")
            and asked.get("if-range") == etag
        ):
            start = int(asked["range"].removeprefix("bytes=").rstrip("-"))
            status, body = 206, content.body[start:]
            own["content-range"] = f"bytes {start}-{len(content.body) - 1}/{len(content.body)}"
        self._send(to, status, own, body, fault)

    def _send(
        self,
        to: BaseHTTPRequestHandler,
        status: int,
        headers: dict[str, str],
        body: bytes,
        fault: Fault | None = None,
    ) -> None:
        to.send_response(status)
        for name, value in headers.items():
            to.send_header(name, value)
        if status != 304:
            to.send_header("content-length", str(len(body)))
        to.end_headers()
        if isinstance(fault, Truncate | Stall):
            to.wfile.write(body[: fault.after])
            to.wfile.flush()
            if isinstance(fault, Stall):
                self._closing.wait(30)
            to.close_connection = True
        else:
            to.wfile.write(body)


@contextmanager
def faulty_server() -> Iterator[FaultyServer]:
    """A server, closed afterwards."""
    server = FaultyServer()
    try:
        yield server
    finally:
        server.close()
