"""What others push: keys, forms and limits, and the same way into the store as everything else."""

from __future__ import annotations

import asyncio
import base64
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from pydantic import SecretStr

from mimas.adapters.mapping import shipped_mappings
from mimas.ngsi_ld.store.database import Database
from mimas.ngsi_ld.store.tokens import StoredToken, TokenStore
from mimas.platform.access import hash_token, new_token
from mimas.platform.app import PlatformApp
from mimas.platform.processes import free_port
from mimas.platform.push import role_of
from mimas.platform.settings import Settings

SAMPLES = next(iter(shipped_mappings().values())).parent / "samples"
LEVEL = """
source: {http: {query: [site]}}
observedAt: {path: time, missing: received}
entities:
  tank: {type: Tank, id: "urn:ngsi-ld:Tank:{site}", attributes: {level: {path: level, monotonic: true}}}
"""


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """A folder with sources that take what is pushed."""
    (tmp_path / "lora.yaml").write_text("use: chirpstack-v4\nsource: {http: {}}\n")
    (tmp_path / "tts.yaml").write_text("use: things-stack-v3\nsource: {http: {}}\n")
    (tmp_path / "level.yaml").write_text(LEVEL)
    (tmp_path / "off.yaml").write_text("use: chirpstack-v4\nsource: {http: {}}\nenabled: false\n")
    (tmp_path / "broken.yaml").write_text("use: chirpstack-v4\nsource: {http: {}}\nentitys: {}\n")
    (tmp_path / "fetched.yaml").write_text("use: json-meter\n")
    (tmp_path / "book.yaml").write_text("use: csv-meter\nsource: {http: {}}\npayload: {format: xlsx}\n")
    table = "use: csv-meter\nsource: {http: {}}\npayload: {max_bytes: 500}\n"
    (tmp_path / "table.yaml").write_text(table)
    return tmp_path


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = await Database.open(database_url, max_size=2)
    yield database
    await database.close()


@pytest.fixture
async def workers(database_url: str, sources: Path, lifespan: Any) -> AsyncIterator[list[httpx.AsyncClient]]:
    """Two processes' worth of applications on one database, asked from elsewhere."""
    settings = Settings(database_url=SecretStr(database_url))
    apps = [PlatformApp(settings, housekeeping=False, name=f"api-{n}", sources=[sources]) for n in (1, 2)]
    async with lifespan(apps[0]), lifespan(apps[1]):
        transports = [httpx.ASGITransport(app, client=("192.0.2.7", 50000)) for app in apps]
        clients = [httpx.AsyncClient(transport=each, base_url="https://city.example") for each in transports]
        yield clients
        for client in clients:
            await client.aclose()


async def make_key(database: Database, source: str, *, role: str = "") -> dict[str, str]:
    """The header with a key for a source."""
    secret = new_token()
    name = f"k{secret[-6:]}"
    await TokenStore(database).add(
        StoredToken(hash_token(secret), name, (role or role_of(source),), None, datetime.now(UTC))
    )
    return {"Authorization": f"Bearer {secret}"}


def sample(name: str) -> bytes:
    return (SAMPLES / name).read_bytes()


JSON = {"Content-Type": "application/json"}


async def counts(database: Database) -> tuple[int, int, int]:
    """Entities, history rows and quarantined messages."""
    sql = (
        "SELECT (SELECT count(*) FROM entity), (SELECT count(*) FROM attr_history),"
        " (SELECT count(*) FROM quarantine)"
    )
    row = await database.fetchrow(sql)
    assert row is not None
    return tuple(row)


@pytest.mark.parametrize(
    ("source", "body", "entity"),
    [
        ("lora", "chirpstack-v4-electricity.json", "ThreePhaseAcMeasurement:24e124136b502217"),
        ("tts", "things-stack-v3-uplink.json", "ThreePhaseAcMeasurement:70B3D57ED0061F2A"),
    ],
)
async def test_webhook_of_a_network_server(
    workers: list[httpx.AsyncClient], database: Database, source: str, body: str, entity: str
) -> None:
    """What ChirpStack and The Things Stack post becomes the same entities as over MQTT, and is committed."""
    headers = await make_key(database, source) | JSON
    answer = await workers[0].post(f"/ingest/{source}?event=up", content=sample(body), headers=headers)
    found = await database.fetchval("SELECT count(*) FROM entity WHERE id = $1", f"urn:ngsi-ld:{entity}")

    assert (answer.status_code, answer.json(), found) == (
        200,
        {"accepted": 2, "skipped": 0, "repeated": 0, "quarantined": 0},
        1,
    )


async def test_redelivery_to_another_process_changes_nothing(
    workers: list[httpx.AsyncClient], database: Database
) -> None:
    """The same uplink again, to whichever process, is no new row of the history."""
    headers = await make_key(database, "lora") | JSON
    body = sample("chirpstack-v4-electricity.json")
    first = await workers[0].post("/ingest/lora", content=body, headers=headers)
    before = await counts(database)
    again = [await worker.post("/ingest/lora", content=body, headers=headers) for worker in reversed(workers)]

    assert [answer.status_code for answer in (first, *again)] == [200, 200, 200]
    assert await counts(database) == before


async def test_idempotency_key_recognises_what_has_no_time(
    workers: list[httpx.AsyncClient], database: Database
) -> None:
    """A sender that repeats a request with its Idempotency-Key is counted once, another key is another."""
    headers = await make_key(database, "level") | JSON
    keys = ["a", "a", "b"]
    answers = [
        await worker.post(
            "/ingest/level?site=mill", content=b'{"level": 3}', headers=headers | {"Idempotency-Key": key}
        )
        for worker, key in zip([*workers, workers[0]], keys, strict=True)
    ]

    assert [answer.json()["repeated"] for answer in answers] == [0, 1, 0]
    assert (await counts(database))[1] == 2


async def test_parameters_of_the_address_become_variables(
    workers: list[httpx.AsyncClient], database: Database
) -> None:
    """Those that the mapping names; others are ignored."""
    headers = await make_key(database, "level") | JSON
    await workers[0].post("/ingest/level?site=old%20mill&x=1", content=b'{"level": 3}', headers=headers)

    assert await database.fetchval("SELECT id FROM entity") == "urn:ngsi-ld:Tank:old%20mill"


async def test_counter_that_another_process_saw_last(
    workers: list[httpx.AsyncClient], database: Database
) -> None:
    """The last value is asked of the store each time: it may be another process's."""
    headers = await make_key(database, "level") | JSON
    statuses = []
    for worker, minute, level in [(0, 1, 10), (1, 2, 50), (0, 3, 20)]:
        body = orjson.dumps({"time": f"2026-01-15T10:0{minute}:00Z", "level": level})
        answer = await workers[worker].post("/ingest/level?site=m", content=body, headers=headers)
        statuses.append(answer.status_code)

    assert statuses == [200, 200, 202]


async def test_what_cannot_be_mapped_waits_in_the_quarantine(
    workers: list[httpx.AsyncClient], database: Database
) -> None:
    """202 that says what is wrong; the raw body is in the quarantine, the good rows are taken."""
    headers = await make_key(database, "table") | {"Content-Type": "text/csv"}
    body = b"meter;time;state\nE-1;15.01.2026 11:30;48 211,37\nE-1;31.02.2026 11:30;1\n"
    answer = await workers[0].post("/ingest/table", content=body, headers=headers)
    row = await database.fetchrow("SELECT source, stage, raw FROM quarantine")

    assert (answer.status_code, answer.json()["accepted"], answer.json()["quarantined"]) == (202, 2, 1)
    assert answer.json()["refusals"][0]["stage"] == "time"
    assert row is not None and tuple(row) == ("table", "time", body)


REFUSED: list[tuple[str, dict[str, str], int]] = [
    ("/ingest/lora", {}, 401),
    ("/ingest/lora", {"Authorization": "Bearer mimas_wrong"}, 401),
    ("/ingest/lora", {"Authorization": "Basic !"}, 401),
    ("/ingest/nothing", {}, 404),
    ("/ingest/off", {}, 404),
    ("/ingest/fetched", {}, 404),
    ("/ingest/%2e%2e%2flora", {}, 404),
    ("/ingest/", {}, 404),
    ("/ingest/broken", {}, 503),
    ("/ingest/book", {}, 503),
]


async def test_refused_before_the_body_is_read(workers: list[httpx.AsyncClient]) -> None:
    """Unknown, disabled and fetched sources are not here; without the source's key nobody gets in."""
    answers = [await workers[0].post(path, content=b"{}", headers=headers) for path, headers, _ in REFUSED]

    assert [answer.status_code for answer in answers] == [status for *_, status in REFUSED]
    assert {answer.headers["content-type"] for answer in answers} == {"application/problem+json"}


async def test_key_of_another_source(workers: list[httpx.AsyncClient], database: Database) -> None:
    """A key opens its own source; a token that may write opens every one."""
    statuses = []
    for role in ("ingest:tts", "read", "write"):
        headers = await make_key(database, "lora", role=role) | JSON
        body = sample("chirpstack-v4-gas.json")
        statuses.append((await workers[0].post("/ingest/lora", content=body, headers=headers)).status_code)

    assert statuses == [403, 403, 200]


async def test_key_of_a_source_opens_nothing_else(
    workers: list[httpx.AsyncClient], database: Database
) -> None:
    """It reads and writes no entity."""
    headers = await make_key(database, "lora")
    answer = await workers[0].get("/ngsi-ld/v1/entities?type=Tank", headers=headers)

    assert answer.status_code == 403


async def test_key_in_other_headers(workers: list[httpx.AsyncClient], database: Database) -> None:
    """Servers that know no Bearer send the key as the password of Basic, or as X-API-Key."""
    secret = (await make_key(database, "lora"))["Authorization"].removeprefix("Bearer ")
    basic = "Basic " + base64.b64encode(f"any:{secret}".encode()).decode()
    answers = [
        await workers[0].post("/ingest/lora", content=sample("chirpstack-v4-gas.json"), headers=JSON | header)
        for header in ({"Authorization": basic}, {"X-API-Key": secret})
    ]

    assert [answer.status_code for answer in answers] == [200, 200]


MISFORMED: list[tuple[str, dict[str, str], bytes, int]] = [
    ("GET", {}, b"", 405),
    ("POST", {"Content-Type": "application/json"}, b"{}", 415),
    ("POST", {"Content-Type": "application/x-www-form-urlencoded"}, b"a=1", 415),
    ("POST", {"Content-Type": "text/csv", "Content-Encoding": "gzip"}, b"x", 415),
    ("POST", {"Content-Type": "text/csv"}, b"x" * 501, 413),
    ("POST", {"Content-Type": "text/csv"}, b" ", 400),
]


async def test_form_and_limits(workers: list[httpx.AsyncClient], database: Database) -> None:
    """Method, media type, encoding and size are checked, and answered with a problem document."""
    key = await make_key(database, "table")
    answers = [
        await workers[0].request(method, "/ingest/table", content=body, headers=headers | key)
        for method, headers, body, _ in MISFORMED
    ]

    assert [answer.status_code for answer in answers] == [status for *_, status in MISFORMED]
    assert [answer.json()["status"] for answer in answers] == [status for *_, status in MISFORMED]
    assert (await counts(database))[2] == 0


async def test_changed_file_counts_from_the_next_request(
    workers: list[httpx.AsyncClient], database: Database, sources: Path
) -> None:
    """A source that is enabled, or mended, needs no restart."""
    headers = await make_key(database, "off") | JSON
    body = sample("chirpstack-v4-gas.json")
    before = await workers[0].post("/ingest/off", content=body, headers=headers)
    (sources / "off.yaml").write_text("use: chirpstack-v4\nsource: {http: {}}\n")
    os.utime(sources / "off.yaml", ns=(1, 1))
    after = await workers[0].post("/ingest/off", content=body, headers=headers)

    assert (before.status_code, after.status_code) == (404, 200)


async def test_database_away(sources: Path, lifespan: Any) -> None:
    """503 with Retry-After: the sender keeps the reading and sends it again."""
    url = f"postgresql://nobody@127.0.0.1:{free_port()}/none"
    app = PlatformApp(Settings(database_url=SecretStr(url)), housekeeping=False, sources=[sources])
    async with lifespan(app):
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            answer = await client.post("/ingest/lora", content=b"{}", headers={"X-API-Key": "mimas_x"})

    assert (answer.status_code, "retry-after" in answer.headers) == (503, True)


async def test_counts_of_all_processes_are_one_status(
    workers: list[httpx.AsyncClient], database: Database
) -> None:
    """The console shows what every process took of a source."""
    from mimas.platform.console.adapter_status import StoredAdapterStatus

    headers = await make_key(database, "lora") | JSON
    for worker, name in zip(workers, ["electricity", "gas"], strict=True):
        body = sample(f"chirpstack-v4-{name}.json")
        await worker.post("/ingest/lora", content=body, headers=headers)
    status = StoredAdapterStatus(database)
    async with asyncio.timeout(20):
        while not (found := await status()) or found[0].received < 2:
            await asyncio.sleep(0.05)

    assert [(each.name, each.state, each.stored) for each in found] == [("lora", "running", 4)]


async def test_large_body_lets_others_be_answered(
    workers: list[httpx.AsyncClient], database: Database, sources: Path
) -> None:
    """While thousands of rows are mapped, the same process answers other requests."""
    (sources / "large.yaml").write_text("use: csv-meter\nsource: {http: {}}\n")
    headers = await make_key(database, "large") | {"Content-Type": "text/csv"}
    times = [f"{1 + row // 1440:02}.01.2026 {row // 60 % 24:02}:{row % 60:02}" for row in range(9000)]
    rows = [f"E-{row % 50};{time};{row}" for row, time in enumerate(times)]
    body = "\n".join(["meter;time;state", *rows]).encode()
    pushing = asyncio.create_task(workers[0].post("/ingest/large", content=body, headers=headers, timeout=60))
    answered = 0
    while not pushing.done():
        assert (await workers[0].get("/health/live")).status_code == 200
        answered += 1
        await asyncio.sleep(0.005)

    assert pushing.result().json()["quarantined"] == 0
    assert answered > 10
