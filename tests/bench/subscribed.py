"""What a thousand stored subscriptions cost writes that they are not notified of."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson

from . import load, town
from .bench import Bench, Process
from .measurement import Figure, Floor, measurement

SUBSCRIPTIONS = 1_000
QUERIES = 10
CONNECTIONS = 4


@measurement("subscribed")
def writes_beside_subscriptions(bench: Bench) -> list[Figure]:
    """Batch upsert with 1 000 subscriptions stored that none of the writes notifies, against none stored."""
    plain = bench.broker(bench.database())
    busy = bench.broker(bench.database())
    _subscribe(busy, map(_subscription, range(SUBSCRIPTIONS)))
    count = bench.scale(20, 8)
    for process in (plain, busy):
        _upsert(process, range(-2000, 0))
    rates, limits = [], []
    for number in range(bench.rounds):
        numbers = range(number * count * town.BATCH, (number + 1) * count * town.BATCH)
        bench.checkpoint()
        rates.append(_upsert(busy, numbers))
        bench.checkpoint()
        limits.append(_upsert(plain, numbers))
        bench.say(f"round {number + 1}: {rates[-1]:,.0f} entities/s, {limits[-1]:,.0f} without subscriptions")
    _subscribe(busy, map(_asking, range(QUERIES)))
    first = bench.rounds * count * town.BATCH
    asked = _upsert(busy, range(first, first + count * town.BATCH))
    floor = Floor("ratio", "at least", 0.9)
    what = f"batch upsert with {SUBSCRIPTIONS} subscriptions stored"
    return [
        Figure(what, max(rates), "entities/s", max(limits), "without", floor),
        Figure(f"{what} and {QUERIES} to this type with q", asked, "entities/s", max(limits), "without"),
    ]


def _subscribe(process: Process, bodies: Iterable[dict[str, Any]]) -> None:
    requests = [load.request("POST", "/ngsi-ld/v1/subscriptions", orjson.dumps(each)) for each in bodies]
    load.run(process.port, requests, connections=8).require(201)


def _upsert(process: Process, numbers: range) -> float:
    """Entities a second."""
    requests = [load.request("POST", town.UPSERT, body) for body in town.batches(numbers)]
    return len(numbers) / load.run(process.port, requests, connections=CONNECTIONS).require(201).seconds


def _subscription(number: int) -> dict[str, Any]:
    """To another type, entity or attribute."""
    body: dict[str, Any] = {
        "id": f"urn:ngsi-ld:Subscription:bench-{number}",
        "type": "Subscription",
        "entities": [{"type": town.TYPE}],
        "notification": {"endpoint": {"uri": "http://city.example/notify"}},
    }
    match number % 3:
        case 0:
            body["entities"] = [{"type": f"Kind{number}"}]
        case 1:
            body["entities"] = [{"type": town.TYPE, "id": f"urn:ngsi-ld:{town.TYPE}:other-{number}"}]
        case _:
            body["watchedAttributes"] = [f"other{number}"]
    return body


def _asking(number: int) -> dict[str, Any]:
    """To every meter with a value that none has: what no index answers."""
    body = _subscription(0) | {"id": f"urn:ngsi-ld:Subscription:asking-{number}"}
    return body | {"entities": [{"type": town.TYPE}], "q": f"energy>{100_000 + number}"}
