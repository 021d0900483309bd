"""Brokers that find the wrong entities: types, ids, q, places, scopes, pages, counts."""

from __future__ import annotations

import re
from dataclasses import replace

import orjson

from mimas.conformance.testing.ngsi_ld import (
    cached,
    edited,
    either,
    fault,
    from_nth,
    on,
    problem,
    rewritten,
    says,
    sending,
    with_header,
    without,
)

QUERY = on("GET", "/entities")
POSTED = on("POST", "/entityOperations/query")
GEO = ("georel", "geometry", "coordinates", "geoproperty")

# -- which query

fault(
    "Any query is answered.",
    "5.7.2.too-wide-is-400 5.7.2.ids-must-be-uris 6.3.10.limit-zero-needs-count 6.3.10.limit-is-a-number",
    lambda received: QUERY(received) and not re.search(r"limit=[1-9]", received.path),
    says(200, [{"id": "urn:x:y", "type": "T"}]),
)
fault(
    "One type has an API of its own.",
    "5.7.2.one-api-for-all-types",
    on("GET", "/entities", having="limit=1"),
    problem(404, "ResourceNotFound"),
    must_catch={"MIM1X-01": "second API per source"},
)
fault(
    "The type is overlooked in queries.",
    "5.7.2.query-by-type 5.7.2.unknown-type-finds-nothing",
    QUERY,
    edited(lambda body: [*body, {"id": "urn:ngsi-ld:Thing:other", "type": "Other"}]),
)
fault("The id is overlooked.", "5.7.2.query-by-id 5.7.2.several-ids", QUERY, without("id"))
fault("The pattern of ids is overlooked.", "5.7.2.query-by-id-pattern", QUERY, without("idPattern"))
fault(
    "Old answers are given again.",
    "5.7.2.what-is-written-is-read",
    QUERY,
    cached(),
    must_catch={"MIM0-BP01-current": "stale cached value"},
)
fault("attrs is overlooked in queries.", "5.7.2.attrs-filters", QUERY, without("attrs"))
fault(
    "Of several types the first counts.",
    "4.17.either-type",
    QUERY,
    rewritten("type", lambda text: text.split(",")[0]),
)
fault(
    "Both types means either.",
    "4.17.both-types",
    QUERY,
    rewritten("type", lambda text: text.strip("()").replace(";", ",")),
)
fault("A posted query finds nothing.", "5.7.2.query-by-post 4.9.q-by-post", POSTED, says(200, []))
fault(
    "The posted q is overlooked.",
    "4.9.q-by-post",
    POSTED,
    sending(lambda body: {k: v for k, v in body.items() if k != "q"}),
)
fault(
    "Any posted query is answered.",
    "5.2.23.posted-query-has-its-type 5.7.2.posted-query-too-wide",
    POSTED,
    says(200, []),
)

# -- pages

fault("The limit is overlooked.", "6.3.10.limit-limits", QUERY, without("limit"))
fault(
    "Any limit and offset is taken.",
    "6.3.10.negative-limit-is-400 6.3.10.negative-offset-is-400 6.3.10.limit-is-a-number",
    QUERY,
    lambda received, forward: (
        without("limit", "offset")(received, forward)
        if re.search("limit=(-|many)|offset=-", received.path)
        else forward(received)
    ),
)
fault(
    "Page two repeats page one.",
    "6.3.10.offset-skips 6.3.10.next-leads-to-the-end",
    on("GET", "/entities", having="offset="),
    rewritten("offset", lambda text: "0"),
    must_catch={"MIM0-R2.1": "page 2 repeats page 1"},
)
fault(
    "The last page is lost.",
    "6.3.10.next-leads-to-the-end",
    QUERY,
    from_nth(2, with_header("Link", None)),
    must_catch={"MIM0-R2.1": "last page lost"},
)
fault(
    "Every page is said to follow itself.",
    "6.3.10.first-page-has-no-prev",
    QUERY,
    with_header("Link", '</ngsi-ld/v1/entities?limit=2>; rel="prev"'),
)
fault(
    "There is no way back.",
    "6.3.10.prev-leads-back 6.3.10.next-leads-to-the-end",
    QUERY,
    with_header("Link", None),
)
fault(
    "The count is that of the page.",
    "6.3.13.count-counts-all 6.3.13.count-alone",
    QUERY,
    lambda received, forward: (reply := forward(received)).with_header(
        "NGSILD-Results-Count", str(len(reply.json()))
    ),
    must_catch={"MIM1X-05": "count header wrong"},
)

# -- q

fault(
    "q is overlooked.",
    """4.9.q-equal-number 4.9.q-equal-text 4.9.q-equal-boolean 4.9.q-types-must-agree 4.9.q-greater-and-less
    4.9.q-unequal-needs-the-attribute 4.9.q-range 4.9.q-list 4.9.q-and 4.9.q-or 4.9.q-parentheses
    4.9.q-existence 4.9.q-pattern 4.9.q-not-pattern 4.9.q-sub-attribute 4.9.q-observed-at 4.9.q-date-time
    4.9.q-inside-values 4.9.q-relationship 4.9.q-language 4.9.q-syntax-error-is-400
    5.5.7.terms-in-queries-are-expanded""",
    QUERY,
    without("q"),
    must_catch={"MIM0-R2.2": "filter silently ignored (returns everything)"},
)


def _q(sentence, caught_by, old, new, **more):
    fault(sentence, caught_by, QUERY, rewritten("q", lambda text: text.replace(old, new)), **more)


_q(
    "Unequal finds what has no value.",
    "4.9.q-unequal-needs-the-attribute",
    "level!=10",
    "level!=10|!level",
    must_catch={"MIM1X-05": "q on missing attribute matches"},
)
_q("Upper and lower case are the same.", "4.9.q-equal-text", "alpha", "Alpha")
_q("Numbers are compared as text.", "4.9.q-types-must-agree", "name==20", 'name=="20"')
_q(
    "Bounds are left out.",
    "4.9.q-greater-and-less",
    ">=",
    ">",
    must_catch={"MIM0-R2.2": "boundary values dropped"},
)
_q("Ranges have no end.", "4.9.q-range", "==10..15", ">=10")
_q("Of a list the first value counts.", "4.9.q-list", ',"Beta"', "")
_q("And means or.", "4.9.q-and", ";", "|")
_q("Or means and.", "4.9.q-or 4.9.q-parentheses", "|", ";")
_q("Parentheses bind nothing.", "4.9.q-parentheses", "(level==10|level==20)", "level==10|level==20")
_q("A pattern must be equal.", "4.9.q-pattern", "~=", "==")
_q("Times are compared backwards.", "4.9.q-observed-at 4.9.q-date-time", "2026-01-15", "2027-01-15")
_q("Attributes have no attributes.", "4.9.q-sub-attribute", "level.accuracy", "level")
_q("Values have no inside.", "4.9.q-inside-values", "[", ".x[")
_q("Any language will do.", "4.9.q-language", "title[cs]", "title")

# -- places


def _swapped(value):
    if isinstance(value, list) and value and not isinstance(value[0], list):
        return value[::-1]
    return [_swapped(each) for each in value] if isinstance(value, list) else value


fault(
    "Places are overlooked.",
    """4.10.near-within-distance 4.10.near-beyond-distance 4.10.within 4.10.axis-order
    4.10.disjoint-needs-a-place 4.10.intersects 4.10.contains 4.10.equals 4.10.other-geoproperty
    4.10.unknown-georel-is-400 4.10.near-needs-a-distance 4.10.georel-needs-coordinates
    4.10.bad-coordinates-are-400""",
    QUERY,
    without(*GEO),
)
fault(
    "Latitude stands before longitude.",
    "4.10.near-within-distance 4.10.within 4.10.axis-order 4.10.equals",
    QUERY,
    rewritten("coordinates", lambda text: orjson.dumps(_swapped(orjson.loads(text))).decode()),
    must_catch={"MIM0-BP03-geo": "lat/lon swapped", "MIM0-R2.2": "bbox axis order swapped"},
)
fault("There is one GeoProperty only.", "4.10.other-geoproperty", QUERY, without("geoproperty"))
fault(
    "Distances are kilometres.",
    "4.10.near-within-distance 4.10.near-beyond-distance",
    QUERY,
    rewritten("georel", lambda text: f"{text}000"),
)

# -- scopes

fault(
    "Scopes are overlooked.",
    "4.19.exact-scope 4.19.scope-and-below 4.19.any-scope 4.19.one-level 4.19.either-scope 4.19.both-scopes",
    QUERY,
    without("scopeQ"),
)
fault("A scope is all below it.", "4.19.exact-scope", QUERY, rewritten("scopeQ", lambda text: f"{text}/#"))
fault(
    "Plus is any number of levels.",
    "4.19.one-level",
    QUERY,
    rewritten("scopeQ", lambda text: text.split("/+")[0] + "/#"),
)
fault(
    "Both scopes means either.",
    "4.19.both-scopes",
    QUERY,
    rewritten("scopeQ", lambda text: text.strip("()").replace(";", ",")),
)

# -- what there is

TYPES = on("GET", "/types")


def _types_ever(received, forward, known=[]):  # noqa: B006  # the memory of the fault
    if received.method == "POST":
        known.append(orjson.loads(received.body).get("type"))
        return forward(received)
    reply = forward(received)
    body = reply.json()
    return reply.with_json({**body, "typeList": sorted({*body["typeList"], *known})})


fault(
    "A type stays listed.",
    "5.7.5.deleted-type-is-not-listed",
    either(TYPES, on("POST", "/entities")),
    _types_ever,
    must_catch={"MIM1X-04": "deleted type still listed"},
)
fault(
    "The list of types is old.",
    "5.7.5.new-type-is-listed",
    TYPES,
    edited(lambda body: {**body, "typeList": ["Lamp"]}),
)
fault(
    "The list of types is of no type.",
    "5.7.5.types-are-listed",
    TYPES,
    edited(lambda body: {**body, "type": "List"}),
)
fault(
    "Types have no attributes.",
    "5.7.6.types-with-their-attributes",
    on("GET", "/types", having="details"),
    edited(lambda body: [{**each, "attributeNames": []} for each in body]),
)
ONE_TYPE = on("GET", "/types/{}")
fault("A type has no IRI.", "5.7.7.one-type", ONE_TYPE, edited(lambda body: {**body, "id": "type"}))
fault(
    "Entities are counted once.",
    "5.7.7.entities-of-a-type-are-counted",
    ONE_TYPE,
    edited(lambda body: {**body, "entityCount": 1}),
)
fault("Every type is known.", "5.7.7.unknown-type-is-404", ONE_TYPE, says(200, {"id": "urn:x:y"}))
fault(
    "No attributes are listed.",
    "5.7.8.attributes-are-listed",
    on("GET", "/attributes"),
    edited(lambda body: {**body, "attributeList": []}),
)
fault(
    "Attributes have no types.",
    "5.7.9.attributes-with-their-types",
    on("GET", "/attributes", having="details"),
    edited(lambda body: [{**each, "typeNames": []} for each in body]),
)
fault(
    "An attribute is of no kind.",
    "5.7.10.one-attribute",
    on("GET", "/attributes/{}"),
    edited(lambda body: {**body, "attributeTypes": []}),
)
fault(
    "Every attribute is known.",
    "5.7.10.unknown-attribute-is-404",
    on("GET", "/attributes/{}"),
    says(200, {"id": "urn:x:y"}),
)

fault(
    "A type has no attributes.",
    "5.7.7.one-type-with-its-attributes",
    ONE_TYPE,
    edited(lambda body: {**body, "attributeDetails": []}),
)

# -- tenants


def _one_tenant(received, forward):
    return forward(replace(received, headers={**received.headers, "ngsild-tenant": "mimas_check"}))


def _reads(received):
    return received.method == "GET"


fault(
    "Everybody reads one tenant.",
    "5.5.10.other-tenants-see-nothing 5.5.10.same-id-in-two-tenants 6.3.14.tenant-is-echoed",
    _reads,
    _one_tenant,
)
fault(
    "An unknown tenant is not said to be unknown.",
    "5.5.10.unknown-tenant-is-404",
    on("GET", "/entities/{}"),
    problem(404, "ResourceNotFound"),
)
fault("The tenant is not echoed.", "6.3.14.tenant-is-echoed", _reads, with_header("NGSILD-Tenant", None))
fault(
    "Subscriptions fire across tenants.",
    "5.5.10.subscriptions-stay-in-their-tenant",
    lambda received: True,
    _one_tenant,
    must_catch={"MIM1X-14": "subscription fires across tenants"},
)
