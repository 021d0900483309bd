"""The checker's way to the network: guarded addresses, and an end to every exchange.

The addresses of a host are resolved once and the connection goes to one that the rule allows. A clock that
runs over the whole exchange ends servers that send one byte now and then.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import httpcore
import httpx

from mimas.ngsi_ld.outbound import AddressRule


class AddressRefused(Exception):
    """The host is on this machine or in a private network, and nobody allowed that."""


class Deadline:
    """The end of the exchange that the current thread is in."""

    def __init__(self) -> None:
        self._local = threading.local()

    @contextmanager
    def of(self, seconds: float) -> Iterator[None]:
        """Everything inside ends within `seconds`."""
        self._local.at = time.monotonic() + seconds
        try:
            yield
        finally:
            self._local.at = None

    def cut(self, timeout: float | None) -> float | None:
        """The shorter of `timeout` and what is left; ReadTimeout when nothing is left."""
        at: float | None = getattr(self._local, "at", None)
        if at is None:
            return timeout
        left = at - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("the answer takes too long")
        return left if timeout is None else min(timeout, left)


class _Stream(httpcore.NetworkStream):
    """A stream whose every wait is cut by the deadline."""

    def __init__(self, inner: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._inner = inner
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, self._deadline.cut(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, self._deadline.cut(timeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        secured = self._inner.start_tls(ssl_context, server_hostname, self._deadline.cut(timeout))
        return _Stream(secured, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class _Backend(httpcore.NetworkBackend):
    """Connects to the first allowed address of a host that answers."""

    def __init__(self, rule: AddressRule, deadline: Deadline) -> None:
        self._rule = rule
        self._deadline = deadline
        self._inner = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        failure: Exception = httpcore.ConnectError(f"no address of {host}")
        for address in allowed_addresses(self._rule, host, port):
            try:
                cut = self._deadline.cut(timeout)
                stream = self._inner.connect_tcp(address, port, cut, local_address, socket_options)
                return _Stream(stream, self._deadline)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure


def allowed_addresses(rule: AddressRule, host: str, port: int) -> list[str]:
    """The addresses of a host that may be called; AddressRefused when there is none, ConnectError unknown."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise httpcore.ConnectError(f"the host {host!r} is not known: {error}") from error
    allowed = rule.reachable(host, (str(entry[4][0]) for entry in found))
    if not allowed:
        raise AddressRefused(
            f"{host} is on this machine or in a private network. If the checker may call it, name it under "
            "`allow` in the target or in MIMAS_OUTBOUND_ALLOW."
        )
    return allowed


def new_trust(ca_file: str | None) -> ssl.SSLContext:
    """What verifies certificates: by the target's own authority, or by those that browsers trust."""
    return (
        ssl.create_default_context(cafile=ca_file) if ca_file else httpx.create_ssl_context(trust_env=False)
    )


_trust = cache(new_trust)  # reading all certificate authorities takes long: once a process


def guarded_transport(
    rule: AddressRule, deadline: Deadline, *, connections: int, ca_file: str | None = None
) -> httpx.HTTPTransport:
    """httpx's own transport on a pool that connects through the rule."""
    tls = _trust(ca_file)
    transport = httpx.HTTPTransport(verify=tls, trust_env=False)
    transport._pool = httpcore.ConnectionPool(
        ssl_context=tls,
        max_connections=connections,
        max_keepalive_connections=connections,
        keepalive_expiry=5.0,
        network_backend=_Backend(rule, deadline),
    )
    return transport
