"""Queries into linked entities (`rel{path}`, CIM 009 4.9) where those entities are not at hand.

A flush knows only the entity that it writes. What it can say of such a query is whether it could hold; the
dispatcher, which can read, decides. `links_by_level` says what there is to read.
"""

from __future__ import annotations

from ..state import EntityState
from .match import matches
from .q_tree import And, Linked, Node, Not, Or, terms


def could_match(state: EntityState, node: Node) -> bool:
    """Whether the entity meets the query, for some state of the entities it links to."""
    match node:
        case And(operands):
            return all(could_match(state, each) for each in operands)
        case Or(operands):
            return any(could_match(state, each) for each in operands)
        case Not(operand):
            return not _must_match(state, operand)
        case Linked():
            return True
    return matches(state, node)


def _must_match(state: EntityState, node: Node) -> bool:
    """Whether the entity meets the query, whatever the entities are that it links to."""
    match node:
        case And(operands):
            return all(_must_match(state, each) for each in operands)
        case Or(operands):
            return any(_must_match(state, each) for each in operands)
        case Not(operand):
            return not could_match(state, operand)
        case Linked():
            return False
    return matches(state, node)


def links_by_level(node: Node) -> list[set[str]]:
    """The relationships that the query follows from the entity, from those it leads to, and so on."""
    levels: list[set[str]] = []
    for term in terms(node):
        depth = 0
        while isinstance(term, Linked):
            if depth == len(levels):
                levels.append(set())
            levels[depth].add(term.relationship)
            term, depth = term.term, depth + 1
    return levels
