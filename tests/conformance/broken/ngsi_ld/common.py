"""Brokers that are wrong in common behaviour: media types, parameters, @context."""

from __future__ import annotations

from dataclasses import replace

from mimas.conformance.testing.ngsi_ld import (
    edited,
    either,
    fault,
    from_nth,
    labelled,
    lacking,
    on,
    problem,
    rewritten,
    says,
    sending,
    status,
    with_header,
    without,
)

QUERY = on("GET", "/entities")
ONE = on("GET", "/entities/{}")
CREATE = on("POST", "/entities")
NAMED = on("GET", "/entities/{}", having="-thing")
EVERY_LABEL = """6.3.4.json-is-labelled-json 6.3.4.any-type-means-json 6.3.4.ld-json-on-request
    6.3.4.quality-decides 6.3.4.geo-json-on-request"""
OWN = "https://example.org/mimas-check/"


def _accepting(text):
    return lambda received: text in received.headers.get("accept", "")


def _and(one, other):
    return lambda received: one(received) and other(received)


fault(
    "An HTML page is answered with 200.",
    EVERY_LABEL,
    QUERY,
    says(200, b"<html>Sorry</html>", Content_Type="text/html"),
    must_catch={"MIM0-R1.1": "server returns HTML error page with 200"},
)
fault(
    "Half a page is answered as JSON.",
    EVERY_LABEL,
    QUERY,
    says(200, b'[{"id": ', Content_Type="application/json"),
    must_catch={"MIM0-R1.1": "Content-Type says JSON, body is not JSON"},
)
fault(
    "Every list is empty.",
    "6.3.4.json-is-labelled-json 5.7.1.retrieve-by-id-alone",
    QUERY,
    says(200, []),
    must_catch={"MIM0-R1.1": "empty collection counted as success"},
    verdict="not_tested",
)
fault("Everything is labelled as text.", EVERY_LABEL, QUERY, labelled("text/plain"))
fault(
    "Accept is overlooked.",
    "6.3.4.unacceptable-is-406",
    QUERY,
    lambda received, forward: forward(
        replace(received, headers={**received.headers, "accept": "application/json"})
    ),
)
fault("Any Content-Type is taken.", "6.3.4.foreign-content-type-is-415", CREATE, says(201))
fault("A wrong method is not found.", "6.3.2.wrong-method-is-405", on("PATCH", "/types"), says(404))
fault("405 does not say what is allowed.", "6.3.2.wrong-method-is-405", on("PATCH", "/types"), says(405))
fault(
    "Unknown parameters are overlooked.",
    "6.3.20.unknown-parameter-is-400",
    QUERY,
    without("mimasUnknown"),
    must_catch={"MIM0-R2.2": "unknown parameter accepted silently"},
)
fault("Unknown options are overlooked.", "6.3.20.unknown-option-is-400", QUERY, without("options"))
fault("Errors are JSON-LD.", "6.3.6.errors-are-json", NAMED, labelled("application/ld+json"))
fault(
    "Errors have a Link to the context.",
    "6.3.6.errors-link-no-context",
    NAMED,
    with_header(
        "Link",
        '<https://example.org/c>; rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"',
    ),
)
fault(
    "204 announces JSON.",
    "6.3.2.204-has-no-body",
    on("DELETE", "/entities/{}"),
    labelled("application/json"),
)

# -- @context

fault(
    "JSON-LD without context is taken.",
    "6.3.5.ld-json-needs-context",
    _and(CREATE, lambda received: received.headers["content-type"] == "application/ld+json"),
    says(201),
    must_catch={"MIM1X-11": "ld+json without @context accepted"},
)
fault(
    "Every place for a context is taken.",
    "6.3.5.json-refuses-context-in-body 6.3.5.ld-json-refuses-link",
    CREATE,
    says(201),
)
fault(
    "JSON-LD is refused.",
    "6.3.5.ld-json-with-context-is-taken",
    on("POST", "/entities", having="@context"),
    problem(415, "InvalidRequest"),
)
fault("JSON has no Link to its context.", "6.3.6.json-links-its-context", ONE, with_header("Link", None))
fault(
    "JSON carries its context in the body.",
    "6.3.6.json-links-its-context",
    ONE,
    edited(lambda body: {**body, "@context": "https://example.org/c"}),
)
fault(
    "JSON-LD has no context.",
    "6.3.6.ld-json-carries-its-context",
    ONE,
    edited(lambda body: {name: value for name, value in body.items() if name != "@context"}),
)
fault(
    "Only the first of a list in JSON-LD has its context.",
    "6.3.6.each-of-a-list-carries-its-context",
    _and(QUERY, _accepting("ld+json")),
    edited(
        lambda body: [body[0], *({k: v for k, v in each.items() if k != "@context"} for each in body[1:])]
    ),
)
fault(
    "The context in the body is overlooked.",
    "5.5.7.terms-are-expanded",
    on("POST", "/entities", having="@context"),
    sending(
        lambda body: {**body, "@context": "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.6.jsonld"}
    ),
)


def _without_link(received, forward):
    headers = {name: value for name, value in received.headers.items() if name != "link"}
    return forward(replace(received, headers=headers))


fault(
    "The Link of a request is overlooked.",
    "5.5.7.terms-in-queries-are-expanded 5.5.6.missing-context-is-an-error 5.5.6.invalid-context-is-an-error",
    QUERY,
    _without_link,
)
fault(
    "Names are not compacted by the Link of a request.",
    "5.5.7.terms-are-compacted 5.13.2.contexts-can-be-used",
    ONE,
    _without_link,
)
fault(
    "An attribute's full name is not found.",
    "5.5.7.full-names-in-paths",
    on("DELETE", "/entities/{}/attrs/{}", having="https"),
    problem(404, "ResourceNotFound"),
)
fault(
    "A context may change core terms.",
    "5.5.7.core-terms-stay",
    on("POST", "/entities", having=f"{OWN}location"),
    sending(lambda body: {(f"{OWN}location" if k == "location" else k): v for k, v in body.items()}),
)
fault(
    "JSON-LD's own names are refused.",
    "4.4.at-id-and-at-type-are-taken",
    on("POST", "/entities", having="@id"),
    problem(400, "BadRequestData"),
    verdict="warn",
)
fault(
    "Names come back as IRIs.",
    "4.4.unknown-terms-come-back-short",
    ONE,
    edited(lambda body: {(f"https://example.org/{k}" if k == "colour" else k): v for k, v in body.items()}),
)

# -- kept contexts

KEPT = on("POST", "/jsonldContexts")
fault("A kept context has no Location.", "5.13.2.add-answers-201", KEPT, with_header("Location", None))
fault(
    "Anything is kept as a context.",
    "5.13.2.add-refuses-what-is-none",
    KEPT,
    says(201, Location="/ngsi-ld/v1/jsonldContexts/x"),
)
fault(
    "Kept contexts are not listed.", "5.13.3.contexts-are-listed", on("GET", "/jsonldContexts"), says(200, [])
)
SERVED = on("GET", "/jsonldContexts/{}")
fault("An empty context is served.", "5.13.4.contexts-are-served", SERVED, says(200, {"@context": {}}))
fault(
    "There is a context for every name.",
    "5.13.4.unknown-context-is-404 5.13.5.contexts-are-deleted",
    SERVED,
    says(200, {"@context": {}}),
)

# -- errors

fault(
    "Errors have no type of NGSI-LD.",
    """5.5.3.errors-have-type-and-title 5.5.3.errors-are-alike 5.7.1.unknown-is-404""",
    NAMED,
    edited(lambda body: {**body, "type": "about:blank"}),
    must_catch={"MIM1X-12": "type about:blank"},
)
fault(
    "Errors have no title.",
    "5.5.3.errors-have-type-and-title",
    NAMED,
    edited(lambda body: {**body, "title": ""}),
)
fault(
    "Errors have no detail.",
    "5.5.3.errors-have-detail",
    NAMED,
    edited(lambda body: {name: value for name, value in body.items() if name != "detail"}),
)
fault(
    "An error names another status.",
    "5.5.3.status-is-the-status",
    NAMED,
    edited(lambda body: {**body, "status": 500}),
)
fault(
    "Errors differ from resource to resource.",
    "5.5.3.errors-are-alike",
    on("GET", "/subscriptions/{}"),
    edited(lambda body: {"error": "not found"}),
    must_catch={"MIM0-R2.1": "different error body per route"},
)
fault(
    "Errors name the wrong kind.",
    """5.5.2.already-exists 5.5.2.bad-request-data 5.5.2.invalid-request""",
    CREATE,
    edited(
        lambda body: {**body, "type": "https://uri.etsi.org/ngsi-ld/errors/InternalError"} if body else body
    ),
)
fault(
    "Bad input is a server error.",
    "5.5.2.bad-input-is-no-server-error 5.5.2.bad-bodies-are-no-server-error",
    either(QUERY, CREATE),
    says(500, {"title": "Internal Server Error"}),
    must_catch={"MIM0-BP10-errors": "500 on bad input"},
)
fault(
    "An error shows a stack trace.",
    "5.5.2.bad-input-is-no-server-error",
    QUERY,
    says(400, {"title": "Bad request", "detail": "Traceback (most recent call last): File app.py"}),
    must_catch={"MIM0-BP10-errors": "stack trace in body"},
)


def _half(body):
    return {name: value for name, value in body.items() if "value" in value}


def _half_done(received, forward):
    sending(_half)(received, forward)
    return forward(received)


fault(
    "A refused update is done by half.",
    "5.5.2.errors-change-nothing",
    on("PATCH", "/entities/{}/attrs"),
    _half_done,
)

# -- retrieving

fault(
    "Another entity comes than the one asked for.",
    "5.7.1.retrieve-by-id-alone 5.7.1.odd-ids-can-be-retrieved",
    ONE,
    edited(lambda body: {**body, "id": "urn:ngsi-ld:Thing:other"}),
)
fault(
    "Ids with odd characters are not found.",
    "5.7.1.odd-ids-can-be-retrieved",
    on("GET", "/entities/{}", having="https"),
    problem(404, "ResourceNotFound"),
    must_catch={"MIM1-R1.2": "id with special characters fails"},
)
fault(
    "Retrieving needs the type.",
    "5.7.1.retrieve-by-id-alone",
    lacking(ONE, "type="),
    problem(400, "BadRequestData"),
    must_catch={"MIM1-R1.2": "lookup needs the type as well"},
)
fault("Every id is known.", "5.7.1.unknown-is-404 5.7.1.id-must-be-a-uri", ONE, says(200, {"id": "urn:x:y"}))
fault("No id is checked.", "5.7.1.id-must-be-a-uri", ONE, problem(404, "ResourceNotFound"))
fault("The type is overlooked.", "5.7.1.type-must-fit", ONE, without("type"))
fault(
    "Nothing of what was asked is still an answer.", "5.7.1.no-asked-attribute-is-404", ONE, without("attrs")
)
fault(
    "System times always come.",
    "4.8.no-system-times-unasked",
    ONE,
    edited(lambda body: {**body, "createdAt": "2026-01-01T00:00:00Z"}),
)
fault("System times never come.", "4.8.system-times-when-asked", ONE, without("options"))
fault(
    "System times have no zone.",
    "4.8.system-times-when-asked",
    ONE,
    edited(lambda body: {**body, "createdAt": "2026-01-01T00:00:00"}),
)


def _as(form):
    def breaks(received, forward):
        mark = "&" if "?" in received.path else "?"
        return forward(replace(received, path=f"{received.path}{mark}options={form}"))

    return breaks


fault("Entities are simplified unasked.", "4.5.1.normalized-by-default", ONE, _as("keyValues"))
fault(
    "Representations are overlooked.",
    "4.5.4.key-values 4.5.4.simplified-of-each-kind 4.5.1.concise-is-served 4.15.lang-in-key-values",
    ONE,
    without("options"),
)
fault(
    "Concise attributes are refused.",
    "4.5.1.concise-is-taken",
    CREATE,
    sending(lambda body: {**body, "name": {"type": "Property", "value": "changed"}}),
)
fault(
    "A Feature has no geometry.",
    "4.5.16.geojson-feature",
    ONE,
    edited(lambda body: {**body, "geometry": None}),
)
fault(
    "A created entity is not where Location leads.",
    "5.6.1.location-leads-to-the-entity",
    CREATE,
    with_header("Location", "/ngsi-ld/v1/entities/urn:ngsi-ld:Thing:nowhere"),
)
fault(
    "The last write is not seen.",
    "4.5.3.relationships-come-back",
    ONE,
    from_nth(2, problem(404, "ResourceNotFound")),
    must_catch={"MIM1-R3.1": "dangling targets"},
)
fault(
    "Language is chosen by nobody.", "4.15.lang-picks 4.15.lang-in-order-of-preference", ONE, without("lang")
)
fault(
    "Weights of languages are overlooked.",
    "4.15.lang-in-order-of-preference",
    ONE,
    rewritten("lang", lambda text: "en"),
)
fault("No entity is ever created with 201.", "5.6.1.create-answers-201", CREATE, status(200))
