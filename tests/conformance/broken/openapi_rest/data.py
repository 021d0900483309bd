"""REST services that are wrong in media types, pages, filters, values, headers, errors or changes."""

from __future__ import annotations

import re
from dataclasses import replace

import orjson
from tests.conformance.servers.breaking import faults_of, on

from mimas.conformance.http_server import Reply
from mimas.conformance.testing.ngsi_ld import edited, labelled, says, with_header

fault = faults_of("openapi-rest")
LIST = on("GET", r"/collections/(meters|residents)/items(\?|$)")
METERS = on("GET", r"/collections/meters/items(\?|$)")
ITEM = on("GET", r"/items/[^/?]+(\?|$)")
MISSING = on("GET", r"/items/mimas-check-[^/]*nothing")
WRITTEN = on("GET", r"/items/mimas-check-[^/]*item\d+(\?|$)")
HISTORY = on("GET", r"/history")
DATA = on("GET", r"/v1/collections/.*items")
EVERYTHING = on("*", "")
LABEL = "REST.media.body-is-what-its-label-says"
STRUCTURED = "REST.errors.are-structured"


def asking(change):
    """The request's path and query are taken for others."""
    return lambda received, forward: forward(replace(received, path=change(received.path)))


def without(name):
    return asking(lambda path: re.sub(rf"([?&]){name}=[^&]*&?", r"\1", path).rstrip("?&"))


def items(change):
    """The items of a page are others."""
    return edited(lambda body: {**body, "items": change(body["items"])} if "items" in body else body)


# -- media types

fault(
    "An HTML page is served for data.",
    f"{LABEL} REST.media.reached-by-plain-get",
    DATA,
    says(200, b"<html>", Content_Type="text/html"),
    must_catch={"MIM0-R1.1": "server returns HTML error page with 200"},
)
fault(
    "Half a page is labelled as JSON.",
    LABEL,
    LIST,
    says(200, b'{"items": [', Content_Type="application/json"),
    must_catch={"MIM0-R1.1": "Content-Type says JSON, body is not JSON"},
)
fault("Lists have no Content-Type.", LABEL, LIST, with_header("Content-Type", None))
fault(
    "All lists are empty.",
    LABEL,
    DATA,
    items(lambda _: []),
    verdict="not_tested",
    must_catch={"MIM0-R1.1": "empty collection counted as success"},
)
fault(
    "Accept is overlooked.",
    "REST.media.each-declared-type-is-served",
    LIST,
    lambda received, forward: forward(replace(received, headers={**received.headers, "accept": "*/*"})),
)
fault(
    "Any Accept becomes the label.",
    "REST.media.unacceptable-is-labelled",
    LIST,
    lambda received, forward: forward(
        replace(received, headers={**received.headers, "accept": "*/*"})
    ).with_header("Content-Type", received.headers["accept"]),
)
fault(
    "Tables have uneven rows.",
    "REST.media.each-declared-type-is-served",
    LIST,
    lambda received, forward: (
        replace(forward(received), body=b"a,b\nc\n")
        if "csv" in received.headers["accept"]
        else forward(received)
    ),
)
fault(
    "Data needs the cookie of a session.",
    "REST.media.reached-by-plain-get",
    DATA,
    says(302, b"", Location="/login"),
    must_catch={"MIM0-R1.2": "only reachable with a session cookie from the UI"},
)

# -- pages

ONCE = "REST.paging.each-item-once"
fault(
    "The second page repeats the first.",
    ONCE,
    on("GET", "offset="),
    without("offset"),
    must_catch={"MIM0-R2.1": "page 2 repeats page 1"},
)
fault(
    "The last page is lost.",
    ONCE,
    on("GET", r"offset=(20|10)"),
    items(lambda _: []),
    must_catch={"MIM0-R2.1": "last page lost"},
)
fault("The count is made up.", ONCE, LIST, edited(lambda body: {**body, "numberMatched": 7}))
fault(
    "The next link leads to itself.",
    f"{ONCE} REST.paging.link-headers",
    METERS,
    lambda received, forward: forward(received).with_header("Link", f'<{received.path}>; rel="self next"'),
    must_catch={"MIM0-M1-link": "rel=next loops"},
)
fault(
    "Pages have no link back.",
    "REST.paging.link-headers",
    on("GET", "offset="),
    lambda received, forward: forward(received).with_header("Link", f'<{received.path}>; rel="self"'),
)
fault(
    "Each collection has an envelope of its own.",
    "REST.paging.collections-are-alike",
    METERS,
    edited(lambda body: {"data": body["items"], "total": body["numberMatched"]}),
)
fault(
    "Each collection has errors of its own.",
    "REST.paging.collections-are-alike",
    on("GET", "meters/items/mimas-check"),
    says(404, {"error": "gone"}),
    must_catch={"MIM0-R2.1": "different error body per route"},
)
fault(
    "Collections are at paths of their own.",
    "REST.paging.items-pattern",
    EVERYTHING,
    lambda received, forward: (
        lambda reply: replace(
            reply, body=reply.body.replace(b"/collections/{collectionId}/items", b"/data/{collectionId}")
        )
    )(forward(replace(received, path=re.sub(r"/data/(\w+)", r"/collections/\1/items", received.path)))),
)

# -- filters

fault(
    "Filters by attribute are overlooked.",
    "REST.filters.by-attribute REST.filters.nothing-fits-is-empty",
    on("GET", "name="),
    without("name"),
    must_catch={"MIM0-R2.2": "filter silently ignored (returns everything)"},
)
fault(
    "A filter that nothing fits is not found.",
    "REST.filters.nothing-fits-is-empty",
    on("GET", "nobody"),
    says(404, {"title": "none"}),
)
fault(
    "Any size of a page is taken.",
    "REST.filters.invalid-is-refused",
    on("GET", "limit=(abc|-1)"),
    without("limit"),
)
fault("A wrong bbox is a crash.", "REST.filters.invalid-is-refused", on("GET", "bbox=1,2,3"), says(500, {}))
fault(
    "Unknown parameters are taken.",
    "REST.filters.unknown-parameter",
    on("GET", "mimasUnknown"),
    without("mimasUnknown"),
    must_catch={"MIM0-R2.2": "unknown parameter accepted silently"},
    verdict="warn",
)
fault(
    "The end of an interval is left out.",
    "REST.filters.by-time",
    on("GET", "datetime=[^&]*/"),
    lambda received, forward: items(lambda found: found[:-1])(received, forward),
    must_catch={"MIM0-R2.2": "boundary values dropped"},
)
fault("The time is overlooked.", "REST.filters.by-time", on("GET", "datetime="), without("datetime"))
fault(
    "A bbox is read latitude first.",
    "REST.filters.by-place",
    on("GET", "bbox="),
    asking(
        lambda path: re.sub(
            r"bbox=([^,&%]*)(?:,|%2C)([^,&%]*)(?:,|%2C)([^,&%]*)(?:,|%2C)([^,&%]*)", r"bbox=\2,\1,\4,\3", path
        )
    ),
    must_catch={"MIM0-R2.2": "bbox axis order swapped", "MIM0-BP03-geo": "lat/lon swapped"},
)

# -- caching and values

fault("There is no ETag.", "REST.caching.not-modified", LIST, with_header("ETag", None))
fault("The ETag has no quotes.", "REST.caching.not-modified", LIST, with_header("ETag", "abc"))
fault(
    "Conditions are overlooked.",
    "REST.caching.not-modified",
    LIST,
    lambda received, forward: forward(
        replace(
            received,
            headers={name: value for name, value in received.headers.items() if name != "if-none-match"},
        )
    ),
)
fault(
    "304 has another ETag.",
    "REST.caching.not-modified",
    LIST,
    lambda received, forward: (
        lambda reply: reply.with_header("ETag", '"other"') if reply.status == 304 else reply
    )(forward(received)),
)
fault(
    "The ETag never changes.",
    "REST.caching.change-is-seen",
    WRITTEN,
    with_header("ETag", '"same"'),
    must_catch={"MIM0-BP08-caching": "ETag constant after change"},
)
fault(
    "Any condition holds.",
    "REST.caching.change-is-seen REST.changes.by-polling",
    WRITTEN,
    lambda received, forward: Reply(304) if "if-none-match" in received.headers else forward(received),
    must_catch={"MIM0-BP08-caching": "304 after change"},
)
fault(
    "Nothing is ever unchanged.",
    "REST.changes.by-polling",
    WRITTEN,
    lambda received, forward: forward(
        replace(
            received,
            headers={name: value for name, value in received.headers.items() if name != "if-none-match"},
        )
    ),
)


def kept_first():
    known = {}

    def breaks(received, forward):
        reply = known.setdefault(received.path, forward(received))
        return replace(reply, status=200)

    return breaks


fault(
    "Items come from a cache.",
    "REST.values.current",
    WRITTEN,
    kept_first(),
    must_catch={"MIM0-BP01-current": "stale cached value"},
)
fault(
    "Lists show items as they were made.",
    "REST.values.current",
    LIST,
    items(lambda found: [{**each, "name": "New school"} for each in found]),
)
fault(
    "History overlooks the interval.",
    "REST.values.history",
    HISTORY,
    without("datetime"),
    must_catch={"MIM0-BP02-history": "interval bounds ignored"},
)
fault("History comes in reverse.", "REST.values.history", HISTORY, items(lambda found: found[::-1]))
fault(
    "All fields are always sent.",
    "REST.values.projection",
    on("GET", "fields="),
    without("fields"),
    verdict="warn",
)

# -- headers

fault("X-Next-Update is missing.", "REST.headers.next-update", LIST, with_header("X-Next-Update", None))
fault(
    "X-Next-Update is over.",
    "REST.headers.next-update",
    LIST,
    with_header("X-Next-Update", "2020-01-01T00:00:00Z"),
)
fault(
    "X-Next-Update is no time.",
    "REST.headers.next-update",
    LIST,
    with_header("X-Next-Update", "soon"),
    verdict="warn",
)
fault(
    "The description has no version.",
    "REST.headers.version",
    on("GET", "openapi.json"),
    edited(lambda document: {**document, "info": {"title": "Town"}}),
)
LIMIT = "HTTP.headers.rate-limit@openapi-rest"
fault(
    "Nothing is said of limits.",
    LIMIT,
    LIST,
    lambda received, forward: (
        forward(received).with_header("RateLimit", None).with_header("RateLimit-Policy", None)
    ),
)
fault(
    "Limits are said in an earlier form.",
    LIMIT,
    LIST,
    verdict="warn",
    then=lambda received, forward: (
        forward(received)
        .with_header("RateLimit", None)
        .with_header("RateLimit-Policy", None)
        .with_header("X-RateLimit-Limit", "100")
    ),
)
fault("Limits are malformed.", LIMIT, LIST, with_header("RateLimit", "limit=100, remaining=50"))
fault("The limit is of no policy.", LIMIT, LIST, with_header("RateLimit", '"other";r=50'))
AGREES = "HTTP.health.agrees-with-the-data@openapi-rest"
fault(
    "All is well while the database is away.",
    AGREES,
    on("GET", "/collections/meters"),
    says(503, {"title": "away"}),
    must_catch={"MIM0-BP12-health": "always healthy"},
    verdict="warn",
)
fault(
    "The service says that it is ill, and serves.",
    AGREES,
    on("GET", "/health"),
    says(503, {"status": "down"}),
    verdict="warn",
)
WORDS = "REST.health.says-what-it-should"
fault("There is no health resource.", WORDS, on("GET", "/health"), says(404, {}))
fault("Health says nothing but ok.", WORDS, on("GET", "/health"), edited(lambda body: {"status": "ok"}))
fault(
    "Health is not there for programs.", AGREES, on("GET", "/health"), says(404, {}), verdict="not_applicable"
)

# -- errors

fault(
    "A mistake of the client is a crash.",
    f"{STRUCTURED} REST.filters.invalid-is-refused",
    on("GET", "limit=abc"),
    says(500, {}),
    must_catch={"MIM0-BP10-errors": "500 on bad input"},
)
fault("Errors are plain text.", STRUCTURED, MISSING, says(404, b"no", Content_Type="text/plain"))
fault(
    "The problem tells another status.",
    f"{STRUCTURED} REST.errors.are-problem-details",
    MISSING,
    says(
        404,
        {"type": "x", "title": "y", "status": 500, "detail": "z"},
        Content_Type="application/problem+json",
    ),
)
fault("The title of a problem is a number.", STRUCTURED, MISSING, says(404, {"title": 1}))
fault(
    "Errors show a stack trace.",
    "REST.errors.show-no-insides",
    MISSING,
    says(404, {"detail": "Traceback (most recent call last):"}),
    must_catch={"MIM0-BP10-errors": "stack trace in body"},
)
PROBLEMS = "REST.errors.are-problem-details"
fault(
    "Errors are labelled as JSON.",
    PROBLEMS,
    MISSING,
    labelled("application/json"),
    must_catch={"MIM0-M1-problem": "application/json error"},
)
fault(
    "Problems lack their detail.",
    PROBLEMS,
    MISSING,
    edited(lambda body: {name: value for name, value in body.items() if name != "detail"}),
)
METHOD = "REST.errors.wrong-method-says-what-is-allowed"
fault("A wrong method is not found.", METHOD, on("PATCH", ""), says(404, {}))
fault("405 does not say what is allowed.", METHOD, on("PATCH", ""), with_header("Allow", None))
fault("What does not exist is answered with success.", METHOD, on("GET", "nowhere"), says(200, b"fine"))

# -- changes

TOLD = "REST.changes.are-told"
fault(
    "Subscriptions are taken and forgotten.",
    TOLD,
    on("POST", "/subscriptions"),
    says(201, b"", Location="/v1/subscriptions/0"),
)
fault(
    "Subscriptions survive their end.",
    TOLD,
    on("DELETE", "/subscriptions"),
    says(204),
    must_catch={"MIM0-R3.1": "subscription survives DELETE"},
)
fault(
    "Whatever changes is told.",
    TOLD,
    on("POST", "/subscriptions"),
    lambda received, forward: forward(
        replace(
            received,
            body=orjson.dumps(
                {name: value for name, value in received.json().items() if name != "attributes"}
            ),
            headers={name: value for name, value in received.headers.items() if name != "content-length"},
        )
    ),
    must_catch={"MIM0-R3.1": "notification for unwatched attribute"},
)
fault(
    "There is one way alone to be told.",
    "REST.changes.in-more-than-one-way",
    LIST,
    with_header("ETag", None),
    verdict="warn",
)
