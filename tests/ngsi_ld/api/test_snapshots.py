"""Snapshots over HTTP (CIM 009 5.16, 5.5.15, 6.36 to 6.38, 6.3.22)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import orjson
import pytest

from mimas.ngsi_ld.api.broker import Broker
from mimas.ngsi_ld.core.instants import parse_instant
from mimas.ngsi_ld.core.tenant_names import new_data_tenant
from mimas.ngsi_ld.store.snapshots import LEASE, StoredSnapshot

ID = "urn:ngsi-ld:Snapshot:1"
ALL = {"type": "Query", "entities": [{"type": "Meter"}]}
HISTORY = ALL | {
    "temporalQ": {"timerel": "before", "timeAt": "2100-01-01T00:00:00Z", "timeproperty": "modifiedAt"}
}
BODY: dict[str, Any] = {"id": ID, "type": "Snapshot", "snapshotQueries": [ALL]}
FROZEN = {"NGSILD-Snapshot": ID}
WINDOW = "timerel=before&timeAt=2100-01-01T00:00:00Z&timeproperty=modifiedAt"


class Told:
    """Takes the notifications of snapshots; `failures` is how many of them it refuses first."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, Mapping[str, str], dict[str, Any]]] = []
        self.failures = 0

    async def __call__(self, url: str, headers: Mapping[str, str], body: bytes) -> None:
        """Take one."""
        if self.failures:
            self.failures -= 1
            raise OSError("not now")
        self.taken.append((url, headers, orjson.loads(body)))


@pytest.fixture
def told(broker: Broker) -> Told:
    """What is told to endpoints."""
    broker.notify = told = Told()
    return told


def _id(number: int) -> str:
    return f"urn:ngsi-ld:Meter:{number}"


async def _meters(
    client: httpx.AsyncClient, count: int = 2, headers: Mapping[str, str] | None = None
) -> None:
    items = [
        {
            "id": _id(number),
            "type": "Meter",
            "power": {"value": number, "unitCode": "KWT"},
            "site": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [14.1, 50.1]}},
        }
        for number in range(1, count + 1)
    ]
    answer = await client.post("entityOperations/upsert", json=items, headers=headers)
    assert answer.status_code == 201


async def _freeze(client: httpx.AsyncClient, broker: Broker, **members: Any) -> dict[str, Any]:
    """A filled snapshot, as it is served."""
    answer = await client.post("snapshots", json=BODY | members)
    assert answer.status_code == 201, answer.text
    await broker.keeper.settle()
    status = await client.get("snapshots/" + answer.headers["location"].rpartition("/")[2])
    assert status.status_code == 200, status.text
    served: dict[str, Any] = status.json()
    return served


def _ids(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [each["id"] for each in answer.json()]


async def test_a_snapshot_is_made_and_filled(client: httpx.AsyncClient, broker: Broker) -> None:
    """201 with its path at once; then success, with the outcome of each query and all the times."""
    await _meters(client)
    created = await client.post("snapshots", json=BODY)
    await broker.keeper.settle()
    served = (await client.get(f"snapshots/{ID}")).json()

    assert (created.status_code, created.headers["location"]) == (201, f"/ngsi-ld/v1/snapshots/{ID}")
    assert (served["snapshotStatus"], served["snapshotPriority"]) == ("success", 5)
    assert served["snapshotQueriesDetails"] == [{"resultStatus": "success"}]
    assert served.keys() >= {"createdAt", "modifiedAt", "expiresAt", "lastUsedAt", "snapshotQueries"}


async def test_what_is_frozen_stays(client: httpx.AsyncClient, broker: Broker) -> None:
    """Later writes are not seen in it; the header is in the answer."""
    await _meters(client)
    await _freeze(client, broker)
    await client.patch(f"entities/{_id(1)}/attrs", json={"power": {"value": 99}})
    await client.delete(f"entities/{_id(2)}")
    answer = await client.get("entities?type=Meter&format=simplified&pick=id,power", headers=FROZEN)

    assert answer.json() == [{"id": _id(1), "power": 1}, {"id": _id(2), "power": 2}]
    assert answer.headers["ngsild-snapshot"] == ID


async def test_system_times_are_those_of_the_original(client: httpx.AsyncClient, broker: Broker) -> None:
    """createdAt and modifiedAt of entities and attributes are copied."""
    await _meters(client)
    await client.patch(f"entities/{_id(1)}/attrs", json={"power": {"value": 5}})
    await _freeze(client, broker)
    path = f"entities/{_id(1)}?options=sysAttrs"

    assert (await client.get(path, headers=FROZEN)).json() == (await client.get(path)).json()


async def test_places_can_be_asked_for(client: httpx.AsyncClient, broker: Broker) -> None:
    """Geoqueries on other GeoProperties than location work in it."""
    await _meters(client)
    await _freeze(client, broker)
    near = "georel=near;maxDistance==1000&geometry=Point&coordinates=[14.1,50.1]&geoproperty=site"

    assert _ids(await client.get(f"entities?{near}", headers=FROZEN)) == [_id(1), _id(2)]


async def test_writes_go_to_the_snapshot_alone(client: httpx.AsyncClient, broker: Broker) -> None:
    """5.5.15: provision acts on it too, and never on the present state."""
    await _meters(client)
    await _freeze(client, broker)
    await client.post("entities", json={"id": _id(7), "type": "Meter"}, headers=FROZEN)
    await client.delete(f"entities/{_id(1)}", headers=FROZEN)

    assert _ids(await client.get("entities?type=Meter", headers=FROZEN)) == [_id(2), _id(7)]
    assert _ids(await client.get("entities?type=Meter")) == [_id(1), _id(2)]


async def test_broad_queries_are_allowed_in_it(client: httpx.AsyncClient, broker: Broker) -> None:
    """Its scope is local: no filter at all is no fault, and local=false is ignored."""
    await _meters(client)
    await _freeze(client, broker)

    assert _ids(await client.get("entities", headers=FROZEN)) == [_id(1), _id(2)]
    assert _ids(await client.get("entities?type=*&local=false", headers=FROZEN)) == [_id(1), _id(2)]


async def test_other_resources_are_within_it(client: httpx.AsyncClient, broker: Broker) -> None:
    """Types and subscriptions are its own."""
    await _meters(client)
    await _freeze(client, broker)
    await client.post("entities", json={"id": "urn:x:1", "type": "Other"}, headers=FROZEN)
    subscription = {
        "type": "Subscription",
        "entities": [{"type": "Meter"}],
        "notification": {"endpoint": {"uri": "http://city.example/notify"}},
    }
    await client.post("subscriptions", json=subscription, headers=FROZEN)
    types = (await client.get("types", headers=FROZEN)).json()["typeList"]

    assert sorted(types) == ["Meter", "Other"]
    assert len((await client.get("subscriptions", headers=FROZEN)).json()) == 1
    assert (await client.get("subscriptions")).json() == []


async def test_temporal_queries_freeze_the_history(client: httpx.AsyncClient, broker: Broker) -> None:
    """The evolution that a temporal query finds, and no current state."""
    await _meters(client)
    await client.patch(f"entities/{_id(1)}/attrs", json={"power": {"value": 5}})
    served = await _freeze(client, broker, snapshotQueries=[ALL], snapshotTemporalQueries=[HISTORY])
    await client.patch(f"entities/{_id(1)}/attrs", json={"power": {"value": 6}})
    answer = await client.get(f"temporal/entities/{_id(1)}?format=temporalValues&attrs=power", headers=FROZEN)
    values = [value for value, _ in answer.json()["power"]["values"]]

    assert served["snapshotTemporalQueriesDetails"] == [{"resultStatus": "success"}]
    assert sorted(values) == [1, 5]
    assert _ids(await client.get(f"temporal/entities?type=Meter&{WINDOW}", headers=FROZEN)) == [
        _id(1),
        _id(2),
    ]


async def test_a_history_alone_brings_no_current_state(client: httpx.AsyncClient, broker: Broker) -> None:
    """What only temporal queries found is known to the temporal API alone."""
    await _meters(client)
    queries = {"type": "Snapshot", "id": ID, "snapshotTemporalQueries": [HISTORY]}
    await client.post("snapshots", json=queries)
    await broker.keeper.settle()

    assert (await client.get(f"entities/{_id(1)}", headers=FROZEN)).status_code == 404
    assert (await client.get(f"temporal/entities/{_id(1)}", headers=FROZEN)).status_code == 200


async def test_projected_queries_freeze_what_they_show(client: httpx.AsyncClient, broker: Broker) -> None:
    """attrs, pick and omit say which attributes go along; several queries add up."""
    await _meters(client)
    await client.patch(f"entities/{_id(1)}/attrs", json={})
    queries = [ALL | {"pick": ["power"]}, ALL | {"omit": ["power"], "q": "power==1"}]
    await _freeze(client, broker, snapshotQueries=queries)
    found = (await client.get("entities?type=Meter", headers=FROZEN)).json()

    assert [sorted(each) for each in found] == [["id", "power", "site", "type"], ["id", "power", "type"]]


@pytest.mark.parametrize(
    ("queries", "status"),
    [
        ([ALL, ALL | {"q": "power>9"}], "partial"),
        ([ALL | {"q": "power>>"}], "failure"),
    ],
)
async def test_the_status_tells_how_the_queries_went(
    client: httpx.AsyncClient, broker: Broker, queries: list[dict[str, Any]], status: str
) -> None:
    """5.16.1.4: all with a result, some, none, or nothing but failures."""
    await _meters(client)

    assert (await _freeze(client, broker, snapshotQueries=queries))["snapshotStatus"] == status


async def test_a_failed_query_says_why(client: httpx.AsyncClient, broker: Broker) -> None:
    """5.2.42: resultStatus and the problem."""
    served = await _freeze(client, broker, snapshotQueries=[{"type": "Query"}])
    [details] = served["snapshotQueriesDetails"]

    assert (details["resultStatus"], details["problemDetails"]["status"]) == ("failure", 400)


@pytest.mark.parametrize("members", [{"snapshotQueries": [{"type": "Other"}]}, {"snapshotLifetime": "long"}])
async def test_what_is_no_snapshot_is_refused(client: httpx.AsyncClient, members: dict[str, Any]) -> None:
    """5.2.41: BadRequestData."""
    answer = await client.post("snapshots", json=BODY | members)

    assert (answer.status_code, answer.json()["type"].split("/")[-1]) == (400, "BadRequestData")


async def test_an_id_is_taken_once(client: httpx.AsyncClient, broker: Broker) -> None:
    """409 for the second one; free again after a deletion."""
    await _freeze(client, broker)
    second = await client.post("snapshots", json=BODY)
    await client.delete(f"snapshots/{ID}")

    assert second.status_code == 409
    assert (await client.post("snapshots", json=BODY)).status_code == 201


async def test_output_members_are_ignored(client: httpx.AsyncClient, broker: Broker) -> None:
    """Table 5.2.41-2: the broker says them."""
    served = await _freeze(client, broker, snapshotStatus="success", expiresAt="2020-01-01T00:00:00Z")

    assert served["snapshotStatus"] == "empty"
    assert parse_instant(served["expiresAt"]) > datetime.now(UTC)


async def test_a_lifetime_is_granted_up_to_the_limit(client: httpx.AsyncClient, broker: Broker) -> None:
    """snapshotLifetime is a suggestion; a week is the most, unless set otherwise."""
    served = await _freeze(client, broker, snapshotLifetime="P1Y")
    left = parse_instant(served["expiresAt"]) - datetime.now(UTC)

    assert timedelta(days=6) < left <= timedelta(days=7)


async def test_members_are_changed(client: httpx.AsyncClient, broker: Broker) -> None:
    """5.16.4: 200 with the status; the NGSI-LD Null takes a member away."""
    await _freeze(client, broker, endpoint="http://city.example/told")
    changed = await client.patch(
        f"snapshots/{ID}",
        json={
            "type": "Snapshot",
            "snapshotPriority": 9,
            "snapshotLifetime": "PT1H",
            "endpoint": "urn:ngsi-ld:null",
            "snapshotStatus": "failure",
        },
    )
    served = changed.json()

    assert (changed.status_code, served["snapshotPriority"]) == (200, 9)
    assert parse_instant(served["expiresAt"]) < datetime.now(UTC) + timedelta(hours=1)
    assert (served["snapshotStatus"], "endpoint" in served) == ("empty", False)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"snapshotQueries": [ALL]}, 400),
        ({"id": "urn:ngsi-ld:Snapshot:2"}, 400),
        ({"type": "Query"}, 400),
        ({"id": ID, "type": "Snapshot"}, 200),
    ],
)
async def test_only_some_members_can_be_changed(
    client: httpx.AsyncClient, broker: Broker, body: dict[str, Any], status: int
) -> None:
    """Queries are fixed when the snapshot is made; so is its id."""
    await _freeze(client, broker)

    assert (await client.patch(f"snapshots/{ID}", json=body)).status_code == status


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE", "CLONE"])
@pytest.mark.parametrize(("name", "status"), [("no-uri", 400), ("urn:ngsi-ld:Snapshot:9", 404)])
async def test_snapshots_are_named_by_uris(
    client: httpx.AsyncClient, method: str, name: str, status: int
) -> None:
    """Not a URI is 400, unknown is 404."""
    if method == "CLONE":
        answer = await client.post(f"snapshots/{name}/clone", json={"type": "Snapshot"})
    else:
        body: Any = {} if method == "PATCH" else None
        answer = await client.request(method, f"snapshots/{name}", json=body)

    assert answer.status_code == status


async def test_an_unknown_snapshot_is_not_found(client: httpx.AsyncClient) -> None:
    """6.3.22: an operation on it is a 404, creating an entity too."""
    read = await client.get("entities?type=Meter", headers=FROZEN)
    write = await client.post("entities", json={"id": _id(1), "type": "Meter"}, headers=FROZEN)

    assert (read.status_code, write.status_code) == (404, 404)
    assert read.headers["ngsild-snapshot"] == ID


async def test_a_clone_is_a_copy_of_its_own(client: httpx.AsyncClient, broker: Broker) -> None:
    """5.16.2: it holds what the first one holds now, and outlives it."""
    await _meters(client)
    await _freeze(client, broker, snapshotTemporalQueries=[HISTORY])
    await client.delete(f"entities/{_id(2)}", headers=FROZEN)
    second = "urn:ngsi-ld:Snapshot:2"
    answer = await client.post(f"snapshots/{ID}/clone", json={"type": "Snapshot", "id": second})
    await broker.keeper.settle()
    await client.delete(f"snapshots/{ID}")
    await broker.keeper.settle()
    served = (await client.get(f"snapshots/{second}")).json()
    cloned = {"NGSILD-Snapshot": second}

    assert (answer.status_code, answer.headers["location"]) == (201, f"/ngsi-ld/v1/snapshots/{second}")
    assert (served["snapshotStatus"], served["snapshotQueries"]) == ("success", [ALL])
    assert _ids(await client.get("entities", headers=cloned)) == [_id(1)]
    assert (await client.get(f"temporal/entities/{_id(1)}", headers=cloned)).status_code == 200


@pytest.mark.parametrize(
    ("body", "status"),
    [({"type": "Snapshot", "id": ID}, 409), (BODY, 400), ({}, 400), ({"type": "Snapshot"}, 201)],
)
async def test_a_clone_has_no_queries(
    client: httpx.AsyncClient, broker: Broker, body: dict[str, Any], status: int
) -> None:
    """Its body is a Snapshot without queries, under an id of its own."""
    await _freeze(client, broker)

    assert (await client.post(f"snapshots/{ID}/clone", json=body)).status_code == status


async def test_a_deleted_snapshot_leaves_nothing(client: httpx.AsyncClient, broker: Broker) -> None:
    """204, then 404; its data is purged."""
    await _meters(client)
    await _freeze(client, broker)
    deleted = await client.delete(f"snapshots/{ID}")
    await broker.keeper.settle()
    tenants = await broker.database.fetch("SELECT DISTINCT tenant FROM entity")

    assert deleted.status_code == 204
    assert (await client.get(f"snapshots/{ID}")).status_code == 404
    assert [row["tenant"] for row in tenants] == [""]


@pytest.mark.parametrize(
    ("q", "status"),
    [
        ("snapshotPriority<6", 204),
        ("snapshotPriority>5", 404),
        ("temperature>5", 400),
        (None, 400),
    ],
)
async def test_snapshots_are_purged_by_a_query(
    client: httpx.AsyncClient, broker: Broker, q: str | None, status: int
) -> None:
    """5.16.7: over members of snapshots only; 404 when none meets it (6.36.3.2)."""
    await _meters(client)
    await _freeze(client, broker)
    answer = await client.request("DELETE", "snapshots", params={"q": q} if q else {})

    assert answer.status_code == status
    assert (await client.get(f"snapshots/{ID}")).status_code == (404 if status == 204 else 200)


async def test_snapshots_belong_to_a_tenant(client: httpx.AsyncClient, broker: Broker) -> None:
    """5.5.15: both headers name a tenant's snapshot; neither alone does."""
    tenant = {"NGSILD-Tenant": "kladno"}
    await _meters(client, headers=tenant)
    created = await client.post("snapshots", json=BODY, headers=tenant)
    await broker.keeper.settle()
    await client.delete(f"entities/{_id(1)}", headers=tenant)

    assert created.status_code == 201
    assert (await client.get("entities?type=Meter", headers=FROZEN)).status_code == 404
    assert _ids(await client.get("entities?type=Meter", headers=FROZEN | tenant)) == [_id(1), _id(2)]


async def test_no_client_names_the_data_of_a_snapshot(client: httpx.AsyncClient, broker: Broker) -> None:
    """The tenant that holds it cannot be given as one, and is not listed."""
    await _freeze(client, broker)
    await client.post("entities", json={"id": _id(1), "type": "Meter"}, headers=FROZEN)
    snapshot = await broker.snapshots.find("", ID, datetime.now(UTC))
    assert snapshot is not None
    answer = await client.get("entities?type=Meter", headers={"NGSILD-Tenant": snapshot.data_tenant})

    assert answer.status_code == 400
    assert await broker.tenants.list_all() == []


async def test_a_purged_tenant_takes_its_snapshots_along(client: httpx.AsyncClient, broker: Broker) -> None:
    """Nothing of them stays."""
    tenant = {"NGSILD-Tenant": "kladno"}
    await _meters(client, headers=tenant)
    await client.post("snapshots", json=BODY, headers=tenant)
    await broker.keeper.settle()
    await broker.tenants.purge("kladno")

    assert await broker.database.fetchval("SELECT count(*) FROM entity") == 0
    assert await broker.database.fetchval("SELECT count(*) FROM snapshot") == 0


async def test_the_endpoint_is_told(client: httpx.AsyncClient, broker: Broker, told: Told) -> None:
    """5.16.6: when it is filled, when its status is updated and when it is gone."""
    await _meters(client)
    info = [{"key": "X-Key", "value": "secret"}]
    await _freeze(client, broker, endpoint="http://city.example/told", receiverInfo=info)
    await client.patch(f"snapshots/{ID}", json={"snapshotPriority": 7})
    await broker.keeper.settle()
    await client.delete(f"snapshots/{ID}")
    await broker.keeper.settle()
    url, headers, filled = told.taken[0]
    gone = told.taken[2][2]

    assert [each["snapshotPriority"] for _, _, each in told.taken] == [5, 7, 7]
    assert (url, headers["X-Key"]) == ("http://city.example/told", "secret")
    assert (
        filled.items()
        >= {
            "type": "SnapshotNotification",
            "snapshotId": ID,
            "snapshotStatus": "success",
        }.items()
    )
    assert filled["snapshotQueriesDetails"] == [{"resultStatus": "success"}]
    assert parse_instant(gone["expiresAt"]) < parse_instant(gone["notifiedAt"])


async def test_telling_is_tried_again(
    client: httpx.AsyncClient, broker: Broker, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An endpoint that fails is asked a few times."""
    monkeypatch.setattr("mimas.ngsi_ld.api.snapshot_keeper.PAUSES", (0.0, 0.0))
    told.failures = 2
    await _freeze(client, broker, endpoint="http://city.example/told")

    assert len(told.taken) == 1


async def test_expired_snapshots_are_taken_away(
    client: httpx.AsyncClient, broker: Broker, told: Told
) -> None:
    """Gone when the time is over, data and all; the endpoint hears of it."""
    await _meters(client)
    await _freeze(client, broker, endpoint="http://city.example/told")
    later = datetime.now(UTC) + timedelta(days=2)
    await broker.keeper.tidy(later)
    await broker.keeper.settle()

    assert await broker.database.fetchval("SELECT count(*) FROM snapshot") == 0
    assert await broker.database.fetchval("SELECT count(*) FROM entity") == 2
    assert len(told.taken) == 2


async def _abandoned(broker: Broker, age: timedelta) -> StoredSnapshot:
    """A snapshot whose process ended while it filled it."""
    made = datetime.now(UTC) - age
    snapshot = StoredSnapshot(
        data_tenant=new_data_tenant("", ID),
        tenant="",
        id=ID,
        document=BODY,
        context=[],
        source=None,
        status="preparing",
        priority=5,
        created_at=made,
        modified_at=made,
        expires_at=made + timedelta(days=1),
        last_used_at=made,
    )
    await broker.snapshots.create(snapshot)
    return snapshot


async def test_an_abandoned_snapshot_is_filled_anew(client: httpx.AsyncClient, broker: Broker) -> None:
    """Another process takes over when the lease has run out, not before."""
    await _meters(client)
    snapshot = await _abandoned(broker, timedelta())
    await broker.keeper.tidy(snapshot.created_at + LEASE / 2)
    before = (await client.get(f"snapshots/{ID}")).json()
    await broker.keeper.tidy(snapshot.created_at + LEASE * 2)
    await broker.keeper.settle()
    after = (await client.get(f"snapshots/{ID}")).json()

    assert (before["snapshotStatus"], after["snapshotStatus"]) == ("preparing", "success")


async def test_what_cannot_be_filled_is_a_failure(client: httpx.AsyncClient, broker: Broker) -> None:
    """An hour is long enough."""
    await _abandoned(broker, timedelta(hours=2))
    await broker.keeper.tidy(datetime.now(UTC))

    assert (await client.get(f"snapshots/{ID}")).json()["snapshotStatus"] == "failure"


async def test_a_snapshot_deleted_while_it_is_filled_leaves_nothing(
    client: httpx.AsyncClient, broker: Broker
) -> None:
    """Filling ends in a purge."""
    await _meters(client, 20)
    await client.post("snapshots", json=BODY)
    await client.delete(f"snapshots/{ID}")
    await broker.keeper.settle()
    await broker.keeper.tidy(datetime.now(UTC))

    assert await broker.database.fetchval("SELECT count(*) FROM entity") == 20
    assert await broker.database.fetchval("SELECT count(*) FROM snapshot") == 0


async def test_the_least_important_snapshot_makes_room(client: httpx.AsyncClient, broker: Broker) -> None:
    """5.5.15: lowest priority first; nothing makes room for one of lower priority."""
    broker.limits = replace(broker.limits, snapshots=2)
    for number, priority in ((1, 9), (2, 3)):
        await _freeze(client, broker, id=f"urn:ngsi-ld:Snapshot:{number}", snapshotPriority=priority)
    await _freeze(client, broker, id="urn:ngsi-ld:Snapshot:3", snapshotPriority=5)
    refused = await client.post(
        "snapshots", json=BODY | {"id": "urn:ngsi-ld:Snapshot:4", "snapshotPriority": 1}
    )
    left = await broker.snapshots.list_all("", datetime.now(UTC))

    assert [each.id[-1] for each in left] == ["3", "1"]
    assert (refused.status_code, refused.json()["type"].split("/")[-1]) == (403, "TooManyResults")


async def test_use_is_noted(client: httpx.AsyncClient, broker: Broker) -> None:
    """lastUsedAt follows operations on the snapshot, to some seconds."""
    await _freeze(client, broker)
    snapshot = await broker.snapshots.find("", ID, datetime.now(UTC))
    assert snapshot is not None
    await broker.snapshots.note_use(snapshot, snapshot.last_used_at + timedelta(seconds=30))
    served = (await client.get(f"snapshots/{ID}")).json()

    assert parse_instant(served["lastUsedAt"]) == snapshot.last_used_at + timedelta(seconds=30)


async def test_closing_leaves_the_work_to_others(client: httpx.AsyncClient, broker: Broker) -> None:
    """A process that stops gives up what it fills; it stays `preparing` and is taken over."""
    await client.post("snapshots", json=BODY)
    await broker.keeper.close()
    await asyncio.sleep(0)

    assert (await client.get(f"snapshots/{ID}")).json()["snapshotStatus"] in ("preparing", "empty")
