"""Linked data, policies, connectors and documents that are wrong."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson

from mimas.conformance.http_server import Received, Reply
from mimas.conformance.target import Target
from mimas.conformance.testing import broken_server, broken_target
from mimas.conformance.testing.serving import Forward

JSON = {"Content-Type": "application/json"}
HTML = Reply(200, b"<!doctype html><title>Hello</title>", {"Content-Type": "text/html"})
GONE = Reply(404, b"{}", JSON)
Change = Callable[[Received, Forward], Reply]


def fault(right: str, sentence: str, caught_by: str, change: Change, **more: Any) -> None:
    """Declare a fault of one of the small servers."""
    words = re.sub(r"[^a-z0-9]+", "_", sentence.lower()).strip("_")
    change.__name__, change.__doc__ = f"{right.replace('-', '_')}_{words}", sentence
    broken_server(right=right, caught_by=caught_by.split(), **more)(change)


def says(place: str, old: str, new: str) -> Change:
    """What is at a place says something else."""

    def breaks(received: Received, forward: Forward) -> Reply:
        reply = forward(received)
        if not re.fullmatch(place, received.path):
            return reply
        return replace(reply, body=re.sub(old, new, reply.body.decode(), flags=re.DOTALL).encode())

    return breaks


def at(place: str, reply: Reply) -> Change:
    """What is at a place is answered so."""
    return lambda received, forward: reply if re.fullmatch(place, received.path) else forward(received)


# -- linked data

LD = "linked-data"
fault(LD, "A thing is a blank node.", "LD.things-have-iris", says("/id", r"<[^>]*/id/lamp-2> a", "[] a"))
fault(
    LD,
    "An IRI leads to a page about something else.",
    "LD.iris-can-be-looked-up",
    says("/id/lamp-2", "id/lamp-2", "id/lamp-9"),
)
fault(LD, "An IRI leads to HTML.", "LD.iris-can-be-looked-up", at("/id/lamp-2", HTML))
fault(
    LD,
    "What does not exist is there.",
    "LD.unknown-iris-are-404",
    lambda received, forward: (
        forward(replace(received, path="/id/lamp-2")) if "mimas-check" in received.path else forward(received)
    ),
)
fault(
    LD,
    "An encoded IRI is not found.",
    "LD.encoded-iris-work",
    lambda received, forward: GONE if "%" in received.path else forward(received),
)
fault(
    LD,
    "A mapping leads one way.",
    "LD.mappings-lead-back",
    says("/id/pole-7", "owl:sameAs", "owl:differentFrom"),
)
fault(LD, "A mapping leads to nothing.", "LD.mappings-lead-back", at("/id/pole-7", GONE))
fault(LD, "The type leads nowhere.", "LD.types-lead-somewhere", at("/vocabulary/Lamp", GONE))
fault(LD, "A term is not described.", "LD.terms-are-defined", says("/vocabulary/near", "voc:near", "voc:far"))
fault(LD, "A link leads nowhere.", "LD.links-lead-somewhere", at("/id/lamp-2", GONE))
fault(LD, "A link is a text.", "LD.links-are-links", says("/id", r"near <([^>]*lamp-1)>", r'near "\1"'))
fault(
    LD,
    "The graph is empty.",
    "LD.triples-are-there",
    at("/id", Reply(200, b"# nothing", {"Content-Type": "text/turtle"})),
)
fault(
    LD,
    "An IRI names a program.",
    "LD.ids-hold-nothing-volatile",
    says("/id", "/id/lamp-2>", "/cgi-bin/lamp.php>"),
)
fault(
    LD,
    "All IRIs of the earlier run are gone.",
    "LD.iris-last",
    lambda received, forward: _renamed(received, forward),
)
fault(
    LD,
    "Where a thing is as well there is nothing.",
    "LD.other-systems-can-be-derived",
    says("/id", r"(localhost:\d+/id/)pole-7", r"\1pole-8"),
)


def _renamed(received: Received, forward: Forward) -> Reply:
    if re.fullmatch("/id/lamp-[12]", received.path):
        return GONE
    return forward(received)


# -- policies

ODRL = "odrl"
P = "/policies"
fault(
    ODRL,
    "A policy has no rules.",
    "ODRL.policies-are-complete",
    says(P, "odrl:(permission|prohibition)", "odrl:rule"),
)
fault(
    ODRL,
    "A constraint has no operator.",
    "ODRL.policies-are-complete",
    says(P, "odrl:operator odrl:eq ;", ""),
)
fault(
    ODRL,
    "An offer has no assigner.",
    "ODRL.policies-are-complete ODRL.provider-is-named",
    says(P, "odrl:assigner <[^>]*> ;", ""),
)
fault(
    ODRL,
    "A page comes where a policy is due.",
    "ODRL.policies-are-complete ODRL.terms-for-each-target",
    at(P, HTML),
)
fault(
    ODRL,
    "A policy permits what it prohibits.",
    "ODRL.policies-do-not-contradict",
    says(P, r"odrl:read (.*?)odrl:constraint \[[^]]*\] \] ;", r"odrl:distribute \1 ] ;"),
)
fault(
    ODRL,
    "An action is nobody's.",
    "ODRL.actions-are-known",
    says(P, "odrl:action odrl:read", 'odrl:action "look"'),
)
fault(ODRL, "No rule has a target.", "ODRL.terms-for-each-target", says(P, "; odrl:target <[^>]*>", ""))
fault(ODRL, "A policy permits selling.", "ODRL.keep-to-the-rulebook", says(P, "odrl:read", "odrl:sell"))

# -- connectors

DSP = "dataspace"
fault(
    DSP,
    "No version is listed.",
    "DSP.version-is-published",
    says("/.well-known/dspace-version", '"path"', '"place"'),
    verdict="warn",
)
fault(
    DSP,
    "No dataset is offered.",
    "DSP.catalogue-offers-data",
    says("/dsp/catalog/request", '"dataset"', '"things"'),
)
fault(
    DSP,
    "An offer has no rules.",
    "DSP.offers-have-terms",
    says("/dsp/catalog/request", '"permission"', '"note"'),
)
fault(
    DSP,
    "The participant is not named.",
    "DSP.participant-is-named",
    says("/dsp/catalog/request", '"urn:participant:town"', '""'),
)
fault(
    DSP,
    "An unknown negotiation is there.",
    "DSP.unknown-negotiation-is-404",
    lambda received, forward: (
        Reply(200, b"{}", JSON) if "mimas-check" in received.path else forward(received)
    ),
)
fault(
    DSP,
    "Anybody may negotiate.",
    "DSP.who-asks-is-identified",
    lambda received, forward: (
        Reply(201, b"{}", JSON) if "negotiations/request" in received.path else forward(received)
    ),
)
fault(
    DSP,
    "A verified agreement is not finalized.",
    "DSP.exchange-can-be-agreed",
    says("/dsp/negotiations/[^/]*", "FINALIZED", "TERMINATED"),
)
fault(
    DSP,
    "A terminated negotiation goes on.",
    "DSP.negotiation-can-be-ended",
    says("/dsp/negotiations/[^/]*", "TERMINATED", "AGREED"),
)
fault(
    DSP,
    "The token of a terminated transfer still opens the data.",
    "DSP.access-ends-with-the-transfer",
    lambda received, forward: Reply(200) if "termination" in received.path else forward(received),
    must_catch={"MIM3-RC6.2": "token still works"},
)

# -- documents of interfaces

ASYNC = "asyncapi"
A = "/asyncapi.json"
fault(ASYNC, "The version is a number.", "ASYNCAPI.document-is-complete", says(A, '"3.0.0"', "3"))
fault(ASYNC, "The info has no title.", "ASYNCAPI.document-is-complete", says(A, '"title"', '"name"'))
fault(ASYNC, "The document is a page.", "ASYNCAPI.document-is-complete ASYNCAPI.servers-answer", at(A, HTML))
fault(
    ASYNC,
    "An operation is on no channel.",
    "ASYNCAPI.operations-are-joined-up",
    says(A, "#/channels/readings", "#/channels/writings"),
)
fault(
    ASYNC,
    "The host of a server is a URL.",
    "ASYNCAPI.servers-are-named-right",
    says(A, '"host": "', '"host": "mqtt://'),
)
fault(
    ASYNC,
    "Nobody listens at the server.",
    "ASYNCAPI.servers-answer",
    says(A, r'"host": "[^"]*"', '"host": "127.0.0.1:9"'),
)


@broken_server(right="rest-data", caught_by="OPENAPI.description-is-valid")
def openapi_that_is_not_valid(received: Received, forward: Forward) -> Reply:
    """A parameter is neither in the path nor anywhere else."""
    reply = forward(received)
    if received.path != "/openapi.json":
        return reply
    document = reply.json()
    document["paths"]["/readings"]["get"]["parameters"] = [{"name": "limit", "in": "somewhere"}]
    return reply.with_json(document)


@broken_server(right="rest-data", caught_by="OPENAPI.description-is-valid", verdict="error")
def openapi_in_several_files(received: Received, forward: Forward) -> Reply:
    """The description refers to a file on a machine that the checker must not call."""
    reply = forward(received)
    return replace(reply, body=reply.body.replace(b"#/components/schemas/Reading", b"http://10.1.2.3/r.json"))


@broken_server(right="rest-data", caught_by="OPENAPI.answers-are-as-described")
def openapi_that_is_not_kept(received: Received, forward: Forward) -> Reply:
    """What is listed is an object, and described as an array."""
    reply = forward(received)
    return reply.with_json({"items": orjson.loads(reply.body)}) if received.path == "/readings" else reply


@broken_target(right="odrl", caught_by="ODRL.keep-to-the-rulebook", verdict="error")
def rulebook_policy_that_is_none(target: Target, folder: Path) -> Target:
    """The document `rulebook-policy` is a letter."""
    path = folder / "letter.txt"
    path.write_text("Dear reader")
    return replace(target, documents={"rulebook-policy": str(path)})
