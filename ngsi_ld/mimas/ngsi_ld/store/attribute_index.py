"""Expression indexes for attributes that queries really ask for, and the conditions they serve.

An index covers one attribute path of one entity type: the numbers, texts or times of the rows where the path
leads to a single short scalar. A second, partial index leads to the rest of the rows that have the attribute
(several instances, arrays, typed values, long texts), which are compared exactly. So the condition is right
with and without the indexes, and neither a long text nor a changing kind of value can fail a write.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from ..core.query.entity_query import EntityQuery
from ..core.query.literals import Range, Scalar, Temporal, data_type
from ..core.query.q_tree import SYSTEM_INSTANTS, And, Compares, Equals, Node, Path
from .sql import any_of, bind
from .temporal_sql import temporal_key_sql

Kind = Literal["number", "text", "DateTime"]

LONGEST = 500
PREFIX = "entity_q_"
_INDEX_NAME = re.compile(PREFIX + r"[0-9a-f]{16}_(?:number|text|datetime|rest)")
_ROOTS = ("value", "object", "vocab")


@dataclass(frozen=True, slots=True)
class AttributeIndex:
    """One index: over the numbers, the texts or the DateTimes at one path, in their order."""

    type: str
    path: Path
    kind: Kind

    @property
    def name(self) -> str:
        """The name of the index."""
        return f"{self._base}_{self.kind.lower()}"

    @property
    def _base(self) -> str:
        """The beginning of the name, shared by all kinds of a path, as the index of the rest is."""
        text = "\0".join((self.type, *self.path.names, "[", *self.path.members))
        return f"{PREFIX}{hashlib.sha256(text.encode()).hexdigest()[:16]}"

    def statements(self) -> tuple[str, ...]:
        """What makes it, one statement at a time outside a transaction; writes go on meanwhile.

        The planner takes no statistics from partial indexes, so they are made for themselves.
        """
        places = _Places(self.path, "", _quoted_array)
        value, rest = places.scalar(self.kind), places.rest(_quoted(self.path.names[0]))
        of_type = f"types @> ARRAY[{_quoted(self.type)}]::text[]"
        make = "CREATE INDEX CONCURRENTLY IF NOT EXISTS"
        count = "CREATE STATISTICS IF NOT EXISTS"
        return (
            f"{make} {self.name} ON entity (tenant, ({value}), id) WHERE {of_type}",
            f"{make} {self._base}_rest ON entity (tenant, id) WHERE {of_type} AND {rest}",
            f"{count} {self.name}_stats ON ({value}) FROM entity",
            f"{count} {self._base}_rest_stats ON ({rest}) FROM entity",
            "ANALYZE entity",
        )


def drop_statements(name: str) -> tuple[str, ...]:
    """What removes the index of a name; that of the rest stays, it serves other kinds too and is small."""
    if _INDEX_NAME.fullmatch(name) is None:
        raise ValueError(f"{name} is not the name of an attribute index")
    return (f"DROP INDEX CONCURRENTLY IF EXISTS {name}", f"DROP STATISTICS IF EXISTS {name}_stats")


@dataclass(frozen=True, slots=True)
class IndexedCondition:
    """What the index finds, and the rows it does not speak of."""

    found: str
    rest: str

    def combined(self, exact: str) -> str:
        """The whole condition; `exact` decides about the rest."""
        return f"(({self.found}) OR ({self.rest} AND {exact}))"


def wanted_indexes(query: EntityQuery) -> tuple[AttributeIndex, ...]:
    """The indexes that would serve the query: it must be of one type and have simple terms that must hold."""
    if query.q is None or query.types is None or len(query.types.alternatives) != 1:
        return ()
    type_name = min(query.types.alternatives[0])
    found = [
        AttributeIndex(type_name, each.path, kind)
        for each in _necessary(query.q)
        if isinstance(each, Equals | Compares) and (kind := _kind(each)) is not None
    ]
    return tuple(dict.fromkeys(found))


def index_statements(type_name: str, path: Path, kind: Kind = "number") -> tuple[str, ...]:
    """The statements that make the index of one attribute path of one type."""
    return AttributeIndex(type_name, path, kind).statements()


def indexed_condition(terms: Sequence[Node], alias: str, parameters: list[Any]) -> IndexedCondition | None:
    """The condition that all terms, of one path, hold as the index serves it; None unless all are simple."""
    simple = [each for each in terms if isinstance(each, Equals | Compares) and _kind(each) is not None]
    if len(simple) < len(terms):
        return None
    path = simple[0].path
    bound: dict[tuple[str, ...], str] = {}

    def array(place: tuple[str, ...]) -> str:
        if place not in bound:
            bound[place] = bind(parameters, list(place), "text[]")
        return bound[place]

    places = _Places(path, f"{alias}.", array)
    found = " AND ".join(_found(each, places, parameters) for each in simple)
    return IndexedCondition(found, places.rest(bind(parameters, path.names[0], "text")))


def _found(term: Equals | Compares, places: _Places, parameters: list[Any]) -> str:
    kind = _kind(term)
    assert kind is not None
    found = _test(term, places.scalar(kind), parameters)
    return f"({found} AND {places.is_text()})" if kind == "text" and _has_order(term) else found


def _necessary(node: Node) -> tuple[Node, ...]:
    """The nodes that must hold for the whole to hold."""
    return (
        tuple(inner for each in node.operands for inner in _necessary(each))
        if isinstance(node, And)
        else (node,)
    )


def _kind(term: Equals | Compares) -> Kind | None:
    if term.path.plain_member in SYSTEM_INSTANTS or not term.path.instances or term.path.members == ("*",):
        return None
    if isinstance(term, Compares):
        return _kind_of(term.value)
    kinds = {_kind_of(each.low if isinstance(each, Range) else each) for each in term.values}
    return kinds.pop() if len(kinds) == 1 and not term.negated else None


def _kind_of(value: Scalar) -> Kind | None:
    match data_type(value):
        case "number":
            return "number"
        case "DateTime":
            return "DateTime"
        case "string" if len(str(value).encode()) <= LONGEST:
            return "text"
    return None


def _has_order(term: Equals | Compares) -> bool:
    return isinstance(term, Compares) or any(isinstance(each, Range) for each in term.values)


class _Places:
    """The expressions over a row; in an index and in a query they must come out the same."""

    def __init__(self, path: Path, prefix: str, array: Callable[[tuple[str, ...]], str]) -> None:
        self.path = path
        self.prefix = prefix
        self.array = array

    def _roots(self, *, all_kinds: bool) -> str:
        base, member = self.path.instances, self.path.plain_member
        if member is not None:
            return self._at((*base, member))
        if self.path.members:
            return self._at((*base, "value", *self.path.members))
        if not all_kinds:
            return self._at((*base, "value"))
        return f"coalesce({', '.join(self._at((*base, root)) for root in _ROOTS)})"

    def _at(self, place: tuple[str, ...]) -> str:
        return f"({self.prefix}doc #> {self.array(place)})"

    def scalar(self, kind: Kind) -> str:
        """The value as what is indexed, null where it is of another type."""
        if kind == "DateTime":
            return temporal_key_sql(f"({self._roots(all_kinds=False)} #>> '{{}}')", "DateTime")
        if kind == "number":
            value = self._roots(all_kinds=False)
            return f"(CASE WHEN jsonb_typeof({value}) = 'number' THEN ({value} #>> '{{}}')::numeric END)"
        value = self._roots(all_kinds=True)
        text = f"({value} #>> '{{}}')"
        short = f"jsonb_typeof({value}) = 'string' AND octet_length{text} <= {LONGEST}"
        return f'(CASE WHEN {short} THEN {text} END COLLATE "C")'

    def is_text(self) -> str:
        """The value is a string, not the name of an entity or of a vocabulary, which have no order."""
        return f"jsonb_typeof({self._roots(all_kinds=False)}) = 'string'"

    def rest(self, first: str) -> str:
        """The attribute is there, but not as a single short scalar: one expression, to have statistics."""
        value = self._roots(all_kinds=True)
        kinds = f"jsonb_typeof({value}) IN ('string', 'number', 'boolean')"
        known = f"coalesce({kinds} AND octet_length({value} #>> '{{}}') <= {LONGEST}, FALSE)"
        if self.path.plain_member is not None and len(self.path.instances) == 1:
            owner = self._at(self.path.instances)
            known = f"({known} OR ({value} IS NULL AND jsonb_typeof({owner}) <> 'array'))"
        return f"(CASE WHEN {self.prefix}doc ? {first} THEN NOT {known} ELSE FALSE END)"


def _test(term: Equals | Compares, value: str, parameters: list[Any]) -> str:
    if isinstance(term, Compares):
        return f"{value} {term.order} {_bound(term.value, parameters)}"
    return any_of(_equal(each, value, parameters) for each in term.values)


def _equal(each: Scalar | Range, value: str, parameters: list[Any]) -> str:
    if isinstance(each, Range):
        return f"{value} BETWEEN {_bound(each.low, parameters)} AND {_bound(each.high, parameters)}"
    return f"{value} = {_bound(each, parameters)}"


def _bound(literal: Scalar, parameters: list[Any]) -> str:
    if isinstance(literal, Temporal):
        return bind(parameters, literal.key, "text")
    if isinstance(literal, str):
        return bind(parameters, literal, "text")
    return bind(parameters, Decimal(repr(literal)), "numeric")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _quoted_array(path: tuple[str, ...]) -> str:
    return f"ARRAY[{', '.join(_quoted(each) for each in path)}]::text[]"
