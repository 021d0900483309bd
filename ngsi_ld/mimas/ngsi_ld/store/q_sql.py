"""The `q` tree as an SQL condition over a row with the columns of `entity`.

Most terms are one SQL/JSON path over the document. Those that compare times need SQL's own functions and look
at the instances one by one. Nothing in a condition can fail on stored data.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any

from ..core.query.literals import Range, Scalar, Temporal
from ..core.query.q_tree import (
    SYSTEM_INSTANTS,
    And,
    Compares,
    Equals,
    Exists,
    Linked,
    Matches,
    Node,
    Not,
    Or,
    Path,
)
from .attribute_index import IndexedCondition, indexed_condition
from .json_path import instances, leaves
from .sql import all_of, any_of, bind
from .temporal_sql import temporal_key_sql

ValueTerm = Exists | Equals | Compares | Matches


def compile_q(node: Node, parameters: list[Any], alias: str = "entity", *, indexed: bool = True) -> str:
    """Return the condition for rows of `alias`; it is true or false, never null.

    With `indexed`, simple terms are written so that an index of `attribute_index` can serve them.
    """
    return _Compiler(parameters, indexed=indexed).condition(node, alias)


def _temporals(term: ValueTerm) -> list[Temporal | Range]:
    values = term.values if isinstance(term, Equals) else (term.value,) if isinstance(term, Compares) else ()
    return [
        each
        for each in values
        if isinstance(each, Temporal) or (isinstance(each, Range) and isinstance(each.low, Temporal))
    ]


class _Compiler:
    def __init__(self, parameters: list[Any], *, indexed: bool) -> None:
        self.parameters = parameters
        self.indexed = indexed
        self.numbers = count(1)

    def bind(self, value: Any, type_name: str) -> str:
        return bind(self.parameters, value, type_name)

    def condition(self, node: Node, alias: str) -> str:
        match node:
            case And(operands):
                return all_of(self.conjunction(operands, alias))
            case Or(operands):
                return any_of(self.condition(each, alias) for each in operands)
            case Not(operand):
                return f"(NOT {self.condition(operand, alias)})"
            case Linked():
                return self.linked(node, alias)
        return self.term(node, alias)

    def conjunction(self, operands: Sequence[Node], alias: str) -> Iterator[str]:
        """The condition of each operand, but one for all orders on a path.

        `a>1;a<2` as two conditions is two halves of the table to the planner, and no range of an index.
        """
        orders: dict[Path, list[Compares]] = {}
        for each in operands:
            if isinstance(each, Compares) and each.path.plain_member not in SYSTEM_INSTANTS:
                orders.setdefault(each.path, []).append(each)
            else:
                yield self.condition(each, alias)
        for terms in orders.values():
            exact = all_of([self.exact(each, alias) for each in terms])
            found = self.found(terms, alias)
            yield exact if found is None else found.combined(exact)

    def linked(self, node: Linked, alias: str) -> str:
        number = next(self.numbers)
        link, related = f"linked{number}", f"related{number}"
        start = instances((node.relationship,))
        paths = [f'{start}."object"[*]', f'{start}."objectList"[*]', f'{start}."objectList"[*]."object"[*]']
        ids = " UNION ALL ".join(
            f"SELECT {related}.v #>> '{{}}' FROM jsonb_path_query({alias}.doc, "  # noqa: S608
            f"{self.bind(path, 'jsonpath')}) AS {related}(v)"
            for path in paths
        )
        types = f" AND {link}.types && {self.bind(list(node.types), 'text[]')}" if node.types else ""
        return (
            f"EXISTS (SELECT FROM entity AS {link} WHERE {link}.tenant = {alias}.tenant"
            f" AND {link}.id IN ({ids}){types} AND {self.condition(node.term, link)})"
        )

    def term(self, term: ValueTerm, alias: str) -> str:
        if term.path.plain_member in SYSTEM_INSTANTS:
            return self.system_term(term, alias)
        exact, found = self.exact(term, alias), self.found([term], alias)
        return exact if found is None else found.combined(exact)

    def exact(self, term: ValueTerm, alias: str) -> str:
        """The condition that needs no index."""
        if _temporals(term):
            return self.temporal_term(term, alias)
        return self.path_exists(f"{alias}.doc", _json_path(term))

    def found(self, terms: Sequence[ValueTerm], alias: str) -> IndexedCondition | None:
        """What an index over the path of all these terms finds."""
        return indexed_condition(terms, alias, self.parameters) if self.indexed else None

    def path_exists(self, value: str, path: str) -> str:
        return f"jsonb_path_exists({value}, {self.bind(path, 'jsonpath')})"

    def temporal_term(self, term: ValueTerm, alias: str) -> str:
        instance = f"instance{next(self.numbers)}"
        start = self.bind(instances(term.path.instances) + "[*]", "jsonpath")
        met = self.meets(term, f"{instance}.v")
        return f"EXISTS (SELECT FROM jsonb_path_query({alias}.doc, {start}) AS {instance}(v) WHERE {met})"

    def meets(self, term: ValueTerm, instance: str) -> str:
        """The condition on one instance for a term with times among its values."""
        if isinstance(term, Compares):
            assert isinstance(term.value, Temporal)
            return any_of(self.single_time(instance, path, term) for path in _value_paths(term.path))
        assert isinstance(term, Equals)
        times = _temporals(term)
        others = tuple(each for each in term.values if each not in times)
        found = [self.equal_time(instance, path, times) for path in _value_paths(term.path)]
        if others:
            path = f"$ ? {_any_equal(term.path, others)}"
            found.append(self.path_exists(instance, path))
        if not term.negated:
            return any_of(found)
        there = self.path_exists(instance, f"$ ? {leaves(term.path).exist()}")
        return f"({there} AND NOT coalesce({any_of(found)}, FALSE))"

    def single_time(self, instance: str, path: tuple[str, ...], term: Compares) -> str:
        assert isinstance(term.value, Temporal)
        bound = self.bind(term.value.key, "text")
        texts = [f"({instance} #>> {self.bind(list(each), 'text[]')})" for each in (path, (*path, "@value"))]
        return any_of(f"{temporal_key_sql(text, term.value.kind)} {term.order} {bound}" for text in texts)

    def equal_time(self, instance: str, path: tuple[str, ...], times: list[Temporal | Range]) -> str:
        number = next(self.numbers)
        item = f"item{number}"
        value = f"{instance} #> {self.bind(list(path), 'text[]')}"
        text = f"({item}.v #>> '{{}}')"
        tests = any_of(self.time_test(text, each) for each in times)
        items = f"jsonb_path_query({value}, '$[*]') AS plain(v)"
        typed = f"jsonb_path_query({value}, '$[*].\"@value\"[*]') AS typed(v)"
        return (
            f"EXISTS (SELECT FROM (SELECT v FROM {items} UNION ALL SELECT v FROM {typed}) AS {item}"  # noqa: S608
            f" WHERE jsonb_typeof({item}.v) = 'string' AND {tests})"
        )

    def time_test(self, text: str, time: Temporal | Range) -> str:
        if isinstance(time, Temporal):
            return f"{temporal_key_sql(text, time.kind)} = {self.bind(time.key, 'text')}"
        low, high = time.low, time.high
        assert isinstance(low, Temporal) and isinstance(high, Temporal)
        key = temporal_key_sql(text, low.kind)
        return f"{key} BETWEEN {self.bind(low.key, 'text')} AND {self.bind(high.key, 'text')}"

    def system_term(self, term: ValueTerm, alias: str) -> str:
        """A term about createdAt or modifiedAt, which stand in columns and in `times` and are DateTimes."""
        path = term.path
        if not _speaks_of_instants(term):
            # Of other types nothing is equal, so everything is unequal.
            if isinstance(term, Exists) or (isinstance(term, Equals) and term.negated):
                return self.path_exists(f"{alias}.doc", instances(path.instances))
            return "FALSE"
        column = "created_at" if path.plain_member == "createdAt" else "modified_at"
        if not path.instances:
            return self.instant_test(term, f"{alias}.{column}")
        sources, steps = [], []
        owner = f"{alias}.doc"
        for name in path.instances:
            instance = f"instance{next(self.numbers)}"
            step = self.bind(instances((name,)) + "[*]", "jsonpath")
            sources.append(f"jsonb_path_query({owner}, {step}) AS {instance}(v)")
            owner = f"{instance}.v"
            steps.append(f"{self.bind(name, 'text')}, coalesce({owner} ->> 'datasetId', '')")
        way = ", 's', ".join(steps)
        times = f"({alias}.times #> ARRAY[{way}])"
        keys = ("c",) if column == "created_at" else ("m", "c")
        known = ", ".join(f"({times} ->> '{key}')::timestamptz" for key in keys)
        test = self.instant_test(term, f"coalesce({known}, {alias}.created_at)")
        return f"EXISTS (SELECT FROM {', '.join(sources)} WHERE {test})"

    def instant_test(self, term: ValueTerm, instant: str) -> str:
        if isinstance(term, Compares):
            return self.instant_compared(instant, term.order, term.value)
        assert isinstance(term, Equals)
        found = any_of(self.instant_equal(instant, each) for each in term.values)
        return f"(NOT {found})" if term.negated else found

    def instant_equal(self, instant: str, value: Scalar | Range) -> str:
        if not isinstance(value, Range):
            return self.instant_compared(instant, "=", value)
        low = self.instant_compared(instant, ">=", value.low)
        return f"({low} AND {self.instant_compared(instant, '<=', value.high)})"

    def instant_compared(self, instant: str, order: str, value: Scalar) -> str:
        if not isinstance(value, Temporal) or value.kind != "DateTime":
            return "FALSE"
        return f"({instant} {order} {self.bind(value.instant(), 'timestamptz')})"


def _speaks_of_instants(term: ValueTerm) -> bool:
    return any(
        (each.low if isinstance(each, Range) else each).kind == "DateTime"  # type: ignore[union-attr]
        for each in _temporals(term)
    )


def _value_paths(path: Path) -> list[tuple[str, ...]]:
    """Where an instance may hold a time."""
    if path.plain_member is not None:
        return [(path.plain_member,)]
    roots = ("value", "json") if path.members else ("value", "json", "valueList")
    return [] if path.members == ("*",) else [(root, *path.members) for root in roots]


def _json_path(term: ValueTerm) -> str:
    """The whole term as one path over the document."""
    there = leaves(term.path)
    match term:
        case Exists():
            test = there.exist()
        case Equals(path, values, negated):
            test = _any_equal(path, values)
            if negated:
                test = f"({there.exist()} && !exists(@ ? {test}))"
        case Compares(_, order, value):
            test = there.compare(order, value)
        case Matches(_, pattern, negated):
            test = there.match(pattern)
            if negated:
                test = f"({there.hold_string()} && !exists(@ ? {test}))"
    return f"{instances(term.path.instances)} ? {test}"


def _any_equal(path: Path, values: tuple[Scalar | Range, ...]) -> str:
    there = leaves(path)
    return f"({' || '.join(there.equal(each) for each in values)})"
