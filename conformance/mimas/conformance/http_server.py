"""A small HTTP server on a thread: the checker's listener, and the servers of its tests."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson

MAX_BODY = 10_000_000


@dataclass(frozen=True, slots=True)
class Received:
    """A request that came in; `path` has its query, header names are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    at: datetime

    def json(self) -> Any:
        """The body parsed as JSON; None when it is none."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError:
            return None


@dataclass(frozen=True, slots=True)
class Reply:
    """What the server answers; `stream` takes the place of `body` and may never end."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    stream: Iterable[bytes] | None = None

    def json(self) -> Any:
        """The body parsed as JSON."""
        return orjson.loads(self.body)

    def with_json(self, value: Any) -> Reply:
        """The same with another body."""
        return replace(self, body=orjson.dumps(value))

    def with_header(self, name: str, value: str | None) -> Reply:
        """The same with a header set, or taken away."""
        others = {each: text for each, text in self.headers.items() if each.lower() != name.lower()}
        return replace(self, headers=others if value is None else {**others, name: value})


Answering = Callable[[Received], Reply]


class HttpServer(ThreadingHTTPServer):
    """Answers every method on every path with what `answering` says."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, answering: Answering, address: tuple[str, int] = ("127.0.0.1", 0)) -> None:
        self.answering = answering
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super().__init__(address, _Handler)
        self._thread = threading.Thread(
            target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )

    @property
    def url(self) -> str:
        """Where it answers on this machine."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def start(self) -> None:
        """Answer from now on."""
        self._thread.start()

    def end(self) -> None:
        """Answer no more."""
        self.shutdown()
        self.server_close()
        self._thread.join()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that breaks off is not our affair."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "mimas-check"
    sys_version = ""
    timeout = 30
    disable_nagle_algorithm = True
    wbufsize = -1
    server: HttpServer

    def handle_one_request(self) -> None:
        """Every method is taken alike."""
        try:
            self.raw_requestline = self.rfile.readline(65537)
        except OSError:
            self.raw_requestline = b""
        if not self.raw_requestline or not self.parse_request():
            self.close_connection = True
            return
        body = self._body()
        if body is None:
            self.close_connection = True
            self._reply(Reply(413))
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        self._reply(
            self.server.answering(Received(self.command, self.path, headers, body, datetime.now(UTC)))
        )

    def _body(self) -> bytes | None:
        if "chunked" in self.headers.get("transfer-encoding", ""):
            return self._chunks()
        length = self.headers.get("content-length", "0")
        if not length.isdigit() or int(length) > MAX_BODY:
            return None
        return self.rfile.read(int(length))

    def _chunks(self) -> bytes | None:
        body = b""
        while size := int(self.rfile.readline(100).partition(b";")[0] or b"0", 16):
            body += self.rfile.read(size)
            self.rfile.readline(10)
            if len(body) > MAX_BODY:
                return None
        self.rfile.readline(100)
        return body

    def _reply(self, reply: Reply) -> None:
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if reply.stream is None and reply.status not in (204, 304):
            self.send_header("Content-Length", str(len(reply.body)))
        if reply.stream is not None:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD" and reply.status not in (204, 304):
            self._write(reply)
        self.wfile.flush()

    def _write(self, reply: Reply) -> None:
        if reply.stream is None:
            self.wfile.write(reply.body)
            return
        for chunk in reply.stream:
            self.wfile.write(chunk)
            self.wfile.flush()

    def log_message(self, *_: Any) -> None:
        """Say nothing: who uses the server keeps what came in."""
