"""The catalogue as Turtle, JSON-LD, RDF/XML and as a page (MIM3 RC4.3): labelled, and the same everywhere."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urldefrag, urljoin

from rdflib import DCTERMS, RDF, Graph
from rdflib.term import Literal, Node, URIRef

from ...answer import Answer
from ...identity import DCAT_TYPES
from ...rdf import RDF_TYPES, read_graph
from ...verdicts import Failure, NotTested, Outcome, Warn, fail_if_any
from .catalogue import DCAT, Catalogue, dcat, listed

CLAUSE = "MIM3 RC4.3; RFC 9110, 12.5.1"
_OTHERS = frozenset({"application/json", "application/n-triples", "text/n3", "application/xml", "text/xml"})


@dcat("labelled-as-it-is", "MIM3-RC4.3", clause=CLAUSE)
def labelled_as_it_is(catalogue: Catalogue) -> None:
    """Whatever Accept asks for, the catalogue that comes is what its Content-Type says."""
    for media_type in RDF_TYPES:
        answer = catalogue.probe.read("", Accept=media_type)
        if answer.status == 200 and answer.media_type in {*RDF_TYPES, *_OTHERS}:
            read_graph(answer, catalogue.probe)


@dcat("a-standard-format", "MIM3-RC4.3", clause=CLAUSE)
def a_standard_format(catalogue: Catalogue) -> None:
    """The catalogue comes as Turtle, JSON-LD or RDF/XML, the one that Accept asks for."""
    if not _formats(catalogue):
        raise Failure(
            "Asked for Turtle, JSON-LD and RDF/XML in turn, the catalogue comes as none of them.",
            mend="Answer Accept with the type it names, and say it in Content-Type.",
        )


@dcat("formats-agree", "MIM3-RC4.3", clause=CLAUSE)
def formats_agree(catalogue: Catalogue) -> None:
    """All formats that are offered name the same datasets, with the same titles and access URLs."""
    formats = {
        name: _essence(read_graph(each, catalogue.probe)) for name, each in _formats(catalogue).items()
    }
    if len(formats) < 2:
        raise NotTested(f"The catalogue comes in one format only ({', '.join(formats) or 'none'}).")
    (first, expected), *others = formats.items()
    for name, found in others:
        fail_if_any(
            [" ".join(each) for each in sorted(found ^ expected)],
            f"{first} and {name} do not say the same; in one of them only: {{}}.",
            mend="Make all formats of the same data.",
        )


@dcat("page-lists-the-same", "MIM3-RC4.3", clause=CLAUSE)
def page_lists_the_same(catalogue: Catalogue) -> None:
    """The page for people lists the datasets that the catalogue lists, no fewer and no more."""
    page = _page(catalogue)
    titles = {
        str(node): title for node in catalogue.datasets for title in catalogue.texts(node, DCTERMS.title)[:1]
    }
    seen = " ".join(page.text.split()).casefold()
    fail_if_any(
        (
            f"{title!r}"
            for node, title in titles.items()
            if " ".join(title.split()).casefold() not in seen and node not in page.links
        ),
        "The page does not show: {}.",
        mend="Make page and catalogue of the same data, or link all pages of the list.",
    )
    _refuse_further(catalogue, page)


def _refuse_further(catalogue: Catalogue, page: _Page) -> None:
    """What the page links and calls a dataset, although the catalogue does not list it."""
    known = {str(each) for each in catalogue.graph.all_nodes() if isinstance(each, URIRef)}
    places = {str(each).rpartition("/")[0] for each in catalogue.datasets if isinstance(each, URIRef)}
    further = [each for each in page.links if each.rpartition("/")[0] in places and each not in known][:5]
    datasets = [each for each in further if _is_dataset(catalogue, each)]
    mend = "List in the catalogue whatever the page lists."
    fail_if_any(datasets, "The page lists datasets that the catalogue does not have: {}.", mend=mend)
    if further:
        raise Warn(
            f"The page links beside its datasets what the catalogue does not name: {further}.", mend=mend
        )


def _is_dataset(catalogue: Catalogue, url: str) -> bool:
    """Whether a linked resource is a dataset, as far as it says so."""
    try:
        graph = read_graph(catalogue.probe.fetch(url, accept=DCAT_TYPES).expect(200), catalogue.probe)
    except Outcome:
        return False
    return (URIRef(url), RDF.type, DCAT.Dataset) in graph


def _formats(catalogue: Catalogue) -> dict[str, Answer]:
    """The formats that come when asked for."""
    answers = {each: catalogue.probe.read("", Accept=each) for each in RDF_TYPES}
    return {name: each for name, each in answers.items() if each.status == 200 and each.media_type == name}


def _essence(graph: Graph) -> set[tuple[str, str, str]]:
    """What formats are compared by: dataset, and its title or one of its access URLs."""
    found: set[tuple[str, str, str]] = set()
    for dataset in listed(graph):
        name = _name(dataset)
        found |= {(name, "title", str(each).strip()) for each in graph.objects(dataset, DCTERMS.title)}
        for distribution in graph.objects(dataset, DCAT.distribution):
            found |= {(name, "accessURL", str(each)) for each in graph.objects(distribution, DCAT.accessURL)}
    return found


def _name(node: Node) -> str:
    return str(node) if isinstance(node, URIRef | Literal) else "a dataset without IRI"


@dataclass
class _Page(HTMLParser):
    """Text and links of a page; nothing in it is run."""

    base: str
    links: set[str] = field(default_factory=set)
    parts: list[str] = field(default_factory=list)
    _silent: int = 0

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    @property
    def text(self) -> str:
        return " ".join(self.parts)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent += tag in ("script", "style")
        href = dict(attrs).get("href")
        if tag == "a" and href:
            self.links.add(urldefrag(urljoin(self.base, href)).url)

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in ("script", "style") and self._silent > 0

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.parts.append(data)


def _page(catalogue: Catalogue) -> _Page:
    answer = catalogue.probe.read("", Accept="text/html")
    if answer.status != 200 or answer.media_type not in ("text/html", "application/xhtml+xml"):
        place = catalogue.probe.option("page")
        if not place:
            raise Failure(
                f"{answer} as {answer.media_type} to Accept text/html, and the target names no `page`.",
                mend="Show people the catalogue as a page, or name it as option `page` of the interface.",
            )
        answer = catalogue.probe.fetch(catalogue.probe.url(str(place)), accept="text/html").expect(200)
    page = _Page(answer.url)
    page.feed(answer.text)
    return page
