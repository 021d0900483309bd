"""kill -9 of PostgreSQL, of a worker and of everything but Mosquitto, in the middle of an ingest."""

from __future__ import annotations

import itertools
import os
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from mimas.platform.mosquitto import PrivateMosquitto
from mimas.platform.postgres import PrivatePostgres
from mimas.platform.processes import is_alive, wait_until

METERS = 20
EACH = 2500
TOTAL = METERS * EACH
WRITTEN = """
    SELECT entity_id, number FROM attr_history h JOIN attribute_name n ON n.id = h.attribute_id
    WHERE n.name = 'https://example.org/turn'
"""

pytestmark = [pytest.mark.fault, pytest.mark.timeout(600)]


class Writer(threading.Thread):
    """Creates one entity after the other over HTTP, and remembers which were answered with 2xx."""

    def __init__(self, url: str, name: str) -> None:
        super().__init__(name=name, daemon=True)
        self._url = f"{url}/ngsi-ld/v1/entities"
        self._stopping = threading.Event()
        self.created: dict[str, int] = {}
        self.answers: Counter[int] = Counter()

    def run(self) -> None:
        """Write until `finish`; a broken connection or an error is followed by the next entity."""
        with httpx.Client(timeout=30) as client:
            for turn in itertools.count():
                if self._stopping.is_set():
                    return
                name = f"urn:ngsi-ld:Written:{self.name}:{turn}"
                body = {"id": name, "type": "Written", "https://example.org/turn": turn}
                try:
                    status = client.post(self._url, json=body).status_code
                except httpx.TransportError:
                    self._stopping.wait(0.02)  # nobody listens: no need to ask a thousand times a second
                    continue
                self.answers[status] += 1
                if status == 201:
                    self.created[name] = turn

    def finish(self) -> None:
        """Stop after the write under way."""
        self._stopping.set()
        self.join(200)


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    """A thread beside the test's."""
    with ThreadPoolExecutor(1) as pool:
        yield pool


def kill(*pids: int) -> None:
    """kill -9, and wait for the end."""
    for pid in pids:
        with suppress(ProcessLookupError):  # a child may end with its parent
            os.kill(pid, signal.SIGKILL)
    assert wait_until(lambda: not any(is_alive(pid) for pid in pids), 10)


def test_nothing_acknowledged_is_lost_or_doubled(
    start: Any, sender: Any, readings: Any, sources: Path, broker: PrivateMosquitto, pool: ThreadPoolExecutor
) -> None:
    """50 000 readings and a stream of HTTP writes: each that was acknowledged is there exactly once."""
    settings = {"MIMAS_ADAPTERS": str(sources), "MIMAS_MQTT_URL": broker.url, "MIMAS_WORKERS": "2"}
    platform = start(**settings)
    server = PrivatePostgres(platform.data_dir)
    meters = sender(broker.url)
    readings.wait_for_subscription(meters, server)
    messages = [readings.message(f"m{meter}", index) for index in range(EACH) for meter in range(METERS)]
    writers = [Writer(platform.url, name) for name in ("one", "two")]

    def is_stored(share: float) -> bool:
        return readings.count(server, "m") > share * TOTAL

    sending = pool.submit(meters.send, messages)
    for writer in writers:
        writer.start()
    assert wait_until(lambda: is_stored(0.05), 200)
    kill(platform.pid_of("postgres -D"))
    assert wait_until(lambda: is_stored(0.15), 200), platform.log()
    kill(platform.pid_of("mimas.platform.worker"))
    assert wait_until(lambda: is_stored(0.25), 200), platform.log()
    kill(platform.process.pid, *platform.children())
    platform.process.wait(10)
    platform = start(data_dir=platform.data_dir, port=platform.port, **settings)
    before = readings.count(server, "m")
    assert before < TOTAL, "the readings were in before the last kill: this run proves nothing"
    sending.result(200)
    assert wait_until(lambda: readings.count(server, "m") >= TOTAL, 200), platform.log()
    for writer in writers:
        writer.finish()
    meters.send([readings.message("last", 0)])
    assert wait_until(lambda: readings.count(server, "last") == 1, 120)

    stored = readings.stored(server, "m")
    written = [row.split("|") for row in server.query(WRITTEN).splitlines()]
    created = {name: turn for writer in writers for name, turn in writer.created.items()}

    assert sorted(stored) == sorted(
        expected for meter in range(METERS) for expected in readings.expected(f"m{meter}", range(EACH))
    )
    assert len(written) == len({name for name, _ in written}), "a write is there twice"
    assert created.items() <= {name: int(float(number)) for name, number in written}.items()
    assert len(created) > 500, "too few writes to say anything"
    assert set().union(*(writer.answers for writer in writers)) <= {201, 503}
