"""Sending one notification: HTTP(S) by POST (CIM 009 6.3.8), MQTT(S) by clause 7."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlsplit

import orjson

from mimas.ngsi_ld.core.subscriptions import Subscription, links_context
from mimas.ngsi_ld.core.tenant_names import headers_of

DEFAULT_TIMEOUT = 10.0
LONGEST_TIMEOUT = 60.0


class DeliveryFailed(Exception):
    """The receiver did not take it; `refused` when it answered that it never will (4xx)."""

    def __init__(self, reason: str, *, refused: bool = False) -> None:
        super().__init__(reason)
        self.refused = refused


@dataclass(frozen=True, slots=True)
class Message:
    """A notification ready to go."""

    uri: str
    headers: dict[str, str]
    body: bytes
    timeout: float


class Transport(Protocol):
    """Delivers messages to the endpoints of some URI schemes; raises DeliveryFailed."""

    async def deliver(self, message: Message, subscription: Subscription) -> None:
        """Return when the receiver has taken the message."""

    async def close(self) -> None:
        """Let go of what is open."""


def message_of(subscription: Subscription, body: dict[str, Any], context_url: str) -> Message:
    """The notification with its headers: media type, Link, tenant, snapshot and what receiverInfo adds."""
    headers = {"Content-Type": subscription.endpoint.accept}
    if links_context(subscription):
        headers["Link"] = (
            f'<{context_url}>; rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"'
        )
    headers |= headers_of(subscription.tenant)
    headers |= dict(subscription.endpoint.receiver_info)
    return Message(
        uri=subscription.endpoint.uri,
        headers=headers,
        body=orjson.dumps(body),
        timeout=min(subscription.endpoint.timeout or DEFAULT_TIMEOUT, LONGEST_TIMEOUT),
    )


def is_mqtt(uri: str) -> bool:
    """Whether an endpoint is notified by MQTT."""
    return urlsplit(uri).scheme in ("mqtt", "mqtts")
