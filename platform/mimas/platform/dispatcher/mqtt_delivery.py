"""Notifications by MQTT 3.1.1 and 5 (CIM 009 clause 7)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

import orjson
import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from mimas.ngsi_ld.core.subscriptions import Subscription

from ..outbound import OutboundFailed, OutboundGuard, OutboundRefused
from .delivery import DeliveryFailed, Message

_IDLE_LIMIT = 64
_VERSIONS = {"mqtt3.1.1": MQTTProtocolVersion.MQTTv311, "mqtt5.0": MQTTProtocolVersion.MQTTv5}


@dataclass(frozen=True, slots=True)
class _Broker:
    """What makes two endpoints share a connection."""

    host: str
    port: int
    tls: bool
    user: str | None
    password: str | None
    protocol: MQTTProtocolVersion


class MqttTransport:
    """One connection for each broker and protocol version."""

    def __init__(self, guard: OutboundGuard) -> None:
        self._guard = guard
        self._clients: dict[_Broker, mqtt.Client] = {}
        self._connecting = asyncio.Lock()

    async def deliver(self, message: Message, subscription: Subscription) -> None:
        """Publish metadata and body as one JSON object (7.2); QoS 1 and 2 wait for the broker's word."""
        info = subscription.endpoint.notifier_info
        protocol = _VERSIONS[info.get("MQTT-Version", "mqtt5.0")]
        broker, topic = _address(message.uri, protocol)
        client = await self._client(broker, message.timeout)
        payload = orjson.dumps({"metadata": message.headers, "body": orjson.loads(message.body)})
        published = client.publish(topic, payload, qos=int(info.get("MQTT-QoS", "0")))
        try:
            await asyncio.to_thread(published.wait_for_publish, message.timeout)
        except (RuntimeError, ValueError) as error:
            raise DeliveryFailed(f"the MQTT broker did not take it: {error}") from error
        if not published.is_published():
            raise DeliveryFailed(f"the MQTT broker did not acknowledge within {message.timeout} s")

    async def close(self) -> None:
        """Disconnect from every broker."""
        for client in self._clients.values():
            await asyncio.to_thread(_disconnect, client)
        self._clients.clear()

    async def _client(self, broker: _Broker, seconds: float) -> mqtt.Client:
        async with self._connecting:
            client = self._clients.get(broker)
            if client is not None and client.is_connected():
                return client
            if client is not None:
                del self._clients[broker]
                await asyncio.to_thread(_disconnect, client)
            if len(self._clients) >= _IDLE_LIMIT:
                await asyncio.to_thread(_disconnect, self._clients.pop(next(iter(self._clients))))
            try:
                address = (await self._guard.resolve(broker.host, broker.port))[0]
            except (OutboundRefused, OutboundFailed) as error:
                raise DeliveryFailed(str(error)) from error
            client = await _connect(broker, address, seconds)
            self._clients[broker] = client
            return client


async def _connect(broker: _Broker, address: str, seconds: float) -> mqtt.Client:
    loop = asyncio.get_running_loop()
    answered: asyncio.Future[Any] = loop.create_future()

    def on_connect(_client: Any, _userdata: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        loop.call_soon_threadsafe(_settle, answered, reason)

    client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=broker.protocol)
    client.on_connect = on_connect
    if broker.user is not None:
        client.username_pw_set(broker.user, broker.password)
    if broker.tls:
        client.tls_set()
    client.connect_timeout = seconds
    try:
        await asyncio.to_thread(client.connect, broker.host if broker.tls else address, broker.port)
        client.loop_start()
        reason = await asyncio.wait_for(answered, seconds)
    except (OSError, TimeoutError, ValueError) as error:
        await asyncio.to_thread(_disconnect, client)
        raise DeliveryFailed(f"the MQTT broker cannot be reached: {error or 'no answer'}") from error
    if reason.is_failure:
        await asyncio.to_thread(_disconnect, client)
        raise DeliveryFailed(f"the MQTT broker refused the connection: {reason}")
    return client


def _settle(answered: asyncio.Future[Any], reason: Any) -> None:
    if not answered.done():
        answered.set_result(reason)


def _disconnect(client: mqtt.Client) -> None:
    client.disconnect()
    client.loop_stop()


def _address(uri: str, protocol: MQTTProtocolVersion) -> tuple[_Broker, str]:
    """mqtt[s]://[user[:password]@]host[:port]/topic, with ports 1883 and 8883 when none is given."""
    parts = urlsplit(uri)
    tls = parts.scheme == "mqtts"
    broker = _Broker(
        host=parts.hostname or "",
        port=parts.port or (8883 if tls else 1883),
        tls=tls,
        user=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        protocol=protocol,
    )
    return broker, unquote(parts.path.lstrip("/"))
