"""Bytes and media type to a graph; what is not the RDF it says it is, is the target's Failure."""

from __future__ import annotations

import logging
from typing import Any

import orjson
from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException
from rdflib import Graph
from rdflib.plugins.parsers.jsonld import to_rdf

from ..answer import Answer
from ..probe import Probe
from ..verdicts import Failure
from .contexts import Contexts

TURTLE = "text/turtle"
JSON_LD = "application/ld+json"
RDF_XML = "application/rdf+xml"
RDF_TYPES = (TURTLE, JSON_LD, RDF_XML)
_FORMATS = {
    TURTLE: "turtle",
    "application/x-turtle": "turtle",
    "application/n-triples": "nt",
    JSON_LD: "json-ld",
    "application/json": "json-ld",
    RDF_XML: "xml",
    "application/xml": "xml",
    "text/xml": "xml",
}
MAX_TRIPLES = 200_000
# Ill-typed literals are the data's, and judged by checks; rdflib would write each to the log.
logging.getLogger("rdflib.term").setLevel(logging.CRITICAL)


def read_graph(answer: Answer, probe: Probe) -> Graph:
    """The graph of an answer, parsed only once a run."""
    key = ("graph", answer.url, answer.media_type, answer.body)
    graph: Graph = probe.once(
        key, lambda: parse_graph(answer.body, answer.media_type, answer.url, probe, str(answer))
    )
    return graph


def parse_graph(body: bytes, media_type: str, base: str, probe: Probe, what: str) -> Graph:
    """The graph in a body; `what` begins the sentence that says why it is none."""
    form = _FORMATS.get(media_type)
    if form is None:
        raise Failure(
            f"{what} as {media_type or 'nothing in particular'} where RDF is due: {body[:60]!r}",
            mend="Serve Turtle, JSON-LD or RDF/XML, and say which in Content-Type.",
        )
    graph = Graph()
    try:
        _parse(graph, body, form, base, probe)
    except Failure:
        raise
    except DefusedXmlException as error:
        raise Failure(
            f"{what} with a document type declaration, which is not read.", mend="Send RDF/XML without DTD."
        ) from error
    except RecursionError as error:
        raise Failure(f"{what} with RDF that nests too deep, or leads round in a circle.") from error
    except Exception as error:  # rdflib's parsers raise whatever the broken place brings about
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise Failure(f"{what} with a body that is not {media_type}: {reason}") from error
    if len(graph) > MAX_TRIPLES:
        raise Failure(f"{what} with more than {MAX_TRIPLES} triples in one document.", mend="Page it.")
    return graph


def _parse(graph: Graph, body: bytes, form: str, base: str, probe: Probe) -> None:
    if form == "json-ld":
        document: Any = Contexts(probe).inline(orjson.loads(body), base)
        # A store that knows no named graphs takes them all as one, as those do who only look for triples.
        flat = to_rdf(document, Graph(store="SimpleMemory"), base)
        for triple in flat:
            graph.add(triple)
        return
    if form == "xml":
        ElementTree.fromstring(body, forbid_dtd=True)
    graph.parse(data=body, format=form, publicID=base)
