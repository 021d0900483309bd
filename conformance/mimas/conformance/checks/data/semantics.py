"""What names mean: @context, types and terms as IRIs that lead somewhere (MIM1 R2, MIM2 mechanism 1)."""

from __future__ import annotations

import orjson

from ...answer import Answer
from ...probe import Probe
from ...rdf import Contexts, TermMap, parse_graph
from ...verdicts import Failure, NotTested, Outcome, Warn, fail_if_any
from ..declaration import check
from ..ngsi_ld.broker import CONTEXT_RELATION, CORE, DEFAULT, Broker, path_to
from .sources import JSON, LD_JSON, Data, entity_pages, of_data, sample_kind

BOTH = ("samples", "ngsi-ld")
MOST_IRIS = 10
MEND = "Map each term in an @context of your own, best to that of a recognised model."
_KNOWN = ("https://smartdatamodels.org/", "https://uri.etsi.org/ngsi-ld/", "https://uri.fiware.org/")


def names_of(data: Data) -> dict[str, str | None]:
    """Every type and attribute name of the data with its IRI; None where expansion drops it.

    Data without an @context has no meaning to look up and gives nothing.
    """
    found: dict[str, str | None] = data.probe.once(("names", data.probe.mechanism), lambda: _names_of(data))
    return found


@of_data("context-can-be-had", "MIM1-R2.1", mechanism=BOTH, clause="JSON-LD 1.1, 3.1")
def context_can_be_had(data: Data) -> None:
    """The @context that the data names can be fetched by anybody, and is one."""
    named = {orjson.dumps(each): each for item in data.items for each in item.contexts}
    if not named:
        raise Failure("The data names no @context.", mend="Name it in the body, or by a Link header.")
    for each in list(named.values())[:MOST_IRIS]:
        try:
            _terms(data, each)
        except Failure:
            raise
        except Outcome as outcome:
            raise Failure(
                f"The @context cannot be had by who is outside: {outcome.message}",
                mend="Publish the @context where everybody who reads the data can reach it.",
            ) from outcome


@of_data("types-lead-somewhere", "MIM1-R2.1", mechanism=BOTH, clause="Linked data; JSON-LD 1.1")
def types_lead_somewhere(data: Data) -> None:
    """Each type is an IRI outside the default vocabulary that says what it is when it is looked up."""
    names = names_of(data)
    types = {each: names.get(each) for each in data.by_type}
    if not types:
        raise NotTested("Nothing in the data has a type.")
    fail_if_any(
        (name for name, iri in types.items() if iri is None or iri.startswith(DEFAULT)),
        "Types that mean nothing (default vocabulary, or no @context): {}.",
        mend=MEND,
    )
    dead = []
    for iri in [each for each in dict.fromkeys(types.values()) if each and not each.startswith(_KNOWN)][
        :MOST_IRIS
    ]:
        answer = data.probe.fetch(iri, accept="text/turtle, application/ld+json;q=0.9, text/html;q=0.8")
        if answer.status != 200:
            dead.append(f"{iri} answers {answer.status}")
    fail_if_any(dead, "Types whose IRI leads nowhere: {}.", mend="Publish the vocabulary at its IRIs.")


@of_data("every-term-has-a-meaning", "MIM1-R2.2", mechanism=BOTH, clause="JSON-LD 1.1, expansion")
def every_term_has_a_meaning(data: Data) -> None:
    """Every name in the data expands to an IRI: none is dropped, none falls into the default vocabulary."""
    names = names_of(data)
    if not names:
        raise Failure("The data has no @context, so that its names mean nothing.", mend=MEND)
    fail_if_any((name for name, iri in names.items() if iri is None), "Dropped in expansion: {}.", mend=MEND)
    fail_if_any(
        (name for name, iri in names.items() if iri and iri.startswith(DEFAULT)),
        "In the default vocabulary, which says nothing: {}.",
        mend=MEND,
    )


@of_data("no-two-terms-are-one", "MIM1-R2.2", mechanism=BOTH, clause="JSON-LD 1.1, expansion")
def no_two_terms_are_one(data: Data) -> None:
    """No @context of the data maps two of its own terms to one IRI."""
    doubled = []
    for each in {orjson.dumps(each): each for item in data.items for each in item.contexts}.values():
        meant: dict[str, list[str]] = {}
        for term, iri in _terms(data, each).terms.items():
            if iri and not iri.startswith(("@", "https://uri.etsi.org/ngsi-ld/")):
                meant.setdefault(iri, []).append(term)
        used = {value.name for item in data.items for value in item.values}
        doubled += [
            f"{terms} are {iri}" for iri, terms in meant.items() if len(terms) > 1 and used & set(terms)
        ]
    if not any(item.contexts for item in data.items):
        raise NotTested("The data names no @context.")
    fail_if_any(doubled, "Terms of one meaning: {}.", mend="Give different properties different IRIs.")


@check(
    "DATA.json-ld-is-rdf", requirement="MIM2-2022-rdf", mechanism="samples", level="SHOULD", needs={"samples"}
)
def samples_are_rdf(probe: Probe) -> None:
    """A JSON-LD sample becomes RDF: triples, each with an IRI as predicate."""
    samples = [each for each in probe.sample_files() if sample_kind(each) == "json"]
    bodies = [(each.path.name, probe.read_file(each.path)) for each in samples]
    linked = [(name, body) for name, body in bodies if b"@context" in body]
    if not linked:
        raise NotTested("No sample names an @context.")
    for name, body in linked:
        _is_rdf(probe, body, f"urn:sample:{name}", f"The sample {name} comes")


@check("DATA.json-ld-is-rdf.ngsi-ld", requirement="MIM2-2022-rdf", mechanism="ngsi-ld", level="SHOULD")
def entities_are_rdf(probe: Probe) -> None:
    """Entities in JSON-LD become RDF: triples, each with an IRI as predicate."""
    pages = [answer for _, answer in entity_pages(probe, LD_JSON) if answer.json_array()]
    if not pages:
        raise NotTested("The broker holds no entity.")
    _is_rdf(probe, pages[0].body, pages[0].url, str(pages[0]))


@check(
    "DATA.context-with-every-answer",
    requirement="MIM2-M1-context",
    mechanism="ngsi-ld",
    clause="CIM 009, 6.3.6",
)
def context_with_every_answer(probe: Probe) -> None:
    """Every list comes with its @context, in the Link header or in each entity, the empty list as well."""
    broker = Broker(probe)
    pages = [answer for _, answer in entity_pages(probe)][:3]
    nothing: dict[str, str | int] = {"type": broker.type, "limit": 1}
    for answer in [*pages, broker.get("/entities", nothing, accept=JSON).expect(200)]:
        if not _names_context(answer):
            what = "an empty list" if answer.body.strip() == b"[]" else "entities"
            raise Failure(
                f"{answer} with {what} and names no @context.",
                mend=f'Send Link: <...>; rel="{CONTEXT_RELATION}"; type="{LD_JSON}" with every answer.',
            )


@check("DATA.own-terms-beside-standard-ones", requirement="MIM1-R3.2", mechanism="ngsi-ld", needs={"write"})
def own_terms_beside_standard_ones(probe: Probe) -> None:
    """A foreign attribute can stand beside those of a standard type, and comes back unchanged."""
    broker, own = Broker(probe), "https://example.org/mimas-check/shade"
    entity = {
        **broker.entity(
            name={"type": "Property", "value": "a tree"}, shade={"type": "Property", "value": 12}
        ),
        "@context": [{"shade": own}, CORE],
    }
    answer = broker.try_to_create(entity, LD_JSON)
    answer.expect(201, mend="Take attributes that the model does not know.")
    read = broker.get(path_to(entity)).expect(200).json_object()
    for name, value in (("name", "a tree"), (own, 12)):
        found = read.get(name)
        if not isinstance(found, dict) or found.get("value") != value:
            raise Failure(
                f"After writing, {name} is {found!r}: the entity has {sorted(read)}.",
                mend="Keep foreign attributes under their IRIs, and standard ones as they are.",
            )


def _names_of(data: Data) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for item in data.items:
        names = {*item.types, *(each.name for each in item.values)}
        plain = {each: each for each in names if "://" in each}
        found |= plain
        if item.contexts:
            terms = _terms(data, item.contexts[0])
            found |= {each: terms.expand(each) for each in names - plain.keys()}
    return found


def _terms(data: Data, context: object) -> TermMap:
    """The terms of an @context; where it is that of a broker, the core context counts as its last part."""

    def build() -> TermMap:
        contexts = Contexts(data.probe)
        parts = context if isinstance(context, list) else [context]
        is_broker = data.probe.mechanism == "ngsi-ld"
        written = contexts.inline({"@context": [*parts, *([CORE] if is_broker else [])]}, "urn:data")
        return TermMap(written["@context"])

    terms: TermMap = data.probe.once(("terms", orjson.dumps(context)), build)
    return terms


def _is_rdf(probe: Probe, body: bytes, base: str, what: str) -> None:
    graph = parse_graph(body, LD_JSON, base, probe, what)
    if not len(graph):
        raise Failure(f"{what} with JSON-LD that expands to no triple at all.", mend=MEND)
    odd = [each for each in set(graph.predicates()) if ":" not in str(each)]
    if odd:
        raise Warn(f"{what} with predicates that are no IRIs: {odd[:5]}.", mend=MEND)
    probe.note("triples", len(graph))


def _names_context(answer: Answer) -> bool:
    if answer.link(CONTEXT_RELATION):
        return True
    entities = answer.json_array()
    return bool(entities) and all(isinstance(each, dict) and "@context" in each for each in entities)
