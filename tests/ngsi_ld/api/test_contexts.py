"""Contexts: resolved, cached, hosted, listed, deleted (CIM 009 5.13)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from mimas.ngsi_ld.api.broker import Broker
from mimas.ngsi_ld.api.contexts import CORE_CONTEXT, HEURISTIC_LIFETIME, lifetime

from .conftest import RemoteContexts

URL = "https://example.org/c.jsonld"
CORE = "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.4.jsonld"
LD_JSON = {"Content-Type": "application/ld+json"}
PREFIX = "https://uri.etsi.org/ngsi-ld/errors/"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("value", [CORE, [CORE], [], [CORE, CORE]])
async def test_core_alone_needs_nothing(broker: Broker, value: object) -> None:
    """Every edition of the core context is built in (4.4)."""
    assert await broker.contexts.from_value(value) is CORE_CONTEXT


async def test_one_download_serves_all(broker: Broker, remote: RemoteContexts) -> None:
    """A context is downloaded once, whatever array or core context stands around it."""
    remote.serve(URL, {"a": "https://example.org/a"})
    found = [await broker.contexts.from_value(value) for value in (URL, [URL], [URL, CORE])]

    assert [each.terms.expand("a") for each in found] == ["https://example.org/a"] * 3
    assert remote.asked == [URL]


async def test_nested_contexts(broker: Broker, remote: RemoteContexts) -> None:
    """A context may refer to others, also relatively."""
    remote.serve("https://example.org/inner", {"a": "https://example.org/a"})
    remote.serve(URL, ["inner", {"b": "https://example.org/b"}])
    terms = (await broker.contexts.from_value(URL)).terms

    assert (terms.expand("a"), terms.expand("b")) == ("https://example.org/a", "https://example.org/b")


async def test_survives_the_loss_of_the_network(broker: Broker, remote: RemoteContexts) -> None:
    """An expired copy is better than none when the download fails."""
    remote.headers = {"cache-control": "max-age=0"}
    remote.serve(URL, {"a": "https://example.org/a"})
    await broker.contexts.from_value(URL)
    remote.documents.clear()
    found = await Broker.on(broker.tenants._database, broker.writer, remote).contexts.from_value([URL, {}])

    assert found.terms.expand("a") == "https://example.org/a"


@pytest.mark.parametrize(
    ("document", "status", "problem"),
    [
        (None, 504, "LdContextNotAvailable"),
        (b"no json", 400, "BadRequestData"),
        (b"{}", 400, "BadRequestData"),
        (b'{"@context": 7}', 400, "BadRequestData"),
    ],
)
async def test_contexts_that_cannot_be_used(
    client: httpx.AsyncClient, remote: RemoteContexts, document: bytes | None, status: int, problem: str
) -> None:
    """Unreachable is 504, invalid is 400 (5.5.6)."""
    if document is not None:
        remote.documents[URL] = document
    body = {"id": "urn:x:1", "type": "T", "@context": URL}
    response = await client.post("entities", json=body, headers=LD_JSON)

    assert (response.status_code, response.json()["type"]) == (status, PREFIX + problem)


@pytest.mark.parametrize("content_type", ["application/json", "application/ld+json"])
async def test_no_mixes(client: httpx.AsyncClient, content_type: str) -> None:
    """A context in a json body, and a Link beside ld+json, are BadRequestData (6.3.5)."""
    headers = {
        "Content-Type": content_type,
        "Link": f'<{URL}>; rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"',
    }
    body = {"id": "urn:x:1", "type": "T", "@context": CORE}
    response = await client.post("entities", json=body, headers=headers)

    assert (response.status_code, response.json()["type"]) == (400, PREFIX + "BadRequestData")


async def test_hosted_context(client: httpx.AsyncClient) -> None:
    """A client's context is hosted, served, listed, used by its URL and deleted."""
    body = {"@context": {"a": "https://example.org/a"}, "more": "is dropped"}
    path = (await client.post("jsonldContexts", json=body)).headers["location"]
    url = f"http://mimas{path}"
    link = {"Link": f'<{url}>; rel="http://www.w3.org/ns/json-ld#context"'}
    await client.post("entities", json={"id": "urn:x:1", "type": "T", "a": 1}, headers=link)
    entity = (await client.get("entities/urn:x:1")).json()
    details = (await client.get(f"{url}?details=true")).json()

    assert "https://example.org/a" in entity
    assert (details["kind"], details["numberOfHits"], details["URL"]) == ("Hosted", 1, url)
    assert (await client.get(url)).json() == {"@context": body["@context"]}
    assert (await client.get("jsonldContexts?kind=Hosted")).json() == [url]
    assert [(await client.delete(url)).status_code for _ in range(2)] == [204, 404]


async def test_cached_context(client: httpx.AsyncClient, remote: RemoteContexts) -> None:
    """A cached context is listed by its source, not served, and can be reloaded (5.13.4, 5.13.5)."""
    remote.serve(URL, {"a": "https://example.org/a"})
    await client.get("types", headers={"Link": f'<{URL}>; rel="http://www.w3.org/ns/json-ld#context"'})
    one = "jsonldContexts/https%3A%2F%2Fexample.org%2Fc.jsonld"

    assert (await client.get("jsonldContexts?kind=Cached")).json() == [URL]
    assert (await client.get(one)).status_code == 422
    assert (await client.delete(one + "?reload=true")).status_code == 204
    remote.documents.clear()
    assert (await client.delete(one + "?reload=true")).status_code == 504
    assert (await client.get(one + "?details=true")).json()["kind"] == "Cached"


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, HEURISTIC_LIFETIME),
        ({"cache-control": "public, max-age=60"}, timedelta(seconds=60)),
        ({"cache-control": "max-age=60, s-maxage=30"}, timedelta(seconds=30)),
        ({"cache-control": "no-store"}, timedelta(0)),
        ({"expires": "Thu, 01 Jan 2026 01:00:00 GMT"}, timedelta(hours=1)),
        ({"expires": "0"}, timedelta(0)),
    ],
)
def test_lifetime(headers: dict[str, str], expected: timedelta) -> None:
    """Cache headers are obeyed (6.3.16)."""
    assert lifetime(headers, NOW) == expected


async def test_uses_are_counted_for_all_workers(broker: Broker, remote: RemoteContexts) -> None:
    """What one worker used the others tell of in the details, without its being asked."""
    remote.serve(URL, {"a": "https://example.org/a"})
    await broker.contexts.from_value(URL)
    await broker.contexts.close()
    stored = await broker.context_store.find(URL)

    assert stored is not None
    assert stored.hits == 1
