"""Which entities the history knows: those that are there, and those that were."""

# ruff: noqa: S608 - statements are made of constants, columns and placeholders

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ..core.query.entity_query import EntityQuery, Page
from ..core.query.posix_regex import parse_pattern
from ..core.query.type_selection import TypeSelection
from ..core.represent import TemporalEntity
from .database import Database, Row
from .entity_pages import only_type
from .entity_query_sql import compile_selector, listed_in_map
from .history_sql import known_entities
from .instances_sql import Wanted, has_instances
from .sql import any_of, bind


@dataclass(slots=True)
class Found:
    """A page of entities without instances."""

    entities: list[TemporalEntity]
    count: int | None = None
    next_key: str | None = None


class TemporalEntities:
    """Finds entities in `entity` and, once they are deleted, in `temporal_entity`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, tenant: str, ids: Sequence[str]) -> list[TemporalEntity]:
        """Those of the ids that have an evolution; current state alone is none.

        OFFSET 0 keeps the planner from joining them with the whole history.
        """
        source = f"{known_entities('$1::text')} AS known"
        rows = await self._database.fetch(
            f"""SELECT * FROM {source} WHERE id = any($2::text[]) AND EXISTS
                (SELECT FROM attr_history h WHERE h.tenant = $1 AND h.entity_id = known.id OFFSET 0)""",
            tenant,
            list(ids),
        )
        return [_entity(row) for row in rows]

    async def query(self, tenant: str, query: EntityQuery, page: Page, wanted: Wanted) -> Found:
        """The entities that meet the query and have an instance to show, in the order of ids."""
        bound: list[Any] = []
        owner = bind(bound, tenant, "text")
        source = "AS known"
        conditions = _conditions(query, bound)
        filters = wanted.filters(owner, bound)
        if filters is not None:
            source += f" CROSS JOIN LATERAL ({filters.met('known.id')}) AS met"
            conditions.append(filters.selects())
        conditions.append(has_instances(owner, "known.id", wanted, filters, bound))
        if query.entity_map is not None:
            conditions.append(listed_in_map(query.entity_map, owner, "known.id", bound))
        where = " AND ".join(conditions)
        count = None
        if page.count:
            sql = f"SELECT count(*) FROM {known_entities(owner)} {source} WHERE {where}"
            count = await self._database.fetchval(sql, *bound)
        if not page.limit:
            return Found([], count)
        descending = bool(query.ordering) and query.ordering[0].descending
        if page.after is not None:
            where += f" AND known.id {'<' if descending else '>'} {bind(bound, page.after, 'text')}"
        order = f"ORDER BY id {'DESC' if descending else 'ASC'}"
        enough = bind(bound, page.offset + page.limit + 1, "bigint")
        parts = " UNION ALL ".join(
            f"(SELECT {columns} FROM {table} {source} WHERE {which} AND {where} {order} LIMIT {enough})"
            for table, columns, which in _parts(query, owner, bound)
        )
        sql = f"SELECT * FROM ({parts}) AS known {order} LIMIT {enough}"
        rows = (await self._database.fetch(sql, *bound))[page.offset :]
        shown = rows[: page.limit]
        return Found(
            [_entity(row) for row in shown], count, shown[-1]["id"] if len(rows) > page.limit else None
        )


def _parts(query: EntityQuery, owner: str, bound: list[Any]) -> Iterator[tuple[str, str, str]]:
    """Tables, columns and conditions of parts that are each read in the order of ids, as far as a page needs.

    Entities of one type come from the index over (first type, id), those of it and others from another.
    """
    columns = "known.id, known.types, known.created_at, known.modified_at"
    present, mine = f"{columns}, NULL::timestamptz AS deleted_at", f"known.tenant = {owner}"
    name = only_type(query)
    if name is None or query.ids:
        yield "entity", present, mine
    else:
        first = bind(bound, name, "text")
        yield "entity", present, f"{mine} AND known.types[1] = {first}"
        yield "entity", present, f"{mine} AND known.types[1] <> {first} AND cardinality(known.types) > 1"
    is_gone = f"NOT EXISTS (SELECT FROM entity e WHERE e.tenant = {owner} AND e.id = known.id)"
    yield "temporal_entity", f"{columns}, known.deleted_at", f"{mine} AND {is_gone}"


def _conditions(query: EntityQuery, bound: list[Any]) -> list[str]:
    conditions = []
    if query.ids:
        conditions.append(f"known.id = any({bind(bound, list(query.ids), 'text[]')})")
    elif query.id_pattern is not None:
        conditions.append(f"known.id ~ {bind(bound, parse_pattern(query.id_pattern).postgres, 'text')}")
    if query.selectors:
        conditions.append(any_of(compile_selector(each, bound, "known") for each in query.selectors))
    if query.types is not None and not query.types.any_type:
        conditions.append(_has_types(query.types, bound))
    return conditions


def _has_types(selection: TypeSelection, bound: list[Any]) -> str:
    each = (f"known.types @> {bind(bound, sorted(names), 'text[]')}" for names in selection.alternatives)
    return f"({' OR '.join(each)})"


def _entity(row: Row) -> TemporalEntity:
    types = row["types"]
    return TemporalEntity(
        row["id"],
        types[0] if len(types) == 1 else list(types),
        created_at=row["created_at"],
        modified_at=row["modified_at"],
        deleted_at=row["deleted_at"],
    )
