"""What real clients were seen to send."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from mimas.ngsi_ld.api.operation_table import OPERATIONS
from mimas.ngsi_ld.api.problems import BASE

from .conftest import RemoteContexts

JSON = {"Content-Type": "application/json"}
LD_JSON = {"Content-Type": "application/ld+json"}
CORE = "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.9.jsonld"
METER = {"id": "urn:ngsi-ld:Meter:1", "type": "Meter", "power": {"type": "Property", "value": 7}}


@pytest.fixture
async def meter(client: httpx.AsyncClient) -> dict[str, Any]:
    """A stored entity."""
    response = await client.post("entities", json=METER)

    assert response.status_code == 201
    return METER


@pytest.mark.parametrize(
    "path",
    sorted({each.path.removeprefix(BASE + "/") for each in OPERATIONS if each.path.startswith(BASE + "/")}),
)
async def test_trailing_slashes(client: httpx.AsyncClient, path: str) -> None:
    """A trailing slash changes nothing and redirects nobody."""
    filled = path
    for name in ("entityId", "instanceId", "contextId"):
        filled = filled.replace(f"{{{name}}}", "urn:x:1")
    filled = filled.replace("{attrId}", "power").replace("{type}", "Meter")
    plain, slashed = await client.options(filled), await client.options(filled + "/")

    assert (plain.status_code, plain.headers["allow"]) == (slashed.status_code, slashed.headers["allow"])
    assert slashed.status_code == 204


async def test_options_in_one_parameter(client: httpx.AsyncClient, meter: dict[str, Any]) -> None:
    """`options=keyValues,count` works with its comma percent-encoded."""
    response = await client.get("entities?type=Meter&options=keyValues%2Ccount")

    assert response.json() == [{"id": meter["id"], "type": "Meter", "power": 7}]
    assert response.headers["ngsild-results-count"] == "1"


async def test_count_twice(client: httpx.AsyncClient, meter: dict[str, Any]) -> None:
    """`options=count` beside `count=true` is understood."""
    response = await client.get("entities?type=Meter&options=count&count=true")

    assert response.headers["ngsild-results-count"] == "1"


async def test_fiware_service_names_the_tenant(client: httpx.AsyncClient) -> None:
    """fiware-service counts when NGSILD-Tenant is absent; fiware-servicepath says nothing."""
    old = {"fiware-service": "smartcity", "fiware-servicepath": "/energy"}
    await client.post("entities", json=METER, headers=old)
    response = await client.get(f"entities/{METER['id']}", headers={"NGSILD-Tenant": "smartcity"})

    assert response.status_code == 200
    assert (await client.get(f"entities/{METER['id']}")).status_code == 404


async def test_tenant_header_wins_over_the_older_one(client: httpx.AsyncClient) -> None:
    """NGSILD-Tenant goes first and is echoed."""
    headers = {"NGSILD-Tenant": "one", "fiware-service": "two"}
    created = await client.post("entities", json=METER, headers=headers)
    response = await client.get(f"entities/{METER['id']}", headers={"fiware-service": "two"})

    assert created.headers["ngsild-tenant"] == "one"
    assert response.status_code == 404


async def test_any_media_type_is_json_with_a_link(client: httpx.AsyncClient, meter: dict[str, Any]) -> None:
    """`Accept: */*` answers application/json with a Link to the context."""
    response = await client.get(f"entities/{meter['id']}", headers={"Accept": "*/*"})

    assert response.headers["content-type"] == "application/json"
    assert response.headers["link"].startswith(f"<{CORE}>")


async def test_context_url_in_every_item_of_a_batch(
    client: httpx.AsyncClient, remote: RemoteContexts
) -> None:
    """An @context that is a bare URL inside every item is taken for that item."""
    url = remote.serve("https://example.org/c.jsonld", {"power": "https://example.org/power"})
    items = [{**METER, "id": f"urn:x:{n}", "@context": url} for n in range(3)]
    created = await client.post("entityOperations/create", json=items, headers=LD_JSON)
    stored = (await client.get("entities/urn:x:1")).json()

    assert (created.status_code, "https://example.org/power" in stored, len(remote.asked)) == (201, True, 1)


async def test_missing_context_is_explained(client: httpx.AsyncClient) -> None:
    """ld+json without @context gets a 400 whose detail says how to mend it."""
    response = await client.post("entities", json=METER, headers=LD_JSON)

    assert response.status_code == 400
    assert "application/json with the @context in a Link header" in response.json()["detail"]


async def test_version_is_answered(client: httpx.AsyncClient) -> None:
    """Clients probe /version before anything else."""
    assert (await client.get("http://mimas/version")).json()["mimas"]["ngsi-ld"] == "1.9.1"


async def test_ids_with_encoded_slashes(client: httpx.AsyncClient) -> None:
    """Ids and attribute names are often URLs, percent-encoded in a path."""
    body = {"id": "http://example.org/a/1", "type": "T", "http://example.org/p": 1}
    await client.post("entities", json=body)
    one = "entities/http%3A%2F%2Fexample.org%2Fa%2F1"
    deleted = await client.delete(f"{one}/attrs/http%3A%2F%2Fexample.org%2Fp")

    assert deleted.status_code == 204
    assert (await client.get(one)).json() == {"id": "http://example.org/a/1", "type": "T"}


async def test_plus_in_a_scope_query(client: httpx.AsyncClient) -> None:
    """A plus that was not percent-encoded still means one level of a scope."""
    await client.post("entities", json={**METER, "scope": "/Madrid/North/Park"})
    response = await client.get("entities?type=Meter&scopeQ=/Madrid/+/Park")

    assert len(response.json()) == 1
