"""Brokers that subscribe and notify wrongly."""

from __future__ import annotations

from dataclasses import replace

import orjson

from mimas.conformance.testing.ngsi_ld import (
    edited,
    either,
    fault,
    notified,
    on,
    problem,
    says,
    sending,
    status,
    with_header,
)

SUBSCRIBE = on("POST", "/subscriptions")
ONE = on("GET", "/subscriptions/{}")
CHANGE = on("PATCH", "/subscriptions/{}")
DELETE = on("DELETE", "/subscriptions/{}")
LIST = on("GET", "/subscriptions")


def _lacking(*names):
    return lambda body: {name: value for name, value in body.items() if name not in names}


def _notifying(**members):
    return lambda body: {**body, "notification": {**body["notification"], **members}}


def _not_notifying(*names):
    return lambda body: {**body, "notification": _lacking(*names)(body["notification"])}


fault("A subscription has no place.", "5.8.1.create-answers-201", SUBSCRIBE, with_header("Location", None))
fault(
    "Every subscription is taken.",
    """5.8.1.second-create-is-409 5.2.12.endpoint-is-mandatory 5.2.12.something-is-subscribed
    5.2.12.watched-attributes-are-not-empty 5.2.12.interval-excludes-throttling 5.2.12.triggers-are-known
    5.8.1.q-is-checked""",
    SUBSCRIBE,
    says(201),
)
fault("A subscription may have expired.", "5.8.1.past-expiry-is-400", SUBSCRIBE, says(201), verdict="warn")
fault("A subscription comes back without its q.", "5.8.3.retrieve 5.8.2.update", ONE, edited(_lacking("q")))
fault(
    "A subscription has no status.",
    "5.8.3.active-at-first 5.8.2.inactive-is-paused",
    ONE,
    edited(_lacking("status")),
)
fault(
    "Every subscription is known.",
    "5.8.3.unknown-is-404 5.8.3.id-must-be-a-uri 5.8.5.delete",
    ONE,
    says(200, {"id": "urn:x:y"}),
)
fault("Subscriptions are not listed.", "5.8.4.listed", LIST, says(200, []))
fault(
    "Updating a subscription does nothing.",
    "5.8.2.update 5.8.2.inactive-is-paused 5.8.2.update-unknown-is-404",
    CHANGE,
    says(204),
)
fault(
    "A deleted subscription goes on.",
    "5.8.5.deleted-is-silent 5.8.5.delete 5.8.5.delete-unknown-is-404",
    DELETE,
    says(204),
    must_catch={"MIM0-R3.1": "subscription survives DELETE"},
)

# -- notifications

fault(
    "Nobody is notified.",
    "5.8.6.change-is-notified 5.8.6.creation-is-notified",
    *notified(lambda received, number: None),
)


def _without(*names):
    def change(received, number):
        body = {name: value for name, value in orjson.loads(received.body).items() if name not in names}
        return replace(received, body=orjson.dumps(body))

    return change


fault("Notifications lack the time.", "5.3.1.notification-has-its-members", *notified(_without("notifiedAt")))
fault(
    "Notifications lack the subscription.",
    "5.3.1.notification-has-its-members",
    *notified(_without("subscriptionId")),
)
fault(
    "Notifications are put, not posted.",
    "6.3.8.notification-is-labelled",
    *notified(lambda received, number: replace(received, method="PUT")),
)
fault(
    "Notifications have no Link to their context.",
    "6.3.8.notification-is-labelled",
    *notified(lambda received, number: replace(received, headers=_lacking("link")(received.headers))),
)


def _old_value(body):
    if body.get("level", {}).get("value") == 2:
        return {"level": {"type": "Property", "value": 1}, "more": {"type": "Property", "value": 1}}
    return body


fault(
    "The old value is notified.",
    "5.8.6.change-is-notified",
    on("PATCH", "/entities/{}/attrs"),
    sending(_old_value),
    must_catch={"MIM0-R3.1": "notification with old value"},
)
fault(
    "Any change is notified.",
    "5.8.6.unwatched-is-not-notified",
    SUBSCRIBE,
    sending(_lacking("watchedAttributes")),
    must_catch={"MIM0-R3.1": "notification for unwatched attribute"},
)
fault(
    "Entities of every type are notified.",
    "5.8.6.other-types-are-not-notified",
    SUBSCRIBE,
    sending(
        lambda body: {
            **body,
            "entities": [*body["entities"], {"type": body["entities"][0]["type"] + "Other"}],
        }
    ),
)
fault("The q of a subscription is overlooked.", "5.8.6.q-is-kept", SUBSCRIBE, sending(_lacking("q")))
fault(
    "The geoQ of a subscription is overlooked.", "5.8.6.geo-q-is-kept", SUBSCRIBE, sending(_lacking("geoQ"))
)
fault(
    "Writing the same is a change.",
    "5.8.6.equal-value-is-no-change",
    on("PATCH", "/entities/{}/attrs"),
    sending(lambda body: {**body, "level": {**body["level"], "observedAt": "2026-01-01T00:00:00Z"}}),
    verdict="warn",
)
fault(
    "All attributes are notified.",
    "5.2.14.notified-attributes",
    SUBSCRIBE,
    sending(_not_notifying("attributes")),
)
fault(
    "Notifications are always normalized.", "5.2.14.key-values", SUBSCRIBE, sending(_not_notifying("format"))
)


def _anonymous(body):
    endpoint = _lacking("receiverInfo")(body["notification"]["endpoint"])
    return _notifying(endpoint=endpoint)(body)


fault(
    "The receiver's headers are not sent.",
    "5.2.15.receiver-info",
    SUBSCRIBE,
    sending(_anonymous),
    must_catch={"MIM6-D08": "receiver cannot tell forged notification"},
)
fault(
    "A paused subscription goes on.",
    "5.8.2.paused-is-silent",
    SUBSCRIBE,
    sending(_lacking("isActive")),
)
fault(
    "Deletions are not notified.",
    "5.2.14.deletion-is-notified-on-request",
    SUBSCRIBE,
    sending(lambda body: {**body, "notificationTrigger": ["entityCreated"]}),
)
fault("Sends are not counted.", "5.2.14.sends-are-counted", ONE, edited(_not_notifying("timesSent")))
fault(
    "A dead receiver blocks writes.",
    "5.8.6.dead-receiver-blocks-no-writes",
    either(on("POST", "/entities"), on("PATCH", "/entities/{}/attrs")),
    problem(503, "InternalError"),
    must_catch={"MIM0-R3.1": "receiver down blocks writes"},
)
fault(
    "What is throttled is lost.",
    "5.2.12.throttled-change-is-told-later",
    *notified(lambda received, number: received if number == 1 else None),
    must_catch={"MIM1X-07": "throttled notification lost"},
    verdict="warn",
)
fault("A subscription is answered 200.", "5.8.1.create-answers-201", SUBSCRIBE, status(200))
