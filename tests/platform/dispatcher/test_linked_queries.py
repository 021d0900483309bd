"""Subscriptions whose `q` looks into linked entities, and those on snapshots."""

from __future__ import annotations

from typing import Any

from mimas.ngsi_ld.core.context import CORE_CONTEXT_URL
from mimas.ngsi_ld.core.operations import UpsertEntity
from mimas.ngsi_ld.core.tenant_names import new_data_tenant
from mimas.ngsi_ld.store.subscriptions import StoredSubscription


async def _write(scene: Any, document: dict[str, Any], tenant: str = "") -> None:
    operation = UpsertEntity(entity_id=document["id"], document=document)
    [outcome] = await scene.writer.write(tenant, [operation])
    assert not isinstance(outcome, Exception)


def _room(number: int, building: int) -> dict[str, Any]:
    return {
        "id": f"urn:ngsi-ld:Room:{number}",
        "type": "Room",
        "temperature": {"type": "Property", "value": number},
        "in": {"type": "Relationship", "object": f"urn:ngsi-ld:Building:{building}"},
    }


async def test_linked_entities_decide_when_the_notification_is_due(scene: Any, receiver: Any) -> None:
    """`rel{path}` in q (5.8): only rooms in a tall building are told; the others are not kept waiting."""
    for number, floors in ((1, 2), (2, 9)):
        building = {"id": f"urn:ngsi-ld:Building:{number}", "type": "Building"}
        await _write(scene, building | {"floors": {"type": "Property", "value": floors}})
    await scene.subscribe(receiver.url, q="in{floors}>5;temperature>0")
    for number in range(1, 5):
        await _write(scene, _room(number, building=1 + number % 2))
    await receiver.until(lambda: len(receiver.values) == 2)

    assert receiver.values == [1, 3]


async def test_a_subscription_on_a_snapshot_says_so(scene: Any, receiver: Any) -> None:
    """6.3.22: its notifications name the snapshot and the tenant."""
    tenant = new_data_tenant("kladno", "urn:ngsi-ld:Snapshot:1")
    subscription = await scene.subscribe(receiver.url)
    stored = await scene.subscriptions.retrieve("", subscription)
    times = stored.created_at, stored.modified_at
    await scene.subscriptions.create(
        StoredSubscription(tenant, "urn:s:1", stored.document | {"id": "urn:s:1"}, CORE_CONTEXT_URL, *times)
    )
    await _write(scene, _room(1, building=1), tenant)
    await receiver.until(lambda: bool(receiver.headers))
    named = {name: receiver.headers[0][name] for name in ("ngsild-tenant", "ngsild-snapshot")}

    assert named == {"ngsild-tenant": "kladno", "ngsild-snapshot": "urn:ngsi-ld:Snapshot:1"}
