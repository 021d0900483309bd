"""The guard of every outgoing call: contexts, notifications, forwarded requests, targets of the checker.

A URL that somebody outside chose must not reach this machine or the private network behind it. Names are
resolved once and the connection goes to the very address that was checked; every redirect is checked again.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import httpx

Address = IPv4Address | IPv6Address

MAX_BYTES = 8 * 1024 * 1024
MAX_SECONDS = 20.0
MAX_REDIRECTS = 5
_NAT64 = ip_network("64:ff9b::/96")


class OutboundRefused(Exception):
    """The guard does not let a call out."""


class OutboundFailed(Exception):
    """A call was let out and had no answer that can be used."""


class OutboundGuard:
    """Knows which addresses outgoing calls may reach: global ones, and those that `allow` names.

    An entry of `allow` is a host name (whatever it resolves to), an address, or a network.
    """

    def __init__(self, allow: Iterable[str] = ()) -> None:
        self._names: set[str] = set()
        self._networks: list[IPv4Network | IPv6Network] = []
        for each in allow:
            try:
                self._networks.append(ip_network(each.strip("[]")))
            except ValueError:
                self._names.add(each.lower().rstrip("."))

    def allows(self, address: Address) -> bool:
        """Say whether an address may be reached; addresses that carry another one are judged by that."""
        if any(address in network for network in self._networks):
            return True
        inner = _carried(address)
        if inner is not None:
            return self.allows(inner)
        return address.is_global and not address.is_multicast and not address.is_reserved

    async def resolve(self, host: str, port: int) -> list[str]:
        """The addresses of a host that may be reached; `OutboundRefused` when there is none."""
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise OutboundFailed(f"The host {host!r} is not known: {error}") from error
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        if host.lower().rstrip(".") in self._names:
            return addresses
        allowed = [each for each in addresses if self.allows(ip_address(each.partition("%")[0]))]
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


def _carried(address: Address) -> Address | None:
    """The IPv4 address inside an IPv6 one: mapped, compatible, 6to4, Teredo or NAT64."""
    if isinstance(address, IPv4Address):
        return None
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if address in _NAT64 or (int(address) >> 32 == 0 and int(address) > 1):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return None
