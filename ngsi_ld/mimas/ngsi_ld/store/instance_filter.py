"""The filters of a temporal query over attribute instances in its window (CIM 009 5.7.4.4).

A filter selects entities: each term of `q` and the geo-query is met by any instance in the window, and the
scope query by a scope that was valid in it. It also thins what is shown: an instance is shown when the entity
would be selected if this were the only instance of its attribute, and while a scope that is asked for was
valid (C.5.16). What holds for an entity as a whole is computed once, in the row `met`.
"""

# ruff: noqa: S608 - statements are made of constants, columns and placeholders

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ..core.query.entity_query import EntityQuery
from ..core.query.q_tree import ENTITY_MEMBERS, And, Linked, Node, Not, Or, Path, Term, attribute_names, terms
from ..core.query.temporal import TemporalQuery
from .geo_sql import compile_relation
from .history_sql import in_window, known_entities, time_column
from .q_sql import compile_q
from .scope_sql import compile_scope
from .sql import all_of, any_of, bind

SCOPE = "scope"
_INSTANT = """to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""


def needed_names(query: EntityQuery) -> frozenset[str]:
    """The attributes whose numbers a filter has to know, `scope` among them."""
    found = attribute_names(query.q) if query.q is not None else frozenset()
    return found | ({query.geo.geoproperty} if query.geo is not None else set()) | {SCOPE}


class InstanceFilter:
    """The filters of one query in one statement; what they bind goes to `bound`.

    `owner` is the placeholder of the tenant, `numbers` has those attributes that the history knows.
    """

    def __init__(self, query: EntityQuery, numbers: Mapping[str, int], owner: str, bound: list[Any]) -> None:
        assert query.temporal is not None
        self._query = query
        self._window = query.temporal
        self._numbers = numbers
        self._owner = owner
        self._bound = bound
        self._terms = list(terms(query.q)) if query.q is not None else []

    def met(self, entity_id: str) -> str:
        """The statement of the row `met`; `entity_id` is SQL."""
        columns = [
            f"{self._term_met(term, entity_id)} AS term{number}" for number, term in enumerate(self._terms)
        ]
        if self._query.geo is not None:
            columns.append(f"{self._geo_met(entity_id)} AS geo")
        scopes = ""
        if self._query.scope is not None:
            columns += ["valid.spans", "valid.starts"]
            scopes = f" FROM ({self._valid_scopes(entity_id)}) AS valid"
        return f"SELECT {', '.join(columns)}{scopes} OFFSET 0"

    def selects(self) -> str:
        """The condition on `met` that the entity meets the filters."""
        conditions = []
        if self._query.q is not None:
            met = iter([f"met.term{number}" for number in range(len(self._terms))])
            conditions.append(_tree(self._query.q, lambda _: next(met)))
        if self._query.geo is not None:
            conditions.append("met.geo")
        if self._query.scope is not None:
            conditions.append(f"coalesce(met.spans && {_range(self._window, self._bound)}, FALSE)")
        return all_of(conditions)

    def shows(self) -> str:
        """The condition on `h`, beside `met`, that an instance is shown; for scopes see `shows_scope`."""
        conditions = [in_window(self._window, self._bound)]
        if self._query.q is not None:
            numbered = iter(range(len(self._terms)))
            conditions.append(_tree(self._query.q, lambda term: self._term_shown(term, next(numbered))))
        if self._query.geo is not None:
            number = self._number(self._query.geo.geoproperty)
            conditions.append(f"(h.attribute_id <> {number} OR {self._geo_test()})")
        if self._query.scope is not None:
            conditions.append(f"h.attribute_id <> {self._number(SCOPE)}")
            conditions.append(f"h.{time_column(self._window)} <@ met.spans")
        return all_of(conditions)

    def shows_scope(self) -> str | None:
        """The condition on `h` that a scope is shown: asked for, and valid at some time in the window."""
        if self._query.scope is None:
            return None
        number = self._number(SCOPE)
        return f"(h.attribute_id = {number} AND h.at = any(met.starts) AND {self._scope_test()})"

    def _number(self, name: str) -> str:
        """The number of an attribute as a placeholder; one that no row has when the history lacks it."""
        return bind(self._bound, self._numbers.get(name, 0), "int")

    def _rows(self, entity_id: str, name: str, condition: str, *, windowed: bool = True) -> str:
        """FROM and WHERE over the instances of one attribute of an entity."""
        window = in_window(self._window, self._bound) if windowed else "TRUE"
        return (
            f"FROM attr_history h WHERE h.tenant = {self._owner} AND h.entity_id = {entity_id}"
            f" AND h.attribute_id = {self._number(name)} AND {window} AND {condition}"
        )

    def _term_met(self, term: Term, entity_id: str) -> str:
        """Any instance in the window meets the term; of members of the entity, the entity does."""
        name = _name(term)
        if name not in ENTITY_MEMBERS or name == SCOPE:
            return f"EXISTS (SELECT {self._rows(entity_id, name, self._instance_test(term))})"
        document = f"jsonb_strip_nulls(jsonb_build_object('id', k.id, 'deletedAt', {_text('k')}))"
        times = "NULL::jsonb AS times, k.created_at AS created_at, k.modified_at AS modified_at"
        source = f"{known_entities(self._owner)} AS k WHERE k.id = {entity_id}"
        return self._one(f"SELECT {document} AS doc, {times} FROM {source}", term)

    def _term_shown(self, term: Term, number: int) -> str:
        """For an instance of the term's attribute its own truth, for others that of the entity."""
        name = _name(term)
        if name in ENTITY_MEMBERS and name != SCOPE:
            return f"met.term{number}"
        attribute = self._number(name)
        return (
            f"(CASE WHEN h.attribute_id = {attribute} THEN {self._instance_test(term)}"
            f" ELSE met.term{number} END)"
        )

    def _instance_test(self, term: Term) -> str:
        """The condition that the instance `h` alone meets the term."""
        assert not isinstance(term, Linked)
        name = bind(self._bound, _name(term), "text")
        times = "NULL::jsonb"
        if _name(term) == SCOPE:
            document = "h.instance -> 'value'"
        elif term.path.plain_member == "deletedAt":
            document = f"h.instance || jsonb_strip_nulls(jsonb_build_object('deletedAt', {_text('h')}))"
        else:
            document = "h.instance"
        if term.path.plain_member in ("createdAt", "modifiedAt"):
            stamps = "jsonb_build_object('c', h.created_at, 'm', h.modified_at)"
            times = f"jsonb_build_object({name}, jsonb_build_object(h.dataset_id, {stamps}))"
        row = (
            f"SELECT jsonb_build_object({name}, {document}) AS doc, {times} AS times,"
            " h.created_at AS created_at, h.modified_at AS modified_at"
        )
        return self._one(row, term)

    def _one(self, row: str, term: Term) -> str:
        """The condition that a row made like one of `entity` meets the term."""
        condition = compile_q(term, self._bound, "one", indexed=False)
        return f"EXISTS (SELECT FROM ({row}) AS one WHERE {condition})"

    def _geo_met(self, entity_id: str) -> str:
        assert self._query.geo is not None
        return f"EXISTS (SELECT {self._rows(entity_id, self._query.geo.geoproperty, self._geo_test())})"

    def _geo_test(self) -> str:
        """The condition that the instance `h` is a geometry in the relation."""
        assert self._query.geo is not None
        geometry = (
            "CASE WHEN h.instance ->> 'type' = 'GeoProperty'"
            " AND jsonb_typeof(h.instance -> 'value') = 'object'"
            " THEN ST_SetSRID(ST_GeomFromGeoJSON(h.instance ->> 'value'), 4326) END"
        )
        related = compile_relation(self._query.geo, self._bound, "place.geometry")
        return f"EXISTS (SELECT FROM (SELECT {geometry} AS geometry OFFSET 0) AS place WHERE {related})"

    def _scope_test(self) -> str:
        assert self._query.scope is not None
        listed = "CASE jsonb_typeof(h.instance -> 'value') WHEN 'array' THEN h.instance -> 'value'"
        listed += " ELSE jsonb_build_array(h.instance -> 'value') END"
        scopes = f"SELECT ARRAY(SELECT jsonb_array_elements_text({listed})) AS scopes OFFSET 0"
        found = compile_scope(self._query.scope, self._bound, "one")
        return f"(h.deleted_at IS NULL AND EXISTS (SELECT FROM ({scopes}) AS one WHERE {found}))"

    def _valid_scopes(self, entity_id: str) -> str:
        """When scopes that are asked for were valid: each from its time to that of the next (4.18)."""
        window = _range(self._window, self._bound)
        validity = (
            "SELECT tstzrange(h.at, lead(h.at) OVER (ORDER BY h.at, h.instance_id)) AS span,"
            f" {self._scope_test()} AS met {self._rows(entity_id, SCOPE, 'TRUE', windowed=False)}"
        )
        return (
            "SELECT range_agg(span) AS spans,"
            f" array_agg(lower(span)) FILTER (WHERE span && {window}) AS starts"
            f" FROM ({validity}) AS validity WHERE met"
        )


def _name(term: Term) -> str:
    assert not isinstance(term, Linked), "temporal queries follow no relationships (5.7.4.4)"
    path: Path = term.path
    return path.names[0]


def _text(row: str) -> str:
    return _INSTANT.format(f"{row}.deleted_at")


def _tree(node: Node, term: Callable[[Term], str]) -> str:
    """The condition of a tree, made of what stands for each term, from left to right as `terms` has them."""
    match node:
        case And(operands):
            return all_of(list(_each(operands, term)))
        case Or(operands):
            return any_of(list(_each(operands, term)))
        case Not(operand):
            return f"(NOT {term(operand)})"
    return term(node)


def _each(nodes: tuple[Node, ...], term: Callable[[Term], str]) -> Iterator[str]:
    return (_tree(each, term) for each in nodes)


def _range(window: TemporalQuery, bound: list[Any]) -> str:
    """The window as a range of times."""
    start = None if window.timerel == "before" else window.time_at
    end = window.time_at if window.timerel == "before" else window.end_time_at
    if start is not None and end is not None:
        end = max(start, end)  # a range whose end comes first is an error in SQL
    return f"tstzrange({bind(bound, start, 'timestamptz')}, {bind(bound, end, 'timestamptz')})"
