"""Methods, media types, lengths, parameters, tenants and problems."""

from __future__ import annotations

import gzip
import logging
from typing import Any

import httpx
import orjson
import pytest

from mimas.ngsi_ld.api.broker import Broker

PREFIX = "https://uri.etsi.org/ngsi-ld/errors/"
ENTITY = {"id": "urn:x:1", "type": "T", "p": 1}


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("PUT", "entities", "DELETE, GET, HEAD, OPTIONS, POST"),
        ("POST", "entities/urn:x:1", "DELETE, GET, HEAD, OPTIONS, PATCH, PUT"),
        ("GET", "entityOperations/create", "OPTIONS, POST"),
        ("POST", "types", "GET, HEAD, OPTIONS"),
    ],
)
async def test_wrong_method(client: httpx.AsyncClient, method: str, path: str, allow: str) -> None:
    """405 names the methods that would do."""
    response = await client.request(method, path)

    assert (response.status_code, response.headers["allow"]) == (405, allow)


async def test_head_is_get_without_body(client: httpx.AsyncClient) -> None:
    """HEAD has the headers of GET."""
    await client.post("entities", json=ENTITY)
    head, get = await client.head("entities/urn:x:1"), await client.get("entities/urn:x:1")

    assert (head.headers, head.content) == (get.headers, b"")


async def test_missing_length(client: httpx.AsyncClient) -> None:
    """Without Content-Length there is a bare 411 (6.3.4)."""

    async def chunks() -> Any:
        yield orjson.dumps(ENTITY)

    response = await client.post("entities", content=chunks(), headers={"Content-Type": "application/json"})

    assert (response.status_code, response.content) == (411, b"")


@pytest.mark.parametrize("content_type", ["text/plain", "application/merge-patch+json", ""])
async def test_wrong_content_type(client: httpx.AsyncClient, content_type: str) -> None:
    """Other media types get a bare 415 (6.3.4)."""
    response = await client.post("entities", content=b"{}", headers={"Content-Type": content_type})

    assert (response.status_code, response.content) == (415, b"")


async def test_packed_body(client: httpx.AsyncClient) -> None:
    """A body with a Content-Encoding is refused by that name (6.3.4)."""
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    response = await client.post("entities", content=gzip.compress(b"{}"), headers=headers)

    assert (response.status_code, response.json()["type"]) == (400, PREFIX + "InvalidRequest")
    assert "gzip" in response.json()["detail"]


async def test_dataset_of_a_deletion_is_a_uri(client: httpx.AsyncClient) -> None:
    """datasetId is a URI or @none (6.7.3.2)."""
    await client.post("entities", json={"id": "urn:x:1", "type": "T", "p": 1})
    response = await client.delete("entities/urn:x:1/attrs/p?datasetId=nonsense")

    assert (response.status_code, response.json()["type"]) == (400, PREFIX + "BadRequestData")


async def test_merge_patch_is_json(client: httpx.AsyncClient) -> None:
    """PATCH takes application/merge-patch+json as well."""
    await client.post("entities", json=ENTITY)
    headers = {"Content-Type": "application/merge-patch+json"}
    response = await client.patch("entities/urn:x:1", content=b'{"p": 2}', headers=headers)

    assert response.status_code == 204
    assert "content-length" not in response.headers


async def test_not_acceptable(client: httpx.AsyncClient) -> None:
    """406 lists what is available (6.3.4)."""
    response = await client.get("types", headers={"Accept": "application/geo+json"})

    assert response.status_code == 406
    assert response.json()["available"] == ["application/json", "application/ld+json"]


async def test_too_large(client: httpx.AsyncClient, broker: Broker) -> None:
    """A body beyond the limit is a 413 with a problem."""
    body = b'{"id":"' + b"x" * broker.limits.body_bytes + b'"}'
    response = await client.post("entities", content=body, headers={"Content-Type": "application/json"})

    assert (response.status_code, response.json()["title"]) == (413, "The request is too large")


@pytest.mark.parametrize(
    "path",
    [
        "entities?type=T&unknown=1",
        "entities?type=T&limit=1&limit=2",
        "entities?type=T&options=nonsense",
        "entities?type=T&format=nonsense",
        "entities?type=%FF",
        "entities/urn:x:1?q=p",
        "types?limit=1",
    ],
)
async def test_parameters_nobody_knows(client: httpx.AsyncClient, path: str) -> None:
    """Unknown parameters and options are InvalidRequest (6.3.20)."""
    response = await client.get(path)

    assert (response.status_code, response.json()["type"]) == (400, PREFIX + "InvalidRequest")


@pytest.mark.parametrize(
    "path",
    [
        "entities",
        "entities?id=urn:x:1",
        "entities?idPattern=.*",
        "entities?q=createdAt>2020-01-01T00:00:00Z",
        "entities?type=*&local=false",
        "entities?type=T&limit=-1",
        "entities?type=T&limit=0",
        "entities?type=T&offset=x",
        "entities?type=T&splitEntities=x",
        "entities?type=T&id=nonsense",
        "entities?type=T&q=((",
        "entities?type=T&georel=within",
        "entities?type=T&geometryProperty=location",
        "entities?type=T&attrs=a&pick=b",
        "entities?type=T&pick=rel{a}",
        "entities?type=T&q=rel{a}",
        "entities?type=T&idPattern=(",
        "entities/nonsense",
        "temporal/entities?type=T",
    ],
)
async def test_data_that_is_not_allowed(client: httpx.AsyncClient, path: str) -> None:
    """What can be read but not meant is BadRequestData."""
    response = await client.get(path)

    assert (response.status_code, response.json()["type"]) == (400, PREFIX + "BadRequestData")


async def test_page_beyond_the_limit(client: httpx.AsyncClient) -> None:
    """Too large pages are refused, not cut (4.12)."""
    response = await client.get("entities?type=T&limit=100000")

    assert (response.status_code, response.json()["type"]) == (403, PREFIX + "TooManyResults")


async def test_long_query(client: httpx.AsyncClient) -> None:
    """A query string beyond the limit is a 400."""
    assert (await client.get("entities?type=" + "T" * 40_000)).status_code == 400


async def test_unknown_path(client: httpx.AsyncClient) -> None:
    """404 says where to look."""
    response = await client.get("nothing/here")

    assert (response.status_code, response.json()["type"]) == (404, PREFIX + "ResourceNotFound")


@pytest.mark.parametrize(
    ("path", "accept", "content_type"),
    [
        ("entities/urn:x:9", "application/json", "application/json"),
        ("entities/urn:x:9", "application/ld+json", "application/json"),
        ("entities/urn:x:9", "*/*, application/problem+json", "application/json"),
        ("http://mimas/nothing", "*/*", "application/problem+json"),
    ],
)
async def test_media_type_of_problems(
    client: httpx.AsyncClient, path: str, accept: str, content_type: str
) -> None:
    """Errors below the API's root are application/json, as the standard has it, and carry no Link."""
    response = await client.get(path, headers={"Accept": accept})

    assert (response.headers["content-type"], response.headers.get("link")) == (content_type, None)
    assert {"type", "title", "status", "detail"} <= response.json().keys()


async def test_our_own_mistakes(
    client: httpx.AsyncClient, broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    """What nobody foresaw is a 500 with the request's id and never a trace."""
    broker.entities = None  # type: ignore[assignment]
    with caplog.at_level(logging.ERROR):
        response = await client.get("entities/urn:x:1", headers={"X-Request-Id": "abc"})

    assert (response.status_code, response.json()["instance"]) == (500, "urn:request:abc")
    assert "NoneType" not in response.text
    assert "request abc failed" in caplog.text


async def test_reading_an_unknown_tenant(client: httpx.AsyncClient) -> None:
    """A tenant nobody wrote to does not exist; its name is echoed all the same."""
    response = await client.get("entities?type=T", headers={"NGSILD-Tenant": "nobody"})

    assert (response.status_code, response.json()["type"]) == (404, PREFIX + "NonexistentTenant")
    assert response.headers["ngsild-tenant"] == "nobody"


async def test_bad_tenant(client: httpx.AsyncClient) -> None:
    """A tenant's name has few characters to choose from."""
    response = await client.get("types", headers={"NGSILD-Tenant": "a b/c"})

    assert (response.status_code, response.json()["type"]) == (400, PREFIX + "BadRequestData")


async def test_start_page_links(client: httpx.AsyncClient) -> None:
    """`/` and the API's root tell where everything is."""
    start, root = (await client.get("http://mimas/")).json(), (await client.get("")).json()

    assert start["ngsiLd"] == "http://mimas/ngsi-ld/v1"
    assert root["entities"] == "http://mimas/ngsi-ld/v1/entities"
