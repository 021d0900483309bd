"""Subscriptions as resources (clauses 5.2.12, 5.8.1 to 5.8.5)."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from ...answer import Answer
from ...verdicts import Failure
from .broker import Broker, equal, ngsi_ld, present, refused

WRITE = {"write"}
NOWHERE = "http://mimas-check.invalid/nowhere"


def subscription(broker: Broker, uri: str = NOWHERE, /, **members: Any) -> dict[str, Any]:
    """A subscription to the check's own type; it is not sent yet."""
    notification = {"endpoint": {"uri": uri, "accept": "application/json"}, **members.pop("notification", {})}
    return {
        "id": f"urn:ngsi-ld:Subscription:{broker.probe.unique('subscription')}",
        "type": "Subscription",
        "entities": [{"type": broker.type}],
        "notification": notification,
        **members,
    }


def place_of(wanted: dict[str, Any] | str) -> str:
    """The resource of a subscription."""
    return f"/subscriptions/{quote(wanted if isinstance(wanted, str) else wanted['id'], safe='')}"


def try_to_subscribe(broker: Broker, wanted: dict[str, Any]) -> Answer:
    """Send a subscription; it is removed when the check ends."""
    broker.probe.delete_afterwards(broker.resource(place_of(wanted)))
    return broker.call("POST", "/subscriptions", body=wanted)


def subscribe(broker: Broker, uri: str = NOWHERE, /, **members: Any) -> dict[str, Any]:
    """A subscription that is there until the check ends."""
    wanted = subscription(broker, uri, **members)
    broker.needed(try_to_subscribe(broker, wanted))
    return wanted


@ngsi_ld("5.8.1", "create-answers-201", "MIM1X-07", needs=WRITE)
def create_answers_201(broker: Broker) -> None:
    """Creating a subscription answers 201 with the Location of the subscription."""
    wanted = subscription(broker)
    answer = try_to_subscribe(broker, wanted).expect(201)
    if (
        wanted["id"] not in (location := answer.headers.get("location", ""))
        and quote(wanted["id"]) not in location
    ):
        raise Failure(
            f"{answer} with Location {location!r}.", mend="Send the subscription's place in Location."
        )


@ngsi_ld("5.8.1", "second-create-is-409", "MIM1X-07", needs=WRITE)
def second_create(broker: Broker) -> None:
    """Creating a subscription whose id is taken answers 409."""
    refused(broker.call("POST", "/subscriptions", body=subscribe(broker)), 409, error="AlreadyExists")


@ngsi_ld("5.2.12", "endpoint-is-mandatory", "MIM1X-07", needs=WRITE)
def endpoint_is_mandatory(broker: Broker) -> None:
    """A subscription without an endpoint is answered 400."""
    wanted = subscription(broker)
    refused(try_to_subscribe(broker, {**wanted, "notification": {"format": "normalized"}}))


@ngsi_ld("5.2.12", "something-is-subscribed", "MIM1X-07", needs=WRITE)
def something_is_subscribed(broker: Broker) -> None:
    """A subscription with neither entities nor watchedAttributes is answered 400."""
    wanted = subscription(broker)
    del wanted["entities"]
    refused(try_to_subscribe(broker, wanted))


@ngsi_ld("5.2.12", "watched-attributes-are-not-empty", "MIM1X-07", needs=WRITE)
def watched_attributes(broker: Broker) -> None:
    """A subscription whose watchedAttributes is an empty array is answered 400."""
    refused(try_to_subscribe(broker, subscription(broker, watchedAttributes=[])))


@ngsi_ld("5.2.12", "interval-excludes-throttling", "MIM1X-07", needs=WRITE)
def interval_excludes_throttling(broker: Broker) -> None:
    """A subscription with both timeInterval and throttling is answered 400."""
    refused(try_to_subscribe(broker, subscription(broker, timeInterval=3600, throttling=5)))


@ngsi_ld("5.2.12", "triggers-are-known", "MIM1X-07", level="SHOULD", needs=WRITE)
def triggers_are_known(broker: Broker) -> None:
    """A subscription with a notificationTrigger that does not exist is answered 400."""
    refused(try_to_subscribe(broker, subscription(broker, notificationTrigger=["entityPainted"])))


@ngsi_ld("5.8.1", "q-is-checked", "MIM1X-07", needs=WRITE)
def q_is_checked(broker: Broker) -> None:
    """A subscription whose q does not follow the grammar is answered 400."""
    refused(try_to_subscribe(broker, subscription(broker, q="level==")))


@ngsi_ld("5.8.1", "past-expiry-is-400", "MIM1X-07", level="MAY", needs=WRITE)
def past_expiry(broker: Broker) -> None:
    """A subscription that expires in the past is answered 400."""
    refused(try_to_subscribe(broker, subscription(broker, expiresAt="2020-01-01T00:00:00Z")))


@ngsi_ld("5.8.3", "retrieve", "MIM1X-07", needs=WRITE)
def retrieve(broker: Broker) -> None:
    """A subscription can be retrieved as it was created."""
    wanted = subscribe(broker, q="level>5", watchedAttributes=["level"])
    found = broker.get(place_of(wanted)).expect(200).json_object()
    for name in ("id", "type", "q", "watchedAttributes"):
        equal(found.get(name), wanted[name], f"{name} of the subscription")
    uri = (found.get("notification") or {}).get("endpoint", {}).get("uri")
    equal(uri, NOWHERE, "The endpoint of the subscription")


@ngsi_ld("5.8.3", "active-at-first", "MIM1X-07", needs=WRITE)
def active_at_first(broker: Broker) -> None:
    """A new subscription has the status active."""
    found = broker.get(place_of(subscribe(broker))).expect(200).json_object()
    equal(found.get("status"), "active", "The status of a new subscription")


@ngsi_ld("5.8.3", "unknown-is-404", "MIM1X-07")
def unknown(broker: Broker) -> None:
    """Retrieving a subscription that does not exist answers 404 (ResourceNotFound)."""
    refused(broker.get(place_of(subscription(broker))), 404, error="ResourceNotFound")


@ngsi_ld("5.8.3", "id-must-be-a-uri", "MIM1X-07")
def id_must_be_a_uri(broker: Broker) -> None:
    """Retrieving a subscription by an id that is no URI answers 400."""
    refused(broker.get(place_of(broker.probe.unique())))


@ngsi_ld("5.8.4", "listed", "MIM1X-07", needs=WRITE)
def listed(broker: Broker) -> None:
    """Subscriptions are listed, and the list can be paged to its end."""
    wanted = subscribe(broker)
    answer = broker.get("/subscriptions", {"limit": 50})
    for _ in range(20):
        if any(each.get("id") == wanted["id"] for each in answer.expect(200).json_array()):
            return
        if not (following := answer.link("next")):
            break
        answer = broker.probe.get(following, Accept="application/json")
    raise Failure("A subscription that was just made is not in the list.")


@ngsi_ld("5.8.2", "update", "MIM1X-07", needs=WRITE)
def update(broker: Broker) -> None:
    """Updating a subscription answers 204 and changes only what is sent."""
    wanted = subscribe(broker, q="level>5")
    change = {"type": "Subscription", "q": "level>7"}
    broker.call("PATCH", place_of(wanted), body=change).expect(204)
    found = broker.get(place_of(wanted)).expect(200).json_object()
    equal(found.get("q"), "level>7", "The q of the updated subscription")
    present("entities", found, "The updated subscription")


@ngsi_ld("5.8.2", "inactive-is-paused", "MIM1X-07", needs=WRITE)
def inactive(broker: Broker) -> None:
    """A subscription that is made inactive has the status paused."""
    wanted = subscribe(broker)
    broker.needed(broker.call("PATCH", place_of(wanted), body={"type": "Subscription", "isActive": False}))
    found = broker.get(place_of(wanted)).expect(200).json_object()
    equal(found.get("status"), "paused", "The status of an inactive subscription")


@ngsi_ld("5.8.2", "update-unknown-is-404", "MIM1X-07", needs=WRITE)
def update_unknown(broker: Broker) -> None:
    """Updating a subscription that does not exist answers 404."""
    body = {"type": "Subscription", "q": "level>7"}
    refused(broker.call("PATCH", place_of(subscription(broker)), body=body), 404)


@ngsi_ld("5.8.5", "delete", "MIM1X-07", needs=WRITE)
def delete(broker: Broker) -> None:
    """Deleting a subscription answers 204; it is gone."""
    wanted = subscribe(broker)
    broker.call("DELETE", place_of(wanted)).expect(204)
    refused(broker.get(place_of(wanted)), 404)


@ngsi_ld("5.8.5", "delete-unknown-is-404", "MIM1X-07", needs=WRITE)
def delete_unknown(broker: Broker) -> None:
    """Deleting a subscription that does not exist answers 404."""
    refused(broker.call("DELETE", place_of(subscription(broker))), 404)
