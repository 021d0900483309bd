"""Notifications by HTTP POST, through the outgoing guard."""

from __future__ import annotations

import httpx

from mimas.ngsi_ld.core.subscriptions import Subscription

from ..outbound import OutboundFailed, OutboundGuard, OutboundRefused, guarded_client
from .delivery import DeliveryFailed, Message

_TRY_AGAIN = frozenset({408, 425, 429})


class HttpTransport:
    """One client for all endpoints; connections are kept alive."""

    def __init__(self, guard: OutboundGuard) -> None:
        self._client = guarded_client(guard)

    async def deliver(self, message: Message, subscription: Subscription) -> None:
        """POST it; any 2xx is success (5.8.6 names 200 only, receivers answer 202 and 204 as well)."""
        try:
            answer = await self._client.post(
                message.uri, headers=message.headers, content=message.body, timeout=message.timeout
            )
        except (OutboundRefused, OutboundFailed) as error:
            raise DeliveryFailed(str(error)) from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise DeliveryFailed(f"no answer: {error or type(error).__name__}") from error
        if not answer.is_success:
            refused = answer.is_client_error and answer.status_code not in _TRY_AGAIN
            raise DeliveryFailed(f"the endpoint answered {answer.status_code}", refused=refused)

    async def close(self) -> None:
        """Close the client's connections."""
        await self._client.aclose()
