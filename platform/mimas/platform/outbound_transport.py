"""How the guard gets between httpx and the network: a network backend that connects to checked addresses.

TLS still verifies the name of the URL, since only the TCP connection is redirected to the address.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterable
from functools import cache
from typing import Any

import httpcore
import httpx

from .outbound import OutboundFailed, OutboundGuard


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """Resolves a name through the guard and connects to what it allows."""

    def __init__(self, guard: OutboundGuard) -> None:
        self._guard = guard
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first allowed address that answers."""
        failure: Exception = httpcore.ConnectError(f"no address of {host}")
        for address in await self._resolve(host, port):
            try:
                return await self._inner.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ASYNC109
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Never: a URL of somebody else has no business with sockets of this machine."""
        raise httpcore.ConnectError("unix sockets are not reached from here")

    async def sleep(self, seconds: float) -> None:
        """Wait between two attempts."""
        await self._inner.sleep(seconds)

    async def _resolve(self, host: str, port: int) -> list[str]:
        try:
            return await self._guard.resolve(host, port)
        except OutboundFailed as error:
            raise httpcore.ConnectError(str(error)) from error


@cache
def _tls() -> ssl.SSLContext:
    """Reading all certificate authorities takes long: once a process."""
    return httpx.create_ssl_context(trust_env=False)


def guarded_pool(guard: OutboundGuard, limits: httpx.Limits) -> httpcore.AsyncConnectionPool:
    """Keep-alive connections that are made through the guard."""
    return httpcore.AsyncConnectionPool(
        ssl_context=_tls(),
        max_connections=limits.max_connections,
        max_keepalive_connections=limits.max_keepalive_connections,
        keepalive_expiry=limits.keepalive_expiry,
        network_backend=GuardedBackend(guard),
    )


def guarded_transport(guard: OutboundGuard, limits: httpx.Limits) -> httpx.AsyncHTTPTransport:
    """httpx's own transport on a pool that connects through the guard."""
    transport = httpx.AsyncHTTPTransport(verify=_tls(), limits=limits, trust_env=False)
    transport._pool = guarded_pool(guard, limits)
    return transport
