"""A provider on loopback: a real HTTP server whose paths answer as a protocol's specification says."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import orjson


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that came: names of headers have small letters."""

    path: str
    query: dict[str, str]
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes back; anything but bytes goes as JSON."""

    body: Any
    media_type: str = "application/json"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)

    def content(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else orjson.dumps(self.body)


Route = Callable[[Asked], Reply] | Reply


class Provider:
    """Answers by path; `asked` is what came since the last reset."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self._routes: dict[str, Route] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self._server.server_port}{path}"

    def put(self, path: str, route: Route) -> str:
        """Answer a path from now on; gives its URL."""
        self._routes[path] = route
        return self.url(path)

    def reset(self) -> None:
        self.asked.clear()
        self._routes.clear()

    def close(self) -> None:
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
                outer._answer(self)

        return Handler

    def _answer(self, to: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(to.path)
        headers = {name.lower(): value for name, value in to.headers.items()}
        asked = Asked(parts.path, dict(parse_qsl(parts.query, True)), headers)
        self.asked.append(asked)
        route = self._routes.get(parts.path, Reply({"error": "not found"}, status=404))
        reply = route(asked) if callable(route) else route
        body = reply.content()
        to.send_response(reply.status)
        for name, value in {"Content-Type": reply.media_type, **reply.headers}.items():
            to.send_header(name, value)
        to.send_header("Content-Length", str(len(body)))
        to.end_headers()
        to.wfile.write(body)


@contextmanager
def open_provider() -> Iterator[Provider]:
    """A provider, closed afterwards."""
    provider = Provider()
    try:
        yield provider
    finally:
        provider.close()
