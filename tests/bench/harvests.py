"""Harvests: a table of a million rows, the same again, and the way of one uplink through its mapping."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from mimas.adapters.mapping import load_mapping, shipped_mappings
from mimas.adapters.messages import Message
from mimas.adapters.models import check

from . import load, town
from .bench import Bench
from .measurement import Figure, Floor, measurement

SOURCE = """\
source: {table: {path: meters.csv, key: id}}
payload: {format: csv, encoding: utf-8, delimiter: ";"}
observedAt: {column: time}
let: {id: {column: id}, building: {column: building}}
entities:
  meter:
    type: ElectricityMeter
    id: urn:ngsi-ld:ElectricityMeter:{id}
    attributes:
      energy: {column: energy, type: number, unit: KWH}
      status: {column: status, observed: false}
      location: {geo: {longitude: {column: longitude}, latitude: {column: latitude}}, observed: false}
      refBuilding: {relationship: "urn:ngsi-ld:Building:{building}", observed: false}
"""
HEAD = "id;time;energy;status;longitude;latitude;building\n"
_SECONDS = """
    SELECT extract(epoch FROM finished_at - started_at)::float8 FROM harvest_run ORDER BY id DESC LIMIT 1
"""
RUN = "import sys; from mimas.platform.cli import main; main(sys.argv[1:])"


@measurement("harvest")
def million_rows(bench: Bench) -> list[Figure]:
    """A CSV with a million rows: rate against batch upserts over HTTP, memory, and the second run."""
    count = bench.scale(1_000_000, 20_000)
    folder = Path(tempfile.mkdtemp(dir=bench.directory, prefix="sources-"))
    (folder / "table.yaml").write_text(SOURCE)
    _write_table(folder / "meters.csv", count)
    url = bench.database()
    first, memory = harvest(bench, url, folder)
    if (
        found := bench.value(url, "SELECT count(*) FROM entity WHERE types[1] = 'ElectricityMeter'")
    ) != count:
        raise RuntimeError(f"{found} of {count} rows came in")
    again, _ = harvest(bench, url, folder)
    with (folder / "meters.csv").open("a") as table:
        table.write(_row(count))
    appended, _ = harvest(bench, url, folder)
    rate = count / first
    at_most = Floor("ratio", "at most", 0.1)
    return [
        Figure(
            f"CSV of {count} rows",
            rate,
            "rows/s",
            _batch_rate(bench),
            "batch upsert",
            Floor("ratio", "at least", 0.6),
        ),
        Figure("its peak memory", memory, "MB", floor=Floor("figure", "at most", 300)),
        Figure("the same file again", again, "s", first, "first run", at_most),
        Figure("one row more: all compared, one written", appended, "s", first, "first run"),
    ]


@measurement("uplink")
def uplink_mapped(bench: Bench) -> list[Figure]:
    """One LoRaWAN uplink through mapping and model check, in this process."""
    file = load_mapping(shipped_mappings()["chirpstack-v4"])
    case = next(each for each in file.declaration["tests"] if "expect" in each)
    raw = (file.folder / case["file"]).read_bytes() if "file" in case else b""
    message = Message("uplink", case["topic"], raw, datetime(2100, 1, 1, tzinfo=UTC))
    rounds = bench.scale(5_000, 1_000)
    best = min(_uplinks(file, message, rounds) for _ in range(bench.rounds))
    return [Figure("an uplink, mapped and checked", best * 1e6, "us", floor=Floor("figure", "at most", 300))]


def _uplinks(file: object, message: Message, rounds: int) -> float:
    """Seconds of one uplink."""
    started = time.perf_counter()
    for _ in range(rounds):
        mapped = file.mapping.map(message)  # type: ignore[attr-defined]
        for record in mapped.records:
            for document in (*record.documents, *record.static):
                check(document, "warn", complete=False)
    if mapped.rejections or not mapped.records:
        raise RuntimeError(f"the uplink was refused: {mapped.rejections}")
    return (time.perf_counter() - started) / rounds


def harvest(bench: Bench, url: str, folder: Path, name: str = "table") -> tuple[float, float]:
    """Seconds of one run, as it notes itself, and the peak memory of its process in MB."""
    bench.checkpoint()
    environment = bench._environment({"MIMAS_DATABASE_URL": url, "MIMAS_ADAPTERS": str(folder)})
    pid = os.posix_spawn(sys.executable, [sys.executable, "-c", RUN, "adapters", "run", name], environment)
    _, status, used = os.wait4(pid, 0)
    if status:
        raise RuntimeError(f"the harvest ended with {status}")
    return float(bench.value(url, _SECONDS)), used.ru_maxrss / 1024


def _write_table(path: Path, count: int) -> None:
    with path.open("w") as table:
        table.write(HEAD)
        table.writelines(map(_row, range(count)))


def _row(number: int) -> str:
    meter = town.meter(number)
    longitude, latitude = meter["location"]["value"]["coordinates"]
    cells = (
        meter["id"].rpartition(":")[2],
        meter["energy"]["observedAt"],
        meter["energy"]["value"],
        meter["status"]["value"],
        longitude,
        latitude,
        number % 300,
    )
    return ";".join(map(str, cells)) + "\n"


def _batch_rate(bench: Bench) -> float:
    process = bench.broker(bench.database())
    bodies = town.batches(range(bench.scale(20_000, 10_000)))
    requests = [load.request("POST", town.UPSERT, body) for body in bodies]
    return len(bodies) * town.BATCH / load.run(process.port, requests, connections=4).require(201).seconds
