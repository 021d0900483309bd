"""Entity ordering (CIM 009 4.23) in SQL.

Values of different data types come in the standard's order: numbers, strings, objects, arrays, booleans,
times, dates, DateTimes; `desc` turns that round, but null and absent stay last. Of several instances the
default one counts, else any.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from ..core.query.geo import Geometry
from ..core.query.literals import SHAPES
from ..core.query.ordering import OrderTerm
from ..core.query.q_tree import SYSTEM_INSTANTS, Path
from .geo_sql import LOCATION, geometry_sql
from .json_path import instances, member
from .sql import bind
from .temporal_sql import temporal_key_sql

_ROOTS = ("value", "object", "vocab", "json", "valueList", "objectList", "languageMap")


@dataclass(frozen=True, slots=True)
class OrderingSql:
    """What follows `FROM entity` and what follows `ORDER BY`; the caller adds `id` as the last key."""

    joins: str
    keys: str


def compile_ordering(
    terms: Iterable[OrderTerm], collation: str | None, parameters: list[Any], alias: str = "entity"
) -> OrderingSql:
    """Return the sort keys; the collation of a tag must exist (`collation_statement`)."""
    joins: list[str] = []
    keys: list[str] = []
    for number, term in enumerate(terms):
        joins.append(_source(term, f"key{number}", parameters, alias))
        keys += _keys(term, f"key{number}", collation_name(collation))
    return OrderingSql(" ".join(joins), ", ".join(keys))


def collation_name(tag: str | None) -> str:
    """The quoted name of the collation of a checked tag; without one the root order (CIM 009 4.23.1)."""
    return '"und-x-icu"' if tag in (None, "und") else f'"mimas_{tag}"'


def collation_statement(tag: str | None) -> str | None:
    """The statement that makes the collation of a checked tag when it is missing; None for the root order."""
    if tag in (None, "und"):
        return None
    return f"CREATE COLLATION IF NOT EXISTS {collation_name(tag)} (provider = icu, locale = '{tag}')"


def _source(term: OrderTerm, name: str, parameters: list[Any], alias: str) -> str:
    columns = [f"{_value(term.path, parameters, alias)} AS v"]
    if term.reference is not None:
        columns.append(f"{_distance(term.path.names[0], term.reference, parameters, alias)} AS metres")
    # OFFSET 0 keeps the value from being computed once for each key.
    return f"CROSS JOIN LATERAL (SELECT {', '.join(columns)} OFFSET 0) AS {name}"


def _value(path: Path, parameters: list[Any], alias: str) -> str:
    if path.names == ("id",):
        return f"to_jsonb({alias}.id)"
    if path.names == ("type",):
        return f"to_jsonb({alias}.types[1])"
    if path.plain_member in SYSTEM_INSTANTS:
        return _system_value(path, parameters, alias)
    found = [
        f"jsonb_path_query_first({alias}.doc, {bind(parameters, each, 'jsonpath')})" for each in _places(path)
    ]
    return f"coalesce({', '.join(found)})"


def _system_value(path: Path, parameters: list[Any], alias: str) -> str:
    column = f"{alias}.{'created_at' if path.plain_member == 'createdAt' else 'modified_at'}"
    moment = column
    if path.instances:
        way = bind(parameters, _times_path(path.instances), "text[]")
        keys = ("c",) if path.plain_member == "createdAt" else ("m", "c")
        known = ", ".join(f"({alias}.times #> {way} ->> '{key}')::timestamptz" for key in keys)
        moment = f"CASE WHEN {_there(path, parameters, alias)} THEN coalesce({known}, {alias}.created_at) END"
    form = 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'
    return f"to_jsonb(to_char({moment} AT TIME ZONE 'UTC', '{form}'))"


def _there(path: Path, parameters: list[Any], alias: str) -> str:
    return f"jsonb_path_exists({alias}.doc, {bind(parameters, instances(path.instances), 'jsonpath')})"


def _times_path(names: tuple[str, ...]) -> list[str]:
    way: list[str] = []
    for name in names:
        way += [*(["s"] if way else []), name, ""]
    return way


def _places(path: Path) -> Iterator[str]:
    """Where the value may be: in the default instances first."""
    if path.plain_member is not None:
        ends = [member(path.plain_member)]
    else:
        inside = "".join(member(each) for each in path.members)
        ends = [member(root) + inside for root in _ROOTS]
    if path.instances:
        start = "$" + "".join(f'{member(each)} ? (!exists(@."datasetId"))' for each in path.instances)
        yield from (start + end for end in ends)
    yield from (instances(path.instances) + end for end in ends)


def _distance(attribute: str, reference: Geometry, parameters: list[Any], alias: str) -> str:
    other = (
        f"(SELECT geometry FROM entity_geo AS geo WHERE geo.tenant = {alias}.tenant"  # noqa: S608
        f" AND geo.entity_id = {alias}.id AND geo.attribute = {bind(parameters, attribute, 'text')}"
        " ORDER BY geo.dataset_id LIMIT 1)"
    )
    geometry = f"coalesce({alias}.location, {other})" if attribute == LOCATION else other
    return f"ST_Distance({geometry}::geography, {geometry_sql(reference, parameters)}::geography, FALSE)"


def _keys(term: OrderTerm, name: str, collation: str) -> Iterator[str]:
    direction = "DESC" if term.descending else "ASC"
    if term.reference is not None:
        yield f"{name}.metres {direction} NULLS LAST"
    value, text = f"{name}.v", f"({name}.v #>> '{{}}')"
    yield f"(coalesce(jsonb_typeof({value}), 'null') = 'null') ASC"
    yield f"{_rank(value, text)} {direction} NULLS LAST"
    yield f"CASE WHEN jsonb_typeof({value}) = 'number' THEN {text}::numeric END {direction} NULLS LAST"
    for kind in SHAPES:
        yield f"{temporal_key_sql(text, kind)} {direction} NULLS LAST"
    yield f"{text} COLLATE {collation} {direction} NULLS LAST"


def _rank(value: str, text: str) -> str:
    of_string = (
        f"CASE WHEN {text} ~ '^{SHAPES['DateTime']}$' THEN 8 WHEN {text} ~ '^{SHAPES['Date']}$' THEN 7"
        f" WHEN {text} ~ '^{SHAPES['Time']}$' THEN 6 ELSE 2 END"
    )
    return (
        f"CASE jsonb_typeof({value}) WHEN 'number' THEN 1 WHEN 'string' THEN {of_string}"
        " WHEN 'object' THEN 3 WHEN 'array' THEN 4 WHEN 'boolean' THEN 5 WHEN 'null' THEN 9 END"
    )
