"""Writes: batches against COPY, single entities against the same handler without a database."""

from __future__ import annotations

import time
from io import BytesIO
from typing import Any

import orjson

from mimas.platform.settings import default_workers

from . import load, town
from .bench import Bench, Process
from .measurement import Figure, Floor, measurement

BATCH_CONNECTIONS = 4
POST_CONNECTIONS = 64


@measurement("batch")
def batch_with_history(bench: Bench) -> list[Figure]:
    """Batch upsert of 1 000 new entities, with 4 history rows each, against COPY of the same rows."""
    return _batch(bench, "with 4 history rows each", Floor("ratio", "at least", 0.45))


@measurement("batch-current")
def batch_without_history(bench: Bench) -> list[Figure]:
    """The same, but the rows of the history are dropped behind apply(): the current state alone."""
    return _batch(bench, "without history", Floor("ratio", "at least", 0.75), "without_history")


def _batch(bench: Bench, how: str, floor: Floor, *variant: str) -> list[Figure]:
    written, copied = bench.database(), bench.database()
    workers = bench.workers(default_workers(), written, *variant)
    process = workers[0]
    count = bench.scale(20, 8)
    _upsert(process, range(-2000, 0))
    rates, limits = [], []
    for number in range(bench.rounds):
        first = number * count * town.BATCH
        bench.checkpoint()
        before = sum(each.worked for each in workers)
        rates.append(_upsert(process, range(first, first + count * town.BATCH)))
        each = (sum(each.worked for each in workers) - before) / (count * town.BATCH) * 1e6
        limits.append(_copy(bench, written, copied))
        bench.say(
            f"round {number + 1}: {rates[-1]:,.0f} entities/s ({each:.0f} us of processor time each),"
            f" COPY {limits[-1]:,.0f}/s"
        )
    return [Figure(f"batch upsert of 1 000, {how}", max(rates), "entities/s", max(limits), "COPY", floor)]


def _upsert(process: Process, numbers: range) -> float:
    """Entities a second."""
    requests = [load.request("POST", town.UPSERT, body) for body in town.batches(numbers)]
    outcome = load.run(process.port, requests, connections=BATCH_CONNECTIONS).require(201)
    return len(numbers) / outcome.seconds


def _copy(bench: Bench, source: str, target: str) -> float:
    """Entities a second when what is new in `source` is copied to a twin database, in one transaction."""
    tables = ("attribute_name", "entity", "attr_history")
    since = bench.value(target, "SELECT coalesce(max(created_at), '-infinity') FROM entity")
    columns = {each: f"SELECT * FROM {each} WHERE created_at > '{since}'" for each in tables[1:]}

    async def dump(connection: Any) -> dict[str, bytes]:
        rows = {}
        for table, query in columns.items():
            output = BytesIO()
            await connection.copy_from_query(query, output=output, format="binary")
            rows[table] = output.getvalue()
        return rows

    rows = bench.connected(dump, source)
    bench.checkpoint()

    async def copy(connection: Any) -> float:
        started = time.perf_counter()
        async with connection.transaction():
            for table, data in rows.items():
                status = await connection.copy_to_table(table, source=BytesIO(data), format="binary")
                copied.append(int(status.split()[-1]))
        return time.perf_counter() - started

    copied: list[int] = []
    seconds: float = bench.connected(copy, target)
    return copied[0] / seconds


@measurement("post")
def single_post(bench: Bench) -> list[Figure]:
    """Single POST, durable and with history, against the same POST handler without a database."""
    process = bench.broker(bench.database())
    limit = bench.broker(bench.database(), "without_database")
    count = bench.scale(12_000, 2_000)
    _post(process, range(-500, 0))
    _post(limit, range(-500, 0))
    rates, limits = [], []
    for number in range(bench.rounds):
        numbers = range(number * count, (number + 1) * count)
        bench.checkpoint()
        before = process.worked, limit.worked
        done, bare = _post(process, numbers), _post(limit, numbers)
        each = [
            (server.worked - was) / count * 1e6 for server, was in zip((process, limit), before, strict=True)
        ]
        rates.append(done.rate)
        limits.append(bare.rate)
        bench.say(
            f"round {number + 1}: {done.rate:,.0f}/s (p95 {done.percentile(0.95):.0f} ms, {each[0]:.0f} us),"
            f" without a database {bare.rate:,.0f}/s ({each[1]:.0f} us of processor time each)"
        )
    floor = Floor("ratio", "at least", 0.45)
    what = f"single POST with history, {POST_CONNECTIONS} connections"
    return [Figure(what, max(rates), "requests/s", max(limits), "without a database", floor)]


def _post(process: Process, numbers: range) -> load.Outcome:
    requests = [load.request("POST", town.ENTITIES, orjson.dumps(town.meter(each))) for each in numbers]
    return load.run(process.port, requests, connections=POST_CONNECTIONS).require(201)
