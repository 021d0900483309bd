"""Whether an entity in memory meets a query: the answers of the compiled SQL, for subscriptions."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ..state import EntityState
from .entity_query import EntityQuery, Selector
from .geo_match import matches_geo
from .literals import Range, Scalar, literal_key, sort_key
from .posix_regex import Pattern, parse_pattern
from .q_tree import And, Compares, Equals, Exists, Linked, Matches, Node, Not, Or, Term, terms
from .scope import document_scopes
from .targets import Target, instances, related_ids, targets
from .type_selection import document_types

_EXACT = 2**53
LinkedEntities = Mapping[str, EntityState]

_ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}


def matches_entity_query(
    state: EntityState, query: EntityQuery, linked: LinkedEntities | None = None
) -> bool:
    """True when the entity meets every member of the query; ordering and the temporal window play no part."""
    document = state.document
    if query.types is not None and not query.types.matches(document_types(document)):
        return False
    if query.ids and state.id not in query.ids:
        return False
    if query.id_pattern is not None and not parse_pattern(query.id_pattern).found_in(state.id):
        return False
    if query.selectors and not any(_is_selected(state, each) for each in query.selectors):
        return False
    if query.attributes and query.attributes.isdisjoint(document):
        return False
    if query.dataset_ids and not _has_dataset(state, query.dataset_ids):
        return False
    if query.scope is not None and not query.scope.matches(document_scopes(document)):
        return False
    if query.q is not None and not matches(state, query.q, linked):
        return False
    return query.geo is None or matches_geo(document, query.geo)


def _is_selected(state: EntityState, selector: Selector) -> bool:
    if not selector.types.matches(document_types(state.document)):
        return False
    if selector.ids:
        return state.id in selector.ids
    return selector.id_pattern is None or parse_pattern(selector.id_pattern).found_in(state.id)


def _has_dataset(state: EntityState, dataset_ids: frozenset[str]) -> bool:
    return any(
        instance.get("datasetId", "@none") in dataset_ids
        for name in state.document
        for instance, _ in instances(state, (name,))
    )


def matches(state: EntityState, node: Node, linked: LinkedEntities | None = None) -> bool:
    """True when the entity meets the `q` tree; `linked` holds the entities it may follow relationships to."""
    if isinstance(node, Compares) and (known := _plain_order(state, node)) is not None:
        return known
    match node:
        case And(operands):
            return all(matches(state, each, linked) for each in operands)
        case Or(operands):
            return any(matches(state, each, linked) for each in operands)
        case Not(operand):
            return not matches(state, operand, linked)
        case Linked():
            return any(
                _linked_matches(linked[name], node, linked)
                for name in related_ids(state, node.relationship)
                if linked is not None and name in linked
            )
    return any(_meets(target, node) for target in targets(state, node.path))


def _plain_order(state: EntityState, node: Compares) -> bool | None:
    """The answer for a number against the one instance of a Property that holds a number; else None.

    Every write asks it of every subscription of a type, so it goes around targets and literals. Within 2^53
    Python orders integers and floats as their decimal texts are ordered.
    """
    path, literal = node.path, node.value
    if len(path.names) != 1 or path.members:
        return None
    if not (type(literal) is int or type(literal) is float) or not -_EXACT < literal < _EXACT:
        return None
    instance = state.document.get(path.names[0])
    if type(instance) is not dict or instance.get("type") != "Property":
        return None
    value = instance.get("value")
    if not (type(value) is int or type(value) is float) or not -_EXACT < value < _EXACT:
        return None
    return _ORDERS[node.order](value, literal)


def wanted_links(state: EntityState, node: Node) -> set[str]:
    """The ids a caller has to look up before `matches` can follow the relationships of `state`."""
    found: set[str] = set()
    for term in terms(node):
        if isinstance(term, Linked):
            found |= related_ids(state, term.relationship)
    return found


def _linked_matches(state: EntityState, node: Linked, linked: LinkedEntities | None) -> bool:
    if node.types and set(node.types).isdisjoint(document_types(state.document)):
        return False
    return matches(state, node.term, linked)


def _meets(target: Target, term: Term) -> bool:
    match term:
        case Exists():
            return True
        case Equals(_, values, negated):
            return any(_equals(target, value) for value in values) != negated
        case Compares(_, order, value):
            return any(_ordered(value, each, _ORDERS[order]) for each in target.singles(value))
        case Matches(_, pattern, negated):
            return _found(target.strings(), pattern, negated=negated)
    raise AssertionError(term)


def _equals(target: Target, value: Scalar | Range) -> bool:
    if isinstance(value, Range):
        return any(_within(value, each) for each in target.candidates(value.low))
    if isinstance(value, str) and value in target.names:
        return True
    return any(_ordered(value, each, operator.eq) for each in target.candidates(value))


def _within(value: Range, candidate: Any) -> bool:
    return _ordered(value.low, candidate, operator.ge) and _ordered(value.high, candidate, operator.le)


def _ordered(literal: Scalar, candidate: Any, order: Callable[[Any, Any], bool]) -> bool:
    key = sort_key(literal, candidate)
    return key is not None and order(key, literal_key(literal))


def _found(strings: Iterable[str], pattern: Pattern, *, negated: bool) -> bool:
    if not negated:
        return any(pattern.found_in(text) for text in strings)
    known = list(strings)
    return bool(known) and not any(pattern.found_in(text) for text in known)
