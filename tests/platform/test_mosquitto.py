"""The private Mosquitto: who gets in, and what it keeps."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from mimas.platform.mosquitto import PrivateMosquitto
from mimas.platform.packages import find_mosquitto
from mimas.platform.processes import is_alive, wait_until

pytestmark = pytest.mark.skipif(find_mosquitto() is None, reason="no Mosquitto of the distribution")

MESSAGES = 3000  # more than the 1 000 that Mosquitto keeps by default


class Client:
    """A client with a session that lasts, which waits for what it asked for."""

    def __init__(self, url: str, name: str, *, login: bool = True) -> None:
        parts = urlsplit(url)
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=name, protocol=mqtt.MQTTv5)
        if parts.username and login:
            self._client.username_pw_set(parts.username, parts.password)
        self.reason = ""
        self.received: list[bytes] = []
        self._answered = threading.Event()
        self._subscribed = threading.Event()
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.on_message = lambda _client, _data, message: self.received.append(message.payload)
        lasting = Properties(PacketTypes.CONNECT)
        lasting.SessionExpiryInterval = 3600
        self._client.connect(parts.hostname or "", parts.port or 1883, clean_start=False, properties=lasting)
        self._client.loop_start()
        assert self._answered.wait(10)

    def subscribe(self, topic: str) -> None:
        """Subscribe and wait for the acknowledgement."""
        self._client.subscribe(topic, qos=1)
        assert self._subscribed.wait(10)

    def publish(self, topic: str, count: int) -> None:
        """Publish and wait until each message is acknowledged."""
        for info in [self._client.publish(topic, str(n), qos=1) for n in range(count)]:
            info.wait_for_publish(20)

    def close(self) -> None:
        """Go away; the session stays."""
        self._client.disconnect()
        self._client.loop_stop()

    def _on_connect(self, _client: object, _data: object, _flags: object, reason: object, *_: object) -> None:
        self.reason = str(reason)
        self._answered.set()


@pytest.fixture
def broker(data_dir: Path) -> Iterator[PrivateMosquitto]:
    broker = PrivateMosquitto(data_dir, port=None)
    broker.start()
    yield broker
    broker.stop()


@pytest.mark.fault
def test_what_was_acknowledged_survives_kill_9(broker: PrivateMosquitto) -> None:
    """Messages for an absent subscriber are there after kill -9, all of them, however many."""
    subscriber = Client(broker.url, "adapter")
    subscriber.subscribe("meters/#")
    subscriber.close()
    publisher = Client(broker.url, "gateway")
    publisher.publish("meters/1", MESSAGES)
    publisher.close()
    _wait_for_save(broker)
    pid = broker.status()
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    assert wait_until(lambda: not is_alive(pid), 5)
    broker.start()
    subscriber = Client(broker.url, "adapter")
    wait_until(lambda: len(subscriber.received) >= MESSAGES, 20)
    subscriber.close()

    assert [int(payload) for payload in subscriber.received] == list(range(MESSAGES))


def _wait_for_save(broker: PrivateMosquitto) -> None:
    """Saved every second: the file is written anew after the last message."""
    saved = broker.directory / "messages.db"
    before = saved.stat().st_mtime_ns if saved.exists() else 0
    assert wait_until(lambda: saved.exists() and saved.stat().st_mtime_ns > before, 5)


def test_loopback_asks_for_no_name(broker: PrivateMosquitto) -> None:
    """On this machine gateways connect without a password."""
    client = Client(broker.url, "somebody")
    client.close()

    assert client.reason == "Success"


def test_elsewhere_a_password_is_asked_for(data_dir: Path) -> None:
    """As soon as it listens on another address nobody gets in without the user and the password."""
    broker = PrivateMosquitto(data_dir, host="0.0.0.0", port=None)
    broker.start()
    reasons = []
    for login in (True, False):
        client = Client(broker.url, "somebody", login=login)
        client.close()
        reasons.append(client.reason)
    broker.stop()

    assert reasons == ["Success", "Not authorized"]


def test_its_files_are_private(broker: PrivateMosquitto) -> None:
    """Messages and passwords are nobody else's."""
    assert broker.directory.stat().st_mode & 0o077 == 0
