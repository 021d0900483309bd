"""How reads grow: the same queries over ten thousand, a hundred thousand and a million entities."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from urllib.parse import quote

from . import load, town
from .bench import Bench
from .measurement import Figure, measurement
from .reads import make_index

SIZES = (10_000, 100_000, 1_000_000)


@measurement("growth", long=True)
def reads_by_size(bench: Bench) -> list[Figure]:
    """p95 of the same reads, one client, as the number of entities and of history rows grows."""
    url = bench.database()
    process = bench.broker(url)
    figures: list[Figure] = []
    first: dict[str, float] = {}
    stored = 0
    for size in (each // 10 if bench.quick else each for each in SIZES):
        bench.say(f"growing to {size} entities ...")
        while stored < size:
            bodies = town.batches(range(stored, min(stored + 20_000, size)))
            requests = [load.request("POST", town.UPSERT, body) for body in bodies]
            load.run(process.port, requests, connections=4).require(201)
            stored = min(stored + 20_000, size)
        if not figures:
            asyncio.run(make_index(url))
        bench.execute("VACUUM ANALYZE", url=url)
        rows = bench.value(url, "SELECT count(*) FROM attr_history")
        for name, path in _queries(size).items():
            p95 = _p95(bench, process.port, path)
            what = f"{name}, {size} entities, {rows} history rows"
            figures.append(Figure(what, p95, "ms p95", first.setdefault(name, p95), "at the smallest"))
            bench.say(f"{what}: {p95:.1f} ms")
    return figures


def _queries(size: int) -> dict[str, Callable[[random.Random], str]]:
    """Paths of requests, made with some chance so that no cache answers all of them."""
    typed = f"{town.ENTITIES}?type={town.TYPE}"

    def entity(chance: random.Random) -> str:
        return quote(town.meter_id(chance.randrange(size)))

    return {
        "GET by id": lambda chance: f"{town.ENTITIES}/{entity(chance)}",
        "type + q on an indexed attribute": lambda chance: f"{typed}&q=energy=={chance.randrange(5000)}.25",
        "first page of a type": lambda _: typed,
        "within 500 m": lambda chance: (
            f"{typed}&georel=near;maxDistance==500&geometry=Point"
            f"&coordinates=[{14.1 + chance.random() / 5:.4f},{50.1 + chance.random() / 5:.4f}]"
        ),
        "history of an attribute": lambda chance: (
            f"/ngsi-ld/v1/temporal/entities/{entity(chance)}?attrs=energy&lastN=100"
        ),
    }


def _p95(bench: Bench, port: int, path: Callable[[random.Random], str]) -> float:
    chance = random.Random(3)
    requests = [load.request("GET", path(chance)) for _ in range(bench.scale(300, 50))]
    load.run(port, requests[:20], connections=1).require(200)
    return load.run(port, requests, connections=1).require(200).percentile(0.95)
