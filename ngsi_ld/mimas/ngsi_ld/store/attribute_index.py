"""Expression indexes for attributes that queries really ask for, and the conditions they serve.

An index covers one attribute path of one entity type. Its expression is a short scalar of the only instance;
where that is null (several instances, arrays, typed values, long texts) a second, partial index leads to the
rows, which are then compared exactly. So the condition is right with and without the indexes, and neither
a long text nor a changing kind of value can fail a write.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import orjson

from ..core.query.entity_query import EntityQuery
from ..core.query.literals import Range, Scalar, Temporal, data_type
from ..core.query.q_tree import SYSTEM_INSTANTS, And, Compares, Equals, Node, Path
from .sql import bind, bind_jsonb
from .temporal_sql import temporal_key_sql

Kind = Literal["value", "text", "DateTime"]
ArrayText = Callable[[tuple[str, ...]], str]

LONGEST = 500
_ROOTS = ("value", "object", "vocab")


@dataclass(frozen=True, slots=True)
class AttributeIndex:
    """One index: over values (equality, the order of numbers), over texts or over times."""

    type: str
    path: Path
    kind: Kind

    @property
    def name(self) -> str:
        """The name of the index; that of the second one ends in `_rest`."""
        text = "\\0".join((self.type, *self.path.names, "[", *self.path.members, self.kind))
        return f"entity_q_{hashlib.sha256(text.encode()).hexdigest()[:16]}"

    def statements(self) -> tuple[str, ...]:
        """What makes it, one statement at a time outside a transaction; writes go on meanwhile."""
        value = _expression(self.path, self.kind, "", _quoted_array)
        first = _quoted(self.path.names[0])
        of_type = f"types @> ARRAY[{_quoted(self.type)}]::text[]"
        make = "CREATE INDEX CONCURRENTLY IF NOT EXISTS"
        return (
            f"{make} {self.name} ON entity (tenant, ({value}), id) WHERE {of_type}",
            f"{make} {self.name}_rest ON entity (tenant, id)"
            f" WHERE {of_type} AND doc ? {first} AND {value} IS NULL",
            "ANALYZE entity",
        )

    def drop_statements(self) -> tuple[str, ...]:
        """What removes it."""
        return tuple(f"DROP INDEX CONCURRENTLY IF EXISTS {self.name}{end}" for end in ("", "_rest"))


@dataclass(frozen=True, slots=True)
class IndexedCondition:
    """What the index finds, and the rows it does not speak of."""

    found: str
    unknown: str

    def combined(self, exact: str) -> str:
        """The whole condition; `exact` decides about the rows the index does not speak of."""
        return f"({self.found} OR ({self.unknown} AND {exact}))"


def wanted_indexes(query: EntityQuery) -> tuple[AttributeIndex, ...]:
    """The indexes that would serve the query: it must be of one type and have simple terms that must hold."""
    if query.q is None or query.types is None or len(query.types.alternatives) != 1:
        return ()
    found = [
        AttributeIndex(type_name, each.path, kind)
        for type_name in sorted(query.types.alternatives[0])[:1]
        for each in _necessary(query.q)
        if isinstance(each, Equals | Compares) and (kind := _kind(each)) is not None
    ]
    return tuple(dict.fromkeys(found))


def index_statements(type_name: str, path: Path, kind: Kind = "value") -> tuple[str, ...]:
    """The statements that make the index of one attribute path of one type."""
    return AttributeIndex(type_name, path, kind).statements()


def indexed_condition(term: Node, alias: str, parameters: list[Any]) -> IndexedCondition | None:
    """The condition as the index serves it, None for a term that is not simple enough."""
    if not isinstance(term, Equals | Compares) or (kind := _kind(term)) is None:
        return None
    bound: dict[tuple[str, ...], str] = {}

    def array(path: tuple[str, ...]) -> str:
        if path not in bound:
            bound[path] = bind(parameters, list(path), "text[]")
        return bound[path]

    value = _expression(term.path, kind, f"{alias}.", array)
    first = bind(parameters, term.path.names[0], "text")
    test = _test(term, kind, value, parameters)
    return IndexedCondition(test, f"{alias}.doc ? {first} AND {value} IS NULL")


def _necessary(node: Node) -> tuple[Node, ...]:
    return (
        tuple(inner for each in node.operands for inner in _necessary(each))
        if isinstance(node, And)
        else (node,)
    )


def _kind(term: Equals | Compares) -> Kind | None:
    if term.path.plain_member in SYSTEM_INSTANTS or not term.path.instances:
        return None
    if isinstance(term, Equals):
        return None if term.negated else _common_kind({_kind_of_equal(each) for each in term.values})
    return _kind_of_order(term.value)


def _common_kind(kinds: set[Kind | None]) -> Kind | None:
    return kinds.pop() if len(kinds) == 1 else None


def _kind_of_equal(value: Scalar | Range) -> Kind | None:
    if isinstance(value, Range):
        return _kind_of_order(value.low)
    if isinstance(value, Temporal):
        return _kind_of_order(value)
    # A longer text is in no index.
    return "value" if not isinstance(value, str) or len(value.encode()) <= LONGEST else None


def _kind_of_order(value: Scalar) -> Kind | None:
    if isinstance(value, Temporal):
        return "DateTime" if value.kind == "DateTime" else None
    return {"number": "value", "string": "text"}.get(data_type(value))  # type: ignore[return-value]


def _expression(path: Path, kind: Kind, prefix: str, array: ArrayText) -> str:
    """The indexed expression; in an index and in a query it must come out the same."""
    base = path.instances
    if path.plain_member is not None:
        places = [(*base, path.plain_member)]
    elif path.members:
        places = [(*base, "value", *path.members)]
    else:
        places = [(*base, root) for root in (_ROOTS if kind == "value" else _ROOTS[:1])]
    if kind == "DateTime":
        return temporal_key_sql(f"({prefix}doc #>> {array(places[0])})", "DateTime")
    values = [f"{prefix}doc #> {array(place)}" for place in places]
    value = f"coalesce({', '.join(values)})" if len(values) > 1 else f"({values[0]})"
    short = f"octet_length({value} #>> '{{}}') <= {LONGEST}"
    if kind == "text":
        text = f"{value} #>> '{{}}'"
        return f"(CASE WHEN jsonb_typeof({value}) = 'string' AND {short} THEN {text} END COLLATE \"C\")"
    return (
        f"(CASE WHEN jsonb_typeof({value}) IN ('string', 'number', 'boolean') AND {short} THEN {value} END)"
    )


def _test(term: Equals | Compares, kind: Kind, value: str, parameters: list[Any]) -> str:
    if isinstance(term, Compares):
        return _order_test(term.order, term.value, kind, value, parameters)
    if len(term.values) == 1 and not isinstance(term.values[0], Range):
        return f"{value} = {_bound(term.values[0], kind, parameters)}"
    tests = []
    for each in term.values:
        if isinstance(each, Range):
            low = _order_test(">=", each.low, kind, value, parameters)
            high = _order_test("<=", each.high, kind, value, parameters)
            tests.append(f"({low} AND {high})")
        else:
            tests.append(f"{value} = {_bound(each, kind, parameters)}")
    return f"({' OR '.join(tests)})"


def _order_test(order: str, bound: Scalar, kind: Kind, value: str, parameters: list[Any]) -> str:
    test = f"{value} {order} {_bound(bound, kind, parameters)}"
    if kind != "value":
        return test
    # As jsonb, texts come before all numbers and booleans after them.
    return f"({test} AND " + (
        f"{value} < 'false'::jsonb)" if order[0] == ">" else f"{value} > '-1e400'::jsonb)"
    )


def _bound(literal: Scalar, kind: Kind, parameters: list[Any]) -> str:
    if isinstance(literal, Temporal):
        return bind(parameters, literal.key, "text")
    if kind == "text":
        return bind(parameters, literal, "text")
    return bind_jsonb(parameters, orjson.dumps(literal).decode())


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _quoted_array(path: tuple[str, ...]) -> str:
    return f"ARRAY[{', '.join(_quoted(each) for each in path)}]::text[]"
