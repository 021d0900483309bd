"""RDF in its usual notations to a graph of rdflib, without rdflib ever fetching anything by itself.

A JSON-LD document may name contexts by URL; they are fetched by us, through the guard, and put in their
place before rdflib sees the document. XML may not refer to files outside of it.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

import orjson

from ..harvest import Download
from ..source import SourceError

if TYPE_CHECKING:
    from rdflib import Graph

ACCEPT = "text/turtle, application/rdf+xml;q=0.9, application/ld+json;q=0.8, application/n-triples;q=0.7"
FORMATS = {
    "text/turtle": "turtle",
    "application/x-turtle": "turtle",
    "application/rdf+xml": "xml",
    "application/xml": "xml",
    "text/xml": "xml",
    "application/ld+json": "json-ld",
    "application/json": "json-ld",
    "application/n-triples": "nt",
}
ENDINGS = {
    ".ttl": "turtle",
    ".rdf": "xml",
    ".xml": "xml",
    ".jsonld": "json-ld",
    ".json": "json-ld",
    ".nt": "nt",
}
MAX_CONTEXTS = 20
MAX_DEPTH = 60

FetchJson = Callable[[str], Awaitable[Any]]


def find_format(download: Download, declared: str | None) -> str:
    """The notation of a body: as declared, by its media type, or by the ending of its name."""
    ending = "." + urlsplit(download.url).path.rpartition(".")[2].lower()
    found = declared or FORMATS.get(download.media_type) or ENDINGS.get(ending)
    if found is None:
        raise SourceError(
            f"{download.url} came as {download.media_type or 'nothing declared'}, which is no RDF; "
            "set format to xml, turtle, json-ld or nt if it is"
        )
    return found


async def inline_contexts(document: Any, base: str, fetch: FetchJson) -> Any:
    """The JSON-LD `document` with every context that it names by URL in its place."""
    return await _Inliner(fetch).document(document, base, 0)


def parse_graph(body: bytes, notation: str, base: str) -> Graph:
    """The graph that `body` holds; SourceError when it cannot be read."""
    from rdflib import Graph

    if notation == "xml":
        _refuse_outside_references(body, base)
    graph = Graph()
    try:
        graph.parse(data=body, format=notation, publicID=base)
    except Exception as error:  # each of rdflib's parsers has errors of its own
        raise SourceError(f"{base} cannot be read as {notation}: {_one_line(error)}") from error
    return graph


def graph_of_json_ld(document: Any, base: str) -> Graph:
    """The graph of a JSON-LD document whose contexts all stand in it; SourceError when it is none."""
    from rdflib import Dataset, Graph
    from rdflib.plugins.parsers.jsonld import to_rdf

    dataset = Dataset()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # rdflib warns of its own calls
            to_rdf(document, dataset, base)
            graph = Graph()
            for subject, predicate, thing, _ in dataset.quads():
                graph.add((subject, predicate, thing))
    except Exception as error:  # rdflib has no class for what is wrong with JSON-LD
        raise SourceError(f"{base} cannot be read as JSON-LD: {_one_line(error)}") from error
    return graph


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]


def _refuse_outside_references(body: bytes, base: str) -> None:
    from xml.sax import SAXException
    from xml.sax.handler import ContentHandler

    import defusedxml.sax
    from defusedxml.common import DefusedXmlException

    try:
        defusedxml.sax.parse(
            io.BytesIO(body), ContentHandler(), forbid_dtd=False, forbid_entities=False, forbid_external=True
        )
    except DefusedXmlException as error:
        raise SourceError(f"{base} refers to files outside of it; ask for it without a DOCTYPE") from error
    except SAXException as error:
        raise SourceError(f"{base} is not XML: {_one_line(error)}") from error


class _Inliner:
    """Replaces URLs of contexts by the contexts themselves; each is fetched once."""

    def __init__(self, fetch: FetchJson) -> None:
        self._fetch = fetch
        self._kept: dict[str, Any] = {}

    async def document(self, value: Any, base: str, depth: int) -> Any:
        """`value` with its contexts, and those of everything inside it, in their place."""
        if depth > MAX_DEPTH:
            raise SourceError(f"{base} is nested deeper than {MAX_DEPTH} levels")
        if isinstance(value, list):
            return [await self.document(each, base, depth + 1) for each in value]
        if not isinstance(value, dict):
            return value
        return {
            name: await (
                self._context(each, base, ()) if name == "@context" else self.document(each, base, depth + 1)
            )
            for name, each in value.items()
        }

    async def _context(self, context: Any, base: str, through: tuple[str, ...]) -> Any:
        if isinstance(context, str):
            return await self._remote(urljoin(base, context), through)
        if isinstance(context, list):
            return [await self._context(each, base, through) for each in context]
        if not isinstance(context, dict):
            return context
        terms = {name: each for name, each in context.items() if name != "@import"}
        for name, term in terms.items():
            if isinstance(term, dict) and "@context" in term:
                terms[name] = {**term, "@context": await self._context(term["@context"], base, through)}
        if "@import" not in context:
            return terms
        imported = await self._context(str(context["@import"]), base, through)
        return {**(imported if isinstance(imported, dict) else {}), **terms}

    async def _remote(self, url: str, through: tuple[str, ...]) -> Any:
        if url in through:
            raise SourceError(f"the context {url} includes itself")
        if url not in self._kept:
            if len(self._kept) >= MAX_CONTEXTS:
                raise SourceError(f"there are more than {MAX_CONTEXTS} contexts to fetch")
            document = await self._fetch(url)
            if not isinstance(document, dict) or "@context" not in document:
                raise SourceError(f"{url} is no JSON-LD context")
            self._kept[url] = await self._context(document["@context"], url, (*through, url))
        return self._kept[url]


def read_document(body: bytes, url: str) -> Any:
    """The JSON value in `body`; SourceError when there is none."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise SourceError(f"{url} is not JSON-LD: line {error.lineno}: {error.msg}") from error
