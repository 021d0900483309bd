"""DCAT-AP catalogues that are wrong: in what they say, in how they say it, and in what they lead to."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import orjson
from rdflib import Graph

from mimas.conformance.http_server import Received, Reply
from mimas.conformance.target import Interface, Target
from mimas.conformance.testing import broken_server, broken_target, proxied
from mimas.conformance.testing.serving import Forward

PLACE = "/open-data/catalogue"
MODIFIED = re.compile(r'dct:modified "[0-9-]+"')
EMPTY = b"@prefix x: <http://www.w3.org/ns/dcat#> . <#c> a x:Catalog ."
TYPE = "Content-Type"


def fault(
    sentence: str,
    caught_by: str,
    change: Callable[[Received, Forward], Reply],
    *,
    must_catch: dict[str, str] | None = None,
    verdict: str = "fail",
    right: str = "dcat-ap",
) -> None:
    """Declare a fault; `caught_by` lists ids of checks by blanks, without their `DCAT.`"""
    change.__name__ = "catalogue_" + re.sub(r"[^a-z0-9]+", "_", sentence.lower()).strip("_")
    change.__doc__ = sentence
    names = [f"DCAT.{each}" for each in caught_by.split()]
    broken_server(right=right, caught_by=names, must_catch=must_catch, verdict=verdict)(change)


def says(*changes: tuple[str, str]) -> Callable[[Received, Forward], Reply]:
    """The catalogue, in all its formats, says something else: each old text becomes the new one."""

    def breaks(received: Received, forward: Forward) -> Reply:
        if received.path != PLACE:
            return forward(received)
        text = forward(replace(received, headers={**received.headers, "accept": "text/turtle"})).body.decode()
        for old, new in changes:
            text, count = re.subn(old, new, text)
            assert count, f"the catalogue has no {old}"
        wanted = received.headers.get("accept", "").partition(",")[0].partition(";")[0]
        form = {"application/ld+json": "json-ld", "application/rdf+xml": "xml"}.get(wanted)
        if form is None:
            return Reply(200, text.encode(), {TYPE: "text/turtle"})
        graph = Graph().parse(data=text, format="turtle")
        return Reply(200, graph.serialize(format=form).encode(), {TYPE: wanted})

    return breaks


def answers(place: str, reply: Reply, *, having: str = "") -> Callable[[Received, Forward], Reply]:
    """Requests for a place, with this text in their headers, are answered so."""

    def breaks(received: Received, forward: Forward) -> Reply:
        asked = received.path.startswith(place) and having in " ".join(received.headers.values())
        return reply if asked else forward(received)

    return breaks


def comes(accept: str, change: Callable[[Reply], Reply]) -> Callable[[Received, Forward], Reply]:
    """The catalogue asked for as one type is another."""

    def breaks(received: Received, forward: Forward) -> Reply:
        reply = forward(received)
        wanted = received.headers.get("accept", "").startswith(accept)
        return change(reply) if received.path == PLACE and wanted else reply

    return breaks


HTML = Reply(200, b"<!doctype html><script>alert(1)</script><h1>Sorry</h1>", {TYPE: "text/html"})
GONE = Reply(404, b"{}", {TYPE: "application/json"})
READS = """lists-datasets mandatory-properties texts-say-something terms-for-each-dataset
    publishers-are-listed models-are-named"""

# -- what it says

fault(
    "There is no catalogue in it.",
    "lists-datasets mandatory-properties",
    says((" a dcat:Catalog", " a dcat:X")),
    verdict="fail",
)
fault("The catalogue is empty.", "lists-datasets", answers(PLACE, Reply(200, EMPTY, {TYPE: "text/turtle"})))
fault(
    "The catalogue is empty, and all shapes pass.",
    "mandatory-properties recommended-properties texts-say-something terms-for-each-dataset",
    answers(PLACE, Reply(200, EMPTY, {TYPE: "text/turtle"})),
    verdict="not_tested",
)
fault(
    "A dataset is described and not listed.",
    "no-dataset-apart",
    says((", <[^>]*/dataset/people> ; dcat:service", " ; dcat:service")),
)
fault(
    "A dataset has no class.", "datasets-are-typed", says(("(<[^>]*dataset/lamps>) a dcat:Dataset ;", r"\1"))
)
fault("A dataset has no title.", "mandatory-properties", says(('dct:title "Street lamps"@en ;', "")))
fault(
    "An access URL is text.",
    "mandatory-properties",
    says(("accessURL <([^>]*lamps.csv)>", r'accessURL "\1"')),
)
fault(
    "Nobody publishes the catalogue.",
    "mandatory-properties",
    says(('(the town."@en ;\n  )dct:publisher <[^>]*> ;', r"\1")),
)
fault("Datasets have no theme.", "recommended-properties", says(("dcat:theme <[^>]*> ;", "")))
fault(
    "A description is blank.",
    "texts-say-something",
    says(('"Where the lamps stand."', '"  "')),
    must_catch={"MIM3-RC4.2": "empty description"},
)
fault(
    "A theme is the town's own.",
    "vocabularies",
    says(("[^<]*data-theme/TRAN", "https://town.example/streets")),
)
fault("A media type is text.", "vocabularies", says((r"<[^>]*media-types/text/csv>", '"CSV"')))
fault(
    "A high-value dataset has no API.",
    "high-value-datasets",
    says(("dcat:servesDataset <[^>]*> ;", ""), (r";\s+dcat:accessService <[^>]*>", "")),
)
fault(
    "The API of a high-value dataset has no documentation.",
    "high-value-datasets",
    says(("foaf:page <[^>]*> ;", "")),
)

# -- in which formats

fault(
    "Turtle is called JSON-LD.",
    "labelled-as-it-is",
    comes("application/ld+json", lambda reply: Reply(200, b"<#a> a <#b> .", {TYPE: "application/ld+json"})),
)
fault("The catalogue is a page, whatever is asked for.", "a-standard-format", answers(PLACE, HTML))
fault("A page comes where RDF is due.", READS, answers(PLACE, HTML))
fault(
    "RDF/XML lacks a dataset.",
    "formats-agree",
    comes(
        "application/rdf+xml",
        lambda reply: replace(reply, body=re.sub(rb"<dcat:dataset [^>]*people[^>]*>", b"", reply.body)),
    ),
)
fault(
    "There is one format only.",
    "formats-agree",
    lambda received, forward: forward(
        replace(received, headers={**received.headers, "accept": "text/turtle"})
    ),
    verdict="not_tested",
)
fault(
    "The page lists a dataset more.",
    "page-lists-the-same",
    lambda received, forward: _with_more(received, forward, b"<#x> a <http://www.w3.org/ns/dcat#Dataset> ."),
    must_catch={"MIM3-RC4.3": "HTML lists more datasets"},
)
fault(
    "The page links what may be a dataset.",
    "page-lists-the-same",
    lambda received, forward: _with_more(received, forward, None),
    verdict="warn",
)
fault(
    "The page lacks a dataset.",
    "page-lists-the-same",
    comes(
        "text/html",
        lambda reply: replace(reply, body=re.sub(rb"<li>[^<]*<a[^>]*lamps.*?</li>", b"", reply.body)),
    ),
)


def _with_more(received: Received, forward: Forward, said: bytes | None) -> Reply:
    if received.path == "/dataset/secret":
        place = f"http://{received.headers['host']}/dataset/secret".encode()
        body = said.replace(b"#x", place) if said else b"<p>New</p>"
        return Reply(200, body, {TYPE: "text/turtle" if said else "text/html"})
    reply = forward(received)
    if received.path == PLACE and reply.headers[TYPE.lower()].startswith("text/html"):
        return replace(reply, body=reply.body + b'<a href="/dataset/secret">one more</a>')
    return reply


# -- whether it is true

fault("A download is gone.", "links-answer", answers("/data/lamps.csv", GONE))
fault("The API fails.", "links-answer", answers("/data/air.json", Reply(500)))
fault(
    "A download comes as a page.",
    "distributions-are-what-they-claim distributions-parse",
    answers("/data/lamps.csv", HTML),
)
fault(
    "A download called JSON is none.",
    "distributions-parse",
    answers("/data/air.json", Reply(200, b'{"a": ', {TYPE: "application/json"})),
)
fault(
    "Data called daily was modified a year ago.",
    "as-fresh-as-declared",
    says((r'dct:modified "[0-9-]+"', 'dct:modified "2025-01-01"')),
    must_catch={"MIM3-RC3.3": "catalogue says daily, data a year old"},
)
fault(
    "The newest value of daily data is a year old.",
    "as-fresh-as-declared",
    answers(
        "/data/air.json",
        Reply(200, b'[{"dateObserved": "2025-01-01T00:00:00Z"}]', {TYPE: "application/json"}),
    ),
    verdict="warn",
)
fault(
    "The landing page does not link the catalogue.",
    "found-from-the-root",
    lambda received, forward: (
        Reply(200, b"<p>Hello", {TYPE: "text/html"}) if received.path == "/" else forward(received)
    ),
)
fault(
    "Restricted data is open.",
    "restricted-is-refused",
    answers("/data/people.json", Reply(200, b"[]", {TYPE: "application/json"})),
)
fault(
    "A token that says 'anonymous' is enough.",
    "restricted-is-refused",
    answers("/data/people.json", Reply(200, b"[]", {TYPE: "application/json"}), having="Bearer anonymous"),
    must_catch={"MIM3-RC5.3": "anonymous token accepted as identity"},
)
fault(
    "Public data needs a login.", "open-without-a-name", answers("/data/air.json", Reply(401)), verdict="warn"
)
fault("The catalogue is for members only.", "open-without-a-name", answers(PLACE, Reply(401)), verdict="warn")

# -- on which terms

fault(
    "A dataset has no terms.",
    "terms-for-each-dataset licences-can-be-read",
    says(("(lamps.csv> ; )dct:license <[^>]*> ;", r"\1")),
)
fault(
    "One licence is set for all.",
    "terms-may-differ",
    says(("dct:license <[^>]*>", "dct:license <http://127.0.0.1/one>"), ("odrl:hasPolicy <[^>]*> ;", "")),
    must_catch={"MIM3-RC2.1": "one licence hard-coded for all"},
    verdict="warn",
)
fault("A licence is gone.", "licences-can-be-read", answers("/licences/b", GONE))
fault(
    "A licence is free text.",
    "licences-are-standard",
    says(("dct:license <[^>]*CC0>", 'dct:license "free for all friends"')),
    must_catch={"MIM3-RC2.3": "licence is free text"},
    right="dcat-ap-standard",
)
fault(
    "A policy has no action.",
    "licences-are-standard",
    says(("odrl:action odrl:read ; ", "")),
    right="dcat-ap-standard",
)
fault(
    "A licence is of the town's own making.",
    "licences-are-standard",
    says(("dct:license <[^>]*CC0>", "dct:license <https://town.example/creativecommons.org/licenses/ours>")),
    right="dcat-ap-standard",
    verdict="warn",
)
fault(
    "A policy permits what the rulebook prohibits.",
    "terms-keep-to-the-rulebook",
    says(("odrl:action odrl:read", "odrl:action odrl:sell")),
)

# -- by whom

fault(
    "A dataset has no publisher.",
    "publishers-are-listed",
    says(('(lamps stand."@en ;\n  )dct:publisher <[^>]*> ;', r"\1")),
)
fault("A publisher has no name.", "publishers-are-listed", says(('foaf:name "Town works"@en ;', "")))
fault(
    "A publisher is nothing in particular.",
    "publishers-can-be-judged",
    says(("(<[^>]*/works>) a foaf:Agent ;", r"\1")),
)
fault(
    "There is nobody to ask.",
    "provider-can-be-reached",
    says(("foaf:homepage <[^>]*> ;", ""), (r"dcat:contactPoint \[[^\]]*hasURL[^\]]*\] ;", "")),
)
fault("The contact page is gone.", "provider-can-be-reached", answers("/contact", GONE))

# -- which models

fault(
    "A dataset has no model.",
    "models-are-named",
    says(("dct:conformsTo <[^>]*Streetlight/schema.json> ;", "")),
)
fault("A model is gone.", "models-can-be-read", answers("/models/Streetlight", GONE))
fault(
    "The catalogue lists another version of a model than is served.",
    "model-versions-are-served",
    says(('dcat:version "0.1.4"', 'dcat:version "0.2.0"')),
    must_catch={"MIM2-R1.1e": "catalogue lists a version not served"},
)

# -- beside it

fault(
    "An audit record has no time.",
    "audit-can-be-read",
    answers(f"{PLACE}/audit", Reply(200, b'[{"what": "x"}]', {TYPE: "application/json"})),
)
fault(
    "Anybody reads the audit log.",
    "audit-is-closed",
    answers(f"{PLACE}/audit", Reply(200, b'[{"id": 1, "time": "x"}]', {TYPE: "application/json"})),
)
fault(
    "The audit log can be written.",
    "audit-stays-as-it-is",
    lambda received, forward: Reply(200) if received.method == "PUT" else forward(received),
    must_catch={"MIM3-RC3.1": "audit log editable"},
)
fault(
    "The usage log does not name the consumer.",
    "usage-can-be-verified",
    lambda received, forward: _renamed(forward(received)),
)
fault(
    "Requests for data are thrown away.",
    "data-can-be-asked-for requests-reach-providers",
    lambda received, forward: (
        forward(received)
        if received.method != "GET" or "/requests" not in received.path
        else Reply(200, b"[]", {TYPE: "application/json"})
    ),
)


def _renamed(reply: Reply) -> Reply:
    return replace(reply, body=reply.body.replace(b'"consumer"', b'"whatever"'))


@broken_target(
    right="served-catalogue",
    caught_by=("DCAT.lists-what-is-served", "DCAT.models-of-what-is-served"),
    must_catch={"MIM3-RC4.1": "served type missing in the catalogue"},
)
def catalogue_without_a_served_type(target: Target, _):
    """The broker serves a type that the catalogue does not know."""

    def more(received: Received, forward: Forward) -> Reply:
        reply = forward(received)
        if received.path.endswith("/types"):
            return reply.with_json([*orjson.loads(reply.body), "ParkingSpot"])
        return reply

    with proxied(replace(target, interfaces={"ngsi-ld": target.interfaces["ngsi-ld"]}), more) as moved:
        broker: Interface = moved.interfaces["ngsi-ld"]
        yield replace(target, interfaces={**target.interfaces, "ngsi-ld": broker})
