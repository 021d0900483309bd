"""Temporal queries through HTTP: filters, aggregates, projections (CIM 009 5.7.4)."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

WINDOW = "timerel=after&timeAt=2026-01-01T00:00:00Z&format=temporalValues"


@pytest.fixture
async def evolved(client: httpx.AsyncClient) -> httpx.AsyncClient:
    """Two cars, with speeds over four minutes and places; one changes its scope."""
    for name, factor in (("a", 1), ("b", 10)):
        entity = {
            "id": f"urn:x:{name}",
            "type": "Car",
            "speed": [
                {"type": "Property", "value": minute * factor, "observedAt": f"2026-01-01T00:0{minute}:00Z"}
                for minute in range(4)
            ],
            "location": [
                {
                    "type": "GeoProperty",
                    "value": {"type": "Point", "coordinates": [minute * factor, 0]},
                    "observedAt": f"2026-01-01T00:0{minute}:00Z",
                }
                for minute in range(4)
            ],
            "scope": [
                {"type": "Property", "value": f"/{place}", "observedAt": f"2026-01-01T00:0{minute}:00Z"}
                for minute, place in ((0, "depot"), (2, name))
            ],
        }
        response = await client.post("temporal/entities", json=entity)
        assert response.status_code == 201, response.text
    return client


async def asked(client: httpx.AsyncClient, parameters: str) -> dict[str, Any]:
    response = await client.get(f"temporal/entities?type=Car&{WINDOW}&{parameters}")
    assert response.status_code == 200, response.text
    return {each["id"]: each for each in response.json()}


def values(entity: dict[str, Any], attribute: str = "speed") -> list[Any]:
    return [value for value, _ in entity[attribute]["values"]]


async def test_q_selects_and_thins(evolved: httpx.AsyncClient) -> None:
    """Entities by any instance; of the attribute only those that pass, of others all."""
    found = await asked(evolved, "q=speed>=20")

    assert (list(found), values(found["urn:x:b"])) == (["urn:x:b"], [20, 30])
    assert len(values(found["urn:x:b"], "location")) == 4


async def test_last_n_counts_those_that_pass(evolved: httpx.AsyncClient) -> None:
    """LastN comes last, newest first."""
    found = await asked(evolved, "q=speed<3&attrs=speed&lastN=1")

    assert {name: values(each) for name, each in found.items()} == {"urn:x:a": [2], "urn:x:b": [0]}


async def test_geo_queries_look_at_instances(evolved: httpx.AsyncClient) -> None:
    """Where it was in the window, not where it is."""
    near = "georel=near;maxDistance==1000&geometry=Point&coordinates=[10,0]&attrs=location"
    found = await asked(evolved, near)

    assert {name: values(each, "location") for name, each in found.items()} == {
        "urn:x:b": [{"type": "Point", "coordinates": [10, 0]}]
    }


async def test_scopes_hold_until_they_change(evolved: httpx.AsyncClient) -> None:
    """What was observed while another scope was valid is not shown (C.5.16)."""
    found = await asked(evolved, "scopeQ=/depot&attrs=speed")

    assert {name: values(each) for name, each in found.items()} == {"urn:x:a": [0, 1], "urn:x:b": [0, 10]}


async def test_aggregates_of_what_passes(evolved: httpx.AsyncClient) -> None:
    """Aggregation is made of the instances that meet the query."""
    how = "format=aggregatedValues&aggrMethods=sum&aggrPeriodDuration=PT1H&attrs=speed"
    window = WINDOW.removesuffix("&format=temporalValues")
    response = await evolved.get(f"temporal/entities?type=Car&{window}&q=speed>=20&{how}")

    assert [[value for value, *_ in each["speed"]["sum"]] for each in response.json()] == [[50]]


async def test_what_is_picked_decides_who_is_shown(evolved: httpx.AsyncClient) -> None:
    """Entities that have nothing of it in the window are no part of the answer."""
    assert await asked(evolved, "pick=id,never") == {}


async def test_linked_q_is_refused(evolved: httpx.AsyncClient) -> None:
    """Temporal queries follow no relationships (5.7.4.4)."""
    response = await evolved.get(f"temporal/entities?type=Car&{WINDOW}&q=owner{{name}}==1")

    assert response.status_code == 400


async def test_instance_of_the_attribute_in_the_path(evolved: httpx.AsyncClient) -> None:
    """An instance is replaced by one of its own attribute, or not at all (5.6.14)."""
    path = "temporal/entities/urn:x:a"
    speeds = (await evolved.get(path)).json()["speed"]
    one = f"{path}/attrs/speed/{speeds[0]['instanceId']}"
    instance = {"type": "Property", "value": 99, "observedAt": "2026-01-01T00:00:00Z"}
    refused = await evolved.patch(one, json={"height": [instance]})
    taken = await evolved.patch(one, json={"speed": [instance]})
    values = [each["value"] for each in (await evolved.get(path)).json()["speed"]]

    assert (refused.status_code, taken.status_code) == (400, 204)
    assert values == [99, 1, 2, 3]


async def test_evolution_is_deleted_once(evolved: httpx.AsyncClient) -> None:
    """What has no evolution any more cannot be deleted again; the current state stays (5.6.16)."""
    statuses = [(await evolved.delete("temporal/entities/urn:x:a")).status_code for _ in range(2)]

    assert statuses == [204, 404]
    assert (await evolved.get("entities/urn:x:a")).status_code == 200
