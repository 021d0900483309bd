"""When a change notifies (CIM 009 5.8.6)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mimas.ngsi_ld.core.apply import apply
from mimas.ngsi_ld.core.context import CORE_TERM_MAP
from mimas.ngsi_ld.core.operations import CreateEntity, DeleteAttribute, DeleteEntity, UpdateAttributes
from mimas.ngsi_ld.core.state import Change
from mimas.ngsi_ld.core.subscriptions import compile_subscription, explain, notifies

T0 = datetime(2026, 1, 1, tzinfo=UTC)
T1 = T0 + timedelta(minutes=1)
ID = "urn:ngsi-ld:Room:1"
ROOM: dict[str, Any] = {
    "id": ID,
    "type": "Room",
    "temperature": {"type": "Property", "value": 20},
    "humidity": {"type": "Property", "value": 50},
    "location": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [14.1, 50.1]}},
}


def change_of(operation: Any, before: bool = True) -> Change:
    """The change an operation makes to the room (or to nothing)."""
    created = apply(CreateEntity(entity_id=ID, document=ROOM), None, T0)
    applied = apply(operation, created.state if before else None, T1)
    assert applied.change is not None
    return applied.change


CREATED = change_of(CreateEntity(entity_id=ID, document=ROOM), before=False)
WARMER = change_of(
    UpdateAttributes(entity_id=ID, fragment={"temperature": {"type": "Property", "value": 25}})
)
DELETED_ATTRIBUTE = change_of(DeleteAttribute(entity_id=ID, attribute="temperature"))
DELETED = change_of(DeleteEntity(entity_id=ID))


def decide(change: Change, **members: Any) -> bool:
    """Whether a subscription to rooms with these members is notified of the change."""
    body = {
        "id": "urn:ngsi-ld:Subscription:1",
        "type": "Subscription",
        "entities": [{"type": "Room"}],
        "notification": {"endpoint": {"uri": "http://city.example/notify"}},
    }
    return notifies(compile_subscription(body | members, CORE_TERM_MAP), change, T1)


@pytest.mark.parametrize(
    ("change", "members", "expected"),
    [
        (CREATED, {}, True),
        (WARMER, {}, True),
        (DELETED_ATTRIBUTE, {}, False),
        (DELETED, {}, False),
        (CREATED, {"notificationTrigger": ["entityCreated"]}, True),
        (WARMER, {"notificationTrigger": ["entityCreated"]}, False),
        (WARMER, {"notificationTrigger": ["entityUpdated"]}, True),
        (DELETED_ATTRIBUTE, {"notificationTrigger": ["entityUpdated"]}, True),
        (DELETED_ATTRIBUTE, {"notificationTrigger": ["attributeDeleted"]}, True),
        (DELETED, {"notificationTrigger": ["entityDeleted"]}, True),
        (DELETED, {"notificationTrigger": ["attributeDeleted"]}, True),
        (WARMER, {"watchedAttributes": ["temperature"]}, True),
        (WARMER, {"watchedAttributes": ["humidity"]}, False),
        (WARMER, {"entities": [{"type": "House"}]}, False),
        (WARMER, {"entities": [{"type": "*"}]}, True),
        (WARMER, {"entities": [{"type": "Room", "id": ID}]}, True),
        (WARMER, {"entities": [{"type": "Room", "id": "urn:x:2", "idPattern": ".*"}]}, False),
        (WARMER, {"entities": [{"type": "Room", "idPattern": "Room:[0-9]$"}]}, True),
        (WARMER, {"entities": [{"type": "House"}, {"type": "Room"}]}, True),
        (WARMER, {"q": "temperature>22"}, True),
        (WARMER, {"q": "temperature<22"}, False),
        (WARMER, {"isActive": False}, False),
        (WARMER, {"expiresAt": "2026-01-01T00:00:30Z"}, False),
        (WARMER, {"timeInterval": 60}, False),
        (WARMER, {"scopeQ": "/Kladno"}, False),
        (WARMER, {"datasetId": ["urn:ds:1"]}, False),
        (WARMER, {"datasetId": ["@none"]}, True),
        (
            WARMER,
            {
                "geoQ": {
                    "georel": "near;maxDistance==1000",
                    "geometry": "Point",
                    "coordinates": [14.1, 50.1],
                }
            },
            True,
        ),
        (
            WARMER,
            {"geoQ": {"georel": "near;maxDistance==1000", "geometry": "Point", "coordinates": "[0, 0]"}},
            False,
        ),
    ],
)
def test_a_change_notifies_when_every_clause_holds(
    change: Change, members: dict[str, Any], expected: bool
) -> None:
    """Status, selector, trigger, watched attributes, q, geoQ, scopeQ and datasetId all have their say."""
    assert decide(change, **members) is expected


def test_a_write_of_the_same_value_does_not_notify() -> None:
    """5.8.6: an attribute changes when a member gets a different value."""
    same = apply(
        UpdateAttributes(entity_id=ID, fragment={"humidity": {"type": "Property", "value": 50}}),
        apply(CreateEntity(entity_id=ID, document=ROOM), None, T0).state,
        T1,
    )

    assert same.change is None or not decide(same.change)


def test_the_explanation_names_the_clause_that_is_not_met() -> None:
    """`explain` tells every clause, in the order in which they are asked."""
    body = {
        "id": "urn:ngsi-ld:Subscription:1",
        "type": "Subscription",
        "entities": [{"type": "Room"}],
        "q": "temperature>30",
        "notification": {"endpoint": {"uri": "http://city.example/notify"}},
    }
    told = list(explain(compile_subscription(body, CORE_TERM_MAP), WARMER, T1))

    assert [each.clause for each in told if not each.met] == ["q"]
