"""What a subscription may say (CIM 009 5.2.12 to 5.2.15)."""

from datetime import UTC, datetime
from typing import Any

import pytest

from mimas.ngsi_ld.core.errors import BadRequestData, OperationNotSupported
from mimas.ngsi_ld.core.subscriptions import merge_subscription, parse_subscription

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ENDPOINT = {"endpoint": {"uri": "http://city.example/notify"}}
PLAIN: dict[str, Any] = {"type": "Subscription", "entities": [{"type": "Building"}], "notification": ENDPOINT}


def notification(**members: Any) -> dict[str, Any]:
    """A subscription whose notification has these members."""
    return PLAIN | {"notification": ENDPOINT | members}


def endpoint(**members: Any) -> dict[str, Any]:
    """A subscription whose endpoint has these members."""
    return notification(endpoint=ENDPOINT["endpoint"] | members)


@pytest.mark.parametrize(
    "body",
    [
        PLAIN,
        PLAIN | {"entities": [{"type": "(A;B)|C", "id": ["urn:a:1", "urn:a:2"]}]},
        PLAIN | {"watchedAttributes": ["temperature"], "throttling": 0.5, "q": "temperature>20"},
        PLAIN | {"timeInterval": 10, "notificationTrigger": ["entityCreated"]},
        PLAIN | {"expiresAt": "2027-01-01T00:00:00Z", "isActive": False, "datasetId": ["@none"]},
        {"type": "Subscription", "watchedAttributes": ["temperature"], "notification": ENDPOINT},
        {"type": "Subscription", "localOnly": True, "notification": ENDPOINT},
        notification(format="concise", showChanges=True, pick=["id", "temperature"], omit=["type"]),
        endpoint(uri="mqtt://broker/topic", notifierInfo=[{"key": "MQTT-QoS", "value": "1"}]),
        endpoint(accept="application/geo+json", timeout=500, cooldown=1000),
    ],
)
def test_what_the_standard_allows_is_kept_as_it_is(body: dict[str, Any]) -> None:
    """A subscription that says nothing wrong is stored as the client wrote it."""
    assert parse_subscription(body, NOW) == body


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ([], "object"),
        (PLAIN | {"type": "Sub"}, "type"),
        (PLAIN | {"notification": {}}, "endpoint"),
        ({"type": "Subscription", "notification": ENDPOINT}, "watchedAttributes"),
        ({"type": "Subscription", "entities": [{"type": "A"}]}, "notification"),
        (PLAIN | {"entities": []}, "entities"),
        (PLAIN | {"entities": [{"id": "urn:a:1"}]}, "type"),
        (PLAIN | {"entities": [{"type": "A", "id": "not a uri"}]}, "id"),
        (PLAIN | {"watchedAttributes": []}, "watchedAttributes"),
        (PLAIN | {"timeInterval": 5, "watchedAttributes": ["a"]}, "timeInterval"),
        (PLAIN | {"timeInterval": 5, "throttling": 1}, "throttling"),
        (PLAIN | {"timeInterval": 0}, "timeInterval"),
        (PLAIN | {"throttling": True}, "throttling"),
        (PLAIN | {"expiresAt": "2020-01-01T00:00:00Z"}, "expiresAt"),
        (PLAIN | {"expiresAt": "tomorrow"}, "DateTime"),
        (PLAIN | {"notificationTrigger": ["entityMoved"]}, "notificationTrigger"),
        (PLAIN | {"isActive": "yes"}, "isActive"),
        (PLAIN | {"colour": "red"}, "colour"),
        (notification(attributes=["a"], pick=["b"]), "pick"),
        (notification(pick=["a"], omit=["a"]), "omit"),
        (notification(format="keyValues", showChanges=True), "showChanges"),
        (notification(joinLevel=0), "joinLevel"),
        (endpoint(accept="text/html"), "accept"),
        (endpoint(timeout=-1), "timeout"),
        (endpoint(receiverInfo=[{"key": "a", "value": 1}]), "receiverInfo"),
        (endpoint(receiverInfo=[{"key": "a b", "value": "x"}]), "header"),
        (endpoint(receiverInfo=[{"key": "a", "value": "x\r\ny: z"}]), "header"),
        (endpoint(uri="http://city.example:99999/x"), "uri"),
        (endpoint(uri="mqtt://broker"), "topic"),
        (endpoint(uri="mqtt://broker/t/#"), "#"),
        (endpoint(uri="mqtt://broker/t/+/x"), "+"),
        (PLAIN | {"ngsildConformance": "newest"}, "ngsildConformance"),
        (PLAIN | {"entities": [{"type": "A", "id": 5}]}, "id"),
        (endpoint(uri="mqtt://broker/t", notifierInfo=[{"key": "MQTT-QoS", "value": "3"}]), "MQTT-QoS"),
    ],
)
def test_what_the_standard_forbids_is_refused_by_name(body: Any, named: str) -> None:
    """The complaint names the member that is wrong."""
    with pytest.raises(BadRequestData) as refused:
        parse_subscription(body, NOW)

    assert named in refused.value.detail


def test_an_endpoint_of_another_scheme_is_not_supported() -> None:
    """Only http(s) and mqtt(s) can be notified."""
    with pytest.raises(OperationNotSupported):
        parse_subscription(endpoint(uri="ftp://city.example/x"), NOW)


def test_read_only_members_of_clients_are_ignored() -> None:
    """5.2.12-2, 5.2.14.2: what only the system says is dropped on input."""
    body = notification(timesSent=5, status="ok") | {"status": "expired", "createdAt": "x"}

    assert parse_subscription(body, NOW) == PLAIN


def test_a_patch_replaces_members_and_nulls_remove_them() -> None:
    """5.5.8: members of the first level are replaced, a null removes, the id stays."""
    stored = PLAIN | {"id": "urn:s:1", "q": "a>1", "throttling": 5}

    assert merge_subscription(stored, {"q": "a>2", "throttling": None}, NOW) == PLAIN | {
        "id": "urn:s:1",
        "q": "a>2",
    }


@pytest.mark.parametrize("fragment", [{"id": "urn:s:2"}, {"type": "X"}, {"entities": []}, 5])
def test_a_patch_that_would_break_it_is_refused(fragment: Any) -> None:
    """The result of a PATCH has to be a valid subscription of the same id."""
    with pytest.raises(BadRequestData):
        merge_subscription(PLAIN | {"id": "urn:s:1"}, fragment, NOW)
