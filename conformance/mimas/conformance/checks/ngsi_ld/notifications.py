"""Notifications (clauses 5.3.1, 5.8.6, 6.3.8), taken by the checker's own listener.

That something does not come is shown by what comes after it: a later change that must be told of.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...http_server import Received, Reply
from ...listener import Inbox
from ...verdicts import Failure, NotTested
from .broker import (
    CONTEXT_RELATION,
    Broker,
    Entity,
    absent,
    equal,
    geo,
    ngsi_ld,
    path_to,
    point,
    present,
    prop,
)
from .subscriptions import place_of, subscribe

NEEDS = {"write", "listener"}
CHANGE = ("MIM1X-07", "MIM0-R3.1")
SECONDS = 5.0


def _set(broker: Broker, entity: Entity, **attributes: Any) -> None:
    broker.needed(broker.call("PATCH", path_to(entity, "attrs"), body=attributes))


def _patience(broker: Broker) -> float:
    """How long a notification may take; the target's option `notification-seconds`."""
    return float(broker.probe.option("notification-seconds", SECONDS))


def _heard(broker: Broker, inbox: Inbox, count: int = 1) -> list[dict[str, Any]]:
    """The notifications so far, as soon as there are `count`; Failure when they do not come."""
    seconds = _patience(broker)
    received = inbox.wait(count, seconds=seconds)
    if len(received) < count:
        raise Failure(
            f"{len(received)} notifications came within {seconds:g} s, expected {count}.",
            mend="Notify of the change; see whether the broker may call the checker's listener.",
        )
    bodies = [each.json() for each in received]
    if not all(isinstance(each, dict) for each in bodies):
        raise Failure(f"A notification is no JSON object: {received[0].body[:200]!r}.")
    return bodies


def _values(broker: Broker, inbox: Inbox, count: int = 1) -> list[Any]:
    """The value of `level` in the entities of all notifications so far."""
    entities = [each for body in _heard(broker, inbox, count) for each in body.get("data", ())]
    return [each["level"].get("value") for each in entities if isinstance(each.get("level"), dict)]


@ngsi_ld("5.8.6", "change-is-notified", (*CHANGE, "MIM0-BP04-subscribe"), needs=NEEDS)
def change_is_notified(broker: Broker) -> None:
    """A change of a subscribed entity is notified, with the new value."""
    entity, inbox = broker.create(level=prop(1)), broker.probe.listen()
    subscribe(broker, inbox.url)
    _set(broker, entity, level=prop(2))
    equal(_values(broker, inbox), [2], "The value in the notification")


@ngsi_ld("5.8.6", "creation-is-notified", CHANGE, needs=NEEDS)
def creation_is_notified(broker: Broker) -> None:
    """An entity that is made after the subscription is notified."""
    inbox = broker.probe.listen()
    subscribe(broker, inbox.url)
    broker.create(level=prop(7))
    equal(_values(broker, inbox), [7], "The value in the notification")


@ngsi_ld("5.3.1", "notification-has-its-members", CHANGE, needs=NEEDS)
def notification_has_its_members(broker: Broker) -> None:
    """A notification has id, type, subscriptionId, notifiedAt and data with the entity."""
    inbox = broker.probe.listen()
    wanted = subscribe(broker, inbox.url)
    entity = broker.create(level=prop(1))
    body = _heard(broker, inbox)[0]
    for name in ("id", "notifiedAt"):
        present(name, body, "The notification")
    equal((body.get("type"), body.get("subscriptionId")), ("Notification", wanted["id"]), "The notification")
    equal(
        [each.get("id") for each in body.get("data", ())], [entity["id"]], "The entities in the notification"
    )


@ngsi_ld("6.3.8", "notification-is-labelled", CHANGE, needs=NEEDS)
def notification_is_labelled(broker: Broker) -> None:
    """A notification is POSTed as application/json with a Link to the @context."""
    inbox = broker.probe.listen()
    subscribe(broker, inbox.url)
    broker.create(level=prop(1))
    _heard(broker, inbox)
    received = inbox.received[0]
    media_type = received.headers.get("content-type", "").partition(";")[0]
    equal((received.method, media_type), ("POST", "application/json"), "Method and type of the notification")
    if CONTEXT_RELATION not in received.headers.get("link", ""):
        raise Failure("The notification has no Link to an @context.", mend="Send Link as in answers (6.3.8).")


@ngsi_ld("5.8.6", "unwatched-is-not-notified", CHANGE, needs=NEEDS)
def unwatched(broker: Broker) -> None:
    """A change of an attribute that is not watched is not notified."""
    entity, inbox = broker.create(level=prop(1), name=prop("x")), broker.probe.listen()
    subscribe(broker, inbox.url, watchedAttributes=["level"])
    _set(broker, entity, name=prop("y"))
    _set(broker, entity, level=prop(2))
    equal(_values(broker, inbox), [2], "The values notified", mend="Notify of watched attributes only.")


@ngsi_ld("5.8.6", "other-types-are-not-notified", CHANGE, needs=NEEDS)
def other_types(broker: Broker) -> None:
    """An entity of another type than the subscribed one is not notified."""
    inbox = broker.probe.listen()
    subscribe(broker, inbox.url)
    broker.create({**broker.entity(level=prop(1)), "type": f"{broker.type}Other"})
    broker.create(level=prop(2))
    equal(_values(broker, inbox), [2], "The values notified")


@ngsi_ld("5.8.6", "q-is-kept", CHANGE, needs=NEEDS)
def q_is_kept(broker: Broker) -> None:
    """A change after which the entity does not fit the subscription's q is not notified."""
    inbox = broker.probe.listen()
    subscribe(broker, inbox.url, q="level>5")
    broker.create(level=prop(1))
    broker.create(level=prop(9))
    equal(_values(broker, inbox), [9], "The values notified with q=level>5")


@ngsi_ld("5.8.6", "geo-q-is-kept", CHANGE, needs=NEEDS)
def geo_q_is_kept(broker: Broker) -> None:
    """An entity outside the subscription's geoQ is not notified."""
    inbox = broker.probe.listen()
    area = {"georel": "near;maxDistance==1000", "geometry": "Point", "coordinates": [14.42, 50.09]}
    subscribe(broker, inbox.url, geoQ=area)
    broker.create(level=prop(1), location=geo(point(16.61, 49.19)))
    broker.create(level=prop(2), location=geo(point(14.42, 50.09)))
    equal(_values(broker, inbox), [2], "The values notified with the geoQ")


@ngsi_ld("5.8.6", "equal-value-is-no-change", CHANGE, level="MAY", needs=NEEDS)
def equal_value(broker: Broker) -> None:
    """Writing the value that is there already is no change, and not notified."""
    entity, inbox = broker.create(level=prop(1)), broker.probe.listen()
    subscribe(broker, inbox.url)
    _set(broker, entity, level=prop(1))
    _set(broker, entity, level=prop(2))
    equal(_values(broker, inbox), [2], "The values notified")


@ngsi_ld("5.2.14", "notified-attributes", CHANGE, needs=NEEDS)
def notified_attributes(broker: Broker) -> None:
    """A notification holds only the attributes that the subscription names."""
    inbox = broker.probe.listen()
    subscribe(broker, inbox.url, notification={"attributes": ["level"]})
    broker.create(level=prop(1), name=prop("x"))
    body = _heard(broker, inbox)[0]
    present("level", body["data"][0], "The notified entity")
    absent("name", body["data"][0], "The notified entity")


@ngsi_ld("5.2.14", "key-values", (*CHANGE, "MIM1X-10"), needs=NEEDS)
def key_values(broker: Broker) -> None:
    """A notification in the format keyValues holds the bare values."""
    inbox = broker.probe.listen()
    subscribe(broker, inbox.url, notification={"format": "keyValues"})
    broker.create(level=prop(1))
    equal([each.get("level") for each in _heard(broker, inbox)[0]["data"]], [1], "The level as keyValues")


@ngsi_ld("5.2.15", "receiver-info", ("MIM1X-07", "MIM6-D08"), level="SHOULD", needs=NEEDS)
def receiver_info(broker: Broker) -> None:
    """The pairs of receiverInfo are headers of the notification, so the receiver can know the sender."""
    inbox = broker.probe.listen()
    endpoint = {
        "uri": inbox.url,
        "receiverInfo": [{"key": "X-Mimas-Check", "value": "secret of the receiver"}],
    }
    subscribe(broker, inbox.url, notification={"endpoint": endpoint})
    broker.create(level=prop(1))
    _heard(broker, inbox)
    equal(inbox.received[0].headers.get("x-mimas-check"), "secret of the receiver", "The receiver's header")


@ngsi_ld("5.8.5", "deleted-is-silent", CHANGE, needs=NEEDS)
def deleted_is_silent(broker: Broker) -> None:
    """After a subscription is deleted no notifications of it come."""
    deleted, control = broker.probe.listen(), broker.probe.listen()
    wanted = subscribe(broker, deleted.url)
    subscribe(broker, control.url)
    broker.needed(broker.call("DELETE", place_of(wanted)))
    _expect_silence(broker, deleted, control)


@ngsi_ld("5.8.2", "paused-is-silent", "MIM1X-07", needs=NEEDS)
def paused_is_silent(broker: Broker) -> None:
    """A subscription that is not active notifies nothing."""
    paused, control = broker.probe.listen(), broker.probe.listen()
    subscribe(broker, paused.url, isActive=False)
    subscribe(broker, control.url)
    _expect_silence(broker, paused, control)


def _expect_silence(broker: Broker, silent: Inbox, control: Inbox) -> None:
    """Nothing comes to `silent` when an entity is made and changed, while `control` hears of it."""
    entity = broker.create(level=prop(1))
    _heard(broker, control)
    _set(broker, entity, level=prop(2))
    _heard(broker, control, 2)
    if silent.wait(1, seconds=0.2):
        raise Failure("A notification came that nobody is subscribed to any more.")


@ngsi_ld("5.2.14", "deletion-is-notified-on-request", "MIM1X-07", level="SHOULD", needs=NEEDS)
def deletion_is_notified(broker: Broker) -> None:
    """With the trigger entityDeleted the deletion of an entity is notified."""
    entity, inbox = broker.create(level=prop(1)), broker.probe.listen()
    subscribe(broker, inbox.url, notificationTrigger=["entityDeleted"])
    broker.needed(broker.call("DELETE", path_to(entity)))
    body = _heard(broker, inbox)[0]
    equal([each.get("id") for each in body.get("data", ())], [entity["id"]], "The entity of the notification")
    present("deletedAt", body["data"][0], "The notified entity")


@ngsi_ld("5.2.14", "sends-are-counted", "MIM1X-07", needs=NEEDS)
def sends_are_counted(broker: Broker) -> None:
    """timesSent and lastNotification of the subscription tell of its notifications."""
    asked: list[dict[str, Any]] = []
    inbox, control = broker.probe.listen(), broker.probe.listen()
    wanted = subscribe(broker, inbox.url)
    subscribe(broker, control.url)
    for number in range(10):
        broker.create(level=prop(number))
        _heard(broker, inbox, number + 1)
        _heard(broker, control, number + 1)
        asked.append(broker.get(place_of(wanted)).expect(200).json_object().get("notification") or {})
        if asked[-1].get("timesSent", 0) >= 1:
            present("lastNotification", asked[-1], "`notification` of the subscription")
            return
    raise Failure(f"After ten notifications `notification` of the subscription is {asked[-1]}.")


@ngsi_ld("5.8.6", "dead-receiver-blocks-no-writes", CHANGE, needs=NEEDS)
def dead_receiver(broker: Broker) -> None:
    """A receiver that fails neither blocks writes nor keeps others from being notified."""
    failing, inbox = broker.probe.listen(_fails), broker.probe.listen()
    subscribe(broker, failing.url)
    subscribe(broker, inbox.url)
    entity = broker.entity(level=prop(1))
    broker.try_to_create(entity).expect(201)
    broker.call("PATCH", path_to(entity, "attrs"), body={"level": prop(2)}).expect(204)
    if not inbox.wait(seconds=_patience(broker), where=_tells(2)):
        raise Failure("The last change is not notified where another receiver fails.")


def _tells(value: int) -> Callable[[Received], bool]:
    """Whether a notification holds this value."""
    return lambda received: f'"value":{value}'.encode() in received.body.replace(b" ", b"")


def _fails(_: Received) -> Reply:
    return Reply(500)


@ngsi_ld("5.2.12", "throttled-change-is-told-later", "MIM1X-07", level="MAY", needs=NEEDS)
def throttled(broker: Broker) -> None:
    """The last of several changes within the throttling interval is told when it is over, not lost."""
    entity, inbox = broker.create(level=prop(0)), broker.probe.listen()
    subscribe(broker, inbox.url, throttling=1)
    _set(broker, entity, level=prop(1))
    if not inbox.wait(1, seconds=_patience(broker)):
        raise NotTested("Not even the first change was notified.")
    for value in (2, 3):
        _set(broker, entity, level=prop(value))
    inbox.wait(seconds=4.0, where=_tells(3))
    equal(_values(broker, inbox)[-1:], [3], "The last value notified")
