"""Services that keep, show or tell of persons what they should not."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import orjson
from tests.conformance.servers.breaking import anonymous, faults_of, on

from mimas.conformance.http_server import Reply
from mimas.conformance.testing import broken_target, proxied
from mimas.conformance.testing.ngsi_ld import edited, says

fault = faults_of("openapi-rest")
INSIGHT = on("GET", r"/subjects/")
ERASURE = on("DELETE", r"/subjects/")
CONSENT = on("POST", r"/consents$")


def with_body(change):
    """The request's body is taken for another."""

    def breaks(received, forward):
        headers = {name: value for name, value in received.headers.items() if name != "content-length"}
        return forward(replace(received, body=orjson.dumps(change(received.json())), headers=headers))

    return breaks


def without(*names):
    return edited(lambda body: {name: value for name, value in body.items() if name not in names})


fault(
    "Insight leaves out the history.",
    "REST.personal.insight-is-complete",
    INSIGHT,
    without("history"),
    must_catch={"MIM4-C04": "temporal store omitted"},
)
fault("Insight names no recipients.", "REST.personal.insight-is-complete", INSIGHT, without("recipients"))
ERASED = "REST.personal.erasure-is-complete"


def keeping():
    """Whoever was once written stays in lists."""
    kept = []

    def breaks(received, forward):
        name = received.path.rpartition("/")[2]
        if received.method == "DELETE":
            kept.append({"id": name, "type": "Meter"})
        if received.method == "GET" and kept:
            return edited(lambda body: {**body, "items": [*body["items"], *kept]})(received, forward)
        return forward(received)

    return breaks


fault("Erasure does nothing.", ERASED, ERASURE, says(204))
fault(
    "The history keeps who was erased.",
    ERASED,
    on("GET", "/mimas-check-.*/history"),
    lambda received, forward: Reply(
        200,
        orjson.dumps({"items": [{"id": received.path.split("/")[-2]}]}),
        {"Content-Type": "application/json"},
    ),
    must_catch={"MIM4-C05": "history keeps the value"},
)
fault(
    "The list keeps who was erased.",
    ERASED,
    lambda received: ERASURE(received) or on("GET", r"/items\?")(received),
    keeping(),
    must_catch={"MIM4-C05": "cached in catalogue"},
)
fault(
    "A consent has no end.", "REST.personal.consent-is-recorded", on("GET", "/consents/"), without("expiry")
)
fault(
    "Recipients see everything.",
    "REST.personal.consent-is-by-attribute",
    on("GET", "/items/mimas-check"),
    lambda received, forward: forward(
        replace(
            received,
            headers={**received.headers, "authorization": f"Bearer {os.environ['RIGHT_REST_TOKEN']}"},
        )
    ),
)
fault(
    "What is hidden is shown inside another attribute.",
    "REST.personal.consent-is-by-attribute",
    on("GET", "/items/mimas-check"),
    edited(
        lambda body: (
            {
                **body,
                "name": {
                    "value": body.get("name"),
                    "owner": {"department": "Schools", "contact": {"room": "R30"}},
                },
            }
            if set(body) == {"id", "type", "name"}
            else body
        )
    ),
    must_catch={"MIM4-C07": "nested sub-attribute leaks"},
)
WITHDRAWN = "REST.personal.withdrawal-holds-at-once"
fault("Withdrawn consent is still believed.", WITHDRAWN, on("DELETE", "/consents/"), says(204))
fault(
    "Subscriptions outlive consent.",
    WITHDRAWN,
    on("POST", "/subscriptions"),
    lambda received, forward: forward(
        replace(
            received,
            headers={**received.headers, "authorization": f"Bearer {os.environ['RIGHT_REST_TOKEN']}"},
        )
    ),
    must_catch={"MIM4-C09": "subscription continues after withdrawal"},
)

RIGHT = {"openapi-rest": "openapi-rest", "ngsi-ld": "mimas-with-tokens"}
METER = {"id": "urn:ngsi-ld:Meter:7", "type": "Meter", "address": "household 7", "energy": 3.2}
for mechanism, right in RIGHT.items():
    of = faults_of(right)
    opened = on("GET", r"/collections$|/types$")
    of(
        "The meter of a household is public.",
        f"PERSONAL.open-data-holds-none@{mechanism}",
        lambda received, opened=opened: opened(received) and anonymous(received),
        says(200, [METER]),
        must_catch={"MIM4-D02": "meter at household level public"},
    )
    of(
        "Addresses of persons are public.",
        f"PERSONAL.open-data-holds-none@{mechanism}",
        lambda received, opened=opened: opened(received) and anonymous(received),
        says(200, [{"mail": "jane@town.example"}]),
    )

    def _new_attribute(target, folder):
        """An attribute came in that nobody classified."""
        path = folder / "classification.yaml"
        path.write_text("attributes: {name: personal}")
        return replace(target, documents={**target.documents, "classification": str(path)})

    def _kept_for_ever(target, folder):
        """Values stay in the history beyond their time."""
        path = folder / "retention.yaml"
        path.write_text("days: 1")
        return replace(target, documents={**target.documents, "retention": str(path)})

    def _log_of_everything(target, folder):
        """The log holds URLs with their query, and bodies."""
        log = Path(folder / "everything.log")
        log.touch()

        def answer(received, forward):
            with log.open("ab") as file:
                file.write(received.path.encode() + b" " + received.body + b"\n")
            return forward(received)

        with proxied(target, answer) as moved:
            yield replace(moved, documents={**target.documents, "access-log": str(log)})

    for change, name, phrase in (
        (
            _new_attribute,
            "PERSONAL.every-attribute-is-classified",
            {"MIM4-D01": "new attribute unclassified"},
        ),
        (_kept_for_ever, "PERSONAL.nothing-is-kept-too-long", {"MIM4-D04": "retained in temporal table"}),
        (_log_of_everything, "PERSONAL.not-in-the-log", {"MIM4-D06": "marker in access log"}),
    ):
        change.__name__ = f"{right.replace('-', '_')}{change.__name__}"
        broken_target(right=right, caught_by=f"{name}@{mechanism}", must_catch=phrase)(change)
