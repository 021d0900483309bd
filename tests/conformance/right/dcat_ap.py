"""A right DCAT-AP catalogue, made by hand: Turtle, JSON-LD, RDF/XML and a page, with the data it leads to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import escape
from pathlib import Path

import pytest
from rdflib import DCAT, DCTERMS, RDF, Graph

from mimas.conformance.http_server import Received, Reply
from mimas.conformance.target import Credential, Interface, Target
from mimas.conformance.testing import serving, target_of

PLACE = "/open-data/catalogue"
PREFIXES = """\
@prefix dcat: <http://www.w3.org/ns/dcat#> .
@prefix dct: <http://purl.org/dc/terms/> .
@prefix dcatap: <http://data.europa.eu/r5r/> .
@prefix foaf: <http://xmlns.com/foaf/0.1/> .
@prefix vcard: <http://www.w3.org/2006/vcard/ns#> .
@prefix odrl: <http://www.w3.org/ns/odrl/2/> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""
CATALOGUE = """\
<URL/open-data/catalogue> a dcat:Catalog ;
  dct:title "Open data of the town"@en ; dct:description "All public data of the town."@en ;
  dct:publisher <URL/town> ; dct:language <http://publications.europa.eu/resource/authority/language/ENG> ;
  dct:issued "2024-01-01"^^xsd:date ; dct:modified "TODAY"^^xsd:date ;
  dct:license <LICENCE-A> ; dct:spatial <https://sws.geonames.org/3073789/> ; foaf:homepage <URL/> ;
  dcat:themeTaxonomy <http://publications.europa.eu/resource/authority/data-theme> ;
  dcat:dataset <URL/dataset/air>, <URL/dataset/lamps>, <URL/dataset/people> ; dcat:service <URL/api> .

<URL/town> a foaf:Agent ; foaf:name "Town of Example"@en ; foaf:homepage <URL/> ;
  dct:type <http://purl.org/adms/publishertype/LocalAuthority> .
<URL/works> a foaf:Agent ; foaf:name "Town works"@en ; foaf:homepage <URL/contact> ;
  dct:type <http://purl.org/adms/publishertype/Company> .

<URL/dataset/air> a dcat:Dataset ; dct:title "Air quality"@en ;
  dct:description "What the stations measure."@en ;
  dct:publisher <URL/town> ; dcat:keyword "air"@en, "AirQualityObserved" ;
  dcat:theme <http://publications.europa.eu/resource/authority/data-theme/ENVI> ;
  dct:spatial <https://sws.geonames.org/3073789/> ; dct:temporal [ dcat:startDate "2024-01-01"^^xsd:date ] ;
  dct:accrualPeriodicity <http://publications.europa.eu/resource/authority/frequency/DAILY> ;
  dct:accessRights <http://publications.europa.eu/resource/authority/access-right/PUBLIC> ;
  dct:modified "TODAY"^^xsd:date ; dct:conformsTo <URL/models/AirQualityObserved/schema.json> ;
  dcatap:applicableLegislation <http://data.europa.eu/eli/reg_impl/2023/138/oj> ;
  dcatap:hvdCategory <http://data.europa.eu/bna/c_dd313021> ;
  dcat:contactPoint [ a vcard:Organization ; vcard:hasEmail <mailto:data@town.example> ] ;
  dcat:distribution <URL/dataset/air/json> .
<URL/dataset/air/json> a dcat:Distribution ; dct:description "Newest values"@en ;
  dcat:accessURL <URL/data/air.json> ; dcat:downloadURL <URL/data/air.json> ; dct:license <LICENCE-A> ;
  dcat:mediaType <https://www.iana.org/assignments/media-types/application/json> ;
  dct:format <http://publications.europa.eu/resource/authority/file-type/JSON> ;
  dcatap:availability <http://publications.europa.eu/resource/authority/planned-availability/STABLE> ;
  dcatap:applicableLegislation <http://data.europa.eu/eli/reg_impl/2023/138/oj> ;
  dcat:accessService <URL/api> .

<URL/dataset/lamps> a dcat:Dataset ; dct:title "Street lamps"@en ;
  dct:description "Where the lamps stand."@en ;
  dct:publisher <URL/works> ; dcat:keyword "light"@en, "Streetlight" ;
  dcat:theme <http://publications.europa.eu/resource/authority/data-theme/TRAN> ;
  dct:spatial <https://sws.geonames.org/3073789/> ; dct:temporal [ dcat:startDate "2024-01-01"^^xsd:date ] ;
  dct:accrualPeriodicity <http://publications.europa.eu/resource/authority/frequency/ANNUAL> ;
  dct:modified "TODAY"^^xsd:date ; dct:conformsTo <URL/models/Streetlight/schema.json> ;
  dcat:contactPoint [ a vcard:Organization ; vcard:hasURL <URL/contact> ] ;
  dcat:distribution <URL/dataset/lamps/csv> .
<URL/dataset/lamps/csv> a dcat:Distribution ; dct:description "All lamps"@en ;
  dcat:accessURL <URL/data/lamps.csv> ; dcat:downloadURL <URL/data/lamps.csv> ; dct:license <LICENCE-B> ;
  dcat:mediaType <https://www.iana.org/assignments/media-types/text/csv> ;
  dct:format <http://publications.europa.eu/resource/authority/file-type/CSV> ;
  dcatap:availability <http://publications.europa.eu/resource/authority/planned-availability/AVAILABLE> .

<URL/dataset/people> a dcat:Dataset ; dct:title "People counted"@en ;
  dct:description "For researchers only."@en ;
  dct:publisher <URL/town> ; dcat:keyword "people"@en ;
  dcat:theme <http://publications.europa.eu/resource/authority/data-theme/SOCI> ;
  dct:spatial <https://sws.geonames.org/3073789/> ; dct:temporal [ dcat:startDate "2024-01-01"^^xsd:date ] ;
  dct:accessRights <http://publications.europa.eu/resource/authority/access-right/RESTRICTED> ;
  dct:modified "TODAY"^^xsd:date ; dct:conformsTo <URL/models/Streetlight/schema.json> ;
  dcat:contactPoint [ a vcard:Organization ; vcard:hasEmail <mailto:data@town.example> ] ;
  dcat:distribution <URL/dataset/people/json> .
<URL/dataset/people/json> a dcat:Distribution ; dct:description "Counts"@en ;
  dcat:accessURL <URL/data/people.json> ; dct:license <LICENCE-B> ; odrl:hasPolicy <URL/policies/people> ;
  dct:format <http://publications.europa.eu/resource/authority/file-type/JSON> ;
  dcatap:availability <http://publications.europa.eu/resource/authority/planned-availability/STABLE> .
<URL/policies/people> a odrl:Set ;
  odrl:permission [ odrl:action odrl:read ; odrl:target <URL/dataset/people> ] .

<URL/api> a dcat:DataService ; dct:title "API"@en ; dcat:endpointURL <URL/data/air.json> ;
  dcat:endpointDescription <URL/contact> ; dcat:servesDataset <URL/dataset/air> ; dct:publisher <URL/town> ;
  dct:license <LICENCE-A> ; foaf:page <URL/contact> ;
  dct:conformsTo <URL/models/AirQualityObserved/schema.json> ;
  dcatap:applicableLegislation <http://data.europa.eu/eli/reg_impl/2023/138/oj> ;
  dcatap:hvdCategory <http://data.europa.eu/bna/c_dd313021> ;
  dcat:contactPoint [ a vcard:Organization ; vcard:hasEmail <mailto:data@town.example> ] .
<URL/models/AirQualityObserved/schema.json> a dct:Standard ; dcat:version "0.1.4" .
"""
RULEBOOK = (
    PREFIXES
    + """\
<https://town.example/rulebook> a odrl:Set ;
  odrl:prohibition [ odrl:action odrl:sell ; odrl:target <https://town.example/all> ] .
"""
)
JSON = {"Content-Type": "application/json"}
FORMATS = {"application/ld+json": "json-ld", "application/rdf+xml": "xml"}
ROLES = ("orchestrator", "provider")
AUDIT = {"id": "1", "time": "2026-01-01T00:00:00Z", "what": "policy changed"}


def _text(url: str, first: str, second: str) -> str:
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    licensed = CATALOGUE.replace("LICENCE-A", first).replace("LICENCE-B", second)
    return PREFIXES + licensed.replace("<URL/", f"<{url}/").replace("TODAY", today)


def _page(graph: Graph) -> str:
    items = "".join(
        f'<li><a href="{each}">{escape(str(graph.value(each, DCTERMS.title)))}</a></li>'
        for each in sorted(graph.subjects(RDF.type, DCAT.Dataset), key=str)
    )
    return f"<!doctype html><title>Open data</title><ul>{items}</ul>"


class Catalogue:
    """What the server says; requests for data live as long as it does."""

    def __init__(self, first: str, second: str) -> None:
        self.licences = (first, second)
        self.requests: dict[str, bytes] = {}

    def __call__(self, received: Received) -> Reply:
        url = f"http://{received.headers['host']}"
        place = received.path.partition("?")[0]
        if place == PLACE:
            return self.catalogue(received, url)
        place = place.removeprefix(PLACE)
        if place.startswith("/requests"):
            return self.asked(received, place)
        return _open(received, url, place) or _closed(received, url, place)

    def catalogue(self, received: Received, url: str) -> Reply:
        text = _text(url, *self.licences)
        accept = received.headers.get("accept", "")
        wanted = accept.split(",")[0].partition(";")[0].strip()
        if wanted == "text/html":
            page = _page(Graph().parse(data=text, format="turtle"))
            return Reply(200, page.encode(), {"Content-Type": "text/html; charset=utf-8", "Vary": "Accept"})
        if wanted in FORMATS:
            body = Graph().parse(data=text, format="turtle").serialize(format=FORMATS[wanted])
            return Reply(200, body.encode(), {"Content-Type": wanted, "Vary": "Accept"})
        return Reply(200, text.encode(), {"Content-Type": "text/turtle", "Vary": "Accept"})

    def asked(self, received: Received, place: str) -> Reply:
        """Requests for data that is missing."""
        if received.method == "POST":
            number = f"/requests/{len(self.requests) + 1}"
            self.requests[number] = received.body
            return Reply(201, b"", {"Location": PLACE + number})
        if received.method == "DELETE":
            return Reply(204 if self.requests.pop(place, None) else 404)
        if place == "/requests":
            return Reply(200, b"[" + b",".join(self.requests.values()) + b"]", JSON)
        found = self.requests.get(place)
        return Reply(200, found, JSON) if found else Reply(404, b"{}", JSON)


def _open(received: Received, url: str, place: str) -> Reply | None:
    """What everybody may see."""
    hour = f"{datetime.now(UTC) - timedelta(hours=1):%Y-%m-%dT%H:00:00Z}"
    things: dict[str, tuple[str, str]] = {
        "/": (
            "text/html",
            f'<link rel="alternate" type="text/turtle" href="{PLACE}"><a href="{PLACE}">Open data</a>',
        ),
        "/contact": ("text/html", "<p>Write to us.</p>"),
        "/licences/a": ("text/html", "<p>Use it, and name us.</p>"),
        "/licences/b": ("text/html", "<p>Use it.</p>"),
        "/data/air.json": ("application/json", json.dumps([{"no2": 12, "dateObserved": hour}])),
        "/data/lamps.csv": ("text/csv", "id,lon,lat\n1,14.1,50.1\n"),
        "/models/AirQualityObserved/schema.json": ("application/schema+json", '{"$schemaVersion": "0.1.4"}'),
        "/models/Streetlight/schema.json": ("application/schema+json", '{"$schemaVersion": "0.0.3"}'),
    }
    if place.startswith("/dataset/"):
        return Reply(200, b"<p>A dataset.</p>", {"Content-Type": "text/html"})
    if place not in things:
        return None
    media_type, text = things[place]
    return Reply(200, text.encode(), {"Content-Type": media_type})


def _closed(received: Received, url: str, place: str) -> Reply:
    """What a login is needed for."""
    token = received.headers.get("authorization", "").removeprefix("Bearer ")
    rules = {"/audit": "orchestrator", "/audit/1": "orchestrator", "/usage": "provider"}
    rules["/data/people.json"] = "researcher"
    if place not in rules:
        return Reply(404, b"{}", JSON)
    if token != f"the-token-of-{rules[place]}":
        return Reply(401, b"{}", {**JSON, "WWW-Authenticate": 'Bearer realm="town"'})
    if received.method != "GET":
        return Reply(405, b"{}", {**JSON, "Allow": "GET"})
    used = {"dataset": f"{url}/dataset/air", "consumer": "university", "time": "2026-01-01T00:00:00Z"}
    bodies = {"/data/people.json": [], "/audit": [AUDIT], "/audit/1": AUDIT, "/usage": [used]}
    return Reply(200, json.dumps(bodies[place]).encode(), JSON)


def _target(url: str, folder: Path) -> Target:
    rulebook = folder / "rulebook.ttl"
    rulebook.write_text(RULEBOOK)
    options = {"audit": "audit", "usage": "usage", "data-requests": "requests"}
    return target_of(
        "dcat-ap",
        url + PLACE,
        writes="anything",
        documents={"rulebook-policy": str(rulebook)},
        credentials={role: Credential(f"MIMAS_TEST_{role.upper()}") for role in ROLES},
        interface={"options": options},
    )


@pytest.fixture(scope="session")
def right_dcat_ap(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """A catalogue that is complete and true, with licences of its own."""
    with pytest.MonkeyPatch.context() as patch, serving(Catalogue("URL/licences/a", "URL/licences/b")) as url:
        for role in ROLES:
            patch.setenv(f"MIMAS_TEST_{role.upper()}", f"the-token-of-{role}")
        yield _target(url, tmp_path_factory.mktemp("rulebook"))


@pytest.fixture(scope="session")
def right_dcat_ap_standard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """The same catalogue with licences of the EU's list, which no test calls."""
    names = [
        f"http://publications.europa.eu/resource/authority/licence/{each}" for each in ("CC_BY_4_0", "CC0")
    ]
    with serving(Catalogue(names[0], names[1])) as url:
        yield _target(url, tmp_path_factory.mktemp("rulebook"))


@pytest.fixture(scope="session")
def right_served_catalogue(right_dcat_ap: Target) -> Iterator[Target]:
    """The catalogue beside a broker that serves the two types it describes."""
    types = Reply(200, b'["AirQualityObserved", "https://smartdatamodels.org/dataModel.X/Streetlight"]', JSON)
    with serving(
        lambda received: types if received.path.endswith("/types") else Reply(404, b"{}", JSON)
    ) as url:
        yield replace(
            right_dcat_ap, interfaces={**right_dcat_ap.interfaces, "ngsi-ld": Interface("ngsi-ld", url)}
        )
