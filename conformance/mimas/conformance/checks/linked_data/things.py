"""Things with IRIs of their own, described in RDF at the interface's URL and at their IRIs."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from urllib.parse import urljoin, urlsplit

from rdflib import OWL, RDF, SKOS, BNode, Graph, URIRef
from rdflib.term import Node

from ...answer import Answer
from ...probe import Probe
from ...rdf import read_graph
from ...verdicts import Failure, NoAnswer, NotTested, fail_if_any
from ..declaration import Needs, check

CLAUSE = "MIM1 mechanism 1; Cool URIs for the Semantic Web"
RDF_ACCEPT = "text/turtle, application/ld+json;q=0.9, application/rdf+xml;q=0.8"
MOST_THINGS = 10
_SAME = (OWL.sameAs, SKOS.exactMatch)
Run = Callable[["Things"], None]


def linked(
    name: str, requirement: str | Iterable[str], *, needs: Iterable[Needs] = ()
) -> Callable[[Run], Run]:
    """Declare a check of linked data."""

    def declare(function: Run) -> Run:
        @functools.wraps(function)
        def run(probe: Probe) -> None:
            function(Things(probe))

        check(f"LD.{name}", requirement=requirement, mechanism="linked-data", clause=CLAUSE, needs=needs)(run)
        return function

    return declare


class Things:
    """The graph at the interface's URL, and the things in it that are the target's own (by their host)."""

    def __init__(self, probe: Probe) -> None:
        self.probe = probe
        self.answer = probe.read("", Accept=RDF_ACCEPT).expect(200)
        self.graph = read_graph(self.answer, probe)
        self._own = urlsplit(probe.interface.url).netloc

    @property
    def own(self) -> list[URIRef]:
        """IRIs of typed things on the interface's host; NotTested when there is none."""
        found = sorted(
            {each for each in self.graph.subjects(RDF.type) if isinstance(each, URIRef) and self.is_own(each)}
            - {URIRef(self.answer.url), URIRef(self.probe.interface.url)}
        )
        if not found:
            raise NotTested("The graph describes nothing that has an IRI on this host and a type.")
        return found[:MOST_THINGS]

    def is_own(self, iri: Node) -> bool:
        """Whether an IRI is on the interface's host."""
        return urlsplit(str(iri)).netloc == self._own

    def look_up(self, iri: str) -> Answer:
        """What an IRI leads to, by way of redirects; no answer from the target's own host is its Failure."""
        try:
            return self.probe.fetch(iri, accept=RDF_ACCEPT)
        except NoAnswer as error:
            if urlsplit(iri).netloc == self._own:
                raise Failure(f"{iri} gives no answer: {error}") from error
            raise

    def about(self, iri: str) -> Graph:
        """The graph that an IRI leads to; Failure when it leads to none."""
        return read_graph(self.look_up(iri).expect(200), self.probe)


@linked("things-have-iris", "MIM1-R1.1")
def things_have_iris(things: Things) -> None:
    """What has a type has an absolute IRI, not only a blank node that nobody else can name."""
    linked_to = set(things.graph.objects())
    apart = [
        f"a {kind}"
        for each, kind in sorted(things.graph.subject_objects(RDF.type), key=str)
        if isinstance(each, BNode) and each not in linked_to
    ]
    fail_if_any(apart, "Things without an IRI: {}.", mend="Give each thing an IRI of its own.")
    assert things.own


@linked("iris-can-be-looked-up", "MIM1-R1.2")
def iris_can_be_looked_up(things: Things) -> None:
    """Each IRI leads, by 200 or a 303 redirect, to RDF that says something of this very IRI."""
    silent = [each for each in things.own if (each, None, None) not in things.about(each)]
    fail_if_any(silent, "Looked up, the answer does not speak of: {}.", mend="Describe the thing at its IRI.")


@linked("unknown-iris-are-404", "MIM1-R1.2")
def unknown_iris_are_404(things: Things) -> None:
    """An IRI of nothing is answered 404 or 410."""
    place = f"{things.own[0].rpartition('/')[0]}/{things.probe.unique('nothing')}"
    things.look_up(place).expect(404, 410, mend="Answer 404 where there is nothing.")


@linked("encoded-iris-work", "MIM1-R1.2")
def encoded_iris_work(things: Things) -> None:
    """An IRI whose last step is percent-encoded leads to the same."""
    first = things.own[0]
    head, _, tail = first.rpartition("/")
    encoded = "".join(f"%{byte:02X}" for byte in tail[:1].encode()) + tail[1:] if tail else tail
    things.look_up(f"{head}/{encoded}").expect(200, mend="Decode the path before looking the thing up.")


@linked("other-systems-can-be-derived", "MIM1-R1.3")
def other_systems_can_be_derived(things: Things) -> None:
    """Where a thing is known to another system (sameAs, exactMatch on another host), that answers."""
    elsewhere = [str(other) for _, other in _same(things) if not things.is_own(other)]
    if not elsewhere:
        raise NotTested("No thing is said to be in another system as well.")
    dead = [
        f"{each}: {answer.status}"
        for each in elsewhere[:MOST_THINGS]
        if (answer := things.look_up(each)).status != 200
    ]
    fail_if_any(
        dead,
        "Other systems where nothing is found: {}.",
        mend="Name the IRI under which the other system answers.",
    )


@linked("mappings-lead-back", "MIM1-R1.4")
def mappings_lead_back(things: Things) -> None:
    """What is the same as a thing (owl:sameAs, skos:exactMatch) can be looked up, and says so, too."""
    pairs = _same(things)
    if not pairs:
        raise NotTested("No thing has a second identifier (owl:sameAs, skos:exactMatch).")
    faults = []
    for thing, other in pairs[:MOST_THINGS]:
        if any((other, way, thing) in things.graph for way in _SAME):
            continue
        answer = things.look_up(str(other))
        if answer.status != 200:
            faults.append(f"{other} answers {answer.status}")
        elif not any((other, way, thing) in read_graph(answer, things.probe) for way in _SAME):
            faults.append(f"{other} does not name {thing}")
    fail_if_any(faults, "Mappings that lead one way or nowhere: {}.", mend="Keep the mapping on both sides.")


@linked("iris-last", "MIM1-R1.5", needs={"baseline"})
def iris_last(things: Things) -> None:
    """The IRIs of an earlier run still lead somewhere."""
    things.probe.note("iris", [urlsplit(each).path for each in things.own])
    earlier = [urljoin(things.answer.url, str(path)) for path in things.probe.earlier("iris")]
    gone = [each for each in earlier if things.look_up(each).status == 404]
    fail_if_any(
        gone,
        "IRIs of the earlier run that are 404 now: {}.",
        mend="Keep IRIs; answer 410 for what is gone on purpose.",
    )


@linked("types-lead-somewhere", "MIM1-R2.1")
def types_lead_somewhere(things: Things) -> None:
    """Each type is an IRI that leads to its definition; well-known vocabularies are taken as they are."""
    own = {
        kind for each in things.own for kind in things.graph.objects(each, RDF.type) if things.is_own(kind)
    }
    dead = [
        f"{each}: {answer.status}"
        for each in sorted(own, key=str)
        if (answer := things.look_up(str(each))).status != 200
    ]
    fail_if_any(dead, "Types whose IRI leads nowhere: {}.", mend="Publish the vocabulary at its IRIs.")


@linked("terms-are-defined", "MIM1-R2.2")
def terms_are_defined(things: Things) -> None:
    """Each term of the target's own vocabulary is described in RDF at its IRI."""
    used = {each for each in things.graph.predicates() if things.is_own(each)}
    used |= {each for each in things.graph.objects(None, RDF.type) if things.is_own(each)}
    if not used:
        raise NotTested("Only vocabularies of others are used.")
    silent = [
        str(each)
        for each in sorted(used, key=str)[:MOST_THINGS]
        if (each, None, None) not in things.about(str(each))
    ]
    fail_if_any(
        silent,
        "Terms that are not described at their IRIs: {}.",
        mend="Publish the ontology as Turtle or JSON-LD.",
    )


@linked("links-lead-somewhere", "MIM1-R3.1")
def links_lead_somewhere(things: Things) -> None:
    """What a thing links to on the same host can be looked up."""
    targets = {
        str(each)
        for thing in things.own
        for way, each in things.graph.predicate_objects(thing)
        if way != RDF.type and isinstance(each, URIRef) and things.is_own(each)
    }
    if not targets:
        raise NotTested("No thing links to another on this host.")
    dead = [
        f"{each}: {answer.status}"
        for each in sorted(targets)[:MOST_THINGS]
        if (answer := things.look_up(each)).status != 200
    ]
    fail_if_any(dead, "Links that lead nowhere: {}.", mend="Describe the target, or take the link away.")


@linked("links-are-links", "MIM1-R3.1")
def links_are_links(things: Things) -> None:
    """What points to a thing is its IRI, not a text with the IRI in it."""
    known = {str(each) for each in things.own}
    plain = [
        f"{way} of {subject}"
        for subject, way, each in things.graph
        if not isinstance(each, URIRef) and str(each) in known
    ]
    fail_if_any(
        sorted(plain), "Links that are text: {}.", mend="Write the IRI as IRI (<...>, or @type: @id)."
    )


@linked("triples-are-there", "MIM2-2022-rdf")
def triples_are_there(things: Things) -> None:
    """The data is RDF: triples whose predicates are IRIs."""
    if not len(things.graph):
        raise Failure(f"{things.answer} with a graph of no triple.", mend="Map the terms in the @context.")


@linked("ids-hold-nothing-volatile", "MIM1-M1-iri")
def ids_hold_nothing_volatile(things: Things) -> None:
    """No IRI names a port, a private host or a program in its path: they change."""
    odd = [
        each
        for each in things.own
        if any(word in str(each) for word in ("/cgi-bin/", ".php", ".jsp", ".aspx", "?"))
    ]
    fail_if_any(list(odd), "IRIs that hold what will change: {}.", mend="Leave technology out of IRIs.")


def _same(things: Things) -> list[tuple[URIRef, URIRef]]:
    return [
        (each, other)
        for each in things.own
        for way in _SAME
        for other in sorted(things.graph.objects(each, way), key=str)
        if isinstance(other, URIRef) and other != each
    ]
