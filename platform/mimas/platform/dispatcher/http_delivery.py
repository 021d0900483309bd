"""Notifications by HTTP POST, through the outgoing guard.

They go straight to httpcore, the pool below httpx: what httpx adds (cookies, redirects, decoding) is not
wanted here and costs as much processor time as the rest of a notification.
"""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections import Counter, OrderedDict
from functools import lru_cache

import httpcore
import httpx

from mimas.ngsi_ld.core.subscriptions import Subscription

from ..outbound import OutboundGuard, OutboundRefused
from ..outbound_transport import guarded_pool
from .delivery import DeliveryFailed, Message

_TRY_AGAIN = frozenset({408, 425, 429})
_MOST_READ = 64 * 1024
_MOST_ENDPOINTS = 256
_LIMITS = httpx.Limits(max_connections=8, max_keepalive_connections=8, keepalive_expiry=30)


class HttpTransport:
    """A pool of connections for each endpoint, kept alive.

    httpcore looks at every connection of a pool at every request, so one for all would cost the more the more
    endpoints there are.
    """

    def __init__(self, guard: OutboundGuard) -> None:
        self._guard = guard
        self._pools: OrderedDict[str, httpcore.AsyncConnectionPool] = OrderedDict()
        self._busy: Counter[str] = Counter()

    async def deliver(self, message: Message, subscription: Subscription) -> None:
        """POST it; any 2xx is success (5.8.6 names 200 only, receivers answer 202 and 204 as well)."""
        try:
            async with asyncio.timeout(message.timeout):
                status = await self._post(message)
        except OutboundRefused as error:
            raise DeliveryFailed(str(error)) from error
        except TimeoutError as error:
            raise DeliveryFailed(f"no answer within {message.timeout:g} seconds") from error
        except (*_NO_ANSWER, httpx.InvalidURL) as error:
            raise DeliveryFailed(f"no answer: {error or type(error).__name__}") from error
        if not 200 <= status < 300:
            refused = 400 <= status < 500 and status not in _TRY_AGAIN
            raise DeliveryFailed(f"the endpoint answered {status}", refused=refused)

    async def close(self) -> None:
        """Close the connections."""
        for pool in self._pools.values():
            await pool.aclose()

    async def _post(self, message: Message) -> int:
        """The status of the answer; its body is read as far as the connection can be used again for it."""
        pool = await self._pool(message.uri)
        url, headers = _target(message.uri)
        headers = [*headers, *((name.encode(), value.encode()) for name, value in message.headers.items())]
        self._busy[message.uri] += 1
        try:
            async with pool.stream("POST", url, headers=headers, content=message.body) as answer:
                read = 0
                async for chunk in answer.aiter_stream():
                    read += len(chunk)
                    if read > _MOST_READ:
                        break
                return int(answer.status)
        finally:
            self._busy[message.uri] -= 1

    async def _pool(self, uri: str) -> httpcore.AsyncConnectionPool:
        """The endpoint's pool; of too many the one that was not used for the longest time goes."""
        pool = self._pools.get(uri)
        if pool is None:
            pool = self._pools[uri] = guarded_pool(self._guard, _LIMITS)
        self._pools.move_to_end(uri)
        if len(self._pools) > _MOST_ENDPOINTS:
            oldest = next(iter(self._pools))
            if not self._busy[oldest]:
                del self._busy[oldest]
                await self._pools.pop(oldest).aclose()
        return pool


_NO_ANSWER = (
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.ProxyError,
    httpcore.TimeoutException,
    httpcore.UnsupportedProtocol,
)


@lru_cache(maxsize=1024)
def _target(uri: str) -> tuple[httpcore.URL, list[tuple[bytes, bytes]]]:
    """A URI as httpcore takes it (names in ASCII, the rest percent-encoded), and the user it names."""
    url = httpx.URL(uri)
    target = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
    headers = [(b"User-Agent", b"mimas")]
    if url.userinfo:
        user = f"{url.username}:{url.password}".encode()
        headers.append((b"Authorization", b"Basic " + b64encode(user)))
    return target, headers
