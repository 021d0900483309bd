"""The catalogue under check as a graph, and the few questions that many checks ask of it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator
from urllib.parse import urlsplit

from rdflib import DCTERMS, RDF, Graph, Literal, Namespace, URIRef
from rdflib.term import Node

from ...answer import Answer
from ...identity import DCAT_TYPES
from ...probe import Probe
from ...rdf import read_graph
from ...verdicts import Failure, NoAnswer, NotTested
from ..declaration import Level, Needs, check

STANDARD = "DCAT-AP 3.0.1"
DCAT = Namespace("http://www.w3.org/ns/dcat#")
DCATAP = Namespace("http://data.europa.eu/r5r/")
VCARD = Namespace("http://www.w3.org/2006/vcard/ns#")
AUTHORITY = "http://publications.europa.eu/resource/authority/"
MOST_CALLS = 20
Run = Callable[["Catalogue"], None]


def dcat(
    name: str,
    requirement: str | Iterable[str],
    *,
    level: Level = "MUST",
    clause: str | None = None,
    needs: Iterable[Needs] = (),
) -> Callable[[Run], Run]:
    """Declare a check of a catalogue; its function gets the parsed catalogue."""

    def declare(function: Run) -> Run:
        @functools.wraps(function)
        def run(probe: Probe) -> None:
            function(Catalogue(probe))

        check(
            f"DCAT.{name}",
            requirement=requirement,
            mechanism="dcat-ap",
            level=level,
            clause=clause or STANDARD,
            needs=needs,
        )(run)
        return function

    return declare


class Catalogue:
    """The catalogue in the format it prefers. Lists are ordered by IRI, so that each run sees the same."""

    def __init__(self, probe: Probe) -> None:
        self.probe = probe
        self.answer = probe.read("", Accept=DCAT_TYPES).expect(200)
        self.graph = read_graph(self.answer, probe)

    @property
    def catalogs(self) -> list[Node]:
        """Everything of the class dcat:Catalog."""
        return self.of_class(DCAT.Catalog)

    @property
    def datasets(self) -> list[Node]:
        """The datasets that a catalogue lists; NotTested when there is none to look at."""
        found = listed(self.graph)
        if not found:
            raise NotTested("The catalogue lists no dataset that could be looked at.")
        return found

    @property
    def services(self) -> list[Node]:
        """Everything of the class dcat:DataService."""
        return self.of_class(DCAT.DataService)

    def of_class(self, kind: URIRef) -> list[Node]:
        """The subjects of a class."""
        return _ordered(self.graph.subjects(RDF.type, kind))

    def objects(self, node: Node, predicate: URIRef) -> list[Node]:
        """What a node says by a predicate."""
        return _ordered(self.graph.objects(node, predicate))

    def distributions(self, dataset: Node) -> list[Node]:
        """The distributions of a dataset."""
        return self.objects(dataset, DCAT.distribution)

    def texts(self, node: Node, predicate: URIRef) -> list[str]:
        """The literals a node has for a predicate, blanks at their ends taken off."""
        return [str(each).strip() for each in self.objects(node, predicate) if isinstance(each, Literal)]

    def title(self, node: Node) -> str:
        """What a report calls a node: its title and IRI."""
        titles = self.texts(node, DCTERMS.title)
        return f"{titles[0]!r} ({node})" if titles and titles[0] else f"{node}"

    def reach(self, url: str, *, method: str = "HEAD", accept: str = "*/*") -> Answer:
        """What a link of the catalogue leads to; HEAD turns to GET where HEAD is not answered well.

        No answer from the catalogue's own host is its Failure; from elsewhere it is an error.
        """
        try:
            answer = self.probe.fetch(url, method=method, accept=accept)
            return (
                self.probe.fetch(url, accept=accept) if method == "HEAD" and answer.status >= 400 else answer
            )
        except NoAnswer as error:
            if urlsplit(url).netloc == urlsplit(self.probe.interface.url).netloc:
                raise Failure(f"The catalogue leads to {url}, which gives no answer: {error}") from error
            raise


def listed(graph: Graph) -> list[Node]:
    """The datasets that a dcat:Catalog names by dcat:dataset."""
    catalogs = set(graph.subjects(RDF.type, DCAT.Catalog))
    return _ordered(each for catalog in catalogs for each in graph.objects(catalog, DCAT.dataset))


def web_addresses(nodes: Iterable[Node]) -> Iterator[str]:
    """The http(s) IRIs among nodes, each once."""
    yield from dict.fromkeys(
        str(each)
        for each in nodes
        if isinstance(each, URIRef) and urlsplit(str(each)).scheme in ("http", "https")
    )


def _ordered(nodes: Iterable[Node]) -> list[Node]:
    return sorted(set(nodes), key=str)
