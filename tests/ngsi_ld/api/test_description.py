"""The declared operations and what is made from them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx
import orjson
import pytest
from jsonschema import Draft202012Validator

from mimas.ngsi_ld.api.app import create_app
from mimas.ngsi_ld.api.broker import Broker
from mimas.ngsi_ld.api.operation_table import OPERATIONS


def test_operations_are_named_once() -> None:
    """Every operation has a name of its own, and every path variable is declared."""
    names = [each.name for each in OPERATIONS]
    declared = all(
        set(re.findall(r"{(\w+)}", each.path)) == {p.name for p in each.parameters if p.place == "path"}
        for each in OPERATIONS
    )

    assert (len(names), declared) == (len(set(names)), True)


async def test_openapi_describes_every_operation(client: httpx.AsyncClient) -> None:
    """/openapi.json holds all operations, itself included, and only schemas that are there."""
    document = (await client.get("http://mimas/openapi.json")).json()
    described = {(path, method.upper()) for path, each in document["paths"].items() for method in each}
    references = set(re.findall(r"#/components/schemas/(\w+)", str(document)))

    assert document["openapi"] == "3.1.0"
    assert described >= {(each.path, each.method) for each in OPERATIONS}
    assert references <= document["components"]["schemas"].keys()


def _contents(operation: dict[str, Any], responses: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The media types of an operation with an example."""
    holders = [operation.get("requestBody", {}), *operation["responses"].values()]
    for holder in holders:
        found = responses[holder["$ref"].rpartition("/")[2]] if "$ref" in holder else holder
        yield from (each for each in found.get("content", {}).values() if "example" in each)


async def test_every_operation_has_fitting_examples(client: httpx.AsyncClient) -> None:
    """Of a body or an answer, and each is what its schema says (MIM0, Mechanism 1)."""
    document = (await client.get("http://mimas/openapi.json")).json()
    components = document["components"]
    for path, each in document["paths"].items():
        for method, operation in each.items():
            contents = list(_contents(operation, components["responses"]))
            assert contents, (method, path)
            for content in contents:
                schema = {**content["schema"], "components": components}
                Draft202012Validator(schema).validate(content["example"])


async def test_example_requests_are_taken(client: httpx.AsyncClient) -> None:
    """What the description shows can be sent as it stands."""
    paths = (await client.get("http://mimas/openapi.json")).json()["paths"]
    statuses = []
    for path in ("entities", "entityOperations/query", "entityOperations/upsert", "temporal/entities"):
        described = paths[f"/ngsi-ld/v1/{path}"]["post"]["requestBody"]["content"]
        for media, content in described.items():
            body, headers = orjson.dumps(content["example"]), {"Content-Type": media}
            statuses.append((await client.post(path, content=body, headers=headers)).status_code)

    assert statuses == [201, 409, 200, 200, 204, 204, 204, 204], statuses


async def test_docs_load_nothing(client: httpx.AsyncClient) -> None:
    """/docs shows every path without an asset from elsewhere."""
    response = await client.get("http://mimas/docs")

    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert "/ngsi-ld/v1/entities/{entityId}" in response.text
    assert not re.search(r"(src|href)=\"https?:", response.text)


async def test_compression_and_cors_by_setting(broker: Broker) -> None:
    """Both are off until they are asked for."""
    app = create_app(broker, gzip=True, cors_origins=["https://city.example"])
    transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://mimas") as client:
        headers = {"Origin": "https://city.example", "Accept-Encoding": "gzip"}
        response = await client.get("/openapi.json", headers=headers)

    assert response.headers["content-encoding"] == "gzip"
    assert response.headers["access-control-allow-origin"] == "https://city.example"


@pytest.mark.parametrize(
    ("accepted", "method", "packs"),
    [
        ("br, gzip", "GET", True),
        ("gzip;q=0, br", "GET", False),
        ("br", "GET", False),
        ("gzip", "HEAD", False),
    ],
)
async def test_only_who_asks_gets_gzip(broker: Broker, accepted: str, method: str, packs: bool) -> None:
    """An answer is packed for a client whose Accept-Encoding has gzip and does not refuse it."""
    transport = httpx.ASGITransport(app=create_app(broker, gzip=True))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://mimas") as client:
        response = await client.request(method, "/openapi.json", headers={"Accept-Encoding": accepted})

    assert (response.headers.get("content-encoding") == "gzip") is packs


async def test_parts_of_a_long_evolution(client: httpx.AsyncClient, broker: Broker) -> None:
    """More instances than the limit are a 206 with the range of time that it covers (6.3.10)."""
    object.__setattr__(broker.limits, "temporal_instances", 2)
    instances = [{"type": "Property", "value": n, "observedAt": f"2026-01-01T00:0{n}:00Z"} for n in range(5)]
    await client.post("temporal/entities", json={"id": "urn:x:1", "type": "T", "p": instances})
    after = "temporal/entities/urn:x:1?timerel=after&timeAt=2026-01-01T00:00:00Z"
    forwards, backwards = await client.get(after), await client.get(after + "&lastN=4")

    assert (forwards.status_code, forwards.headers["content-range"]) == (
        206,
        "DateTime 2026-01-01T00:00:00Z-2026-01-01T00:01:00Z/*",
    )
    assert (backwards.status_code, backwards.headers["content-range"]) == (
        206,
        "DateTime 2026-01-01T00:04:00Z-2026-01-01T00:03:00Z/4",
    )
