"""Datasets and distributions of a DCAT-AP graph as plain records (DCAT-AP 2.1 and 3, DCAT 3)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from rdflib import BNode, Literal, Namespace, URIRef
from rdflib.namespace import DCTERMS, FOAF, RDF, RDFS, SKOS

from ..harvest import Record
from ..messages import MessageRejected

if TYPE_CHECKING:
    from rdflib import Graph
    from rdflib.term import Node

ADMS = Namespace("http://www.w3.org/ns/adms#")
DCAT = Namespace("http://www.w3.org/ns/dcat#")  # rdflib knows version 2 alone
DCATAP = Namespace("http://data.europa.eu/r5r/")
GEOSPARQL = Namespace("http://www.opengis.net/ont/geosparql#")
HYDRA = Namespace("http://www.w3.org/ns/hydra/core#")
LOCN = Namespace("http://www.w3.org/ns/locn#")
OWL = Namespace("http://www.w3.org/2002/07/owl#")
SCHEMA = Namespace("http://schema.org/")
SPDX = Namespace("http://spdx.org/rdf/terms#")
VCARD = Namespace("http://www.w3.org/2006/vcard/ns#")

# Hydra's word for the next page: of views, of the older paged collections, and of CKAN's DCAT pages.
_NEXT = (HYDRA.next, HYDRA.nextPage)


def next_page(graph: Graph) -> str | None:
    """The URL of the next page of the catalogue, when the graph names one."""
    for predicate in _NEXT:
        for target in graph.objects(None, predicate):
            return str(target)
    return None


def read_records(graph: Graph, page: str, languages: Sequence[str]) -> Iterator[Record | MessageRejected]:
    """The datasets of the graph and their distributions, in the order of their names."""
    reader = _Reader(graph, languages)
    for dataset in sorted(graph.subjects(RDF.type, DCAT.Dataset, unique=True), key=str):
        if isinstance(dataset, BNode):
            title = reader.text(dataset, DCTERMS.title)
            yield MessageRejected(
                "payload", f"{page} {title or ''}".strip(), "a dataset has no URI", "tell its publisher"
            )
            continue
        yield from reader.dataset(dataset, page)


class _Reader:
    """Reads things of one graph; texts come in the preferred of their languages."""

    def __init__(self, graph: Graph, languages: Sequence[str]) -> None:
        self._graph = graph
        self._languages = [each.lower() for each in languages]

    def dataset(self, node: Node, page: str) -> Iterator[Record | MessageRejected]:
        """The record of a dataset, then those of its distributions."""
        uri = str(node)
        parts = self._graph.objects(node, DCAT.distribution, unique=True)
        named = sorted((self._name(part, uri), part) for part in parts)
        fields = self._described(node) | {
            "kind": "dataset",
            "id": uri,
            "distributions": [name for name, _ in named],
            "identifier": self._values(node, DCTERMS.identifier),
            "publisher": self._agent(node, DCTERMS.publisher),
            "creator": self._agent(node, DCTERMS.creator),
            "contact": self._contact(node),
            "theme": self._values(node, DCAT.theme),
            "landingPage": self._values(node, DCAT.landingPage),
            "accrualPeriodicity": self._last_part(self._value(node, DCTERMS.accrualPeriodicity)),
            "accessRights": self._last_part(self._value(node, DCTERMS.accessRights)),
            "version": self._value(node, OWL.versionInfo) or self._value(node, DCAT.version),
            "spatial": self._values(node, DCTERMS.spatial),
            "geometry": self._geometry(node),
            "temporal": self._period(node),
        }
        yield Record(page, _without_nothing(fields), f"dataset:{uri}")
        for name, part in named:
            record = self._described(part) | self._distribution(part) | {"id": name, "dataset": uri}
            yield Record(page, _without_nothing(record), f"distribution:{name}")

    def _distribution(self, node: Node) -> dict[str, Any]:
        return {
            "kind": "distribution",
            "accessURL": self._values(node, DCAT.accessURL),
            "downloadURL": self._values(node, DCAT.downloadURL),
            "accessService": self._values(node, DCAT.accessService),
            "format": self._last_part(self._value(node, DCTERMS["format"])),
            "mediaType": self._media_type(node),
            "byteSize": self._number(node, DCAT.byteSize),
            "availability": self._last_part(self._value(node, DCATAP.availability)),
            "checksum": self._checksum(node),
            "status": self._last_part(self._value(node, ADMS.status)),
        }

    def _described(self, node: Node) -> dict[str, Any]:
        """What datasets and distributions have in common."""
        return {
            "title": self.text(node, DCTERMS.title),
            "titles": self._texts(node, DCTERMS.title),
            "description": self.text(node, DCTERMS.description),
            "descriptions": self._texts(node, DCTERMS.description),
            "keyword": self._keywords(node),
            "license": self._value(node, DCTERMS.license),
            "rights": self._value(node, DCTERMS.rights),
            "issued": self._time(node, DCTERMS.issued),
            "modified": self._time(node, DCTERMS.modified),
            "language": [self._last_part(each) for each in self._values(node, DCTERMS.language)],
            "conformsTo": self._values(node, DCTERMS.conformsTo),
            "page": self._values(node, FOAF.page),
        }

    def _name(self, part: Node, dataset: str) -> str:
        """The URI of a distribution; without one, its dataset and a hash of what it points at."""
        if isinstance(part, URIRef):
            return str(part)
        points = self._values(part, DCAT.downloadURL) + self._values(part, DCAT.accessURL)
        told = "\n".join([*points, self.text(part, DCTERMS.title) or ""])
        return f"{dataset}#{hashlib.sha256(told.encode()).hexdigest()[:16]}"

    def text(self, node: Node, predicate: Node) -> str | None:
        """The text in the most preferred language; those without a language come next."""
        texts = [each for each in self._graph.objects(node, predicate) if isinstance(each, Literal)]
        best = min(texts, key=lambda each: (self._rank(each), str(each)), default=None)
        return None if best is None else str(best).strip() or None

    def _rank(self, text: Literal) -> int:
        language = (text.language or "").lower()
        for rank, wanted in enumerate(self._languages):
            if language == wanted or language.startswith(f"{wanted}-"):
                return rank
        return len(self._languages) + (1 if language else 0)

    def _texts(self, node: Node, predicate: Node) -> dict[str, str]:
        found = {}
        for each in sorted(self._graph.objects(node, predicate), key=str):
            if isinstance(each, Literal):
                found[each.language or "@none"] = str(each).strip()
        return found

    def _keywords(self, node: Node) -> list[str]:
        words = [each for each in self._graph.objects(node, DCAT.keyword) if isinstance(each, Literal)]
        best = min((self._rank(each) for each in words), default=0)
        return sorted({str(each).strip() for each in words if self._rank(each) == best})

    def _values(self, node: Node, predicate: Node) -> list[str]:
        """URIs, or the labels of things without one."""
        found = {self._label(each) for each in self._graph.objects(node, predicate)}
        return sorted(each for each in found if each)

    def _value(self, node: Node, predicate: Node) -> str | None:
        return next(iter(self._values(node, predicate)), None)

    def _label(self, thing: Node) -> str | None:
        """The label of a thing without a URI of its own, else what it is written as."""
        if not isinstance(thing, BNode):
            return str(thing).strip()
        return self._name_of(thing)

    def _name_of(self, thing: Node) -> str | None:
        for predicate in (FOAF.name, VCARD.fn, DCTERMS.title, RDFS.label, SKOS.prefLabel, RDF.value):
            if text := self.text(thing, predicate):
                return text
        return None

    def _agent(self, node: Node, predicate: Node) -> str | None:
        """The name of who it is, else the URI."""
        agents = (self._name_of(each) or self._label(each) for each in self._graph.objects(node, predicate))
        return min(filter(None, agents), default=None)

    def _contact(self, node: Node) -> list[str]:
        """Mail addresses; without any, pages; without these, names."""
        cards = list(self._graph.objects(node, DCAT.contactPoint))
        for predicate in (VCARD.hasEmail, VCARD.hasURL, VCARD.fn):
            told = (
                self._value(each, VCARD.hasValue) or self._label(each)
                for card in cards
                for each in self._graph.objects(card, predicate)
            )
            if found := sorted({each.removeprefix("mailto:") for each in told if each}):
                return found
        return []

    def _time(self, node: Node, predicate: Node) -> str | None:
        """A date becomes the midnight it begins with, in UTC: the models want date and time."""
        found = self._value(node, predicate)
        return _as_instant(found) if found else None

    def _period(self, node: Node) -> list[str]:
        """Beginning and end of the first period."""
        periods = []
        for period in self._graph.objects(node, DCTERMS.temporal):
            start = self._value(period, DCAT.startDate) or self._value(period, SCHEMA.startDate)
            end = self._value(period, DCAT.endDate) or self._value(period, SCHEMA.endDate)
            periods.append([_as_instant(each) for each in (start, end) if each])
        return min(filter(None, periods), default=[])

    def _number(self, node: Node, predicate: Node) -> float | None:
        try:
            value = float(self._value(node, predicate) or "")
        except ValueError:
            return None
        return int(value) if value.is_integer() else value

    def _media_type(self, node: Node) -> str | None:
        found = self._value(node, DCAT.mediaType)
        return "/".join(found.rsplit("/", 2)[1:]) if found and "//" in found else found

    def _checksum(self, node: Node) -> str | None:
        sums = (self._value(each, SPDX.checksumValue) for each in self._graph.objects(node, SPDX.checksum))
        return min(filter(None, sums), default=None)

    def _last_part(self, uri: str | None) -> str | None:
        """`DAILY` of `http://publications.europa.eu/resource/authority/frequency/DAILY`."""
        if uri is None or "://" not in uri:
            return uri
        return uri.rstrip("/").replace("#", "/").rsplit("/", 1)[1] or uri

    def _geometry(self, node: Node) -> Any:
        """The geometry of the place the dataset is about, from GeoJSON or WKT."""
        places = list(self._graph.objects(node, DCTERMS.spatial))
        for predicate in (LOCN.geometry, DCAT.bbox, DCAT.centroid):
            values = {value for place in places for value in self._graph.objects(place, predicate)}
            for value in sorted(values, key=str):
                if (geometry := read_geometry(value)) is not None:
                    return geometry
        return None


def read_geometry(value: Node) -> Any:
    """GeoJSON from a literal of GeoJSON or WKT in longitude and latitude; None for anything else."""
    import orjson
    import shapely

    text = str(value).strip()
    if text.startswith("{"):
        try:
            found = orjson.loads(text)
        except orjson.JSONDecodeError:
            return None
        return found if isinstance(found, dict) and "coordinates" in found else None
    if text.startswith("<"):
        system, _, text = text[1:].partition(">")
        if "CRS84" not in system:
            return None  # the order of the axes is another
    try:
        return orjson.loads(shapely.to_geojson(shapely.from_wkt(text.strip())))
    except (shapely.errors.ShapelyError, orjson.JSONDecodeError, TypeError):
        return None


def _as_instant(text: str) -> str:
    if len(text) == 10 and text[4] == "-":
        return f"{text}T00:00:00Z"
    if len(text) == 4 and text.isdigit():
        return f"{text}-01-01T00:00:00Z"
    if "T" in text and not text.endswith("Z") and "+" not in text[10:] and "-" not in text[10:]:
        return f"{text}Z"
    return text


def _without_nothing(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value not in (None, [], {})}
