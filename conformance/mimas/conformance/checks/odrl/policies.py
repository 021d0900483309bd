"""Policies in a graph, and what is wrong with them (ODRL Information Model 2.2)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rdflib import ODRL2, RDF, BNode, Graph, Literal, URIRef
from rdflib.term import Node

from ...probe import Probe
from ...rdf import parse_graph
from ...verdicts import CheckError, Failure

RULES = (ODRL2.permission, ODRL2.prohibition, ODRL2.obligation)
KINDS = frozenset(
    ODRL2[each]
    for each in ("Policy", "Set", "Offer", "Agreement", "Request", "Ticket", "Assertion", "Privacy")
)
_LOGIC = frozenset({ODRL2["and"], ODRL2["or"], ODRL2.xone, ODRL2.andSequence})
RULEBOOK = "rulebook-policy"


@dataclass(frozen=True, slots=True)
class Rule:
    """One permission, prohibition or obligation; targets and parties are its own or its policy's."""

    kind: URIRef
    node: Node
    actions: frozenset[str]
    targets: frozenset[str]


@dataclass(frozen=True, slots=True)
class Policy:
    """One policy of a graph."""

    graph: Graph
    node: Node

    @property
    def kinds(self) -> set[Node]:
        """Its classes among those of ODRL."""
        return set(self.graph.objects(self.node, RDF.type)) & KINDS

    @property
    def rules(self) -> list[Rule]:
        """Its rules, in a fixed order."""
        return [
            Rule(kind, node, self._names(node, ODRL2.action), self._names(node, ODRL2.target))
            for kind in RULES
            for node in sorted(self.graph.objects(self.node, kind), key=str)
        ]

    def faults(self) -> list[str]:
        """What keeps it from being an ODRL policy that a machine can follow."""
        return [f"{self.node}: {each}" for each in (*self._own_faults(), *self._rule_faults())]

    def _names(self, rule: Node, predicate: URIRef) -> frozenset[str]:
        """What a rule says, or else its policy; an action that is refined counts by its rdf:value."""
        found = list(self.graph.objects(rule, predicate)) or list(self.graph.objects(self.node, predicate))
        return frozenset(str(self.graph.value(each, RDF.value) or each) for each in found)

    def _own_faults(self) -> Iterator[str]:
        if isinstance(self.node, BNode):
            yield "it has no uid"
        if not self.rules:
            yield "it has no permission, prohibition or obligation"
        for kind, parties in (("Offer", ("assigner",)), ("Agreement", ("assigner", "assignee"))):
            for party in parties if ODRL2[kind] in self.kinds else ():
                if not self._has_party(ODRL2[party]):
                    yield f"it is an {kind} and names no {party}"

    def _has_party(self, role: URIRef) -> bool:
        """A party is the policy's, or that of every rule."""
        nodes = [each.node for each in self.rules]
        return any(self.graph.objects(self.node, role)) or (
            bool(nodes) and all(any(self.graph.objects(each, role)) for each in nodes)
        )

    def _rule_faults(self) -> Iterator[str]:
        for rule in self.rules:
            name = str(rule.kind).rpartition("/")[2]
            if isinstance(rule.node, Literal):
                yield f"its {name} is text"
                continue
            if not rule.actions:
                yield f"its {name} has no action"
            if not rule.targets and rule.kind != ODRL2.obligation:
                yield f"its {name} has no target"
            yield from self._constraint_faults(rule.node, name)

    def _constraint_faults(self, rule: Node, name: str) -> Iterator[str]:
        for constraint in self.graph.objects(rule, ODRL2.constraint):
            said = set(self.graph.predicates(constraint))
            if said & _LOGIC:
                continue
            right = {ODRL2.rightOperand, ODRL2.rightOperandReference} & said
            for part, there in (
                ("leftOperand", ODRL2.leftOperand in said),
                ("operator", ODRL2.operator in said),
                ("rightOperand", bool(right)),
            ):
                if not there:
                    yield f"a constraint of its {name} has no {part}"


def policies_of(graph: Graph) -> list[Policy]:
    """The policies of a graph: what has an ODRL class, or rules."""
    nodes = {node for kind in KINDS for node in graph.subjects(RDF.type, kind)}
    nodes |= {node for rule in RULES for node in graph.subjects(rule)}
    return [Policy(graph, node) for node in sorted(nodes, key=str)]


def contradictions(policy: Policy) -> list[str]:
    """Actions that a policy both permits and prohibits on one target, where nothing says which holds."""
    if any(policy.graph.objects(policy.node, ODRL2.conflict)):
        return []
    plain = [each for each in policy.rules if (each.node, ODRL2.constraint, None) not in policy.graph]
    return [
        f"{policy.node} permits and prohibits {action} on {target}"
        for one in plain
        for other in plain
        if one.kind == ODRL2.permission and other.kind == ODRL2.prohibition
        for action in sorted(one.actions & other.actions)
        for target in sorted(one.targets & other.targets)
    ]


def conflicts(policies: list[Policy], rules: list[Policy]) -> list[str]:
    """Permissions of policies for actions that the rulebook prohibits without condition."""
    prohibited = {
        action
        for policy in rules
        for rule in policy.rules
        if rule.kind == ODRL2.prohibition and (rule.node, ODRL2.constraint, None) not in policy.graph
        for action in rule.actions
    }
    return [
        f"{policy.node} permits {action}"
        for policy in policies
        for rule in policy.rules
        if rule.kind == ODRL2.permission
        for action in sorted(rule.actions & prohibited)
    ]


def rulebook(probe: Probe) -> list[Policy]:
    """The policies of the document `rulebook-policy`; CheckError when it is no ODRL."""
    body = probe.document(RULEBOOK)
    start = body.lstrip()[:1]
    media_type = {b"{": "application/ld+json", b"[": "application/ld+json", b"<": "application/rdf+xml"}.get(
        start
    )
    if media_type is None or body.lstrip().startswith((b"<http", b"<#", b"<urn")):
        media_type = media_type if media_type == "application/ld+json" else "text/turtle"
    try:
        graph = parse_graph(body, media_type, "urn:rulebook", probe, f"The document {RULEBOOK!r} comes")
    except Failure as failure:
        raise CheckError(failure.message) from failure
    found = policies_of(graph)
    if not found:
        raise CheckError(f"The document {RULEBOOK!r} has no ODRL policy.")
    return found
