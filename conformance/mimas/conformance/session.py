"""What all checks of one run share: the way to the target, its pace, its secrets, what was already read."""

from __future__ import annotations

import base64
import os
import socket
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpcore
import httpx

from mimas.ngsi_ld.outbound import AddressRule

from .answer import Answer
from .evidence import Exchange, secrets_of
from .listener import Listener
from .target import Target
from .transport import AddressRefused, Deadline, allowed_addresses, guarded_transport
from .verdicts import NoAnswer

ALLOW_VARIABLE = "MIMAS_OUTBOUND_ALLOW"
GIVE_UP_AFTER = 4


class Pace:
    """Keeps all checks together under the target's requests a second."""

    def __init__(self, requests_per_second: float) -> None:
        self._interval = 1.0 / requests_per_second
        self._next = 0.0
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Return when the next request may go out."""
        with self._lock:
            now = time.monotonic()
            at = max(now, self._next)
            self._next = at + self._interval
        if at > now:
            time.sleep(at - now)


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it goes out."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None = None


class Session:
    """One run's connection to a target. `transport` replaces the network in tests of the checker itself."""

    def __init__(
        self,
        target: Target,
        *,
        transport: httpx.BaseTransport | None = None,
        listener: Listener | None = None,
        baseline: Mapping[str, Any] | None = None,
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        self.target = target
        self.listener = listener
        self.baseline = baseline
        self.environment = environment
        self.run_id = uuid.uuid4().hex[:12]
        self.stop = threading.Event()
        self.secrets = _secrets(target, environment)
        self.rule = AddressRule([*target.hosts, *target.allow, *_listed(environment.get(ALLOW_VARIABLE, ""))])
        self._pace = Pace(target.limits.requests_per_second)
        self._deadline = Deadline()
        self._silent: dict[str, int] = {}
        self._read: dict[Any, tuple[Answer | None, Exchange]] = {}
        self._read_locks: dict[Any, threading.Lock] = {}
        self._lock = threading.Lock()
        self._client = httpx.Client(
            transport=transport or self._transport(), timeout=target.limits.timeout, trust_env=False
        )

    def _transport(self) -> httpx.BaseTransport:
        connections = self.target.limits.concurrency * 2
        return guarded_transport(
            self.rule, self._deadline, connections=connections, ca_file=self.target.ca_file
        )

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def secret(self, role: str) -> str | None:
        """The secret of a role; None when the target names none or its variable is empty."""
        credential = self.target.credentials.get(role)
        return self.environment.get(credential.env) or None if credential else None

    def keep_secret(self, value: str) -> None:
        """Mask this value too, from the next check on."""
        with self._lock:
            self.secrets |= {value}

    def exchange(self, request: Request) -> Answer:
        """The whole answer to one request; NoAnswer when there is none within the limits."""
        origin = origin_of(request.url)
        if self._silent.get(origin, 0) >= GIVE_UP_AFTER:
            raise NoAnswer(f"{origin} does not answer any more: {GIVE_UP_AFTER} calls in a row got nothing.")
        self._pace.wait()
        try:
            answer = self._whole_answer(request)
        except _TooMuch as error:
            raise NoAnswer(f"{request.method} {request.url}: {error}") from error
        except (httpx.HTTPError, httpx.InvalidURL, AddressRefused, OSError, ValueError) as error:
            if isinstance(error, httpx.TransportError):
                self._silent[origin] = self._silent.get(origin, 0) + 1
            reason = str(error) or type(error).__name__
            if isinstance(error, httpx.TimeoutException):
                reason = f"nothing whole within {self.target.limits.timeout:g} s"
            raise NoAnswer(f"{request.method} {request.url} got no usable answer: {reason}") from error
        self._silent.pop(origin, None)
        return answer

    def connect(self, host: str, port: int) -> socket.socket:
        """A TCP connection to an allowed address of a host; NoAnswer when it may not be called or is silent.

        ConnectionError when nobody listens there.
        """
        self._pace.wait()
        try:
            addresses = allowed_addresses(self.rule, host, port)
        except (AddressRefused, httpcore.ConnectError) as error:
            raise NoAnswer(str(error)) from error
        try:
            return socket.create_connection((addresses[0], port), timeout=self.target.limits.timeout)
        except TimeoutError as error:
            raise NoAnswer(
                f"{host}:{port} does not answer within {self.target.limits.timeout:g} s."
            ) from error
        except ConnectionError:
            raise
        except OSError as error:
            raise NoAnswer(f"{host}:{port} cannot be reached: {error}") from error

    def read_once(
        self, key: Any, read: Callable[[], tuple[Answer | None, Exchange]]
    ) -> tuple[Answer | None, Exchange]:
        """What `read` gives, asked of the target only once a run."""
        with self._lock:
            lock = self._read_locks.setdefault(key, threading.Lock())
        with lock:
            if key not in self._read:
                self._read[key] = read()
            return self._read[key]

    def _whole_answer(self, request: Request) -> Answer:
        limits = self.target.limits
        with (
            self._deadline.of(limits.timeout),
            self._client.stream(
                request.method, request.url, headers=dict(request.headers), content=request.body
            ) as response,
        ):
            received = bytearray()
            for chunk in response.iter_bytes():
                received += chunk
                if len(received) > limits.max_bytes:
                    raise _TooMuch(f"the body is larger than {limits.max_bytes} bytes")
            return Answer(
                response.status_code, response.headers, bytes(received), str(response.url), request.method
            )


class _TooMuch(Exception):
    """The target sends more than the checker is willing to read."""


def origin_of(url: str) -> str:
    """Scheme, host and port of a URL, as far as it has them."""
    parts = urlsplit(url)
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    return f"{parts.scheme}://{parts.hostname}:{port}"


def basic_pair(user: str | None, secret: str) -> str:
    """User and secret as HTTP Basic sends them."""
    return base64.b64encode(f"{user or ''}:{secret}".encode()).decode()


def _secrets(target: Target, environment: Mapping[str, str]) -> frozenset[str]:
    """Everything that must not get into a report."""
    credentials = target.credentials.values()
    pairs = {
        basic_pair(each.user, environment[each.env]) for each in credentials if environment.get(each.env)
    }
    return secrets_of([each.env for each in credentials], environment) | pairs


def _listed(text: str) -> list[str]:
    words = text.replace(",", " ").split()
    return [word for each in words if (word := each.strip("[]\"'"))]
