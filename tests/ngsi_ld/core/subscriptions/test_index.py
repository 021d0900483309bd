"""The index finds every subscription that a change notifies, and few others."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mimas.ngsi_ld.core.context import CORE_TERM_MAP
from mimas.ngsi_ld.core.state import Change, EntityState
from mimas.ngsi_ld.core.subscriptions import (
    Subscription,
    SubscriptionIndex,
    compile_subscription,
    notifies,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ENDPOINT = {"endpoint": {"uri": "http://city.example/notify"}}
IDS = ("urn:ngsi-ld:Room:1", "urn:ngsi-ld:Room:2")
ATTRIBUTES = ("temperature", "humidity", "co2")
SELECTORS = st.fixed_dictionaries(
    {"type": st.sampled_from(["Room", "House", "(House;Room)", "Room,House", "*"])},
    optional={"id": st.sampled_from([IDS[0], list(IDS)]), "idPattern": st.just(".*1$")},
)
MEMBERS = st.fixed_dictionaries(
    {},
    optional={
        "entities": st.lists(SELECTORS, min_size=1, max_size=3),
        "watchedAttributes": st.lists(st.sampled_from(ATTRIBUTES), min_size=1, max_size=2),
        "isActive": st.booleans(),
        "timeInterval": st.just(5),
        "notificationTrigger": st.sampled_from([["entityDeleted"], ["entityCreated", "entityUpdated"]]),
    },
)


def subscription(number: int, members: dict[str, Any], tenant: str = "") -> Subscription:
    """A compiled subscription."""
    body = {"id": f"urn:ngsi-ld:Subscription:{number}", "notification": ENDPOINT} | members
    return compile_subscription(body, CORE_TERM_MAP, tenant)


@st.composite
def changes(draw: st.DrawFn) -> Change:
    """A creation, an update or a deletion of a room, a house or what is both."""
    document = {"id": draw(st.sampled_from(IDS)), "type": draw(st.sampled_from(["Room", ["House", "Room"]]))}
    state = EntityState(document, NOW, NOW)
    before, after = draw(st.sampled_from([(None, state), (state, state), (state, None)]))
    effect = st.sampled_from(["created", "updated", "deleted"])
    keys = st.sampled_from([(name, "") for name in ATTRIBUTES])
    return Change(before, after, draw(st.dictionaries(keys, effect, max_size=3)))


@given(st.lists(MEMBERS, max_size=6), changes())
def test_no_subscription_is_missed(members: list[dict[str, Any]], change: Change) -> None:
    """Matching the candidates gives what matching all subscriptions gives."""
    everyone = [subscription(number, each) for number, each in enumerate(members)]
    found = SubscriptionIndex(everyone).candidates("", change)
    later = NOW + timedelta(seconds=1)

    assert {each.id for each in found if notifies(each, change, later)} == {
        each.id for each in everyone if notifies(each, change, later)
    }


def test_others_are_not_looked_at() -> None:
    """Other tenants, types, ids and attributes, and paused subscriptions cost a change nothing."""
    room = [{"type": "Room"}]
    others = [
        *(subscription(number, {"entities": [{"type": f"T{number}"}]}) for number in range(100)),
        subscription(100, {"entities": [{"type": "Room", "id": IDS[1]}]}),
        subscription(101, {"entities": room, "watchedAttributes": ["humidity"]}),
        subscription(102, {"entities": room, "isActive": False}),
        subscription(103, {"entities": room}, tenant="kladno"),
    ]
    state = EntityState({"id": IDS[0], "type": "Room"}, NOW, NOW)
    change = Change(state, state, {("temperature", ""): "updated"})

    assert SubscriptionIndex(others).candidates("", change) == []
