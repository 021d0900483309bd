"""Entity maps over HTTP (CIM 009 5.14, 5.5.14, 6.32, 6.34, 6.35)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from mimas.ngsi_ld.api.broker import Broker
from mimas.ngsi_ld.core.instants import format_instant, parse_instant
from mimas.ngsi_ld.store.reaper import Reaper

QUERY = {"type": "Query", "entities": [{"type": "Meter"}]}
BEFORE = {"timerel": "before", "timeAt": "2100-01-01T00:00:00Z", "timeproperty": "modifiedAt"}


def _id(number: int) -> str:
    return f"urn:ngsi-ld:Meter:{number}"


async def _meters(client: httpx.AsyncClient, count: int = 3, **headers: str) -> list[str]:
    ids = [_id(number) for number in range(1, count + 1)]
    items = [{"id": each, "type": "Meter", "power": {"value": number}} for number, each in enumerate(ids, 1)]
    answer = await client.post("entityOperations/upsert", json=items, headers=headers)
    assert answer.status_code == 201
    return ids


async def _map(client: httpx.AsyncClient, **parameters: str) -> str:
    answer = await client.get("entities", params={"type": "Meter", "entityMap": "true", **parameters})
    assert answer.status_code == 201
    return str(answer.headers["ngsild-entitymap"])


async def _listed(client: httpx.AsyncClient, entity_map: str) -> list[str]:
    answer = await client.get(f"entityMaps/{entity_map}")
    assert answer.status_code == 200
    return sorted(answer.json()["entityMap"])


async def _follow(client: httpx.AsyncClient, entity_map: str, **parameters: str) -> httpx.Response:
    return await client.get(
        "entities", params={"type": "Meter", **parameters}, headers={"NGSILD-EntityMap": entity_map}
    )


def _ids(answer: httpx.Response) -> list[str]:
    return [each["id"] for each in answer.json()]


async def test_a_query_makes_a_map(client: httpx.AsyncClient) -> None:
    """201 and the header; the map lists what was found, held here."""
    ids = await _meters(client)
    entity_map = await _map(client)
    served = (await client.get(f"entityMaps/{entity_map}")).json()

    assert (served["type"], served["linkedMaps"]) == ("EntityMap", {})
    assert served["entityMap"] == {each: ["@none"] for each in ids}


async def test_a_post_query_makes_a_map(client: httpx.AsyncClient) -> None:
    """The members entityMap and entityMapLifetime of a Query (5.2.23)."""
    ids = await _meters(client)
    answer = await client.post(
        "entityOperations/query", json=QUERY | {"entityMap": True, "entityMapLifetime": "PT1M"}
    )

    assert answer.status_code == 201
    assert await _listed(client, answer.headers["ngsild-entitymap"]) == ids


async def test_a_map_fixes_the_entities(client: httpx.AsyncClient) -> None:
    """What comes later is not looked at; 200 and the same header."""
    ids = await _meters(client)
    entity_map = await _map(client)
    await client.post("entities", json={"id": _id(9), "type": "Meter", "power": {"value": 9}})
    answer = await _follow(client, entity_map, count="true")

    assert (answer.status_code, answer.headers["ngsild-entitymap"]) == (200, entity_map)
    assert (_ids(answer), answer.headers["ngsild-results-count"]) == (ids, "3")


async def test_filters_are_checked_again(client: httpx.AsyncClient) -> None:
    """5.5.9.3: what no longer fits leaves the map, what is gone does too; pages are full."""
    await _meters(client, 4)
    entity_map = await _map(client, q="power<9")
    await client.patch(f"entities/{_id(1)}/attrs", json={"power": {"value": 10}})
    await client.delete(f"entities/{_id(2)}")
    answer = await _follow(client, entity_map, q="power<9", limit="2", count="true")

    assert (_ids(answer), answer.headers["ngsild-results-count"]) == ([_id(3), _id(4)], "2")
    assert await _listed(client, entity_map) == [_id(3), _id(4)]


async def test_another_filter_takes_nothing_out_of_a_map(client: httpx.AsyncClient) -> None:
    """A request with other filters is answered within the map and leaves it as it is."""
    ids = await _meters(client)
    entity_map = await _map(client)
    answer = await _follow(client, entity_map, q="power>2")

    assert _ids(answer) == [_id(3)]
    assert await _listed(client, entity_map) == ids


async def test_ids_narrow_a_page_but_not_the_map(client: httpx.AsyncClient) -> None:
    """5.5.14: ids may differ from those of the first request."""
    ids = await _meters(client)
    entity_map = await _map(client)
    answer = await _follow(client, entity_map, id=_id(2))

    assert _ids(answer) == [_id(2)]
    assert await _listed(client, entity_map) == ids


@pytest.mark.parametrize("named", ["urn:ngsi-ld:EntityMap:unknown", "no uri"])
async def test_an_unknown_map_is_made_anew(client: httpx.AsyncClient, named: str) -> None:
    """5.5.14: no error, 201 with a new one."""
    ids = await _meters(client)
    answer = await _follow(client, named)

    assert (answer.status_code, _ids(answer)) == (201, ids)
    assert answer.headers["ngsild-entitymap"] != named


async def test_an_expired_map_is_made_anew(client: httpx.AsyncClient) -> None:
    """Expired is as good as gone: 404 by its id, a new one for a query."""
    await _meters(client)
    entity_map = await _map(client)
    past = format_instant(datetime.now(UTC) - timedelta(seconds=1))
    changed = await client.patch(f"entityMaps/{entity_map}", json={"expiresAt": past})

    assert changed.status_code == 204
    assert (await client.get(f"entityMaps/{entity_map}")).status_code == 404
    assert (await _follow(client, entity_map)).status_code == 201


async def test_expired_maps_are_reaped(client: httpx.AsyncClient, broker: Broker) -> None:
    """Housekeeping forgets maps and their entries, and keeps those that live."""
    await _meters(client)
    old, living = await _map(client), await _map(client)
    now = datetime.now(UTC)
    await broker.entity_maps.set_expiry("", old, now - timedelta(seconds=1))

    assert await broker.entity_maps.reap(now) == 1
    assert await broker.entity_maps.ids("", old) == []
    assert len(await broker.entity_maps.ids("", living)) == 3


async def test_a_lifetime_is_granted_up_to_the_limit(client: httpx.AsyncClient, broker: Broker) -> None:
    """entityMapLifetime is a suggestion."""
    await _meters(client)
    short, long = await _map(client, entityMapLifetime="PT5M"), await _map(client, entityMapLifetime="P9Y")
    shown = [(await client.get(f"entityMaps/{each}")).json()["expiresAt"] for each in (short, long)]
    left = [parse_instant(each) - datetime.now(UTC) for each in shown]

    assert timedelta(minutes=4) < left[0] <= timedelta(minutes=5)
    assert timedelta(hours=23) < left[1] <= timedelta(hours=24)


@pytest.mark.parametrize("lifetime", ["soon", "PT0S", "-PT1S", "P"])
async def test_a_lifetime_is_a_duration(client: httpx.AsyncClient, lifetime: str) -> None:
    """Anything else, and nothing at all, is BadRequestData."""
    answer = await client.get(
        "entities", params={"type": "Meter", "entityMap": "true", "entityMapLifetime": lifetime}
    )

    assert answer.status_code == 400
    assert answer.json()["type"].endswith("BadRequestData")


async def test_retrieving_one_entity_is_never_a_201(client: httpx.AsyncClient) -> None:
    """6.5: 200 with the header; the map lists this entity."""
    await _meters(client)
    answer = await client.get(f"entities/{_id(2)}", params={"entityMap": "true"})

    assert answer.status_code == 200
    assert await _listed(client, answer.headers["ngsild-entitymap"]) == [_id(2)]


@pytest.mark.parametrize("method", ["get", "post"])
async def test_maps_are_made_by_themselves(client: httpx.AsyncClient, method: str) -> None:
    """6.34: 201 with the map and the header; limit plays no part."""
    ids = await _meters(client)
    if method == "get":
        answer = await client.get("entityMaps", params={"type": "Meter", "limit": "1"})
    else:
        answer = await client.post("entityMaps", params={"limit": "1"}, json=QUERY)

    assert answer.status_code == 201
    assert answer.headers["ngsild-entitymap"] == answer.json()["id"]
    assert sorted(answer.json()["entityMap"]) == ids


async def test_a_map_of_split_entities_lists_candidates(client: httpx.AsyncClient) -> None:
    """5.14.4.4: with splitEntities only id, type and pattern count; filters come while paging."""
    ids = await _meters(client)
    answer = await client.get("entityMaps", params={"type": "Meter", "q": "power>2", "splitEntities": "true"})

    assert sorted(answer.json()["entityMap"]) == ids


@pytest.mark.parametrize(
    "parameters",
    [{}, {"id": _id(1)}, {"type": "Meter", "pick": "power,rel{a}"}, {"type": "Meter", "q": "r{a}"}],
)
async def test_maps_are_refused_as_queries_are(client: httpx.AsyncClient, parameters: dict[str, str]) -> None:
    """Too wide or too deep is a 400 (5.14.4.4)."""
    assert (await client.get("entityMaps", params=parameters)).status_code == 400


async def test_a_temporal_query_makes_a_map(client: httpx.AsyncClient) -> None:
    """201 with the header; later requests look at its entities only, in any window."""
    ids = await _meters(client)
    made = await client.get("temporal/entities", params={"type": "Meter", "entityMap": "true"} | BEFORE)
    assert made.status_code == 201
    entity_map = made.headers["ngsild-entitymap"]
    await client.post("entities", json={"id": _id(9), "type": "Meter", "power": {"value": 9}})
    await client.delete(f"temporal/entities/{_id(2)}")
    answer = await client.get(
        "temporal/entities",
        params=BEFORE | {"type": "Meter", "timerel": "after", "timeAt": "2020-01-01T00:00:00Z"},
        headers={"NGSILD-EntityMap": entity_map},
    )

    assert answer.status_code == 200
    assert _ids(answer) == [ids[0], ids[2]]


@pytest.mark.parametrize("method", ["get", "post"])
async def test_temporal_maps_are_made_by_themselves(client: httpx.AsyncClient, method: str) -> None:
    """6.35: 201 with the map."""
    ids = await _meters(client)
    if method == "get":
        answer = await client.get("temporal/entityMaps", params={"type": "Meter"} | BEFORE)
    else:
        answer = await client.post("temporal/entityMaps", json=QUERY | {"temporalQ": BEFORE})

    assert answer.status_code == 201
    assert sorted(answer.json()["entityMap"]) == ids


@pytest.mark.parametrize("parameters", [{"type": "Meter"}, {"type": "Meter", "pick": "r{a}", **BEFORE}])
async def test_temporal_maps_need_a_window_and_nothing_linked(
    client: httpx.AsyncClient, parameters: dict[str, str]
) -> None:
    """5.14.5: no time query, or a linked projection, is a 400."""
    assert (await client.get("temporal/entityMaps", params=parameters)).status_code == 400


async def test_only_the_expiry_can_be_changed(client: httpx.AsyncClient) -> None:
    """5.14.2: output-only members are ignored."""
    ids = await _meters(client)
    entity_map = await _map(client)
    until = format_instant((datetime.now(UTC) + timedelta(hours=2)).replace(microsecond=0))
    body: dict[str, Any] = {"id": entity_map, "type": "EntityMap", "expiresAt": until, "entityMap": {}}
    changed = await client.patch(f"entityMaps/{entity_map}", json=body)
    served = (await client.get(f"entityMaps/{entity_map}")).json()

    assert changed.status_code == 204
    assert (served["expiresAt"], sorted(served["entityMap"])) == (until, ids)


@pytest.mark.parametrize("value", ["tomorrow", 5, None, "2100-01-01"])
async def test_an_expiry_is_a_date_time(client: httpx.AsyncClient, value: object) -> None:
    """Anything else is a 400."""
    await _meters(client)
    entity_map = await _map(client)

    assert (await client.patch(f"entityMaps/{entity_map}", json={"expiresAt": value})).status_code == 400


async def test_a_map_is_forgotten(client: httpx.AsyncClient) -> None:
    """204, then 404."""
    entity_map = await _map(client)

    assert (await client.delete(f"entityMaps/{entity_map}")).status_code == 204
    assert (await client.delete(f"entityMaps/{entity_map}")).status_code == 404


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
@pytest.mark.parametrize(("name", "status"), [("no-uri", 400), ("urn:ngsi-ld:EntityMap:1", 404)])
async def test_maps_are_named_by_uris(client: httpx.AsyncClient, method: str, name: str, status: int) -> None:
    """Not a URI is 400, unknown is 404."""
    body = {} if method == "PATCH" else None
    answer = await client.request(method, f"entityMaps/{name}", json=body)

    assert answer.status_code == status


async def test_maps_belong_to_a_tenant(client: httpx.AsyncClient) -> None:
    """Another tenant does not see them."""
    await _meters(client)
    await _meters(client, **{"NGSILD-Tenant": "other"})
    entity_map = await _map(client)
    answer = await client.get(f"entityMaps/{entity_map}", headers={"NGSILD-Tenant": "other"})

    assert answer.status_code == 404


async def test_a_purge_can_be_kept_within_a_map(client: httpx.AsyncClient) -> None:
    """6.4.3.3: only entities of the map; a map that is gone deletes nothing."""
    await _meters(client)
    entity_map = await _map(client)
    await client.post("entities", json={"id": _id(9), "type": "Meter"})
    refused = await client.request(
        "DELETE", "entities?type=Meter", headers={"NGSILD-EntityMap": "urn:ngsi-ld:EntityMap:gone"}
    )
    done = await client.request("DELETE", "entities?type=Meter", headers={"NGSILD-EntityMap": entity_map})

    assert (refused.status_code, done.status_code) == (404, 204)
    assert _ids(await client.get("entities?type=Meter")) == [_id(9)]


async def test_a_map_has_a_greatest_size(client: httpx.AsyncClient, broker: Broker) -> None:
    """More entities than a map may hold are TooManyResults, and no map is left behind."""
    await _meters(client)
    object.__setattr__(broker.limits, "entity_map_size", 2)
    answer = await client.get("entities", params={"type": "Meter", "entityMap": "true"})

    assert (answer.status_code, answer.json()["type"].split("/")[-1]) == (403, "TooManyResults")


async def test_housekeeping_forgets_old_maps(client: httpx.AsyncClient, broker: Broker) -> None:
    """The reaper's round does it too."""
    entity_map = await _map(client)
    await broker.entity_maps.set_expiry("", entity_map, datetime.now(UTC) - timedelta(seconds=1))
    reaper = Reaper(broker.entity_maps._database)
    await reaper.tidy(datetime.now(UTC))
    await reaper.close()

    assert await broker.entity_maps.reap(datetime.now(UTC)) == 0
