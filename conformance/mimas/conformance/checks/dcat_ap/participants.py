"""Who stands behind the data, and how to reach them (MIM3 RC5)."""

from __future__ import annotations

from collections.abc import Iterator

from rdflib import DCTERMS, FOAF, RDF, BNode, URIRef
from rdflib.term import Node

from ...verdicts import Failure, fail_if_any
from .catalogue import DCAT, MOST_CALLS, VCARD, Catalogue, dcat, web_addresses

_AGENTS = frozenset({FOAF.Agent, FOAF.Organization, FOAF.Person, FOAF.Group})


@dcat("publishers-are-listed", "MIM3-RC5.1", clause="dct:publisher")
def publishers_are_listed(catalogue: Catalogue) -> None:
    """Every dataset has a publisher that the catalogue describes by name: a list of who takes part."""
    without = [each for each in catalogue.datasets if not catalogue.objects(each, DCTERMS.publisher)]
    fail_if_any(
        map(catalogue.title, without), "Datasets without publisher: {}.", mend="Name the publisher of each."
    )
    nameless = [f"{each}" for each in _publishers(catalogue) if not any(catalogue.texts(each, FOAF.name))]
    fail_if_any(nameless, "Publishers without a name: {}.", mend="Describe each publisher with foaf:name.")


@dcat("publishers-can-be-judged", "MIM3-RC5.2", clause="foaf:Agent")
def publishers_can_be_judged(catalogue: Catalogue) -> None:
    """Each publisher says what it is: its class, and a type, homepage, e-mail or registered identifier."""
    unclear = []
    for each in _publishers(catalogue):
        if not _AGENTS & set(catalogue.objects(each, RDF.type)):
            unclear.append(f"{each} is no foaf:Agent")
        elif not any(
            catalogue.objects(each, way)
            for way in (DCTERMS.type, FOAF.homepage, FOAF.mbox, DCTERMS.identifier)
        ):
            unclear.append(f"{each} has no type, homepage, e-mail or identifier")
    fail_if_any(
        unclear, "Publishers nobody can judge: {}.", mend="Say what kind of organisation it is, and where."
    )


@dcat("provider-can-be-reached", "MIM3-RC5.4", clause="dct:publisher, dcat:contactPoint")
def provider_can_be_reached(catalogue: Catalogue) -> None:
    """Each dataset has a contact with an e-mail, telephone or page, or a publisher with one; pages answer."""
    fail_if_any(
        (catalogue.title(each) for each in catalogue.datasets if not list(_ways(catalogue, each))),
        "Nobody to ask for: {}.",
        mend="Add dcat:contactPoint with vcard:hasEmail or vcard:hasURL.",
    )
    ways = [way for each in catalogue.datasets for way in _ways(catalogue, each)]
    dead = []
    for url in list(web_addresses(ways))[:MOST_CALLS]:
        answer = catalogue.reach(url)
        if answer.status in (404, 410) or answer.status >= 500:
            dead.append(f"{url} answers {answer.status}")
    fail_if_any(dead, "Contacts that lead nowhere: {}.", mend="Mend the address.")
    odd = [str(each) for each in ways if isinstance(each, URIRef) and _is_odd_mail(each)]
    fail_if_any(odd, "E-mail addresses that are none: {}.", mend="Write mailto:name@example.org.")


def _publishers(catalogue: Catalogue) -> list[Node]:
    found = {each for dataset in catalogue.datasets for each in catalogue.objects(dataset, DCTERMS.publisher)}
    if not found:
        raise Failure("No dataset has a publisher.", mend="Add dct:publisher to each dataset.")
    return sorted(found, key=str)


def _ways(catalogue: Catalogue, dataset: Node) -> Iterator[Node]:
    """E-mails, telephones and pages by which somebody answers for a dataset."""
    for contact in catalogue.objects(dataset, DCAT.contactPoint):
        for way in (VCARD.hasEmail, VCARD.hasURL, VCARD.hasTelephone):
            yield from (each for each in catalogue.objects(contact, way) if not isinstance(each, BNode))
    for publisher in catalogue.objects(dataset, DCTERMS.publisher):
        for way in (FOAF.mbox, FOAF.homepage):
            yield from (each for each in catalogue.objects(publisher, way) if not isinstance(each, BNode))


def _is_odd_mail(address: URIRef) -> bool:
    text = str(address)
    return text.startswith("mailto:") and not ("@" in text and "." in text.partition("@")[2])
