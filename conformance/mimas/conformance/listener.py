"""The checker's own HTTP listener: it takes notifications and plays a context source that can be asked."""

from __future__ import annotations

import socket
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from ipaddress import ip_address
from urllib.parse import urlsplit

from .http_server import Answering, HttpServer, Received, Reply


def _taken(_: Received) -> Reply:
    return Reply(200)


class Inbox:
    """One URL of the listener and what came in on it, in order."""

    def __init__(self, url: str, answering: Answering) -> None:
        self.url = url
        self._answering = answering
        self._received: list[Received] = []
        self._arrival = threading.Condition()

    @property
    def received(self) -> list[Received]:
        """Everything so far."""
        with self._arrival:
            return list(self._received)

    def wait(
        self, count: int = 1, *, seconds: float = 5.0, where: Callable[[Received], bool] = lambda _: True
    ) -> list[Received]:
        """What came in and fits `where`, as soon as there are `count` of it, or when the time is over."""
        end = time.monotonic() + seconds
        with self._arrival:
            while True:
                fitting = [each for each in self._received if where(each)]
                if len(fitting) >= count or not self._arrival.wait(max(0.0, end - time.monotonic())):
                    return [each for each in self._received if where(each)]

    def take(self, received: Received) -> Reply:
        """Keep a request and answer it."""
        with self._arrival:
            self._received.append(received)
            self._arrival.notify_all()
        return self._answering(received)


class Listener:
    """Listens on `address`; `public_url` is where the target finds us, if elsewhere (NAT, reverse proxy)."""

    def __init__(self, address: tuple[str, int] = ("127.0.0.1", 0), public_url: str | None = None) -> None:
        self._inboxes: dict[str, Inbox] = {}
        self._server = HttpServer(self._take, address)
        host, port = self._server.server_address[:2]
        self.url = (public_url or f"http://{_spoken(str(host))}:{port}").rstrip("/")
        self._server.start()

    def open(self, answering: Answering = _taken) -> Inbox:
        """A new URL of its own; `answering` decides what its callers get."""
        key = uuid.uuid4().hex
        inbox = self._inboxes[key] = Inbox(f"{self.url}/{key}", answering)
        return inbox

    def close_inbox(self, inbox: Inbox) -> None:
        """Answer 404 from now on."""
        self._inboxes.pop(inbox.url.rpartition("/")[2], None)

    def close(self) -> None:
        """Listen no more."""
        self._server.end()

    def _take(self, received: Received) -> Reply:
        own = urlsplit(self.url).path
        place, question, query = received.path.removeprefix(own).lstrip("/").partition("?")
        key, slash, rest = place.partition("/")
        inbox = self._inboxes.get(key)
        if inbox is None:
            return Reply(404)
        return inbox.take(replace(received, path=slash + rest + question + query))


def is_this_machine(host: str) -> bool:
    """Whether a host is this machine by its name or address."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _spoken(host: str) -> str:
    """A host that others can call: an unspecified address stands for this machine's name."""
    if host in ("0.0.0.0", "::"):  # noqa: S104  # compared, not bound
        return socket.gethostname()
    return f"[{host}]" if ":" in host else host
