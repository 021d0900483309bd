"""Data models in the catalogue: named, readable, and in the version that is listed (MIM2)."""

from __future__ import annotations

from rdflib import DCTERMS, OWL
from rdflib.term import Node, URIRef

from ...answer import Answer
from ...verdicts import Failure, NotApplicable, NotTested, fail_if_any
from .access import served_types
from .catalogue import DCAT, MOST_CALLS, Catalogue, dcat, web_addresses

_SCHEMA_TYPES = "application/schema+json, application/json;q=0.9, */*;q=0.1"
_VERSIONS = ("$schemaVersion", "version", "x-version")


@dcat("models-are-named", "MIM2-R1.1e", clause="dct:conformsTo")
def models_are_named(catalogue: Catalogue) -> None:
    """Each dataset, or a distribution or API of it, names the data's model by dct:conformsTo."""
    without = [each for each in catalogue.datasets if not _models(catalogue, each)]
    fail_if_any(
        map(catalogue.title, without),
        "Datasets without a model: {}.",
        mend="Name the schema or model by dct:conformsTo.",
    )


@dcat("models-of-what-is-served", "MIM2-M1-dcat", clause="MIM2 mechanism 1; dct:conformsTo")
def models_of_what_is_served(catalogue: Catalogue) -> None:
    """For each entity type of the NGSI-LD interface a dataset of the catalogue names its model."""
    if "ngsi-ld" not in catalogue.probe.target.interfaces:
        raise NotApplicable("The target claims no NGSI-LD interface, and so not this mechanism.")
    served = served_types(catalogue)
    if not served:
        raise NotTested("The NGSI-LD interface serves no type.")
    models = " ".join(str(each) for dataset in catalogue.datasets for each in _models(catalogue, dataset))
    fail_if_any(
        (
            each
            for each in served
            if each.replace("#", "/").rpartition("/")[2].casefold() not in models.casefold()
        ),
        "Entity types whose model no dataset names by dct:conformsTo: {}.",
        mend="Register the model of each type in the catalogue.",
    )


@dcat("models-can-be-read", "MIM2-R1.1e", clause="dct:conformsTo")
def models_can_be_read(catalogue: Catalogue) -> None:
    """What dct:conformsTo names answers."""
    fail_if_any(
        (f"{url} answers {answer.status}" for url, answer in _read(catalogue) if answer.status >= 400),
        "Models that cannot be read: {}.",
        mend="Name the model by the IRI under which it is published.",
    )


@dcat("model-versions-are-served", "MIM2-R1.1e", clause="owl:versionInfo, dcat:version")
def model_versions_are_served(catalogue: Catalogue) -> None:
    """A model is served in the version that the catalogue lists."""
    listed = {
        str(each): version
        for dataset in catalogue.datasets
        for each in _models(catalogue, dataset)
        if (version := _listed_version(catalogue, each))
    }
    served = {
        url: version
        for url, answer in _read(catalogue)
        if url in listed and (version := _served_version(answer))
    }
    if not served:
        raise NotTested(
            "No model has a version both in the catalogue (dcat:version) and in what it leads to."
        )
    fail_if_any(
        (
            f"{url}: listed {listed[url]}, served {found}"
            for url, found in served.items()
            if found != listed[url]
        ),
        "Models listed in a version that is not served: {}.",
        mend="List the version that is served, or serve the one that is listed.",
    )


def _models(catalogue: Catalogue, dataset: Node) -> list[Node]:
    distributions = catalogue.distributions(dataset)
    services = [each for node in distributions for each in catalogue.objects(node, DCAT.accessService)]
    services += list(catalogue.graph.subjects(DCAT.servesDataset, dataset))
    return [
        model
        for node in (dataset, *distributions, *services)
        for model in catalogue.objects(node, DCTERMS.conformsTo)
    ]


def _read(catalogue: Catalogue) -> list[tuple[str, Answer]]:
    models = [each for dataset in catalogue.datasets for each in _models(catalogue, dataset)]
    places = list(web_addresses(each for each in models if isinstance(each, URIRef)))[:MOST_CALLS]
    if not places:
        raise Failure("No dataset names a model by an IRI.", mend="Name it by dct:conformsTo.")
    return [(url, catalogue.reach(url, method="GET", accept=_SCHEMA_TYPES)) for url in places]


def _listed_version(catalogue: Catalogue, model: Node) -> str | None:
    for way in (DCAT.version, OWL.versionInfo):
        for each in catalogue.objects(model, way):
            return str(each).strip()
    return None


def _served_version(answer: Answer) -> str | None:
    if answer.status != 200 or not answer.media_type.endswith("json"):
        return None
    document = answer.json()
    found = [document.get(name) for name in _VERSIONS] if isinstance(document, dict) else []
    return next((str(each) for each in found if each), None)
