"""Fifty subscriptions to one type while writes come as fast as they are taken: due is delivered, in order.

A few seconds by default; MIMAS_TEST_STORM_SECONDS=60 (`make storm`) writes for a minute. One endpoint is
dead, one slow, one is killed and comes back, and the whole platform is killed with -9 in between.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import socket
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing, suppress
from typing import Any

import httpx
import orjson
import pytest

from mimas.platform.postgres import PrivatePostgres
from mimas.platform.processes import is_alive, wait_until

SECONDS = float(os.environ.get("MIMAS_TEST_STORM_SECONDS", "4"))
SUBSCRIPTIONS = 50
WRITERS = 3
ENTITIES = 4
DEAD, SLOW, KILLED = 0, 1, 2
TURN = "https://example.org/turn"
COMMITTED = f"""
    SELECT entity_id, number FROM attr_history h JOIN attribute_name n ON n.id = h.attribute_id
    WHERE n.name = '{TURN}' ORDER BY entity_id, at
"""
WAITING = "SELECT entity_id FROM outbox WHERE subscription_id LIKE '%:{}' AND dead_at IS NULL"

pytestmark = [pytest.mark.fault, pytest.mark.timeout(300 + 10 * SECONDS)]

Told = dict[str, list[list[float]]]


class Endpoint:
    """Remembers what it was told: for each subscription and entity the turns, cut at each kill."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.told: dict[int, Told] = defaultdict(lambda: defaultdict(lambda: [[]]))
        self.delay = 0.0
        self.port = 0
        self._loop = loop
        self._lock = threading.Lock()
        self.start()

    def start(self) -> None:
        """Listen, on the same port as before."""
        self._server = self._run(asyncio.start_server(self._serve, "127.0.0.1", self.port))
        self.port = self._server.sockets[0].getsockname()[1]

    def stop(self) -> None:
        """Listen no more; what comes over open connections is still taken."""
        self._loop.call_soon_threadsafe(self._server.close)

    def _run(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError), closing(writer):
            while head := (await reader.readuntil(b"\r\n\r\n")).decode().lower():
                length = int(head.partition("content-length:")[2].split()[0])
                number = int(head.split(" ", 2)[1].rpartition("/")[2])
                self.take(number, orjson.loads(await reader.readexactly(length)))
                await asyncio.sleep(self.delay)
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                await writer.drain()

    def take(self, number: int, notification: dict[str, Any]) -> None:
        """Write down one notification."""
        with self._lock:
            for entity in notification["data"]:
                self.told[number][entity["id"]][-1].append(entity[TURN]["value"])

    def cut(self) -> None:
        """What comes from here on may have been told before."""
        with self._lock:
            for entities in self.told.values():
                for parts in entities.values():
                    parts.append([])

    def turns(self, number: int) -> dict[str, set[float]]:
        """Every turn that a subscription was told of, by entity."""
        with self._lock:
            return {
                entity: set(itertools.chain.from_iterable(parts))
                for entity, parts in self.told[number].items()
            }


class Writer(threading.Thread):
    """Counts its entities up over HTTP, and remembers the last turn of each that was acknowledged."""

    def __init__(self, url: str, name: str) -> None:
        super().__init__(name=name, daemon=True)
        self._url = f"{url}/ngsi-ld/v1/entityOperations/upsert"
        self._stopping = threading.Event()
        self.acknowledged: dict[str, int] = {}

    def run(self) -> None:
        """Write until `finish`."""
        with httpx.Client(timeout=30) as client:
            for turn in itertools.count(1):
                if self._stopping.is_set():
                    return
                names = [f"urn:ngsi-ld:Counter:{self.name}:{number}" for number in range(ENTITIES)]
                body = [
                    {"id": name, "type": "Counter", TURN: {"type": "Property", "value": turn}}
                    for name in names
                ]
                try:
                    answer = client.post(self._url, json=body)
                except httpx.TransportError:
                    self._stopping.wait(0.02)
                    continue
                if answer.is_success:
                    self.acknowledged |= dict.fromkeys(names, turn)

    def finish(self) -> None:
        """Stop after the write under way."""
        self._stopping.set()
        self.join(60)


@pytest.fixture
def endpoints() -> Iterator[dict[int, Endpoint]]:
    """The slow one, the one to be killed, and one for everybody else."""
    loop = asyncio.new_event_loop()
    running = threading.Thread(target=loop.run_forever)
    running.start()
    slow, killed, others = Endpoint(loop), Endpoint(loop), Endpoint(loop)
    slow.delay = 1.0
    yield {SLOW: slow, KILLED: killed} | dict.fromkeys(range(3, SUBSCRIPTIONS), others)
    for each in (slow, killed, others):
        each.stop()
    asyncio.run_coroutine_threadsafe(_end(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    running.join()
    loop.close()


async def _end() -> None:
    """Cancel what still serves."""
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await asyncio.sleep(0.1)  # transports end in the turns of the loop that follow


def test_due_is_delivered_in_order(start: Any, endpoints: dict[int, Endpoint]) -> None:
    """Every committed change reaches every subscription once, but for what a kill made uncertain."""
    platform = start(MIMAS_WORKERS="2", MIMAS_OUTBOUND_ALLOW="127.0.0.1", MIMAS_LOG_LEVEL="error")
    with socket.create_server(("127.0.0.1", 0)) as unused:
        dead = unused.getsockname()[1]
    for number in range(SUBSCRIPTIONS):
        subscribe(platform.url, number, endpoints[number].port if number != DEAD else dead)
    writers = [Writer(platform.url, f"w{number}") for number in range(WRITERS)]
    for writer in writers:
        writer.start()
    time.sleep(SECONDS / 4)
    endpoints[KILLED].cut()
    endpoints[KILLED].stop()
    time.sleep(SECONDS / 4)
    kill(platform)
    for each in set(endpoints.values()):
        each.cut()
    platform = start(
        data_dir=platform.data_dir, port=platform.port, MIMAS_WORKERS="2", MIMAS_OUTBOUND_ALLOW="127.0.0.1"
    )
    time.sleep(SECONDS / 2)
    for writer in writers:
        writer.finish()
    endpoints[KILLED].start()
    endpoints[SLOW].delay = 0.0
    server = PrivatePostgres(platform.data_dir)
    committed = committed_turns(server)
    acknowledged = {name: turn for each in writers for name, turn in each.acknowledged.items()}
    for number in range(1, SUBSCRIPTIONS):
        reached = wait_until(lambda: endpoints[number].turns(number) == committed, 60 + SECONDS * 8)  # noqa: B023
        assert reached, f"subscription {number}: {platform.log()[-2000:]}"
    waiting = server.query(WAITING.format(DEAD)).splitlines()
    print(f"{sum(map(len, committed.values()))} changes, {SUBSCRIPTIONS} subscriptions")

    assert all(turn in committed[name] for name, turn in acknowledged.items())
    assert len(waiting) == sum(map(len, committed.values())), "what the dead endpoint is due waits for it"
    for number in range(1, SUBSCRIPTIONS):
        for entity, parts in endpoints[number].told[number].items():
            for part in parts:
                assert part == sorted(set(part)), f"{entity} of subscription {number}: {part}"


def subscribe(url: str, number: int, port: int) -> None:
    """One subscription to the counters, with an endpoint of its own."""
    body = {
        "id": f"urn:ngsi-ld:Subscription:{number}",
        "type": "Subscription",
        "entities": [{"type": "Counter"}],
        "notification": {"endpoint": {"uri": f"http://127.0.0.1:{port}/{number}"}},
    }
    httpx.post(f"{url}/ngsi-ld/v1/subscriptions", json=body, timeout=30).raise_for_status()


def kill(platform: Any) -> None:
    """kill -9 of the platform and all its parts, PostgreSQL among them."""
    pids = [platform.process.pid, *platform.children()]
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    platform.process.wait(10)
    assert wait_until(lambda: not any(is_alive(pid) for pid in pids), 10)


def committed_turns(server: PrivatePostgres) -> dict[str, set[float]]:
    """The turns in the history of each entity."""
    found: dict[str, set[float]] = defaultdict(set)
    for row in server.query(COMMITTED).splitlines():
        entity, number = row.split("|")
        found[entity].add(float(number))
    return dict(found)
