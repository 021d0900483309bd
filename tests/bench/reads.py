"""Reads of the current state: by id against a bare route, and by an indexed attribute."""

from __future__ import annotations

import asyncio
import random
from urllib.parse import quote

from mimas.ngsi_ld.core.query.q_tree import Path
from mimas.ngsi_ld.store.attribute_index import AttributeIndex
from mimas.ngsi_ld.store.database import Database
from mimas.ngsi_ld.store.indexes import IndexStore

from . import load, town
from .bench import Bench
from .measurement import Figure, Floor, measurement

GET_CONNECTIONS = 32
QUERY_CONNECTIONS = 8


@measurement("get")
def get_by_id(bench: Bench) -> list[Figure]:
    """GET by id against a bare route, and a bare ASGI function, that return the same bytes."""
    process = bench.broker(bench.database())
    stored = fill(bench, process.port, 10_000)
    route, function = bench.bare_server("bare_route"), bench.bare_server("asgi_function")
    requests = [
        load.request("GET", f"{town.ENTITIES}/{quote(town.meter_id(each))}") for each in range(stored)
    ]
    requests = random.Random(1).choices(requests, k=bench.scale(30_000, 5_000))
    rates: dict[str, list[float]] = {"broker": [], "route": [], "function": []}
    for number in range(bench.rounds):
        for name, server in (("broker", process), ("route", route), ("function", function)):
            before = server.worked
            outcome = load.run(server.port, requests, connections=GET_CONNECTIONS).require(200)
            rates[name].append(outcome.rate)
            each = (server.worked - before) / len(requests) * 1e6
            bench.say(
                f"round {number + 1}: {name} {outcome.rate:,.0f}/s, {each:.0f} us of processor time each"
            )
    best = {name: max(found) for name, found in rates.items()}
    floor = Floor("ratio", "at least", 0.7)
    return [
        Figure("GET by id", best["broker"], "requests/s", best["route"], "bare route", floor),
        Figure("GET by id", best["broker"], "requests/s", best["function"], "bare ASGI function"),
    ]


@measurement("query")
def indexed_query(bench: Bench) -> list[Figure]:
    """type + q on an indexed attribute, 100 000 entities: equal to (20 hits) and between (60 hits)."""
    url = bench.database()
    process = bench.broker(url)
    stored = fill(bench, process.port, bench.scale(100_000, 20_000))
    asyncio.run(make_index(url))
    bench.execute("VACUUM ANALYZE", url=url)
    chosen = random.Random(2)
    requests = [
        load.request("GET", _query(chosen.randrange(stored) % 5000)) for _ in range(bench.scale(6_000, 1_000))
    ]
    best = load.run(process.port, requests[:200], connections=QUERY_CONNECTIONS).require(200)
    for number in range(bench.rounds):
        outcome = load.run(process.port, requests, connections=QUERY_CONNECTIONS).require(200)
        bench.say(f"round {number + 1}: {outcome.rate:,.0f}/s, p95 {outcome.percentile(0.95):.1f} ms")
        best = max(best, outcome, key=lambda each: each.rate)
    what = f"type + q, indexed, {stored:,} entities, {QUERY_CONNECTIONS} connections".replace(",000", " 000")
    return [
        Figure(what, best.rate, "queries/s", floor=Floor("figure", "at least", 300)),
        Figure("its p95", best.percentile(0.95), "ms", floor=Floor("figure", "at most", 50)),
    ]


def fill(bench: Bench, port: int, count: int) -> int:
    """Write meters through the API; says how many."""
    bench.say(f"writing {count} entities ...")
    bodies = town.batches(range(count))
    load.run(port, [load.request("POST", town.UPSERT, each) for each in bodies], connections=4).require(201)
    return count


async def make_index(url: str) -> None:
    """The index over the meters' energy, made as the product makes it."""
    database = await Database.open(url)
    try:
        await IndexStore(database).create(AttributeIndex(town.TYPE, Path(("energy",)), "number"))
    finally:
        await database.close()


def _query(value: int) -> str:
    if value % 2:
        return f"{town.ENTITIES}?type={town.TYPE}&q=energy=={value}.25"
    return f"{town.ENTITIES}?type={town.TYPE}&q=energy%3E{value};energy%3C{value + 3}"
