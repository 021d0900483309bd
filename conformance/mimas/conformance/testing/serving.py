"""Servers on loopback, and a proxy that passes on what a right target says until a function changes it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import httpx

from ..http_server import Answering, HttpServer, Received, Reply
from ..session import origin_of
from ..target import Interface, Limits, Target

Forward = Callable[[Received], Reply]
_NOT_PASSED_ON = frozenset(
    {"connection", "content-encoding", "content-length", "date", "keep-alive", "server", "transfer-encoding"}
)
PATIENCE = Limits(requests_per_second=1000, timeout=5.0, check_seconds=30.0)


@contextmanager
def serving(answering: Answering) -> Iterator[str]:
    """A server that answers what `answering` says; gives its base URL."""
    server = HttpServer(answering)
    server.start()
    try:
        yield server.url
    finally:
        server.end()


def target_of(mechanism: str, url: str, **members: Any) -> Target:
    """A target with one interface, as fast as a test wants it."""
    interface = Interface(mechanism, url.rstrip("/"), **members.pop("interface", {}))
    return Target(name="test", interfaces={mechanism: interface}, **{"limits": PATIENCE, **members})


@contextmanager
def proxied(right: Target, answer: Callable[[Received, Forward], Reply]) -> Iterator[Target]:
    """The same target behind a proxy: `answer` sees each request and may ask the right one by its second."""
    with ExitStack() as stack:
        moved: dict[str, str] = {}
        for interface in right.interfaces.values():
            origin = origin_of(interface.url)
            if urlsplit(interface.url).scheme in ("http", "https") and origin not in moved:
                moved[origin] = stack.enter_context(_proxy(_plain_origin(interface.url), answer))
        interfaces = {
            name: replace(each, url=_move(each.url, moved)) for name, each in right.interfaces.items()
        }
        yield replace(right, interfaces=interfaces)


@contextmanager
def _proxy(upstream: str, answer: Callable[[Received, Forward], Reply]) -> Iterator[str]:
    with httpx.Client(timeout=30, trust_env=False, verify=False) as client:  # noqa: S501  # loopback http

        def forward(received: Received) -> Reply:
            return _forward(client, upstream, received)

        with serving(lambda received: answer(received, forward)) as url:
            yield url


def _forward(client: httpx.Client, upstream: str, received: Received) -> Reply:
    """What the right target says; its own address is replaced by the proxy's, so that links lead here."""
    own = f"http://{received.headers['host']}"
    headers = {name: value for name, value in received.headers.items() if name not in ("host", "connection")}
    answered = client.request(
        received.method,
        upstream + received.path.replace(own, upstream),
        headers=headers,
        content=received.body.replace(own.encode(), upstream.encode()),
    )
    kept = {
        name: value.replace(upstream, own)
        for name, value in answered.headers.items()
        if name not in _NOT_PASSED_ON
    }
    return Reply(answered.status_code, answered.content.replace(upstream.encode(), own.encode()), kept)


def _plain_origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _move(url: str, moved: dict[str, str]) -> str:
    new = moved.get(origin_of(url)) if urlsplit(url).scheme in ("http", "https") else None
    return url if new is None else new + url[len(_plain_origin(url)) :]
