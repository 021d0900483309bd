"""Notifications: what was due and what arrived, while writes come as fast as they are accepted."""

from __future__ import annotations

import time

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
    bench.start(
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
    seconds = time.perf_counter() - started
    report = _report(receiver)
    delivered, disorder = report["items"], report["disorder"]
    return [
        Figure("notifications delivered", delivered, "", due, "due", Floor("ratio", "at least", 1)),
        Figure(
            "of them behind a newer one of their entity", disorder, "", floor=Floor("figure", "at most", 0)
        ),
        Figure("notifications from write to receiver", delivered / seconds, "per s"),
        Figure(
            f"writes with {SUBSCRIPTIONS} subscriptions", ENTITIES * rounds / outcome.seconds, "entities/s"
        ),
    ]


def _subscribe(process: Process, receiver: Process, number: int) -> None:
    body = {
        "id": f"urn:ngsi-ld:Subscription:bench-{number}",
        "type": "Subscription",
        "entities": [{"type": town.TYPE}],
        "notification": {"endpoint": {"uri": f"http://127.0.0.1:{receiver.port}/{number}"}},
    }
    request = load.request("POST", "/ngsi-ld/v1/subscriptions", orjson.dumps(body))
    load.run(process.port, [request], connections=1).require(201)


def _update(turn: int) -> bytes:
    """Every meter with a higher reading than before."""
    entities = [
        {
            "id": town.meter_id(number),
            "type": town.TYPE,
            "energy": {"type": "Property", "value": 1_000_000 + turn},
        }
        for number in range(ENTITIES)
    ]
    return load.request("POST", f"{town.UPSERT}?options=update", orjson.dumps(entities))


def _report(receiver: Process) -> dict[str, int]:
    report: dict[str, int] = orjson.loads(load.get(receiver.port, "/report").partition(b"\r\n\r\n")[2])
    return report
