"""Pages: what the links lead to is what offsets cut (CIM 009 6.3.10)."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest

WINDOW = "timerel=after&timeAt=2026-01-01T00:00:00Z"


@pytest.fixture
async def crowd(client: httpx.AsyncClient) -> httpx.AsyncClient:
    """Seven entities of three kinds of types, each with an instance in the window."""
    types = ["Room", "House", ["House", "Room"], "Room", ["Room", "House"], "House", "Room"]
    entities = [
        {
            "id": f"urn:x:{number}",
            "type": kind,
            "n": {"type": "Property", "value": -number, "observedAt": "2026-02-01T00:00:00Z"},
        }
        for number, kind in enumerate(types)
    ]
    response = await client.post("entityOperations/create", json=entities)
    assert response.status_code == 201
    return client


def link(response: httpx.Response, relation: str) -> str | None:
    found = re.search(rf'<([^>]*)>; rel="{relation}"', response.headers.get("link", ""))
    return found[1].removeprefix("/ngsi-ld/v1/") if found else None


async def walk(client: httpx.AsyncClient, path: str, **how: Any) -> list[list[str]]:
    """The ids of each page, following next."""
    pages = []
    following: str | None = path
    while following is not None:
        response = await client.request(how.get("method", "GET"), following, json=how.get("json"))
        pages.append([each["id"] for each in response.json()])
        following = link(response, "next")
    return pages


@pytest.mark.parametrize(
    "path",
    [
        "entities?type=Room",
        "entities?type=Room,House",
        "entities?type=House&options=keyValues&count=true",
        "entities?type=Room&orderBy=n",
        "entities?local=true&idPattern=x",
        f"temporal/entities?type=Room&{WINDOW}",
        f"temporal/entities?type=Room&{WINDOW}&q=n<-2&orderBy=id;desc",
    ],
)
async def test_links_lead_where_offsets_do(crowd: httpx.AsyncClient, path: str) -> None:
    """While nothing is written, the pages of the links are those of the offsets."""
    whole = [each["id"] for each in (await crowd.get(f"{path}&limit=100")).json()]
    pages = {limit: await walk(crowd, f"{path}&limit={limit}") for limit in (1, 2, 3)}

    assert pages == {
        limit: [whole[start : start + limit] for start in range(0, len(whole), limit)] for limit in pages
    }


async def test_links_of_a_query_by_post(crowd: httpx.AsyncClient) -> None:
    """The body stays, the link says where to go on."""
    body = {"type": "Query", "entities": [{"type": "House"}]}
    pages = await walk(crowd, "entityOperations/query?limit=3", method="POST", json=body)

    assert pages == [["urn:x:1", "urn:x:2", "urn:x:4"], ["urn:x:5"]]


async def test_the_page_before_is_linked(crowd: httpx.AsyncClient) -> None:
    """Prev leads back from a page that was reached by its key."""
    first = await crowd.get("entities?type=Room&limit=2")
    second = await crowd.get(link(first, "next") or "")
    back = await crowd.get(link(second, "prev") or "")

    assert back.json() == first.json()


async def test_an_offset_of_another_page_counts(crowd: httpx.AsyncClient) -> None:
    """A client that only changes the offset in a link gets that offset."""
    following = link(await crowd.get("entities?type=Room&limit=1"), "next") or ""
    response = await crowd.get(following.replace("offset=1", "offset=3"))

    assert [each["id"] for each in response.json()] == ["urn:x:4"]


async def test_a_page_with_its_key_is_stable_under_writes(crowd: httpx.AsyncClient) -> None:
    """An entity that is deleted before the page moves nothing."""
    following = link(await crowd.get("entities?type=Room&limit=2"), "next") or ""
    await crowd.delete("entities/urn:x:0")
    response = await crowd.get(following)

    assert [each["id"] for each in response.json()] == ["urn:x:3", "urn:x:4"]


async def test_a_key_made_by_hand_is_refused(crowd: httpx.AsyncClient) -> None:
    """With a clear answer."""
    keys = ["", "x", "eA", "MQ", "é", "_____"]
    answers = [await crowd.get(f"entities?type=Room&pageKey={key}") for key in keys]

    assert {(each.status_code, "pageKey" in each.json()["detail"]) for each in answers} == {(400, True)}


async def test_a_key_with_a_nul_is_refused(crowd: httpx.AsyncClient) -> None:
    """NUL is refused anywhere in a URL, before the key is looked at."""
    response = await crowd.get("entities?type=Room&pageKey=%00")

    assert response.status_code == 400
