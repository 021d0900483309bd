"""Brokers that take what they must refuse, or change what they must keep."""

from __future__ import annotations

from dataclasses import replace

from mimas.conformance.http_server import Reply
from mimas.conformance.testing.ngsi_ld import (
    edited,
    fault,
    on,
    problem,
    rewritten,
    says,
    sending,
    status,
    without,
)

CREATE = on("POST", "/entities")
ONE = on("GET", "/entities/{}")

fault(
    "Every entity is taken.",
    """5.6.1.id-is-mandatory 5.6.1.type-is-mandatory 5.6.1.id-is-a-uri 5.5.2.body-is-json
    4.5.2.property-has-a-value 4.5.2.null-is-no-value 4.5.3.relationship-has-an-object 4.5.3.object-is-a-uri
    4.5.5.dataset-ids-differ 4.5.5.one-default-instance 4.6.2.names-follow-the-grammar
    4.7.geometry-is-geojson 4.7.rings-are-closed 4.7.no-geometry-collections 5.5.2.bad-request-data
    5.5.2.invalid-request 5.5.2.already-exists""",
    CREATE,
    says(201),
)
fault(
    "Latitudes may be anything.",
    "4.7.latitudes-are-in-range",
    on("POST", "/entities", having="95"),
    says(201),
    must_catch={"MIM1X-17": "accepts lat>90"},
)
fault(
    "Local times are taken.",
    "4.6.3.times-without-zone-are-refused",
    on("POST", "/entities", having='T12:00:00"'),
    says(201),
    must_catch={"MIM2-R1.1d": "local time without zone"},
)
fault(
    "Milliseconds are taken for times.",
    "4.6.3.times-without-zone-are-refused",
    on("POST", "/entities", having="1769860800000"),
    says(201),
    must_catch={"MIM2-R1.1d": "epoch in milliseconds"},
)


def _offset_dropped(received, forward):
    body = received.body.replace(b"+02:00", b"Z")
    return forward(
        replace(received, body=body, headers={**received.headers, "content-length": str(len(body))})
    )


fault(
    "An offset is cut off.",
    "4.6.3.offsets-are-refused-or-converted",
    CREATE,
    _offset_dropped,
    must_catch={"MIM1X-18": "observedAt with offset stored unconverted"},
)
fault(
    "Bad scopes are taken.",
    "4.18.bad-scope-is-400",
    CREATE,
    says(201),
    verdict="warn",
)


def _overwrites(received, forward):
    reply = forward(received)
    if reply.status != 409:
        return reply
    path = received.path.replace("/entities", "/entityOperations/upsert")
    body = b"[" + received.body + b"]"
    forward(
        replace(
            received, path=path, body=body, headers={**received.headers, "content-length": str(len(body))}
        )
    )
    return Reply(201)


fault(
    "A second creation overwrites the first.",
    "5.6.1.second-create-is-409",
    CREATE,
    _overwrites,
    must_catch={"MIM1-R1.1": "create overwrites silently"},
)
fault(
    "An id is unique within its type only.",
    "4.16.id-is-unique-across-types",
    on("POST", "/entities", having='Other"'),
    says(201),
    must_catch={"MIM1-R1.1": "id only unique per table"},
)
fault(
    "One id comes twice.",
    "5.7.2.query-by-id",
    on("GET", "/entities", having="id="),
    edited(lambda body: body + body),
    must_catch={"MIM1-R1.1": "two entities with one id"},
)


def _each(change):
    """Every attribute of the entity is changed."""

    def all_of(body):
        if not isinstance(body, dict):
            return body
        return {name: change(value) if isinstance(value, dict) else value for name, value in body.items()}

    return all_of


def _lacking(*names):
    return _each(lambda value: {name: each for name, each in value.items() if name not in names})


fault(
    "Units are lost.",
    "4.5.2.members-come-back 4.5.1.concise-is-taken 4.5.1.concise-is-served",
    CREATE,
    sending(_lacking("unitCode")),
    must_catch={"MIM1X-10": "unitCode lost in round trip"},
)
fault(
    "Times of observation are lost.",
    "4.5.2.members-come-back 4.8.observed-at-comes-back",
    CREATE,
    sending(_lacking("observedAt")),
)
fault("Properties of Properties are lost.", "4.5.2.members-come-back", CREATE, sending(_lacking("accuracy")))
fault(
    "Fractions of a second are lost.",
    "4.8.observed-at-comes-back",
    CREATE,
    sending(_each(lambda value: {**value, "observedAt": "2026-01-31T12:00:00Z"})),
)
fault(
    "Text is escaped for HTML.",
    "4.6.4.values-come-back-unaltered",
    ONE,
    edited(_each(lambda value: {**value, "value": str(value.get("value")).replace("<", "&lt;")})),
)
fault(
    "A valid entity is refused.",
    "4.5.2.json-values-come-back",
    on("POST", "/entities", having="address"),
    problem(400, "BadRequestData"),
    must_catch={"MIM2-R1.3": "valid example refused by broker"},
)
fault(
    "Booleans become text.",
    "4.5.2.json-values-come-back",
    ONE,
    edited(_each(lambda value: {**value, "value": "false"} if value.get("value") is False else value)),
)
fault(
    "Relationships become text.",
    "4.5.3.relationships-come-back 4.5.4.simplified-of-each-kind",
    CREATE,
    sending(
        _each(
            lambda value: (
                {"type": "Property", "value": {"of": value["object"]}} if "object" in value else value
            )
        )
    ),
    must_catch={"MIM1-R3.1": "relation stored as plain string"},
)
fault(
    "Only one type is kept.",
    "4.5.1.several-types-are-kept 4.17.both-types",
    CREATE,
    sending(lambda body: {**body, "type": body["type"][0]} if isinstance(body["type"], list) else body),
)
fault(
    "Coordinates are rounded to degrees.",
    "4.7.geometries-come-back",
    CREATE,
    sending(
        lambda body: {
            **body,
            "location": {**body["location"], "value": {"type": "Point", "coordinates": [14, 50]}},
        }
    ),
)


def _last_dataset(body):
    return {
        name: value[-1:] if isinstance(value, list) and name == "level" else value
        for name, value in body.items()
    }


fault(
    "The last dataset overwrites the others.",
    "4.5.5.instances-are-kept-apart 5.6.4.partial-update-of-a-dataset 5.6.5.delete-one-dataset",
    CREATE,
    sending(_last_dataset),
    must_catch={"MIM1X-16": "second datasetId overwrites the first"},
)
fault(
    "An appended dataset overwrites the default.",
    "4.5.5.dataset-is-appended",
    on("POST", "/entities/{}/attrs"),
    sending(lambda body: {"level": {"type": "Property", "value": 2}}),
)
fault("Datasets are not told apart.", "4.5.5.dataset-is-selected", ONE, without("datasetId"))
fault(
    "A scope is lost.",
    "4.18.scope-comes-back",
    CREATE,
    sending(lambda body: {name: value for name, value in body.items() if name != "scope"}),
)
fault(
    "Only one language is kept.",
    "4.5.18.languages-come-back",
    ONE,
    edited(_each(lambda value: {**value, "languageMap": {"en": "bridge"}})),
)
fault(
    "A missing language is any language.",
    "4.15.lang-falls-back-to-none",
    on("GET", "/entities"),
    rewritten("lang", lambda text: "cs"),
)
fault("attrs is overlooked.", "4.21.attrs-selects", ONE, without("attrs"))
fault("pick and omit are overlooked.", "4.21.pick-selects 4.21.omit-leaves-out", ONE, without("pick", "omit"))
fault("pick is overlooked in queries.", "4.21.pick-in-queries", on("GET", "/entities"), without("pick"))
fault(
    "pick beats attrs.",
    "4.21.pick-and-attrs-are-400",
    on("GET", "/entities"),
    without("attrs"),
    verdict="warn",
)
fault(
    "Everything that is created is answered 202.", "6.3.5.ld-json-with-context-is-taken", CREATE, status(202)
)
