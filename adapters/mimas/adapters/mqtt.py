"""MQTT: messages of a topic, acknowledged only after they are committed.

The session is kept by the broker (clean start off), deliveries are QoS 1 and acknowledged by hand, and at
most `inflight` of them are unacknowledged at a time: a database that is away fills the broker's queue, not
our memory. A reconnection makes the broker deliver again what was not acknowledged; acknowledgements that
belong to the former connection are dropped, because packet ids are used again.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import deque
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from functools import partial
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from .mapping import MappingFile
from .mapping.topics import TopicPatterns
from .messages import Mapped, Message
from .source import SourceError, Surroundings, beside, source_options

logger = logging.getLogger(__name__)

INFLIGHT = 1000
SESSION_DAYS = 30
KEEPALIVE = 30
RETAINED_FOR_NEW_SUBSCRIPTIONS = 1


class MqttSource:
    """Messages of one or several topic patterns of one broker."""

    media = ""

    def __init__(self, file: MappingFile, surroundings: Surroundings) -> None:
        self.name = file.name
        self.file = file
        self._options = source_options(file)
        self._url = urlsplit(self._options.get("url", surroundings.mqtt_url))
        if self._url.scheme not in ("mqtt", "mqtts") or not self._url.hostname:
            raise SourceError(f"{file.name}: no broker to connect to; set MIMAS_MQTT_URL or source.mqtt.url")
        patterns = file.mapping.place
        assert isinstance(patterns, TopicPatterns)
        self._topics = patterns.filters

    def to_entities(self, message: Message) -> Mapped:
        """What `message` becomes by the mapping."""
        return self.file.mapping.map(message)

    async def messages(self) -> AsyncIterator[Message]:
        """Messages as the broker delivers them, for ever."""
        inbox = _Inbox(self._options.get("inflight", INFLIGHT), asyncio.get_running_loop())
        client = self._client()
        connection = _Connection(self.name, self._topics, self._options.get("qos", 1), client, inbox)
        self._connect(client)
        try:
            while True:
                yield await inbox.take()
        finally:
            inbox.close()
            client.disconnect()
            await asyncio.to_thread(client.loop_stop)
            connection.generation += 1

    def _client(self) -> paho.Client:
        version = str(self._options.get("version", "5"))
        client_id = self._options.get("client", f"mimas-{self.name}")
        if version == "5":
            client = paho.Client(
                CallbackAPIVersion.VERSION2, client_id, protocol=MQTTProtocolVersion.MQTTv5, manual_ack=True
            )
        else:
            client = paho.Client(
                CallbackAPIVersion.VERSION2,
                client_id,
                clean_session=False,
                protocol=MQTTProtocolVersion.MQTTv311,
                manual_ack=True,
            )
        client.reconnect_delay_set(1, 60)
        _authenticate(client, self._url, self._options, self.file)
        return client

    def _connect(self, client: paho.Client) -> None:
        assert self._url.hostname
        port = self._url.port or (8883 if self._url.scheme == "mqtts" else 1883)
        if client.protocol == MQTTProtocolVersion.MQTTv5:
            properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
            properties.ReceiveMaximum = self._options.get("inflight", INFLIGHT)
            properties.SessionExpiryInterval = int(self._options.get("session_days", SESSION_DAYS) * 86400)
            client.connect_async(
                self._url.hostname, port, KEEPALIVE, clean_start=False, properties=properties
            )
        else:
            client.connect_async(self._url.hostname, port, KEEPALIVE)
        client.loop_start()


def _authenticate(client: paho.Client, url: SplitResult, options: dict[str, Any], file: MappingFile) -> None:
    user = options.get("user") or (unquote(url.username) if url.username else None)
    password = unquote(url.password) if url.password else None
    if "password_file" in options:
        password = beside(file, options["password_file"]).read_text("utf-8").strip()
    if user:
        client.username_pw_set(user, password)
    if url.scheme == "mqtts":
        ca_file = options.get("ca_file")
        client.tls_set(ca_certs=str(beside(file, ca_file)) if ca_file else None)


class _Inbox:
    """Messages on their way from the client's thread to the event loop; full, it holds the thread back."""

    def __init__(self, limit: int, loop: asyncio.AbstractEventLoop) -> None:
        self._limit = limit
        self._loop = loop
        self._messages: deque[Message] = deque()
        self._arrived = asyncio.Event()
        self._room = threading.Event()
        self._closed = False

    def put(self, message: Message) -> None:
        """Called by the client's thread. QoS 0 knows no receive maximum, so the thread itself waits."""
        while len(self._messages) > self._limit and not self._closed:
            self._room.clear()
            self._room.wait(0.1)
        self._messages.append(message)
        if not self._closed:
            self._loop.call_soon_threadsafe(self._arrived.set)

    async def take(self) -> Message:
        """The next message."""
        while not self._messages:
            self._arrived.clear()
            if not self._messages:
                await self._arrived.wait()
        self._room.set()
        return self._messages.popleft()

    def close(self) -> None:
        """Let the client's thread go."""
        self._closed = True
        self._room.set()


class _Connection:
    """The callbacks of one client; `generation` grows with each connection."""

    def __init__(self, source: str, topics: list[str], qos: int, client: paho.Client, inbox: _Inbox) -> None:
        self.generation = 0
        self._source = source
        self._topics = topics
        self._qos = qos
        self._client = client
        self._inbox = inbox
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message

    def _on_connect(self, client: paho.Client, _data: Any, flags: Any, reason: Any, _properties: Any) -> None:
        if reason.is_failure:
            logger.warning("source %s: the broker refused the connection: %s", self._source, reason)
            return
        logger.info("source %s: connected, session present: %s", self._source, flags.session_present)
        if client.protocol == MQTTProtocolVersion.MQTTv5:
            options = SubscribeOptions(qos=self._qos, retainHandling=RETAINED_FOR_NEW_SUBSCRIPTIONS)
            client.subscribe([(topic, options) for topic in self._topics])
        else:
            client.subscribe([(topic, self._qos) for topic in self._topics])

    def _on_disconnect(
        self, _client: paho.Client, _data: Any, _flags: Any, reason: Any, _properties: Any
    ) -> None:
        self.generation += 1
        logger.info("source %s: disconnected: %s", self._source, reason)

    def _on_message(self, _client: paho.Client, _data: Any, message: paho.MQTTMessage) -> None:
        try:
            place = message.topic
        except UnicodeDecodeError:
            place = "?"
        acknowledge = partial(self._acknowledge, message.mid, message.qos, self.generation)
        self._inbox.put(
            Message(self._source, place, bytes(message.payload), datetime.now(UTC), acknowledge=acknowledge)
        )

    def _acknowledge(self, mid: int, qos: int, generation: int) -> None:
        if qos and generation == self.generation:
            self._client.ack(mid, qos)
