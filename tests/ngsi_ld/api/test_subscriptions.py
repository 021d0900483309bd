"""`/subscriptions` over HTTP (CIM 009 6.10, 6.11)."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from mimas.ngsi_ld.core.context import CORE_CONTEXT_URL

BODY: dict[str, Any] = {
    "id": "urn:ngsi-ld:Subscription:1",
    "type": "Subscription",
    "entities": [{"type": "Building"}],
    "watchedAttributes": ["temperature"],
    "q": "temperature>20",
    "notification": {"attributes": ["temperature"], "endpoint": {"uri": "http://city.example/notify"}},
}
ONE = "subscriptions/urn:ngsi-ld:Subscription:1"
CONTEXT = "https://city.example/context.jsonld"
LINK = f'<{CONTEXT}>; rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"'


async def test_a_subscription_is_created_and_served(client: httpx.AsyncClient) -> None:
    """201 with its path; served with its status and without counters before the first attempt."""
    created = await client.post("subscriptions", json=BODY)
    served = (await client.get(ONE)).json()

    assert (created.status_code, created.headers["location"]) == (201, f"/ngsi-ld/v1/{ONE}")
    assert served == BODY | {"status": "active", "jsonldContext": CORE_CONTEXT_URL}


async def test_an_id_is_made_when_none_is_given(client: httpx.AsyncClient) -> None:
    """5.2.12: the system assigns an id."""
    created = await client.post("subscriptions", json={k: v for k, v in BODY.items() if k != "id"})

    assert created.headers["location"].startswith("/ngsi-ld/v1/subscriptions/urn:ngsi-ld:Subscription:")


async def test_an_id_is_taken_once(client: httpx.AsyncClient) -> None:
    """409 for the second one."""
    await client.post("subscriptions", json=BODY)

    assert (await client.post("subscriptions", json=BODY)).status_code == 409


@pytest.mark.parametrize(
    "members",
    [
        {"q": "temperature>"},
        {"scopeQ": "no scope"},
        {"geoQ": {"georel": "near", "geometry": "Point", "coordinates": [0, 0]}},
        {"entities": [{"type": "A;B"}]},
        {"entities": [{"type": "A", "idPattern": "("}]},
        {"notification": {}},
    ],
)
async def test_what_cannot_be_matched_is_refused(client: httpx.AsyncClient, members: dict[str, Any]) -> None:
    """Queries are parsed when the subscription is made, not when the first entity comes."""
    answer = await client.post("subscriptions", json=BODY | members)

    assert (answer.status_code, answer.json()["type"].rsplit("/", 1)[1]) == (400, "BadRequestData")


async def test_a_context_that_cannot_be_had_is_a_504(client: httpx.AsyncClient) -> None:
    """5.5.6: jsonldContext is looked up at once."""
    answer = await client.post("subscriptions", json=BODY | {"jsonldContext": "https://nowhere.example/c"})

    assert answer.status_code == 504


async def test_a_patch_changes_and_removes_members(client: httpx.AsyncClient) -> None:
    """5.8.2: members are replaced, null removes them, and a paused subscription says so."""
    await client.post("subscriptions", json=BODY)
    patched = await client.patch(ONE, json={"isActive": False, "q": None, "throttling": 5})
    served = (await client.get(ONE)).json()

    assert patched.status_code == 204
    assert served == {k: v for k, v in BODY.items() if k != "q"} | {
        "jsonldContext": CORE_CONTEXT_URL,
        "isActive": False,
        "throttling": 5,
        "status": "paused",
    }


async def test_names_are_served_in_the_readers_context(client: httpx.AsyncClient, remote: Any) -> None:
    """Names and queries written in one @context are read in another."""
    remote.serve(CONTEXT, {"teplota": "https://uri.etsi.org/ngsi-ld/default-context/temperature"})
    await client.post("subscriptions", json=BODY)
    served = (await client.get(ONE, headers={"Link": LINK})).json()

    assert (served["watchedAttributes"], served["q"]) == (["teplota"], "teplota>20")


async def test_a_deleted_subscription_is_gone(client: httpx.AsyncClient) -> None:
    """204, then 404."""
    await client.post("subscriptions", json=BODY)
    statuses = [(await client.delete(ONE)).status_code, (await client.get(ONE)).status_code]

    assert statuses == [204, 404]


async def test_pages_and_count(client: httpx.AsyncClient) -> None:
    """6.3.10, 6.3.13: limit, offset, next and prev, and the count in a header."""
    for number in range(3):
        await client.post("subscriptions", json=BODY | {"id": f"urn:s:{number}"})
    page = await client.get("subscriptions", params={"limit": 1, "offset": 1, "count": "true"})

    assert [each["id"] for each in page.json()] == ["urn:s:1"]
    assert page.headers["ngsild-results-count"] == "3"
    assert 'rel="next"' in page.headers["link"]
    assert 'rel="prev"' in page.headers["link"]


async def test_subscriptions_belong_to_their_tenant(client: httpx.AsyncClient) -> None:
    """4.14: another tenant does not see them."""
    await client.post("subscriptions", json=BODY, headers={"NGSILD-Tenant": "kladno"})

    assert (await client.get(ONE)).status_code == 404


@pytest.mark.parametrize(("path", "status"), [("subscriptions/urn:none", 404), ("subscriptions/no uri", 400)])
async def test_an_unknown_or_invalid_id(client: httpx.AsyncClient, path: str, status: int) -> None:
    """404 for an unknown URI, 400 for what is none."""
    assert (await client.get(path)).status_code == status
