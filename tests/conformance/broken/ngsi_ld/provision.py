"""Brokers that change entities wrongly: delete, merge, replace, attributes, batches, purging."""

from __future__ import annotations

from dataclasses import replace

import orjson

from mimas.conformance.http_server import Reply
from mimas.conformance.testing.ngsi_ld import (
    edited,
    fault,
    from_nth,
    on,
    problem,
    says,
    sending,
    status,
    with_header,
    without,
)

DELETE = on("DELETE", "/entities/{}")
MERGE = on("PATCH", "/entities/{}")
REPLACE = on("PUT", "/entities/{}")
APPEND = on("POST", "/entities/{}/attrs")
UPDATE = on("PATCH", "/entities/{}/attrs")
PARTIAL = on("PATCH", "/entities/{}/attrs/{}")
REMOVE = on("DELETE", "/entities/{}/attrs/{}")
EXCHANGE = on("PUT", "/entities/{}/attrs/{}")
ONE = on("GET", "/entities/{}")


def _as(method, path_of=lambda path: path, body_of=lambda body: body):
    """The request is taken for another."""

    def breaks(received, forward):
        body = orjson.dumps(body_of(orjson.loads(received.body)))
        headers = {**received.headers, "content-length": str(len(body))}
        return forward(
            replace(received, method=method, path=path_of(received.path), body=body, headers=headers)
        )

    return breaks


# -- whole entities

fault("Deleting answers 200.", "5.6.6.delete-answers-204", DELETE, status(200))
fault("What is deleted stays.", "5.6.6.deleted-is-gone 5.7.5.deleted-type-is-not-listed", DELETE, says(204))
fault("Deleting nothing succeeds.", "5.6.6.delete-unknown-is-404", DELETE, says(204))
fault("The type is overlooked in deletions.", "5.6.6.delete-needs-the-right-type", DELETE, without("type"))


def _replaces(received, forward):
    known = forward(replace(received, method="GET", body=b"", headers=_reading(received))).json()
    body = {"id": known["id"], "type": known["type"], **orjson.loads(received.body)}
    return _as("PUT", body_of=lambda _: body)(received, forward)


def _reading(received):
    return {
        name: value
        for name, value in received.headers.items()
        if name not in ("content-length", "content-type", "link")
    }


fault(
    "Merging replaces the entity.",
    "5.6.17.merge-keeps-the-rest 5.5.12.merge-reaches-into-values 5.5.12.merge-removes-by-null",
    MERGE,
    _replaces,
    must_catch={"MIM1X-09": "PATCH replaces whole entity"},
)
fault(
    "Merging replaces attributes.",
    "5.6.17.merge-keeps-the-rest 5.5.12.merge-reaches-into-values",
    MERGE,
    _as("PATCH", lambda path: f"{path}/attrs"),
)
fault(
    "Merging does nothing.",
    "5.6.17.merge-adds 5.5.12.merge-removes-by-null 5.6.17.merge-unknown-is-404",
    MERGE,
    says(204),
)
fault("Replacing merges.", "5.6.18.replace-drops-the-rest", REPLACE, _as("PATCH"))
fault(
    "Replacing makes a new entity.",
    "5.6.18.replace-keeps-created-at",
    ONE,
    from_nth(2, edited(lambda body: {**body, "createdAt": "2030-01-01T00:00:00Z"})),
)
fault(
    "Replacing always succeeds.",
    "5.6.18.replace-refuses-other-id 5.6.18.replace-unknown-is-404",
    REPLACE,
    says(204),
)
fault(
    "modifiedAt stays for ever.",
    "4.8.modified-at-moves",
    on("GET", "/entities/{}", having="sysAttrs"),
    edited(lambda body: {**body, "modifiedAt": body["createdAt"]}),
)
fault(
    "Of changes at the same time one is lost.",
    "5.5.8.parallel-changes-are-all-kept",
    on("PATCH", "/entities/{}/attrs", having="level3"),
    says(204),
    must_catch={"MIM1X-19": "lost update"},
)

# -- attributes

fault(
    "Appending does nothing.",
    "5.6.3.append-adds 5.6.3.append-replaces 5.6.3.append-to-unknown-is-404",
    APPEND,
    says(204),
)
fault("Appending overwrites always.", "5.6.3.no-overwrite-keeps", APPEND, without("options"))
fault(
    "What was not appended is not told.",
    "5.6.3.no-overwrite-keeps",
    APPEND,
    edited(lambda body: {**body, "notUpdated": []}),
)
fault(
    "Updating merges.",
    "5.6.2.update-replaces-the-attribute",
    UPDATE,
    _as("PATCH", lambda path: path.removesuffix("/attrs")),
)


def _nothing_else(received, forward):
    """The whole entity is replaced by what is updated."""
    return _replaces(replace(received, path=received.path.removesuffix("/attrs")), forward)


fault("Updating drops the other attributes.", "5.6.2.update-keeps-the-others", UPDATE, _nothing_else)
fault(
    "Updating does nothing.",
    "5.6.2.update-removes-by-null 5.6.2.update-of-unknown-is-404 5.6.2.update-replaces-the-attribute",
    UPDATE,
    says(204),
)
fault("A partial update replaces.", "5.6.4.partial-update-keeps-members", PARTIAL, _as("PUT"))
fault(
    "A partial update does nothing.",
    """5.6.4.partial-update-of-unknown-is-404 5.6.4.partial-update-keeps-the-kind
    5.6.4.partial-update-of-a-dataset""",
    PARTIAL,
    says(204),
)
fault(
    "Deleting an attribute does nothing.",
    """5.6.5.delete-attribute 5.6.5.delete-unknown-attribute-is-404 5.6.5.delete-one-dataset
    5.6.5.delete-all-datasets""",
    REMOVE,
    says(204),
)
fault(
    "Datasets are deleted together.",
    "5.6.5.delete-one-dataset",
    REMOVE,
    lambda received, forward: forward(
        replace(received, path=received.path.partition("?")[0] + "?deleteAll=true")
    ),
)
fault("Deleting all datasets deletes one.", "5.6.5.delete-all-datasets", REMOVE, without("deleteAll"))
fault("Replacing an attribute updates it.", "5.6.19.replace-attribute", EXCHANGE, _as("PATCH"))
fault("Replacing what is not there succeeds.", "5.6.19.replace-unknown-attribute-is-404", EXCHANGE, says(204))

# -- batches


def _batch(operation):
    return on("POST", f"/entityOperations/{operation}")


fault(
    "A batch does not say what it made.",
    "5.6.7.create-answers-201-with-ids",
    _batch("create"),
    edited(lambda body: []),
)
fault(
    "A batch fails silently.",
    "5.6.7.one-bad-item-harms-no-other 5.6.7.existing-is-an-error-of-its-own",
    _batch("create"),
    lambda received, forward: (reply := forward(received)) and Reply(201, b"[]", reply.headers),
    must_catch={"MIM1X-13": "one bad item fails silently"},
)
fault(
    "One bad entity spoils the batch.",
    "5.6.7.one-bad-item-harms-no-other 5.2.17.errors-are-problem-details",
    _batch("create"),
    problem(400, "BadRequestData"),
)
fault(
    "The errors of a batch have no title.",
    "5.2.17.errors-are-problem-details",
    _batch("create"),
    edited(lambda body: {**body, "errors": [{**each, "error": {"type": "x"}} for each in body["errors"]]}),
)
fault(
    "What exists is bad data in a batch.",
    "5.6.7.existing-is-an-error-of-its-own",
    _batch("create"),
    edited(lambda body: {**body, "errors": [{**each, "error": {"type": "x"}} for each in body["errors"]]}),
)
fault("An empty batch succeeds.", "5.6.8.empty-batch-is-400", _batch("delete"), says(204))
fault(
    "An upsert names all entities.",
    "5.6.8.upsert-creates",
    _batch("upsert"),
    edited(lambda body: [*body, "urn:x:y"]),
)
fault("An upsert always answers 201.", "5.6.8.upsert-of-known-is-204", _batch("upsert"), status(201))


def _updating(received, forward):
    return forward(replace(received, path=received.path.partition("?")[0] + "?options=update"))


fault("An upsert updates.", "5.6.8.upsert-replaces", _batch("upsert"), _updating)
fault("An upsert replaces always.", "5.6.8.upsert-updates-on-request", _batch("upsert"), without("options"))
fault(
    "A batch of updates does nothing.",
    "5.6.9.update-answers-204 5.6.9.update-names-the-unknown",
    _batch("update"),
    says(204),
)
fault(
    "A batch of updates overwrites always.", "5.6.9.update-no-overwrite", _batch("update"), without("options")
)
fault(
    "A batch of deletions does nothing.",
    "5.6.10.delete-answers-204 5.6.10.delete-names-the-unknown",
    _batch("delete"),
    says(204),
)
fault(
    "A batch of merges updates.",
    "5.6.20.merge-answers-204",
    _batch("merge"),
    lambda received, forward: forward(replace(received, path=received.path.replace("/merge", "/update"))),
)
fault("A batch is done backwards.", "5.5.11.order-counts", _batch("upsert"), sending(lambda body: body[::-1]))

# -- purging

PURGE = on("DELETE", "/entities")
fault("A purge overlooks q.", "5.6.21.purge-deletes-the-selection 5.6.21.purge-checks-q", PURGE, without("q"))
fault(
    "A purge of nothing is an error.", "5.6.21.purge-of-nothing-is-204", PURGE, problem(400, "BadRequestData")
)
fault(
    "A purge of attributes purges entities.",
    "5.6.21.purge-drops-attributes 5.6.21.purge-keeps-attributes",
    PURGE,
    says(204),
)

# -- histories

HISTORY = on("GET", "/temporal/entities/{}")
HISTORIES = on("GET", "/temporal/entities")
RECORD = on("POST", "/temporal/entities")

fault("A history has no place.", "5.6.11.create-answers-201", RECORD, with_header("Location", None))
fault(
    "Adding to a history does nothing.",
    "5.6.11.adding-answers-204",
    on("POST", "/temporal/entities"),
    from_nth(2, says(204)),
)


def _levels(change):
    def edit(body):
        level = body.get("level", [])
        return {**body, "level": change(level if isinstance(level, list) else [level])}

    return edited(edit)


fault(
    "A history has lost its first instance.",
    "5.7.3.history-comes-back 4.3.1.changes-become-history 5.6.12.attributes-are-added",
    HISTORY,
    _levels(lambda level: sorted(level, key=lambda each: each["observedAt"])[1:]),
)
fault(
    "Every history is known.",
    "5.7.3.unknown-is-404 5.6.16.history-is-deleted 5.6.13.attribute-is-deleted",
    HISTORY,
    says(200, {"id": "urn:x:y", "level": [{"value": 1}]}),
)
fault(
    "The window of time is overlooked.",
    """4.11.after-takes-its-bound-in 4.11.before-leaves-its-bound-out 4.11.between-is-half-open
    4.11.time-at-is-a-date-time 4.11.between-needs-its-end""",
    HISTORY,
    without("timerel", "timeAt", "endTimeAt"),
    must_catch={"MIM0-BP02-history": "interval bounds ignored"},
)


def _one_off(received, forward):
    return forward(replace(received, path=received.path.replace("%3A00Z", "%3A01Z")))


fault(
    "Bounds are off by one.",
    "4.11.after-takes-its-bound-in 4.11.before-leaves-its-bound-out",
    HISTORY,
    _one_off,
    must_catch={"MIM1X-06": "timeAt bound off by one"},
)


def _oldest(received, forward):
    reply = without("lastN")(received, forward)
    body = reply.json()
    return reply.with_json({**body, "level": sorted(body["level"], key=lambda each: each["observedAt"])[:2]})


fault(
    "The last ones are the oldest.",
    "5.7.3.last-n-is-the-newest",
    HISTORY,
    _oldest,
    must_catch={"MIM0-BP02-history": "lastN returns oldest"},
)
fault(
    "Representations of a history are overlooked.",
    "4.5.8.temporal-values 4.5.19.aggregated-values",
    HISTORY,
    without("options", "aggrMethods", "aggrPeriodDuration"),
)
fault(
    "Histories can be asked for without a time.",
    "5.7.4.query-needs-a-time 5.7.4.query-finds-what-was-then",
    HISTORIES,
    says(200, []),
)
fault(
    "A posted query of histories finds nothing.",
    "5.7.4.query-by-post",
    on("POST", "/temporal/entityOperations/query"),
    says(200, []),
)
fault(
    "Adding instances does nothing.",
    "5.6.12.attributes-are-added 5.6.12.adding-to-unknown-is-404",
    on("POST", "/temporal/entities/{}/attrs"),
    says(204),
)
fault(
    "An instance cannot be changed.",
    "5.6.14.instance-is-changed",
    on("PATCH", "/temporal/entities/{}/attrs/{}/{}"),
    says(204),
)
fault(
    "An instance cannot be deleted.",
    "5.6.15.instance-is-deleted",
    on("DELETE", "/temporal/entities/{}/attrs/{}/{}"),
    says(204),
)
