"""A client that connects, publishes and listens within the limits of the run, and keeps what it saw."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ...probe import Probe
from ...transport import new_trust
from ...verdicts import CheckError, NoAnswer, NotTested

if TYPE_CHECKING:
    from paho.mqtt.client import Client, MQTTMessage

PORTS = {"mqtt": 1883, "mqtts": 8883}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a broker listens."""

    host: str
    port: int
    secure: bool

    def __str__(self) -> str:
        return f"{'mqtts' if self.secure else 'mqtt'}://{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Login:
    """Who connects; without a name nobody in particular."""

    role: str
    name: str | None = None
    password: str | None = None


def place_of(probe: Probe) -> Place:
    """The listener of the interface."""
    parts = urlsplit(probe.interface.url)
    if parts.scheme not in PORTS or not parts.hostname:
        raise CheckError(f"{probe.interface.url!r} is no MQTT listener: write mqtts://host:8883.")
    return Place(parts.hostname, parts.port or PORTS[parts.scheme], parts.scheme == "mqtts")


def login_of(probe: Probe, role: str) -> Login:
    """The name and password of a role (scheme `basic`); NotTested when the target names none."""
    credential = probe.target.credentials.get(role)
    if credential is None or credential.scheme != "basic" or not credential.user:
        raise NotTested(f"The target names no credential {role!r} of the scheme `basic` with its `user`.")
    return Login(role, credential.user, probe.secret(role))


class Connection:
    """A connection that the broker took."""

    def __init__(self, client: Client, probe: Probe, place: Place) -> None:
        self._client = client
        self._probe = probe
        self._place = place
        self.messages: list[tuple[str, bytes]] = []
        client.on_message = self._keep

    def _keep(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        self.messages.append((message.topic, bytes(message.payload)))

    def subscribe(self, topic: str) -> None:
        """Have messages of a topic from now on."""
        granted: list[Any] = []
        self._client.on_subscribe = lambda _client, _data, _number, codes, _properties: granted.extend(codes)
        self._client.subscribe(topic, qos=1)
        _wait(self._client, lambda: bool(granted), self._probe.limits.timeout)
        said = ", ".join(map(str, granted)) or "nothing"
        self._probe.saw(f"MQTT SUBSCRIBE {topic}", str(self._place), f"SUBACK {said}")

    def publish(self, topic: str, payload: str) -> None:
        """Send a message; that the broker acknowledges it says nothing of what becomes of it."""
        done: list[Any] = []
        self._client.on_publish = lambda *_: done.append(True)
        self._client.publish(topic, payload, qos=1)
        _wait(self._client, lambda: bool(done), self._probe.limits.timeout)
        said = "PUBACK" if done else "nothing"
        self._probe.saw(f"MQTT PUBLISH {topic} {payload}", str(self._place), said)

    def wait(self, payload: str, seconds: float) -> bool:
        """Whether a message with this payload comes in time."""
        found = _wait(
            self._client, lambda: any(each[1] == payload.encode() for each in self.messages), seconds
        )
        self._probe.saw("MQTT RECEIVE", str(self._place), payload if found else "nothing")
        return found


@contextmanager
def connected(probe: Probe, place: Place, login: Login) -> Iterator[Connection | None]:
    """A connection, or None when the broker refuses; NoAnswer when there is no broker or it is silent."""
    client = _client(probe, place, login)
    codes: list[Any] = []
    client.on_connect = lambda _client, _data, _flags, code, _properties: codes.append(code)
    said = f"MQTT CONNECT as {login.name or 'nobody'} ({login.role})"
    try:
        client.connect(place.host, place.port, keepalive=max(5, int(probe.limits.timeout)))
        _wait(client, lambda: bool(codes) or client.socket() is None, probe.limits.timeout)
    except ssl.SSLError as error:
        probe.saw(said, str(place), "", error=str(error))
        raise CheckError(f"{place} and the checker do not agree on TLS: {error.reason or error}") from error
    except TimeoutError as error:
        probe.saw(said, str(place), "", error="nothing within the time")
        raise NoAnswer(f"{place} says nothing within {probe.limits.timeout:g} s.") from error
    except OSError as error:
        probe.saw(said, str(place), "", error=str(error))
        raise NoAnswer(f"{place} cannot be reached: {error}") from error
    probe.saw(said, str(place), f"CONNACK {codes[0]}" if codes else "closed")
    try:
        if not codes and client.socket() is not None:
            raise NoAnswer(f"{place} answers no CONNECT within {probe.limits.timeout:g} s.")
        if not codes:
            raise CheckError(f"{place} hangs up instead of answering the CONNECT: is it an MQTT broker?")
        yield Connection(client, probe, place) if codes and not codes[0].is_failure else None
    finally:
        client.disconnect()


def _client(probe: Probe, place: Place, login: Login) -> Client:
    try:
        from paho.mqtt.client import Client
        from paho.mqtt.enums import CallbackAPIVersion
    except ImportError as error:
        raise CheckError("Talking to MQTT brokers needs the package paho-mqtt.") from error

    class Guarded(Client):
        """Connects as everything else of the checker does: past the guard, at the pace of the run."""

        def _create_socket(self) -> socket.socket:
            plain = probe.connect(place.host, place.port)
            if not place.secure:
                return plain
            return _trust(probe.target.ca_file).wrap_socket(plain, server_hostname=place.host)

    client = Guarded(CallbackAPIVersion.VERSION2, client_id=probe.unique("mqtt"))
    if login.name is not None:
        client.username_pw_set(login.name, login.password)
    return client


_trust = cache(new_trust)


def _wait(client: Client, is_done: Callable[[], bool], seconds: float) -> bool:
    """Let the client work until something holds or the time is over."""
    ends = time.monotonic() + seconds
    while not is_done():
        if time.monotonic() > ends or client.loop(timeout=0.05) != 0:
            return is_done()
    return True
