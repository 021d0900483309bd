"""What Prometheus reads: counts of every process of the platform, and what waits in the database.

Each process writes its numbers to files of `PROMETHEUS_MULTIPROC_DIR`; the worker that is asked adds them up.
"""

from __future__ import annotations

import os
import time
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import Any

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector

from mimas.ngsi_ld.core.errors import NgsiLdError, Unavailable
from mimas.ngsi_ld.core.operations import Operation
from mimas.ngsi_ld.store.outbox import Outbox
from mimas.ngsi_ld.store.quarantine import QuarantineStore
from mimas.ngsi_ld.store.write_queue import Outcome
from mimas.ngsi_ld.store.writer import Writer

CONTENT_TYPE = CONTENT_TYPE_LATEST.encode()
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_WAITING_BELIEVED_FOR = 5.0

REQUESTS = Counter("mimas_http_requests", "HTTP requests answered", ["method", "status"])
REQUEST_SECONDS = Histogram("mimas_http_request_seconds", "Time to the answer", buckets=_SECONDS)
WRITES = Counter("mimas_writes", "Operations through the write queue", ["outcome"])
COMMIT_SECONDS = Histogram("mimas_commit_seconds", "From the queue to the commit", buckets=_SECONDS)
QUEUE = Gauge("mimas_write_queue", "Operations that wait for a commit", multiprocess_mode="livesum")


class Tally:
    """Counts and times of this process, handed to Prometheus now and then: one call each costs too much."""

    def __init__(self, counter: Counter, histogram: Histogram) -> None:
        self._counter = counter
        self._histogram = histogram
        self._counts: dict[tuple[str, ...], int] = {}
        self._times = [0] * (len(_SECONDS) + 1)
        self._sum = 0.0

    def count(self, labels: tuple[str, ...], number: int = 1) -> None:
        """Count something."""
        self._counts[labels] = self._counts.get(labels, 0) + number

    def time(self, seconds: float) -> None:
        """Note how long something took."""
        self._times[bisect_left(_SECONDS, seconds)] += 1
        self._sum += seconds

    def hand_over(self) -> None:
        """Give Prometheus what was counted since the last time."""
        counts, self._counts = self._counts, {}
        for labels, number in counts.items():
            self._counter.labels(*labels).inc(number)
        times, self._times = self._times, [0] * len(self._times)
        for bucket, number in zip(self._histogram._buckets, times, strict=True):
            if number:
                bucket.inc(number)
        self._histogram._sum.inc(self._sum)
        self._sum = 0.0


HTTP = Tally(REQUESTS, REQUEST_SECONDS)
COMMITS = Tally(WRITES, COMMIT_SECONDS)


def hand_over() -> None:
    """Give Prometheus what this process has counted."""
    HTTP.hand_over()
    COMMITS.hand_over()


class MeasuredWriter(Writer):
    """A writer that counts what it writes and how long that takes."""

    async def write(self, tenant: str, operations: Sequence[Operation]) -> list[Outcome]:
        """As the writer does, counted."""
        start = time.perf_counter()
        try:
            outcomes = await super().write(tenant, operations)
        except Unavailable:
            COMMITS.count(("unavailable",), len(operations))
            raise
        COMMITS.time(time.perf_counter() - start)
        refused = sum(isinstance(outcome, NgsiLdError) for outcome in outcomes)
        COMMITS.count(("committed",), len(outcomes) - refused)
        if refused:
            COMMITS.count(("refused",), refused)
        return outcomes


class Waiting:
    """What waits in the database, asked for when Prometheus asks, at most every few seconds."""

    def __init__(self, outbox: Outbox, quarantine: QuarantineStore) -> None:
        self._outbox = outbox
        self._quarantine = quarantine
        self._until = 0.0
        self._families: list[GaugeMetricFamily] = []

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """What was last found; nothing while the database is away."""
        return self._families

    async def refresh(self) -> None:
        """Look again when it is time."""
        if time.monotonic() < self._until:
            return
        self._until = time.monotonic() + _WAITING_BELIEVED_FOR
        try:
            due, dead = await self._outbox.waiting()
            messages = await self._quarantine.counts()
        except Unavailable:
            self._families = []
            return
        outbox = GaugeMetricFamily("mimas_outbox", "Notifications in the outbox", labels=["state"])
        outbox.add_metric(["due"], due)
        outbox.add_metric(["dead"], dead)
        quarantine = GaugeMetricFamily("mimas_quarantine", "Messages in quarantine", labels=["source"])
        for source, count in messages.items():
            quarantine.add_metric([source], count)
        self._families = [outbox, quarantine]


def render(waiting: Any) -> bytes:
    """The page that Prometheus reads."""
    hand_over()
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        registry: CollectorRegistry = REGISTRY
        extra = CollectorRegistry()
        extra.register(waiting)
        return bytes(generate_latest(registry) + generate_latest(extra))
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    registry.register(waiting)
    return bytes(generate_latest(registry))
