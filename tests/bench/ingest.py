"""The way of a reading over MQTT: Mosquitto, mapping, commit."""

from __future__ import annotations

import os
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import orjson
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from mimas.platform.mosquitto import PrivateMosquitto
from mimas.platform.processes import wait_until

from . import load, town
from .bench import Bench, Process
from .measurement import Figure, measurement

SOURCE = "description: Meters\nuse: json-meter\nenabled: true\n"
METERS = 500
_START = datetime(2026, 1, 1, tzinfo=UTC)
_COMMITTED = """
    SELECT count(*) FROM attr_history h JOIN attribute_name n ON n.id = h.attribute_id
    WHERE n.name = 'totalActiveEnergyImport'
"""


@measurement("mqtt")
def messages_to_commit(bench: Bench) -> list[Figure]:
    """Messages a second from Mosquitto through the mapping to the commit, against batch upserts over HTTP."""
    url = bench.database()
    sources = Path(tempfile.mkdtemp(dir=bench.directory, prefix="sources-"))
    (sources / "meters.yaml").write_text(SOURCE)
    mosquitto = PrivateMosquitto(bench.directory, port=None)
    mosquitto.start()
    try:
        _adapters(bench, url, mosquitto, sources)  # makes the session that keeps messages
        if not wait_until(lambda: _takes_messages(bench, url, mosquitto), 30):
            raise RuntimeError("the adapters do not take messages")
        bench.tidy_processes()
        count = bench.scale(30_000, 3_000)
        _publish(mosquitto, range(count))
        _adapters(bench, url, mosquitto, sources)
        started = time.perf_counter()
        if not wait_until(lambda: bench.value(url, _COMMITTED) >= count + 1, 300):
            raise RuntimeError(f"{bench.value(url, _COMMITTED)} of {count} messages were committed")
        rate = count / (time.perf_counter() - started)
    finally:
        bench.tidy_processes()
        mosquitto.stop()
    return [Figure("MQTT messages to commit", rate, "messages/s", _batch_rate(bench), "batch upsert")]


def _adapters(bench: Bench, url: str, mosquitto: PrivateMosquitto, sources: Path) -> Process:
    return bench.start(
        "adapters",
        "mimas.platform.adapters_part",
        [str(sources)],
        MIMAS_DATABASE_URL=url,
        MIMAS_MQTT_URL=mosquitto.url,
    )


def _takes_messages(bench: Bench, url: str, mosquitto: PrivateMosquitto) -> bool:
    """Whether one message, the same each time, has come through."""
    _publish(mosquitto, range(-1, 0))
    return bool(bench.value(url, _COMMITTED))


def _publish(mosquitto: PrivateMosquitto, numbers: range) -> None:
    """Messages of meters in turn, acknowledged by Mosquitto."""
    parts = urlsplit(mosquitto.url)
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id=f"bench-{os.getpid()}")
    client.max_inflight_messages_set(1000)
    client.connect(parts.hostname or "", parts.port or 1883)
    client.loop_start()
    sent = [client.publish(f"meters/hall/m{number % METERS}", _message(number), qos=1) for number in numbers]
    for each in sent:
        each.wait_for_publish(120)
    client.disconnect()
    client.loop_stop()


def _message(number: int) -> bytes:
    at = _START + timedelta(minutes=15 * (number // METERS))
    return orjson.dumps({"time": at.isoformat(), "energy": 1000 + number / 4, "power": 500.5})


def _batch_rate(bench: Bench) -> float:
    process = bench.broker(bench.database())
    bodies = town.batches(range(bench.scale(20_000, 4_000)))
    requests = [load.request("POST", town.UPSERT, body) for body in bodies]
    return len(bodies) * town.BATCH / load.run(process.port, requests, connections=4).require(201).seconds
