"""Notifications: what was due and what arrived, while writes come as fast as they are accepted."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass

import orjson

from mimas.platform.processes import wait_until

from . import load, town
from .bench import Bench, Process
from .measurement import Figure, Floor, measurement
from .reads import fill

SUBSCRIPTIONS = 5
ENTITIES = 1_000
PATIENCE = 180


@measurement("notifications")
def due_and_delivered(bench: Bench) -> list[Figure]:
    """Notifications due against delivered, in order, at the highest rate of writes that is accepted."""
    url = bench.database()
    process = bench.broker(url)
    fill(bench, process.port, ENTITIES)
    receiver = bench.bare_server("receiver")
    dispatcher = bench.start(
        "dispatcher",
        "mimas.platform.dispatcher_part",
        MIMAS_DATABASE_URL=url,
        MIMAS_OUTBOUND_ALLOW="127.0.0.1",
    )
    for number in range(SUBSCRIPTIONS):
        _subscribe(process, receiver, number)
    rounds = bench.scale(4, 2)
    due = SUBSCRIPTIONS * ENTITIES * rounds
    started = time.perf_counter()
    requests = (_update(turn) for turn in range(1, rounds + 1))
    outcome = load.run(process.port, requests, connections=1).require(204)
    bench.say(f"{ENTITIES * rounds / outcome.seconds:,.0f} writes/s, {due} notifications due")
    wait_until(lambda: _report(receiver)["items"] >= due, PATIENCE)
    seconds, batched = time.perf_counter() - started, due
    one_by_one = _one_by_one(bench, process, receiver, dispatcher)
    report = _report(receiver)
    due += one_by_one.due
    delivered, disorder = report["items"], report["disorder"]
    return [
        Figure("notifications delivered", delivered, "", due, "due", Floor("ratio", "at least", 1)),
        Figure(
            "of them behind a newer one of their entity", disorder, "", floor=Floor("figure", "at most", 0)
        ),
        Figure("changed entities from write to receiver, in batches", batched / seconds, "per s"),
        Figure("the same, written one by one", one_by_one.due / one_by_one.seconds, "per s"),
        Figure("the dispatcher's work for one of these", one_by_one.work, "us"),
        Figure(
            f"writes with {SUBSCRIPTIONS} subscriptions", ENTITIES * rounds / outcome.seconds, "entities/s"
        ),
    ]


@dataclass(frozen=True, slots=True)
class _OneByOne:
    due: int
    seconds: float
    work: float


def _one_by_one(bench: Bench, process: Process, receiver: Process, dispatcher: Process) -> _OneByOne:
    """Writes of single entities over one connection: a flush and a notification each."""
    writes = bench.scale(1_000, 400)
    due, before = writes * SUBSCRIPTIONS, _report(receiver)["items"]
    worked, started = dispatcher.worked, time.perf_counter()
    requests = (_update(1_000 + turn, range(turn, turn + 1)) for turn in range(writes))
    load.run(process.port, requests, connections=1).require(204)
    wait_until(lambda: _report(receiver)["items"] >= before + due, PATIENCE)
    seconds = time.perf_counter() - started
    return _OneByOne(due, seconds, (dispatcher.worked - worked) / due * 1e6)


def _subscribe(process: Process, receiver: Process, number: int) -> None:
    body = {
        "id": f"urn:ngsi-ld:Subscription:bench-{number}",
        "type": "Subscription",
        "entities": [{"type": town.TYPE}],
        "notification": {"endpoint": {"uri": f"http://127.0.0.1:{receiver.port}/{number}"}},
    }
    request = load.request("POST", "/ngsi-ld/v1/subscriptions", orjson.dumps(body))
    load.run(process.port, [request], connections=1).require(201)


def _update(turn: int, numbers: Iterable[int] = range(ENTITIES)) -> bytes:
    """These meters with a higher reading than before."""
    entities = [
        {
            "id": town.meter_id(number),
            "type": town.TYPE,
            "energy": {"type": "Property", "value": 1_000_000 + turn},
        }
        for number in numbers
    ]
    return load.request("POST", f"{town.UPSERT}?options=update", orjson.dumps(entities))


def _report(receiver: Process) -> dict[str, int]:
    report: dict[str, int] = orjson.loads(load.get(receiver.port, "/report").partition(b"\r\n\r\n")[2])
    return report
