"""Messages to a real MQTT broker at QoS 1, with a bound on how many are under way."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable
from types import TracebackType
from typing import Any, Self
from urllib.parse import unquote, urlsplit

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode

from .uplinks import Publication

_UNDER_WAY = 500
_PATIENCE = 60.0
_LISTENER_PAUSE = 0.3
_NO_MATCHING_SUBSCRIBERS = 0x10


class BrokerAway(Exception):
    """The MQTT broker took nothing for a long time."""


class Publisher:
    """A connection that comes back by itself; leaving the context waits for what is under way.

    Messages handed over while the broker is away are kept, and sent when it is back.
    """

    def __init__(self, url: str) -> None:
        self._url = urlsplit(url)
        self._client = paho.Client(
            CallbackAPIVersion.VERSION2, client_id="mimas-demo", protocol=MQTTProtocolVersion.MQTTv5
        )
        self._client.max_inflight_messages_set(_UNDER_WAY)
        self._client.on_publish = self._note_acknowledgement
        self._under_way: deque[int] = deque()
        self._changed = threading.Condition()
        self._heard: dict[int, bool] = {}
        if self._url.username:
            self._client.username_pw_set(unquote(self._url.username), unquote(self._url.password or ""))
        if self._url.scheme == "mqtts":
            self._client.tls_set()

    def __enter__(self) -> Self:
        default = 8883 if self._url.scheme == "mqtts" else 1883
        self._client.connect_async(self._url.hostname or "127.0.0.1", self._url.port or default)
        self._client.loop_start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.settle()
        self._client.disconnect()
        self._client.loop_stop()

    def wait_for_listeners(self, publications: Iterable[Publication], stopping: threading.Event) -> None:
        """Send each message until somebody listens to its topic: what nobody subscribed to is lost.

        MQTT 5 brokers say "no matching subscribers" in the acknowledgement; others are believed.
        """
        for publication in publications:
            while not stopping.is_set():
                self.settle()
                self._send(publication)
                if self._wait_for_one():
                    break
                stopping.wait(_LISTENER_PAUSE)

    def publish(self, publications: Iterable[Publication]) -> None:
        """Hand messages over; waits while too many are under way."""
        for publication in publications:
            self._send(publication)
            while len(self._under_way) >= _UNDER_WAY:
                self._wait_for_one()

    def settle(self) -> None:
        """Wait until the broker has acknowledged everything."""
        while self._under_way:
            self._wait_for_one()

    def _send(self, publication: Publication) -> None:
        topic, payload = publication
        info = self._client.publish(topic, payload, qos=1)
        if info.rc not in (MQTTErrorCode.MQTT_ERR_SUCCESS, MQTTErrorCode.MQTT_ERR_NO_CONN):
            raise BrokerAway(f"the MQTT client refused a message: {paho.error_string(info.rc)}")
        self._under_way.append(info.mid)

    def _note_acknowledgement(
        self, _client: Any, _data: Any, message: int, reason: ReasonCode, _properties: Any
    ) -> None:
        with self._changed:
            self._heard[message] = reason.value != _NO_MATCHING_SUBSCRIBERS
            self._changed.notify_all()

    def _wait_for_one(self) -> bool:
        """Wait for the oldest message under way; say whether anybody listened."""
        message = self._under_way.popleft()
        with self._changed:
            if not self._changed.wait_for(lambda: message in self._heard, _PATIENCE):
                where = f"{self._url.hostname}:{self._url.port}"
                raise BrokerAway(f"the MQTT broker at {where} acknowledged nothing for {_PATIENCE:.0f} s")
            return self._heard.pop(message)
