"""Reads of the history."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import orjson

from . import load
from .bench import Bench
from .measurement import Figure, Floor, measurement

POINTS = 100_000
METER = "urn:ngsi-ld:ElectricityMeter:history"
TEMPORAL = "/ngsi-ld/v1/temporal/entities"
START = datetime(2025, 1, 1, tzinfo=UTC)
_CHUNK = 5_000


@measurement("aggregate")
def daily_aggregates(bench: Bench) -> list[Figure]:
    """100 000 points of one attribute, five minutes apart, aggregated by day through the API."""
    url = bench.database()
    process = bench.broker(url)
    bench.say(f"writing {POINTS} points ...")
    for chunk in range(0, POINTS, _CHUNK):
        body = orjson.dumps({"id": METER, "type": "ElectricityMeter", "energy": _points(chunk)})
        load.run(process.port, [load.request("POST", TEMPORAL, body)], connections=1).require(201, 204)
    bench.execute("VACUUM ANALYZE", url=url)  # as autovacuum does soon after such an import
    path = (
        f"{TEMPORAL}/{METER}?attrs=energy&options=aggregatedValues&aggrMethods=avg,min,max"
        f"&aggrPeriodDuration=P1D&timerel=after&timeAt={START - timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}"
    )
    requests = [load.request("GET", path)] * bench.scale(30, 10)
    found = [load.run(process.port, requests, connections=1).require(200) for _ in range(bench.rounds)]
    days = load.get(process.port, path).count(b"T00:00:00Z")
    assert days > POINTS / 288, f"only {days} days"
    best = min(found, key=lambda each: each.percentile(0.5))
    bench.say(f"p95 {best.percentile(0.95):.1f} ms")
    floor = Floor("figure", "at most", 50)
    return [Figure(f"{POINTS} points of one attribute by day", best.percentile(0.5), "ms", floor=floor)]


def _points(first: int) -> list[dict[str, object]]:
    return [
        {
            "type": "Property",
            "value": number / 4,
            "unitCode": "KWH",
            "observedAt": f"{START + timedelta(minutes=5 * number):%Y-%m-%dT%H:%M:%SZ}",
        }
        for number in range(first, first + _CHUNK)
    ]
