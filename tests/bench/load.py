"""A small closed-loop HTTP load: as many keep-alive connections as asked, one request in flight on each."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import cast

import uvloop

PATIENCE = 600


@dataclass
class Outcome:
    """What a run of requests gave: seconds for all, latencies in seconds, answers by status.

    `busy` is the share of a core that the client took: near 1 it was the client that was measured.
    """

    seconds: float = 0.0
    busy: float = 0.0
    latencies: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    last: bytes = b""

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.latencies) / self.seconds

    def percentile(self, share: float) -> float:
        """The latency in milliseconds that this share of the answers stayed below."""
        return sorted(self.latencies)[int(len(self.latencies) * share)] * 1000

    def require(self, *statuses: int) -> Outcome:
        """Itself; a figure made of other answers would be worth nothing."""
        if not self.latencies or not set(self.statuses) <= set(statuses):
            raise RuntimeError(f"answers by status: {dict(self.statuses)}; the last one: {self.last[:500]!r}")
        return self


def request(method: str, path: str, body: bytes = b"", content_type: str = "application/json") -> bytes:
    """One HTTP/1.1 request as bytes."""
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\n"
    if body:
        head += f"Content-Type: {content_type}\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body


class _Connection(asyncio.Protocol):
    """Sends the next request when the answer to the last one is complete."""

    def __init__(self, requests: Iterator[bytes], outcome: Outcome, done: asyncio.Future[None]) -> None:
        self._requests, self._outcome, self._done = requests, outcome, done
        self._buffer = b""
        self._expected = 0
        self._sent_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are of no such class
        asyncio.get_running_loop().call_soon(self._send)  # closing here would leave create_connection waiting

    def _send(self) -> None:
        following = next(self._requests, None)
        if following is None:
            self._transport.close()
            return
        self._sent_at = time.perf_counter()
        self._transport.write(following)

    def data_received(self, data: bytes) -> None:
        self._buffer = self._buffer + data if self._buffer else data
        if not self._expected:
            self._expected = _length(self._buffer)
        if not self._expected or len(self._buffer) < self._expected:
            return
        answer, self._buffer, self._expected = self._buffer, b"", 0
        outcome = self._outcome
        outcome.latencies.append(time.perf_counter() - self._sent_at)
        outcome.statuses[int(answer[9:12])] += 1
        outcome.last = answer
        self._send()

    def connection_lost(self, error: Exception | None) -> None:
        if not self._done.done():
            self._done.set_result(None)


def _length(answer: bytes) -> int:
    """How long an answer is that begins so; 0 while its head is not complete."""
    end = answer.find(b"\r\n\r\n")
    if end < 0:
        return 0
    head = answer[:end].lower()
    at = head.find(b"content-length:")
    return end + 4 + (int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0)


async def _drive(port: int, requests: Iterator[bytes], connections: int) -> Outcome:
    loop = asyncio.get_running_loop()
    outcome = Outcome()
    ends = [loop.create_future() for _ in range(connections)]
    started, worked = time.perf_counter(), time.process_time()
    for end in ends:
        await loop.create_connection(lambda end=end: _Connection(requests, outcome, end), "127.0.0.1", port)  # type: ignore[misc]
    async with asyncio.timeout(PATIENCE):
        await asyncio.gather(*ends)
    outcome.seconds = time.perf_counter() - started
    outcome.busy = (time.process_time() - worked) / outcome.seconds
    return outcome


def run(port: int, requests: Iterable[bytes], *, connections: int) -> Outcome:
    """Send all of `requests` over `connections` keep-alive connections to 127.0.0.1:`port`."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_drive(port, iter(requests), connections))


def get(port: int, path: str) -> bytes:
    """One answer, head and body."""
    return run(port, [request("GET", path)], connections=1).require(200).last
