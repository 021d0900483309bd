"""Settings that decide what the standard leaves open."""

from __future__ import annotations

import httpx
import pytest

from mimas.ngsi_ld.api.broker import Broker

ITEMS = [{"id": "urn:ngsi-ld:Meter:1", "type": "Meter"}]


@pytest.mark.parametrize(("makes", "status"), [(True, 201), (False, 404)])
async def test_an_upsert_may_make_a_tenant(
    client: httpx.AsyncClient, broker: Broker, makes: bool, status: int
) -> None:
    """5.5.10 does not name it; by setting it does not."""
    broker.upsert_makes_tenants = makes
    answer = await client.post("entityOperations/upsert", json=ITEMS, headers={"NGSILD-Tenant": "kladno"})

    assert answer.status_code == status
