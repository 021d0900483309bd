"""What a check gets: a polite, recording, limited way to the target, and a place for what it must undo."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
import orjson

from .evidence import Evidence, Exchange
from .target import Interface, Limits, Target
from .verdicts import CheckError, Failure, NotTested

USER_AGENT = "mimas-check"


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
class Answer:
    """A complete answer of the target; `body` is at most the limit long."""

    status: int
    headers: httpx.Headers
    body: bytes
    url: str

    @property
    def media_type(self) -> str:
        """The Content-Type without its parameters, in lower case; empty when there is none."""
        content_type: str = self.headers.get("content-type", "")
        return content_type.partition(";")[0].strip().lower()

    def json(self) -> Any:
        """The body parsed as JSON; a body that is none is the target's Failure."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError as error:
            start = self.body[:80].decode("utf-8", "replace")
            raise Failure(
                f"{self.url} answers {self.status} with a body that is not JSON: {start!r} ({error})",
                mend="Send JSON when the Content-Type says JSON.",
            ) from error


@dataclass
class Probe:
    """One check's view of the target. All calls go through `send`, which records them as evidence."""

    target: Target
    interface: Interface
    client: httpx.Client
    pace: Pace
    evidence: Evidence
    token: str | None = None
    run_id: str = field(default_factory=lambda: uuid.uuid4().hex[:12])
    stop: threading.Event = field(default_factory=threading.Event)
    _undo: list[Callable[[], None]] = field(default_factory=list)

    @property
    def limits(self) -> Limits:
        """The target's limits."""
        return self.target.limits

    def url(self, path: str) -> str:
        """`path` below the interface's base URL; absolute URLs stay as they are."""
        if urlsplit(path).scheme:
            return path
        return urljoin(f"{self.interface.url}/", path.lstrip("/"))

    def get(self, path: str, **headers: str) -> Answer:
        """GET; header names with underscores instead of hyphens."""
        return self.send(
            "GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()}
        )

    def send(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes | str | None = None,
        json: Any = None,
        authorized: bool = True,
    ) -> Answer:
        """One request and its whole answer. No answer, or one beyond the limits, is a CheckError."""
        if self.stop.is_set():
            raise NotTested("The run was stopped.")
        body = orjson.dumps(json) if json is not None else content
        sent = {"User-Agent": USER_AGENT, **(headers or {})}
        if json is not None:
            sent.setdefault("Content-Type", "application/json")
        if self.token and authorized:
            sent.setdefault("Authorization", f"Bearer {self.token}")
        self.pace.wait()
        return self._recorded(method, self.url(path), sent, body)

    def leave_clean(self, undo: Callable[[], None]) -> None:
        """Remember what removes something this check is about to write; run last-in first-out, always."""
        self._undo.append(undo)

    def clean_up(self) -> list[str]:
        """Undo all writes; what could not be undone is said, not hidden."""
        failures = []
        self.stop = threading.Event()  # a stopped run still cleans up
        while self._undo:
            try:
                self._undo.pop()()
            except Exception as error:  # whatever it is, the others must still be undone
                failures.append(str(error))
        return failures

    def _recorded(self, method: str, url: str, headers: dict[str, str], body: bytes | str | None) -> Answer:
        started, clock = datetime.now(UTC), time.perf_counter()
        answer: Answer | None = None
        problem: str | None = None
        try:
            answer = self._exchange(method, url, headers, body, clock + self.limits.timeout)
        except (httpx.HTTPError, httpx.InvalidURL, _LimitExceeded) as error:
            problem = str(error) or type(error).__name__
        text = body.decode("utf-8", "replace") if isinstance(body, bytes) else body
        self.evidence.exchanges.append(
            Exchange(
                started=started,
                milliseconds=(time.perf_counter() - clock) * 1000,
                method=method,
                url=self.evidence.mask(url),
                request_headers=self.evidence.mask_headers(headers.items()),
                request_body=self.evidence.mask(text) if text is not None else None,
                status=answer.status if answer else None,
                response_headers=self.evidence.mask_headers(answer.headers.items()) if answer else (),
                response_body=self.evidence.mask(answer.body.decode("utf-8", "replace")) if answer else None,
                error=problem,
            )
        )
        if answer is None:
            raise CheckError(f"{method} {url} got no usable answer: {problem}")
        return answer

    def _exchange(
        self, method: str, url: str, headers: dict[str, str], body: bytes | str | None, deadline: float
    ) -> Answer:
        with self.client.stream(method, url, headers=headers, content=body) as response:
            received = bytearray()
            for chunk in response.iter_bytes():
                received += chunk
                if len(received) > self.limits.max_bytes:
                    raise _LimitExceeded(f"the body is larger than {self.limits.max_bytes} bytes")
                if time.perf_counter() > deadline:
                    raise _LimitExceeded(f"the answer takes longer than {self.limits.timeout} s")
            return Answer(response.status_code, response.headers, bytes(received), str(response.url))


class _LimitExceeded(Exception):
    """The target sends more, or for longer, than the checker is willing to read."""
