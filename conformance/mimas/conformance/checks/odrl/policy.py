"""A policy published in ODRL: complete, without contradiction, and within the rulebook (MIM3 RC2, RC5)."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from urllib.parse import urlsplit

from rdflib import ODRL2, URIRef

from ...probe import Probe
from ...rdf import read_graph
from ...verdicts import Failure, NotTested
from ..declaration import check
from .policies import Policy, conflicts, contradictions, policies_of, rulebook

STANDARD = "ODRL Information Model 2.2"
TYPES = "application/ld+json, text/turtle;q=0.9, application/rdf+xml;q=0.8"
Run = Callable[[Probe, list[Policy]], None]


def odrl(name: str, requirement: str | Iterable[str]) -> Callable[[Run], Run]:
    """Declare a check of the policies at the interface's URL."""

    def declare(function: Run) -> Run:
        @functools.wraps(function)
        def run(probe: Probe) -> None:
            answer = probe.read("", Accept=TYPES).expect(200)
            found = policies_of(read_graph(answer, probe))
            if not found:
                raise Failure(f"{answer} without an ODRL policy.", mend="Publish a Set, Offer or Agreement.")
            function(probe, found)

        check(f"ODRL.{name}", requirement=requirement, mechanism="odrl", clause=STANDARD)(run)
        return function

    return declare


@odrl("policies-are-complete", "MIM3-RC2.3")
def policies_are_complete(_: Probe, policies: list[Policy]) -> None:
    """Each policy has a uid and rules; each rule an action and a target; each constraint its three parts."""
    faults = [fault for each in policies for fault in each.faults()]
    if faults:
        raise Failure(f"Policies that are not ODRL: {'; '.join(faults[:5])}.", mend="Complete the policies.")


@odrl("policies-do-not-contradict", ("MIM3-RC2.2", "MIM3-RC2.3"))
def policies_do_not_contradict(_: Probe, policies: list[Policy]) -> None:
    """No policy permits and prohibits the same action on the same target without saying which holds."""
    faults = [each for policy in policies for each in contradictions(policy)]
    if faults:
        raise Failure(f"{'; '.join(faults[:5])}.", mend="Take one back, or state odrl:conflict.")


@odrl("actions-are-known", "MIM3-RC2.2")
def actions_are_known(_: Probe, policies: list[Policy]) -> None:
    """Actions are IRIs of ODRL or of a profile that the policy names, not words."""
    odd = []
    for policy in policies:
        has_profile = any(policy.graph.objects(policy.node, ODRL2.profile))
        for rule in policy.rules:
            odd += [each for each in rule.actions if not each.startswith(str(ODRL2)) and not has_profile]
    if odd:
        raise Failure(
            f"Actions that are not ODRL's, without a profile: {sorted(set(odd))[:5]}.",
            mend="Use ODRL's actions, or name the profile that defines yours.",
        )


@odrl("terms-for-each-target", "MIM3-RC2.1")
def terms_for_each_target(_: Probe, policies: list[Policy]) -> None:
    """Policies are about particular assets, by their IRIs."""
    targets = {target for policy in policies for rule in policy.rules for target in rule.targets}
    if not targets:
        raise Failure("No rule has a target.", mend="Say which data the terms are of.")
    plain = sorted(each for each in targets if not urlsplit(each).scheme)
    if plain:
        raise Failure(f"Targets that are no IRIs: {plain[:5]}.", mend="Name each dataset by its IRI.")


@odrl("keep-to-the-rulebook", "MIM3-RC2.4")
def keep_to_the_rulebook(probe: Probe, policies: list[Policy]) -> None:
    """No policy permits what the rulebook (document `rulebook-policy`, ODRL) prohibits."""
    found = conflicts(policies, rulebook(probe))
    if found:
        raise Failure(f"Against the rulebook: {'; '.join(found[:5])}.", mend="Take the permission back.")


@odrl("provider-is-named", "MIM3-RC5.4")
def provider_is_named(_: Probe, policies: list[Policy]) -> None:
    """Each offer and agreement names its assigner by an IRI."""
    kinds = {ODRL2.Offer, ODRL2.Agreement}
    bound = [each for each in policies if each.kinds & kinds]
    if not bound:
        raise NotTested("There is no offer and no agreement.")
    for policy in bound:
        nodes = [policy.node, *(each.node for each in policy.rules)]
        parties = [party for node in nodes for party in policy.graph.objects(node, ODRL2.assigner)]
        if not any(isinstance(each, URIRef) and urlsplit(str(each)).scheme for each in parties):
            raise Failure(f"{policy.node} names no assigner by an IRI.", mend="Say who offers the data.")
