"""How reads grow: the same requests over ten thousand, a hundred thousand and a million entities.

Each entity has fifty history rows, so the largest has fifty million. On a server that `--server` names the
filled databases stay, and a second run begins at once.
"""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Callable
from urllib.parse import quote

from . import load, town
from .bench import Bench, Process
from .growth_fill import READINGS, YEAR, fill, is_filled
from .measurement import Figure, measurement
from .reads import make_index

SIZES = (10_000, 100_000, 1_000_000)
TEMPORAL = "/ngsi-ld/v1/temporal/entities"

Paths = dict[str, Callable[[random.Random], str]]


@measurement("growth", long=True)
def reads_by_size(bench: Bench) -> list[Figure]:
    """p95 of the same reads, one client, as the number of entities and of history rows grows."""
    figures: list[Figure] = []
    first: dict[str, float] = {}
    for size in bench.sizes or [each // 10 if bench.quick else each for each in SIZES]:
        url = _filled(bench, size)
        process = bench.broker(url)
        for name, path in _paths(process, size).items():
            p95 = _p95(bench, process, path)
            limit = first.setdefault(name, p95)
            figures.append(Figure(f"{name}, {size} entities", p95, "ms p95", limit, "at the smallest"))
            bench.say(f"{name}, {size} entities: {p95:.1f} ms")
        bench.tidy_processes()
    return figures


def _filled(bench: Bench, size: int) -> str:
    """A database with that many entities, from an earlier run when there is one."""
    url = bench.kept_database(f"mimas_bench_growth_{size}")
    if not is_filled(url, size):
        bench.say(f"writing {size} entities and {size * READINGS} history rows ...")
        fill(url, size, bench.say)
        asyncio.run(make_index(url))
        bench.execute("ANALYZE", url=url)
    return url


def _paths(process: Process, size: int) -> Paths:
    """Paths of requests, made with some chance so that no cache answers all of them."""
    typed = f"{town.ENTITIES}?type={town.TYPE}"
    window = f"timerel=between&timeAt={YEAR}-06-01T00:00:00Z&endTimeAt={YEAR}-06-08T00:00:00Z"
    year = f"timerel=after&timeAt={YEAR}-01-01T00:00:00Z"
    deep = _next_link(process, f"{typed}&offset={size * 9 // 10}")

    def entity(chance: random.Random) -> str:
        return quote(town.meter_id(chance.randrange(size)))

    def place(chance: random.Random) -> str:
        return f"[{14.1 + chance.random() / 5:.4f},{50.1 + chance.random() / 5:.4f}]"

    def value(chance: random.Random) -> str:
        return f"energy=={chance.randrange(5000)}.25"

    return {
        "GET by id": lambda chance: f"{town.ENTITIES}/{entity(chance)}",
        "first page of a type": lambda _: typed,
        "page behind nine tenths of them": lambda _: deep,
        "type + q, indexed": lambda chance: f"{typed}&q={value(chance)}",
        "the same, counted": lambda chance: f"{typed}&q={value(chance)}&count=true",
        "type, counted": lambda _: f"{typed}&count=true",
        "within 500 m": lambda chance: (
            f"{typed}&georel=near;maxDistance==500&geometry=Point&coordinates={place(chance)}"
        ),
        "nearest 20": lambda chance: (
            f"{typed}&orderBy=location;dist-asc&orderFrom={place(chance)}&local=true"
        ),
        "types": lambda _: "/ngsi-ld/v1/types",
        "attributes of a type": lambda _: f"/ngsi-ld/v1/types/{town.TYPE}",
        "history of an entity": lambda chance: f"{TEMPORAL}/{entity(chance)}?attrs=energy&lastN=20",
        "its year by month": lambda chance: (
            f"{TEMPORAL}/{entity(chance)}?attrs=energy&{year}"
            "&options=aggregatedValues&aggrMethods=avg,max&aggrPeriodDuration=P1M"
        ),
        "a week of a type, first page": lambda _: f"{TEMPORAL}?type={town.TYPE}&attrs=energy&{window}",
    }


def _next_link(process: Process, path: str) -> str:
    """Where the `next` link of a page leads."""
    head = load.get(process.port, path).partition(b"\r\n\r\n")[0].decode()
    found = re.search(r'<([^>]+)>; *rel="next"', head)
    assert found, head
    return found[1]


def _p95(bench: Bench, process: Process, path: Callable[[random.Random], str]) -> float:
    """Milliseconds; a read that takes long is not repeated as often."""
    chance = random.Random(3)
    requests = [load.request("GET", path(chance)) for _ in range(bench.scale(300, 50))]
    warm = load.run(process.port, requests[:5], connections=1).require(200, 206)
    if warm.percentile(0.5) > 100:
        requests = requests[:20]
    return load.run(process.port, requests, connections=1).require(200, 206).percentile(0.95)
