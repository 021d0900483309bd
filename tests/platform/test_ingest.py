"""The ingest end to end: a real Mosquitto, a real PostgreSQL, a process that is killed."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

import asyncpg
import orjson
import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from mimas.platform.ingest import IngestOptions, run_ingest

WAIT = 30
HISTORY = """
    SELECT h.entity_id, n.name, h.at, h.number FROM attr_history h
    JOIN attribute_name n ON n.id = h.attribute_id WHERE n.name = 'totalActiveEnergyImport'
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of configured sources."""
    path = tmp_path / "sources"
    path.mkdir()
    return path


@pytest.fixture
def root() -> str:
    """A topic of this test alone; Mosquitto is shared by the session."""
    return f"t{uuid4().hex[:8]}"


@pytest.fixture
def publish(mqtt_url: str) -> Iterator[Callable[[str, Any], None]]:
    """Publish with QoS 1 and wait until Mosquitto has acknowledged."""
    parts = urlsplit(mqtt_url)
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.max_inflight_messages_set(200)
    client.connect(parts.hostname or "", parts.port or 1883)
    client.loop_start()

    def send(topic: str, payload: Any) -> None:
        payloads = payload if isinstance(payload, list) else [payload]
        raw = [each if isinstance(each, bytes) else orjson.dumps(each) for each in payloads]
        for info in [client.publish(topic, each, qos=1) for each in raw]:
            info.wait_for_publish(WAIT)

    yield send
    client.disconnect()
    client.loop_stop()


@asynccontextmanager
async def running(options: IngestOptions) -> AsyncIterator[None]:
    """The ingest in this process, stopped cleanly afterwards."""
    stopping = asyncio.Event()
    task = asyncio.create_task(run_ingest(options, stopping))
    try:
        yield
    finally:
        stopping.set()
        await asyncio.wait_for(task, WAIT)


async def rows(url: str, sql: str, *arguments: Any) -> list[Any]:
    connection = await asyncpg.connect(url)
    try:
        return list(await connection.fetch(sql, *arguments))
    finally:
        await connection.close()


async def wait_for(url: str, sql: str, fits: Callable[[list[Any]], bool]) -> list[Any]:
    """The rows as soon as they fit."""
    connection = await asyncpg.connect(url)
    try:
        async with asyncio.timeout(WAIT):
            while not fits(found := list(await connection.fetch(sql))):
                await asyncio.sleep(0.02)
        return found
    finally:
        await connection.close()


def configure_meters(folder: Path, root: str, more: str = "") -> None:
    source = f"source: {{mqtt: {{topic: '{root}/{{building}}/{{meter}}', client: {root}}}}}"
    (folder / f"{root}.yaml").write_text(f"use: json-meter\n{source}\n{more}")


def reading(minute: int, energy: float) -> dict[str, Any]:
    return {
        "time": f"2026-01-{1 + minute // 1440:02}T{minute // 60 % 24:02}:{minute % 60:02}:00Z",
        "energy": energy,
    }


async def subscribe(options: IngestOptions, root: str, publish: Callable[[str, Any], None]) -> None:
    """Wait until the source has its session: until a first reading comes through."""
    async with asyncio.timeout(WAIT):
        while not await rows(options.database_url, f"{HISTORY} AND h.entity_id LIKE '%:first'"):
            await asyncio.to_thread(publish, f"{root}/b/first", reading(0, 1))
            await asyncio.sleep(0.1)


async def test_message_becomes_entity_and_history(
    database_url: str, mqtt_url: str, folder: Path, root: str, publish: Callable[[str, Any], None]
) -> None:
    """A published reading becomes the current value and a row of the history."""
    configure_meters(folder, root)
    options = IngestOptions(folder, database_url, mqtt_url)
    async with running(options):
        await subscribe(options, root, publish)

    found = await rows(
        database_url, "SELECT doc FROM entity WHERE id = 'urn:ngsi-ld:ThreePhaseAcMeasurement:b:first'"
    )

    assert orjson.loads(found[0]["doc"])["totalActiveEnergyImport"] == {
        "type": "Property",
        "value": 1,
        "unitCode": "KWH",
        "observedAt": "2026-01-01T00:00:00Z",
    }


async def test_message_delivered_twice_is_stored_once(
    database_url: str, mqtt_url: str, folder: Path, root: str, publish: Callable[[str, Any], None]
) -> None:
    """The same reading twice is one row; a different one beside it is another."""
    configure_meters(folder, root)
    options = IngestOptions(folder, database_url, mqtt_url)
    async with running(options):
        await subscribe(options, root, publish)
        again = [reading(1, 10), reading(1, 10), reading(2, 11), reading(1, 10), reading(3, 12)]
        await asyncio.to_thread(publish, f"{root}/b/m", again)
        sql = f"{HISTORY} AND h.entity_id LIKE '%:m' ORDER BY at"
        found = await wait_for(database_url, sql, lambda each: bool(each) and each[-1]["number"] == 12)

    assert [row["number"] for row in found] == [10, 11, 12]


async def test_late_reading_goes_into_the_history_only(
    database_url: str, mqtt_url: str, folder: Path, root: str, publish: Callable[[str, Any], None]
) -> None:
    """An older observedAt does not replace the current value."""
    configure_meters(folder, root)
    options = IngestOptions(folder, database_url, mqtt_url)
    async with running(options):
        await subscribe(options, root, publish)
        await asyncio.to_thread(publish, f"{root}/b/m", [reading(10, 50), reading(5, 40)])
        await wait_for(database_url, f"{HISTORY} AND h.entity_id LIKE '%:m'", lambda found: len(found) == 2)

    found = await rows(database_url, "SELECT doc FROM entity WHERE id LIKE '%ThreePhaseAcMeasurement:b:m'")

    assert orjson.loads(found[0]["doc"])["totalActiveEnergyImport"]["value"] == 50


async def test_bad_message_goes_to_quarantine_and_the_stream_goes_on(
    database_url: str, mqtt_url: str, folder: Path, root: str, publish: Callable[[str, Any], None]
) -> None:
    """What cannot be taken is kept raw with stage, place and reason; what follows is taken."""
    configure_meters(folder, root)
    options = IngestOptions(folder, database_url, mqtt_url)
    async with running(options):
        await subscribe(options, root, publish)
        bad = [
            b"\xff\x00{",
            {"time": "2026-01-01T00:01:00Z", "energy": "much"},
            reading(3, -5),
            reading(4, 7),
        ]
        await asyncio.to_thread(publish, f"{root}/b/m", bad)
        await wait_for(database_url, f"{HISTORY} AND h.entity_id LIKE '%:m'", lambda found: len(found) == 1)

    found = await rows(database_url, "SELECT stage, place, topic, raw FROM quarantine ORDER BY id")

    assert [tuple(row) for row in found] == [
        ("payload", "line 1, column 1", f"{root}/b/m", b"\xff\x00{"),
        ("value", "energy", f"{root}/b/m", orjson.dumps(bad[1])),
        ("value", "energy", f"{root}/b/m", orjson.dumps(bad[2])),
    ]


async def test_counter_that_falls_is_refused_also_after_a_restart(
    database_url: str, mqtt_url: str, folder: Path, root: str, publish: Callable[[str, Any], None]
) -> None:
    """The last value of a meter is learnt from the store when it is needed."""
    configure_meters(folder, root)
    options = IngestOptions(folder, database_url, mqtt_url)
    async with running(options):
        await subscribe(options, root, publish)
    async with running(options):
        await asyncio.to_thread(publish, f"{root}/b/first", [reading(5, 0.5), reading(6, 2)])
        await wait_for(
            database_url, f"{HISTORY} AND h.entity_id LIKE '%:first'", lambda found: len(found) == 2
        )

    found = await rows(database_url, "SELECT stage, place FROM quarantine")

    assert [tuple(row) for row in found] == [("monotonic", "totalActiveEnergyImport")]


async def test_wrong_source_leaves_the_others_alone(
    database_url: str, mqtt_url: str, folder: Path, root: str, publish: Callable[[str, Any], None]
) -> None:
    """A mapping with a mistake is reported as broken; its neighbours run."""
    configure_meters(folder, root)
    (folder / "broken.yaml").write_text("use: json-meter\nentitys: {}\n")
    options = IngestOptions(folder, database_url, mqtt_url)
    async with running(options):
        await subscribe(options, root, publish)

    found = await rows(
        database_url, "SELECT value FROM source_state WHERE source = 'broken' AND key = 'status'"
    )

    assert "did you mean entities?" in orjson.loads(found[0]["value"])["detail"]


async def test_stream_stops_when_too_much_of_it_is_refused(
    database_url: str, mqtt_url: str, folder: Path, root: str, publish: Callable[[str, Any], None]
) -> None:
    """Above its declared share a source stops and says so; its neighbour goes on."""
    configure_meters(folder, root, "rejects: {limit: 0.5}\n")
    other = f"{root}o"
    configure_meters(folder, other)
    options = IngestOptions(folder, database_url, mqtt_url)
    async with running(options):
        await subscribe(options, root, publish)
        await asyncio.to_thread(publish, f"{root}/b/m", [b"bad"] * 150)
        status = f"SELECT value FROM source_state WHERE source = '{root}' AND key = 'status'"
        found = await wait_for(
            database_url, status, lambda each: orjson.loads(each[0]["value"])["state"] == "refused"
        )
        await asyncio.to_thread(publish, f"{other}/b/later", reading(1, 1))
        await wait_for(database_url, f"{HISTORY} AND h.entity_id LIKE '%:later'", bool)

    assert "more than rejects.limit (50%)" in orjson.loads(found[0]["value"])["detail"]


class Gate:
    """A way to PostgreSQL that the test can shut and open."""

    def __init__(self, url: str) -> None:
        self._target = urlsplit(url)
        self._options = dict(parse_qsl(self._target.query))
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._port = 0

    @property
    def url(self) -> str:
        user = f"{self._target.username}@" if self._target.username else ""
        return self._target._replace(netloc=f"{user}127.0.0.1:{self._port}", query="").geturl()

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def shut(self) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        far_reader, far_writer = await self._connect()
        try:
            await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))
        except (asyncio.CancelledError, OSError):
            pass
        finally:
            self._tasks.discard(task)
            for each in (writer, far_writer):
                each.transport.abort()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if "host" in self._options:
            socket = f"{self._options['host']}/.s.PGSQL.{self._options.get('port', 5432)}"
            return await asyncio.open_unix_connection(socket)
        return await asyncio.open_connection(self._target.hostname, self._target.port or 5432)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()


@pytest.mark.fault
async def test_database_away_and_back(
    database_url: str, mqtt_url: str, folder: Path, root: str, publish: Callable[[str, Any], None]
) -> None:
    """While the database is away nothing is acknowledged; when it is back, good and bad are taken."""
    configure_meters(folder, root)
    gate = Gate(database_url)
    await gate.open()
    async with running(IngestOptions(folder, gate.url, mqtt_url)):
        await subscribe(IngestOptions(folder, database_url, mqtt_url), root, publish)
        await gate.shut()
        await asyncio.to_thread(publish, f"{root}/b/m", [reading(1, 1), b"bad", reading(2, 2)])
        meanwhile = await rows(database_url, f"{HISTORY} AND h.entity_id LIKE '%:m'")
        await gate.open()
        after = await wait_for(
            database_url, f"{HISTORY} AND h.entity_id LIKE '%:m'", lambda found: len(found) == 2
        )
        quarantined = await wait_for(database_url, "SELECT raw FROM quarantine", bool)
    await gate.shut()

    assert (meanwhile, len(after), [row["raw"] for row in quarantined]) == ([], 2, [b"bad"])


COMMAND = """
import sys
from pathlib import Path
from mimas.platform.ingest import IngestOptions, main
main(IngestOptions(Path(sys.argv[1]), sys.argv[2], sys.argv[3]))
"""


def start(options: IngestOptions) -> subprocess.Popen[bytes]:
    arguments = [str(options.sources), options.database_url, options.mqtt_url]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen([sys.executable, "-c", COMMAND, *arguments], env=environment)


@pytest.mark.fault
async def test_killed_in_the_middle_every_acknowledged_message_is_there_once(
    database_url: str, mqtt_url: str, folder: Path, root: str, publish: Callable[[str, Any], None]
) -> None:
    """After kill -9 and a restart each message that Mosquitto acknowledged is in the history exactly once."""
    configure_meters(folder, root, "entities: {device: null}\n")
    options = IngestOptions(folder, database_url, mqtt_url)
    meters, each = 10, 300

    def send_all() -> None:
        for meter in range(meters):
            publish(f"{root}/b/m{meter}", [reading(m, m) for m in range(each)])

    process = start(options)
    sql = f"{HISTORY} AND h.entity_id LIKE '%:m_'"
    try:
        await subscribe(options, root, publish)
        sending = asyncio.create_task(asyncio.to_thread(send_all))
        before = await wait_for(database_url, sql, lambda found: len(found) > each)
        process.send_signal(signal.SIGKILL)
        process.wait(WAIT)
        await sending
        assert len(before) < meters * each, "it was killed too late to say anything"
        process = start(options)
        await wait_for(database_url, sql, lambda found: len(found) >= meters * each)
        await asyncio.to_thread(publish, f"{root}/b/last", reading(0, 1))
        await wait_for(database_url, f"{HISTORY} AND h.entity_id LIKE '%:last'", bool)
        found = await rows(database_url, sql)
    finally:
        process.terminate()
        code = process.wait(WAIT)

    stored = sorted((row["entity_id"].rpartition(":")[2], row["number"]) for row in found)

    assert (stored, code) == (sorted((f"m{meter}", m) for meter in range(meters) for m in range(each)), 0)
