"""DCAT-AP 2.1 and 3 in its notations, paged by Hydra, and rdflib kept from the network."""

from __future__ import annotations

from typing import Any

import pytest
from rdflib import Graph
from tests.adapters.conftest import HarvestText
from tests.adapters.provider import Asked, Provider, Reply

from mimas.adapters.source import SourceError

MAPPING = "use: dcat-ap\nsource: {{dcat-ap: {{url: '{url}', languages: [cs, en]{more}}}}}\n"
PREFIXES = """
@prefix dcat: <http://www.w3.org/ns/dcat#> .
@prefix dct: <http://purl.org/dc/terms/> .
@prefix foaf: <http://xmlns.com/foaf/0.1/> .
@prefix hydra: <http://www.w3.org/ns/hydra/core#> .
@prefix vcard: <http://www.w3.org/2006/vcard/ns#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""
CATALOG = (
    PREFIXES
    + """
<https://data.example.org/> a dcat:Catalog ; dcat:dataset <https://data.example.org/d/air> .
<https://data.example.org/d/air> a dcat:Dataset ;
  dct:title "Air quality"@en, "Ovzduší"@cs ;
  dct:description "Hourly values"@en ;
  dcat:keyword "air"@en, "ovzduší"@cs, "NO2"@cs ;
  dct:publisher [ a foaf:Agent ; foaf:name "Město Příklad"@cs ] ;
  dcat:contactPoint [ a vcard:Organization ; vcard:fn "Data" ; vcard:hasEmail <mailto:data@example.org> ] ;
  dct:accrualPeriodicity <http://publications.europa.eu/resource/authority/frequency/HOURLY> ;
  dct:issued "2020-05-01"^^xsd:date ; dct:modified "2026-01-15T08:00:00+01:00"^^xsd:dateTime ;
  dct:spatial [ a dct:Location ; dcat:centroid "POINT(17.25 49.59)" ] ;
  dct:temporal [ a dct:PeriodOfTime ; dcat:startDate "2020-01-01"^^xsd:date ] ;
  dcat:distribution <https://data.example.org/d/air/csv>,
    [ a dcat:Distribution ; dcat:accessURL <https://example.org/air.json> ; dct:title "JSON" ] .
<https://data.example.org/d/air/csv> a dcat:Distribution ;
  dcat:downloadURL <https://example.org/air.csv> ; dcat:accessURL <https://example.org/air> ;
  dcat:mediaType <http://www.iana.org/assignments/media-types/text/csv> ; dcat:byteSize "48211"^^xsd:decimal ;
  dct:license <https://creativecommons.org/licenses/by/4.0/> .
"""
)
AIR = "urn:ngsi-ld:Dataset:https%3A%2F%2Fdata.example.org%2Fd%2Fair"


def serve(provider: Provider, body: str | bytes, media_type: str, more: str = "") -> str:
    content = body.encode() if isinstance(body, str) else body
    return MAPPING.format(url=provider.put("/catalog", Reply(content, media_type)), more=more)


async def test_a_catalogue_in_turtle(provider: Provider, harvest: HarvestText) -> None:
    """A dataset with texts in the wanted language, and both of its distributions."""
    done = await harvest(serve(provider, CATALOG, "text/turtle"))
    dataset = done.documents[AIR]
    csv = done.documents["urn:ngsi-ld:Distribution:https%3A%2F%2Fdata.example.org%2Fd%2Fair%2Fcsv"]

    assert (len(done.records), done.rejections) == (3, [])
    assert dataset["title"]["value"] == ["Ovzduší"]
    assert dataset["description"]["value"] == ["Hourly values"]
    assert dataset["keyword"]["value"] == ["NO2", "ovzduší"]
    assert dataset["publisher"]["value"] == "Město Příklad"
    assert dataset["contactPoint"]["value"] == ["data@example.org"]
    assert dataset["accrualPeriodicity"]["value"] == "HOURLY"
    assert dataset["issued"]["value"] == "2020-05-01T00:00:00Z"
    assert dataset["temporal"]["value"] == ["2020-01-01T00:00:00Z"]
    assert dataset["location"]["value"]["coordinates"] == [17.25, 49.59]
    assert len(dataset["distribution"]["object"]) == 2
    assert (csv["mediaType"]["value"], csv["byteSize"]["value"]) == ("text/csv", 48211)


@pytest.mark.parametrize(
    ("notation", "media_type"),
    [
        ("xml", "application/rdf+xml"),
        ("json-ld", "application/ld+json"),
        ("nt", "application/n-triples"),
    ],
)
async def test_every_notation_gives_the_same_records(
    provider: Provider, harvest: HarvestText, notation: str, media_type: str
) -> None:
    """Also for a distribution without a URI: its name comes from what it points at."""
    turtle = await harvest(serve(provider, CATALOG, "text/turtle"))
    body = Graph().parse(data=CATALOG, format="turtle").serialize(format=notation)
    other = await harvest(serve(provider, body, media_type))

    assert [each.fields for each in other.records] == [each.fields for each in turtle.records]


@pytest.mark.parametrize("predicate", ["next", "nextPage"])
async def test_hydra_pages(provider: Provider, harvest: HarvestText, predicate: str) -> None:
    """hydra:next of views and hydra:nextPage of CKAN's DCAT pages; what stands on two pages comes once."""

    def answer(asked: Asked) -> Reply:
        number = int(asked.query.get("page", "1"))
        following = f"<> hydra:{predicate} </catalog?page={number + 1}> ." if number < 3 else ""
        own = f'<https://data.example.org/d/{number}> a dcat:Dataset ; dct:title "Nr. {number}" .'
        return Reply((CATALOG + own + following).encode(), "text/turtle")

    url = provider.put("/catalog", answer)
    done = await harvest(MAPPING.format(url=url, more=""))

    assert sorted(str(each.key) for each in done.records if str(each.key).startswith("dataset")) == [
        "dataset:https://data.example.org/d/1",
        "dataset:https://data.example.org/d/2",
        "dataset:https://data.example.org/d/3",
        "dataset:https://data.example.org/d/air",
    ]
    assert len(done.records) == 6


async def test_pages_in_a_circle_end(provider: Provider, harvest: HarvestText) -> None:
    """A last page that names the first as its next."""

    def circle(asked: Asked) -> Reply:
        other = 1 if asked.query.get("page") == "2" else 2
        return Reply(f"{PREFIXES} <> hydra:next </catalog?page={other}> .".encode(), "text/turtle")

    url = provider.put("/catalog", circle)

    with pytest.raises(SourceError, match="in a circle"):
        await harvest(MAPPING.format(url=url, more=""))


def json_ld(context: Any) -> dict[str, Any]:
    return {
        "@context": context,
        "@id": "https://data.example.org/d/1",
        "@type": "http://www.w3.org/ns/dcat#Dataset",
        "title": "One",
    }


async def test_contexts_come_through_the_guard_and_once(provider: Provider, harvest: HarvestText) -> None:
    """By our own download, relative to the document, with what they import: rdflib asks for nothing."""
    inner = {"@context": {"title": "http://purl.org/dc/terms/title"}}
    provider.put("/inner.jsonld", Reply(inner, "application/ld+json"))
    provider.put(
        "/outer.jsonld", Reply({"@context": ["inner.jsonld", {"x": "urn:x"}]}, "application/ld+json")
    )
    provider.put("/catalog", Reply(json_ld(["outer.jsonld", "inner.jsonld"]), "application/ld+json"))
    done = await harvest(MAPPING.format(url=provider.url("/catalog"), more=""))

    assert done.records[0].fields["title"] == "One"
    assert [each.path for each in provider.asked] == ["/catalog", "/outer.jsonld", "/inner.jsonld"]
    assert len(done.run.urls) == 3


async def test_a_context_that_includes_itself_is_refused(provider: Provider, harvest: HarvestText) -> None:
    """It would never end."""
    provider.put("/c.jsonld", Reply({"@context": ["c.jsonld"]}, "application/ld+json"))
    provider.put("/catalog", Reply(json_ld("c.jsonld"), "application/ld+json"))

    with pytest.raises(SourceError, match="includes itself"):
        await harvest(MAPPING.format(url=provider.url("/catalog"), more=""))


async def test_xml_that_refers_to_files_is_refused(provider: Provider, harvest: HarvestText) -> None:
    """Neither the file nor the URL of an external entity is read."""
    trap = provider.put("/trap", Reply(b"secret"))
    body = f"""<?xml version="1.0"?><!DOCTYPE r [<!ENTITY x SYSTEM "{trap}">]>
      <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">&x;</rdf:RDF>"""

    with pytest.raises(SourceError, match="refers to files outside"):
        await harvest(serve(provider, body, "application/rdf+xml"))
    assert [each.path for each in provider.asked] == ["/catalog"]


@pytest.mark.parametrize(
    ("body", "media_type", "message"),
    [
        (CATALOG[:-200], "text/turtle", "cannot be read as turtle"),
        ("<rdf:RDF", "application/rdf+xml", "is not XML"),
        ('{"@context": ', "application/ld+json", "is not JSON-LD"),
        ("<html></html>", "text/html", "which is no RDF; set format"),
    ],
)
async def test_a_body_that_is_no_rdf_says_so(
    provider: Provider, harvest: HarvestText, body: str, media_type: str, message: str
) -> None:
    """Truncated Turtle, XML and JSON, and a web page."""
    with pytest.raises(SourceError, match=message):
        await harvest(serve(provider, body, media_type))


async def test_the_format_can_be_declared(provider: Provider, harvest: HarvestText) -> None:
    """Many servers send Turtle as plain text."""
    done = await harvest(serve(provider, CATALOG, "text/plain", ", format: turtle"))

    assert len(done.records) == 3


async def test_a_dataset_without_a_uri_is_refused_alone(provider: Provider, harvest: HarvestText) -> None:
    """Nothing would recognise it in the next run."""
    body = CATALOG + '[] a dcat:Dataset ; dct:title "Nameless" .'
    done = await harvest(serve(provider, body, "text/turtle"))

    assert len(done.records) == 3
    assert [each.reason for each in done.rejections] == ["a dataset has no URI"]
