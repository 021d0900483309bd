"""Terms of use: each dataset has some, and they are known licences or policies (MIM3 RC2)."""

from __future__ import annotations

from rdflib import DCTERMS, ODRL2, Literal, URIRef
from rdflib.term import Node

from ...verdicts import NotTested, Warn, fail_if_any
from ..odrl.policies import Policy, conflicts, policies_of, rulebook
from .catalogue import DCAT, MOST_CALLS, Catalogue, dcat, web_addresses

# Where well-known licences have their IRIs: EU list, Creative Commons, SPDX, national ones.
KNOWN_LICENCES = (
    "publications.europa.eu/resource/authority/licence/",
    "creativecommons.org/licenses/", "creativecommons.org/publicdomain/",
    "opendatacommons.org/licenses/", "spdx.org/licenses/", "opensource.org/", "eupl.eu/",
    "dcat-ap.de/def/licenses/", "govdata.de/dl-de/", "etalab.gouv.fr/licence-ouverte",
    "nationalarchives.gov.uk/doc/open-government-licence", "data.norge.no/nlod/", "data.gov.cz/podm",
)  # fmt: skip
_TERMS = (DCTERMS.license, DCTERMS.rights, ODRL2.hasPolicy)


@dcat("terms-for-each-dataset", "MIM3-RC2.1", clause="dct:license, dct:rights, odrl:hasPolicy")
def terms_for_each_dataset(catalogue: Catalogue) -> None:
    """Each dataset, or each of its distributions, has terms of its own, not only the catalogue as a whole."""
    without = [each for each in catalogue.datasets if not _has_terms(catalogue, each)]
    fail_if_any(
        map(catalogue.title, without),
        "Datasets without licence, rights or policy: {}.",
        mend="Let each provider state terms for each dataset or distribution.",
    )


@dcat("terms-may-differ", "MIM3-RC2.1")
def terms_may_differ(catalogue: Catalogue) -> None:
    """Several providers have not all the same terms, as they have where one licence is set for all."""
    publishers = {
        each for dataset in catalogue.datasets for each in catalogue.objects(dataset, DCTERMS.publisher)
    }
    terms = {frozenset(_terms(catalogue, each)) for each in catalogue.datasets}
    if len(catalogue.datasets) < 2 or len(publishers) < 2:
        raise NotTested("There are not two datasets of different publishers whose terms could differ.")
    if len(terms) == 1:
        raise Warn(
            f"All {len(catalogue.datasets)} datasets of {len(publishers)} publishers have the same terms.",
            mend="Show that a provider can set others; one licence set for all leaves no choice.",
        )


@dcat("licences-can-be-read", "MIM3-RC2.2", clause="dct:license")
def licences_can_be_read(catalogue: Catalogue) -> None:
    """Each distribution, or its dataset, has a licence as an IRI that answers."""
    bare = [f"{each}" for each in _distributions(catalogue) if not _licences(catalogue, each)]
    fail_if_any(
        bare, "Distributions without licence: {}.", mend="State a licence, as IRI, on each distribution."
    )
    named = [licence for each in _distributions(catalogue) for licence in _licences(catalogue, each)]
    fail_if_any(
        (
            f"{each!s:.80}"
            for each in named
            if not isinstance(each, URIRef) and not _described(catalogue, each)
        ),
        "Licences that are not IRIs: {}.",
        mend="Name the licence by its IRI.",
    )
    fail_if_any(
        (
            f"{url} answers {answer.status}"
            for url in _public(named)
            if (answer := catalogue.reach(url)).status >= 400
        ),
        "Licences that cannot be read: {}.",
        mend="Use the IRI under which the licence is published.",
    )


@dcat("licences-are-standard", "MIM3-RC2.3", clause="dct:license; ODRL 2.2")
def licences_are_standard(catalogue: Catalogue) -> None:
    """Licences are from a known list, or policies in ODRL; not words of one's own."""
    named = [licence for each in _distributions(catalogue) for licence in _licences(catalogue, each)]
    policies = policies_of(catalogue.graph)
    if not named and not policies:
        raise NotTested("No distribution has a licence, and there is no policy.")
    fail_if_any(
        (repr(str(each)[:80]) for each in named if isinstance(each, Literal)),
        "Licences in free text: {}.",
        mend="Name a licence of the EU list, Creative Commons or SPDX by its IRI, or attach an ODRL policy.",
    )
    fail_if_any(
        (fault for each in policies for fault in each.faults()),
        "Policies that are not ODRL: {}.",
        mend="Complete the policies.",
    )
    own = sorted({str(each) for each in named if not _is_known(str(each))})
    if own:
        raise Warn(
            f"Not from a list known here: {own[:5]}.", mend="Use a standard licence where one will do."
        )


@dcat("terms-keep-to-the-rulebook", "MIM3-RC2.4")
def terms_keep_to_the_rulebook(catalogue: Catalogue) -> None:
    """No dataset's policy permits what the rulebook (document `rulebook-policy`, ODRL) prohibits."""
    _no_conflicts(policies_of(catalogue.graph), rulebook(catalogue.probe))


def _is_known(licence: str) -> bool:
    """Whether it begins as a known licence does, whatever its scheme."""
    return licence.partition("://")[2].removeprefix("").startswith(KNOWN_LICENCES)


def _no_conflicts(policies: list[Policy], rules: list[Policy]) -> None:
    if not policies:
        raise NotTested("The catalogue has no ODRL policy to compare with the rulebook.")
    fail_if_any(conflicts(policies, rules), "Against the rulebook: {}.", mend="Take the permission back.")


def _distributions(catalogue: Catalogue) -> list[Node]:
    found = [each for dataset in catalogue.datasets for each in catalogue.distributions(dataset)]
    if not found:
        raise NotTested("No dataset has a distribution.")
    return found


def _licences(catalogue: Catalogue, distribution: Node) -> list[Node]:
    """The licence of a distribution, or else of its dataset."""
    own = catalogue.objects(distribution, DCTERMS.license)
    datasets = sorted(catalogue.graph.subjects(DCAT.distribution, distribution), key=str)
    return own or [licence for each in datasets for licence in catalogue.objects(each, DCTERMS.license)]


def _described(catalogue: Catalogue, licence: Node) -> bool:
    """A licence without IRI that is at least described (a dct:LicenseDocument as a blank node)."""
    return not isinstance(licence, Literal) and (licence, None, None) in catalogue.graph


def _public(licences: list[Node]) -> list[str]:
    return list(web_addresses(licences))[:MOST_CALLS]


def _terms(catalogue: Catalogue, dataset: Node) -> set[Node]:
    nodes = [dataset, *catalogue.distributions(dataset)]
    return {value for node in nodes for way in _TERMS for value in catalogue.objects(node, way)}


def _has_terms(catalogue: Catalogue, dataset: Node) -> bool:
    distributions = catalogue.distributions(dataset)
    own = any(catalogue.objects(dataset, way) for way in _TERMS)
    each_has = bool(distributions) and all(
        any(catalogue.objects(each, way) for way in _TERMS) for each in distributions
    )
    return own or each_has
