"""Notifications as they are sent (CIM 009 5.3.1, 5.8.6)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mimas.ngsi_ld.core.apply import apply
from mimas.ngsi_ld.core.context import CORE_TERM_MAP
from mimas.ngsi_ld.core.operations import CreateEntity, DeleteAttribute, DeleteEntity, UpdateAttributes
from mimas.ngsi_ld.core.state import Change
from mimas.ngsi_ld.core.subscriptions import (
    compile_subscription,
    from_payload,
    notification,
    render_item,
    to_payload,
)

T0 = datetime(2026, 1, 1, tzinfo=UTC)
T1 = T0 + timedelta(minutes=1)
ID = "urn:ngsi-ld:Room:1"
POINT = {"type": "Point", "coordinates": [14.1, 50.1]}
ROOM: dict[str, Any] = {
    "id": ID,
    "type": "Room",
    "temperature": {"type": "Property", "value": 20},
    "location": {"type": "GeoProperty", "value": POINT},
}
STORED = apply(CreateEntity(entity_id=ID, document=ROOM), None, T0).state


def change_of(operation: Any) -> Change:
    """The change an operation makes to the stored room."""
    change = apply(operation, STORED, T1).change
    assert change is not None
    return change


WARMER = change_of(
    UpdateAttributes(entity_id=ID, fragment={"temperature": {"type": "Property", "value": 25}})
)
COOLED_OUT = change_of(DeleteAttribute(entity_id=ID, attribute="temperature"))
GONE = change_of(DeleteEntity(entity_id=ID))


def subscription(accept: str | None = None, **members: Any) -> Any:
    """A compiled subscription with these members of `notification`."""
    endpoint = {"uri": "http://city.example/notify"} | ({"accept": accept} if accept else {})
    return compile_subscription(
        {"id": "urn:s:1", "type": "Subscription", "notification": {"endpoint": endpoint} | members},
        CORE_TERM_MAP,
    )


def shown(change: Change, **members: Any) -> dict[str, Any]:
    """The one entity that tells of a change, without its location."""
    (entity,) = render_item(subscription(**members), change, T1, CORE_TERM_MAP)
    return {name: value for name, value in entity.items() if name != "location"}


@pytest.mark.parametrize(
    ("change", "members", "expected"),
    [
        (WARMER, {}, {"id": ID, "type": "Room", "temperature": {"type": "Property", "value": 25}}),
        (WARMER, {"format": "keyValues"}, {"id": ID, "type": "Room", "temperature": 25}),
        (
            WARMER,
            {"showChanges": True},
            {
                "id": ID,
                "type": "Room",
                "temperature": {"type": "Property", "value": 25, "previousValue": 20},
            },
        ),
        (
            COOLED_OUT,
            {},
            {"id": ID, "type": "Room", "temperature": {"type": "Property", "value": "urn:ngsi-ld:null"}},
        ),
        (WARMER, {"pick": ["id"]}, {"id": ID}),
        (WARMER, {"attributes": ["humidity"]}, {"id": ID, "type": "Room"}),
        (GONE, {}, {"id": ID, "type": "Room", "deletedAt": "2026-01-01T00:01:00Z"}),
    ],
)
def test_an_item_tells_of_one_change(
    change: Change, members: dict[str, Any], expected: dict[str, Any]
) -> None:
    """Format, projection, previous values and deletions are as the subscription asks."""
    assert shown(change, **members) == expected


@pytest.mark.parametrize("change", [WARMER, COOLED_OUT, GONE])
def test_a_change_comes_out_of_the_outbox_as_it_went_in(change: Change) -> None:
    """What is rendered from a stored change is what would have been rendered at once."""
    again, at = from_payload(to_payload(change, T1))
    how = {"showChanges": True, "sysAttrs": True}

    assert (shown(again, **how), at) == (shown(change, **how), T1)


def test_a_notification_has_the_members_of_the_standard() -> None:
    """5.3.1: id, type, subscriptionId, notifiedAt and data; JSON carries no @context in the body."""
    body = notification(subscription(), [{"id": ID}], T1, "urn:n:1", "http://c.example/c.jsonld")

    assert body == {
        "id": "urn:n:1",
        "type": "Notification",
        "subscriptionId": "urn:s:1",
        "notifiedAt": "2026-01-01T00:01:00Z",
        "data": [{"id": ID}],
    }


def test_json_ld_has_the_context_in_the_body() -> None:
    """6.3.8: with application/ld+json the @context travels in the body."""
    body = notification(subscription("application/ld+json"), [], T1, "urn:n:1", "http://c.example/c")

    assert body["@context"] == "http://c.example/c"


def test_geo_json_is_a_feature_collection() -> None:
    """With application/geo+json the data are Features with the location as geometry."""
    how = subscription("application/geo+json")
    body = notification(how, render_item(how, WARMER, T1, CORE_TERM_MAP), T1, "urn:n:1", "http://c.example/c")

    assert body["data"]["type"] == "FeatureCollection"
    assert body["data"]["features"][0]["geometry"] == POINT
    assert body["data"]["@context"] == "http://c.example/c"
