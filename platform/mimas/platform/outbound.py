"""The guard of every outgoing call: contexts, notifications, forwarded requests, targets of the checker.

A URL that somebody outside chose must not reach this machine or the private network behind it. Names are
resolved once and the connection goes to the very address that was checked; every redirect is checked again.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mimas.ngsi_ld.outbound import AddressRule

if TYPE_CHECKING:
    import httpx

MAX_BYTES = 8 * 1024 * 1024
MAX_SECONDS = 20.0
MAX_REDIRECTS = 5


class OutboundRefused(Exception):
    """The guard does not let a call out."""


class OutboundFailed(Exception):
    """A call was let out and had no answer that can be used."""


class OutboundGuard(AddressRule):
    """Resolves hosts for outgoing calls to the addresses that the rule lets them reach."""

    async def resolve(self, host: str, port: int) -> list[str]:
        """The addresses of a host that may be reached; `OutboundRefused` when there is none."""
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise OutboundFailed(f"The host {host!r} is not known: {error}") from error
        allowed = self.reachable(host, (str(entry[4][0]) for entry in found))
        if not allowed:
            raise OutboundRefused(
                f"{host} is on this machine or in a private network. If calls may go there, "
                "add its name or its network to MIMAS_OUTBOUND_ALLOW."
            )
        return allowed


@dataclass(frozen=True, slots=True)
class Fetched:
    """The answer to a fetch; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def guarded_client(guard: OutboundGuard, **options: Any) -> httpx.AsyncClient:
    """An httpx client all of whose connections pass the guard; `options` are those of `httpx.AsyncClient`.

    Proxies of the environment are not used: they would resolve names behind the guard's back.
    """
    import httpx

    from .outbound_transport import guarded_transport

    limits = options.pop("limits", httpx.Limits(max_connections=100, max_keepalive_connections=20))
    return httpx.AsyncClient(
        transport=guarded_transport(guard, limits),
        trust_env=False,
        **{"timeout": MAX_SECONDS, "max_redirects": MAX_REDIRECTS, **options},
    )


async def fetch(
    client: httpx.AsyncClient,
    url: str,
    *,
    accept: str = "*/*",
    max_bytes: int = MAX_BYTES,
    max_seconds: float = MAX_SECONDS,
) -> Fetched:
    """GET a document, redirects followed, within limits of size and of total time."""
    import httpx

    try:
        async with (
            asyncio.timeout(max_seconds),
            client.stream("GET", url, headers={"accept": accept}, follow_redirects=True) as response,
        ):
            return Fetched(response.status_code, dict(response.headers), await _read(response, max_bytes))
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise OutboundFailed(f"{url} cannot be fetched: {error or type(error).__name__}") from error
    except TimeoutError as error:
        raise OutboundFailed(f"{url} took longer than {max_seconds:.0f} seconds.") from error


async def _read(response: httpx.Response, max_bytes: int) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > max_bytes:
            raise OutboundFailed(f"{response.url} answers more than {max_bytes} bytes.")
    return bytes(body)
