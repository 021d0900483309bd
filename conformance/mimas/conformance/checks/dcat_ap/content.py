"""What the catalogue says of its assets (MIM3 RC4.1, RC4.2): enough to find and to judge them."""

from __future__ import annotations

from collections.abc import Iterator

from rdflib import DCTERMS, FOAF, RDF, URIRef
from rdflib.term import Node

from ...verdicts import Failure, NotApplicable, Warn, fail_if_any
from .catalogue import AUTHORITY, DCAT, DCATAP, VCARD, Catalogue, dcat, listed
from .shacl import MAX_DATASETS, MAX_TRIPLES, Finding, findings

HVD = URIRef("http://data.europa.eu/eli/reg_impl/2023/138/oj")
HVD_CLAUSE = "Regulation (EU) 2023/138; DCAT-AP HVD 3.0.1"
IANA = "://www.iana.org/assignments/media-types/"
# Which values the profile takes from which list of the EU Publications Office.
_LISTS = {
    DCAT.theme: "data-theme/",
    DCTERMS.language: "language/",
    DCTERMS.accrualPeriodicity: "frequency/",
    DCTERMS.accessRights: "access-right/",
    DCATAP.availability: "planned-availability/",
    DCTERMS.format: "file-type/",
}


@dcat("lists-datasets", "MIM3-RC4.1")
def lists_datasets(catalogue: Catalogue) -> None:
    """There is a dcat:Catalog that lists at least one dcat:Dataset by dcat:dataset."""
    if not catalogue.catalogs:
        raise Failure(
            f"{catalogue.answer} without a dcat:Catalog.",
            mend="Describe the catalogue itself as dcat:Catalog.",
        )
    if not listed(catalogue.graph):
        raise Failure(
            "The dcat:Catalog lists no dataset: an empty catalogue finds nobody's data.",
            mend="Name each dataset by dcat:dataset.",
        )


@dcat("no-dataset-apart", "MIM3-RC4.1")
def no_dataset_apart(catalogue: Catalogue) -> None:
    """Every dcat:Dataset of the catalogue is listed by it, or belongs to a series that is."""
    known = set(catalogue.datasets)
    apart = [
        each
        for each in catalogue.of_class(DCAT.Dataset)
        if each not in known and not known & set(catalogue.objects(each, DCAT.inSeries))
    ]
    fail_if_any(
        map(catalogue.title, apart),
        "Datasets that no catalogue lists: {}.",
        mend="Name each dataset by dcat:dataset of the catalogue.",
    )


@dcat("datasets-are-typed", "MIM3-RC4.2")
def datasets_are_typed(catalogue: Catalogue) -> None:
    """What is listed as dataset or distribution has that class: shapes see only what is typed."""
    kinds = {DCAT.Dataset, DCAT.Catalog, DCAT.DatasetSeries}
    untyped = [f"{each}" for each in catalogue.datasets if not kinds & set(catalogue.objects(each, RDF.type))]
    for dataset in catalogue.datasets:
        for each in catalogue.distributions(dataset):
            if (each, RDF.type, DCAT.Distribution) not in catalogue.graph:
                untyped.append(f"{each}")
    fail_if_any(
        untyped,
        "Listed without rdf:type dcat:Dataset or dcat:Distribution (or not described at all): {}.",
        mend="Describe each with its class.",
    )


@dcat("mandatory-properties", "MIM3-RC4.2")
def mandatory_properties(catalogue: Catalogue) -> None:
    """Everything described has the properties that DCAT-AP makes mandatory, with values of the right kind."""
    _lists_something(catalogue)
    fail_if_any(
        (_said(each) for each in findings(catalogue) if each.severe),
        "Against DCAT-AP: {}.",
        mend="Complete the description; DCAT-AP 3.0.1 calls these mandatory or limits them.",
    )
    _say_what_was_not_looked_at(catalogue)


@dcat("recommended-properties", "MIM3-RC4.2", level="SHOULD")
def recommended_properties(catalogue: Catalogue) -> None:
    """Everything described has the properties that DCAT-AP recommends."""
    _lists_something(catalogue)
    fail_if_any(
        (_said(each) for each in findings(catalogue) if not each.severe),
        "DCAT-AP recommends: {}.",
        mend="Add what readers need to find and to judge the data.",
    )
    _say_what_was_not_looked_at(catalogue)


@dcat("texts-say-something", "MIM3-RC4.2")
def texts_say_something(catalogue: Catalogue) -> None:
    """No title and no description is blank: shapes let an empty text pass."""
    described = [*catalogue.catalogs, *catalogue.datasets, *catalogue.services]
    blank = [
        f"{name} of {node}"
        for node in described
        for name, predicate in (("title", DCTERMS.title), ("description", DCTERMS.description))
        if "" in catalogue.texts(node, predicate)
    ]
    fail_if_any(blank, "Blank: {}.", mend="Say in a sentence what it is.")


@dcat("vocabularies", "MIM3-RC4.2", level="SHOULD", clause="DCAT-AP 3.0.1, controlled vocabularies")
def vocabularies(catalogue: Catalogue) -> None:
    """Themes, languages, formats, frequencies and access rights come from the lists that DCAT-AP names."""
    fail_if_any(
        _off_the_lists(catalogue),
        "Not from the controlled vocabularies: {}.",
        mend=f"Take the values from {AUTHORITY}...; a theme of your own may stand beside one of the list.",
    )


@dcat("high-value-datasets", "MIM3-RC4.2", clause=HVD_CLAUSE)
def high_value_datasets(catalogue: Catalogue) -> None:
    """What is called a high-value dataset has a category, a distribution, an API, a licence and a contact."""
    claimed = [each for each in catalogue.datasets if _claims_hvd(catalogue, each)]
    if not claimed:
        raise NotApplicable("No dataset is called a high-value dataset.")
    fail_if_any(
        (f"{catalogue.title(each)} {gap}" for each in claimed for gap in _hvd_gaps(catalogue, each)),
        "High-value datasets: {}.",
        mend="Complete them as the HVD profile of DCAT-AP asks.",
    )


def _lists_something(catalogue: Catalogue) -> None:
    """Shapes pass what is not there: without a dataset there was nothing to validate."""
    if not catalogue.catalogs:
        raise Failure(f"{catalogue.answer} without a dcat:Catalog.", mend="Describe the catalogue itself.")
    assert catalogue.datasets


def _say_what_was_not_looked_at(catalogue: Catalogue) -> None:
    """A large catalogue is validated in part, which is no pass of the whole."""
    if len(catalogue.graph) > MAX_TRIPLES:
        raise Warn(f"Only the first {MAX_DATASETS} of {len(catalogue.datasets)} datasets were validated.")


def _said(finding: Finding) -> str:
    path = str(finding.path).replace("#", "/").rpartition("/")[2] if finding.path else "it"
    return f"{path} of {finding.focus} ({finding.message})"


def _off_the_lists(catalogue: Catalogue) -> Iterator[str]:
    graph = catalogue.graph
    for predicate, name in _LISTS.items():
        for node in sorted(set(graph.subjects(predicate)), key=str):
            values = catalogue.objects(node, predicate)
            good = [each for each in values if str(each).startswith(AUTHORITY + name)]
            # Themes may be several, one of them from the list; all else is from the list alone.
            if (predicate == DCAT.theme and not good) or (
                predicate != DCAT.theme and len(good) < len(values)
            ):
                bad = next(str(each) for each in values if each not in good)
                yield f"{predicate.rpartition('/')[2].rpartition('#')[2]} {bad!r} of {node}"
    for node, value in sorted(graph.subject_objects(DCAT.mediaType), key=str):
        if IANA not in str(value):
            yield f"mediaType {str(value)!r} of {node}"


def _claims_hvd(catalogue: Catalogue, dataset: Node) -> bool:
    return (dataset, DCATAP.applicableLegislation, HVD) in catalogue.graph or bool(
        catalogue.objects(dataset, DCATAP.hvdCategory)
    )


def _hvd_gaps(catalogue: Catalogue, dataset: Node) -> Iterator[str]:
    graph = catalogue.graph
    if (dataset, DCATAP.applicableLegislation, HVD) not in graph:
        yield f"does not name {HVD} as applicable legislation"
    categories = catalogue.objects(dataset, DCATAP.hvdCategory)
    if not any(str(each).startswith("http://data.europa.eu/bna/") for each in categories):
        yield "has no HVD category"
    distributions = catalogue.distributions(dataset)
    services = [
        *graph.subjects(DCAT.servesDataset, dataset),
        *(service for each in distributions for service in graph.objects(each, DCAT.accessService)),
    ]
    if not distributions:
        yield "has no distribution"
    if not services:
        yield "is offered by no API (dcat:servesDataset or dcat:accessService)"
    for each in distributions:
        if (each, DCATAP.applicableLegislation, HVD) not in graph:
            yield f"has the distribution {each} without applicable legislation"
    for each in [*distributions, *services]:
        if not set(graph.objects(each, DCTERMS.license)) | set(graph.objects(each, DCTERMS.rights)):
            yield f"is offered by {each} without licence or rights"
    for service in services:
        yield from _service_gaps(catalogue, service)


def _service_gaps(catalogue: Catalogue, service: Node) -> Iterator[str]:
    contacts = catalogue.objects(service, DCAT.contactPoint)
    reachable = [
        each for each in contacts for way in (VCARD.hasEmail, VCARD.hasURL) if catalogue.objects(each, way)
    ]
    wanted = {
        "contact with e-mail or URL": reachable,
        "documentation page": catalogue.objects(service, FOAF.page),
        "HVD category": catalogue.objects(service, DCATAP.hvdCategory),
        "applicable legislation": catalogue.objects(service, DCATAP.applicableLegislation),
    }
    for name, found in wanted.items():
        if not found:
            yield f"has the API {service} without {name}"
