"""The application of a worker: health, metrics, request ids, and who answers which path."""

from __future__ import annotations

import json
import logging
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from mimas.platform.app import PlatformApp
from mimas.platform.logs import REQUEST_ID, LineFormatter
from mimas.platform.settings import Settings

ENTITY = {"id": "urn:ngsi-ld:Person:Jana.Novakova", "type": "Person"}


async def test_live_and_ready(client: httpx.AsyncClient) -> None:
    """A worker with a migrated database is ready."""
    live, ready = await client.get("/health/live"), await client.get("/health/ready")

    assert (live.json()["status"], ready.json()["status"]) == ("live", "ready")


async def test_without_a_database_it_is_live_and_not_ready(lifespan: Any) -> None:
    """Nobody should restart a worker because PostgreSQL is away."""
    app: Any = PlatformApp(
        Settings(database_url=SecretStr("postgresql://127.0.0.1:9/none")), housekeeping=False
    )
    transport = httpx.ASGITransport(app)
    async with lifespan(app), httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        live, ready = await client.get("/health/live"), await client.get("/health/ready")
        entity = await client.get("/ngsi-ld/v1/entities/urn:ngsi-ld:A:1")

    assert (live.status_code, ready.status_code, entity.status_code) == (200, 503, 503)


async def test_metrics_tell_what_was_written(client: httpx.AsyncClient) -> None:
    """Writes, commit time, queue, outbox and quarantine are there for Prometheus."""
    await client.post("/ngsi-ld/v1/entities", json=ENTITY)
    answer = await client.get("/metrics")
    names = {line.split("{")[0].split()[0] for line in answer.text.splitlines() if not line.startswith("#")}

    assert {"mimas_writes_total", "mimas_commit_seconds_count", "mimas_write_queue", "mimas_outbox"} <= names


async def test_the_start_is_a_page_for_people_and_links_for_programs(client: httpx.AsyncClient) -> None:
    """Who reads HTML gets the pages."""
    page = await client.get("/", headers={"Accept": "text/html,*/*;q=0.8"})
    links = await client.get("/", headers={"Accept": "application/json"})

    assert page.headers["content-type"].startswith("text/html")
    assert links.json()["ngsiLd"].endswith("/ngsi-ld/v1")


async def test_an_unknown_path_is_a_problem(client: httpx.AsyncClient) -> None:
    """Outside the API as application/problem+json."""
    answer = await client.get("/nothing/here")

    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


async def test_a_request_id_comes_back(client: httpx.AsyncClient) -> None:
    """A client's own where that is harmless."""
    answer = await client.get("/health/live", headers={"X-Request-ID": "abc-1.2:3"})

    assert answer.headers["x-request-id"] == "abc-1.2:3"


@pytest.mark.parametrize("given", ["a b", "x" * 65, "<script>", "a;b"])
async def test_a_harmful_request_id_is_replaced(client: httpx.AsyncClient, given: str) -> None:
    """It would end up in logs."""
    answer = await client.get("/health/live", headers={"X-Request-ID": given})

    assert answer.headers["x-request-id"] not in ("", given)


async def test_logs_tell_no_ids_and_no_queries(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    """Ids of entities and queries may hold personal data."""
    caplog.set_level(logging.DEBUG, "mimas.platform.request_log")
    await client.get(f"/ngsi-ld/v1/entities/{ENTITY['id']}", params={"attrs": "birthday"})
    formatter = LineFormatter("api", "text")
    lines = [formatter.format(record) for record in caplog.records if record.name.startswith("mimas")]

    assert any("resource=/ngsi-ld/v1/entities" in line for line in lines)
    assert not any("Novakova" in line or "birthday" in line for line in lines)


def test_a_line_of_json_has_the_request_id_and_the_facts() -> None:
    """What a log collector reads."""
    record = logging.LogRecord("mimas.x", logging.INFO, "", 0, "part ended", (), None)
    record.facts = {"name": "api-1", "how": "killed"}
    reset = REQUEST_ID.set("r-1")
    event = json.loads(LineFormatter("supervisor", "json").format(record))
    REQUEST_ID.reset(reset)

    assert (event["request"], event["how"], event["part"]) == ("r-1", "killed", "supervisor")


def test_an_event_is_one_line_whatever_it_says() -> None:
    """Nobody writes lines of their own into the log."""
    record = logging.LogRecord("mimas.x", logging.INFO, "", 0, "a\nlevel=error b", (), None)

    assert LineFormatter("api", "text").format(record).count("\n") == 0
