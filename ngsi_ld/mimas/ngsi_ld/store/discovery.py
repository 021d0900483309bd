"""What is there: entity types and attributes with their counts (CIM 009 5.7.5 to 5.7.10).

Types and counts are exact: types come from the index over them. Names and kinds of attributes are in the
documents alone. They are exact for up to 5 000 entities, of a type or of a tenant; of more, a sample is
read: the first and last entities of each type, and others all over the table (counts and lists may be
estimates, CIM 009 5.7.11). What was sampled is told again for ten seconds.
"""

# ruff: noqa: S608 - statements are made of constants and placeholders

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from .attribute_names import AttributeNames
from .database import Database

T = TypeVar("T")

# A document's keys that are no attributes (`core.kinds.ENTITY_MEMBERS`, as far as documents have them).
_MEMBERS = "('id', 'type', 'scope', 'expiresAt')"
_LARGE = 5_000
_EDGE = 500
_SPREAD = 3_000
_KEPT_FOR = 10.0

# `$2` are types, `$3` how many first and last entities of each, `$4` the share of the table in percent.
_SAMPLE = f"""(
    SELECT id, types, doc FROM unnest($2::text[]) AS t(type) CROSS JOIN LATERAL (
        (SELECT id, types, doc FROM entity WHERE tenant = $1 AND types[1] = t.type ORDER BY id LIMIT $3)
        UNION ALL
        (SELECT id, types, doc FROM entity WHERE tenant = $1 AND types[1] = t.type ORDER BY id DESC LIMIT $3)
    ) AS edges
    UNION ALL
    (SELECT id, types, doc FROM entity WHERE tenant = $1 AND cardinality(types) > 1 AND types && $2
        LIMIT {_EDGE})
    UNION ALL
    SELECT id, types, doc FROM entity TABLESAMPLE SYSTEM ($4::float8) WHERE tenant = $1 AND types && $2
)"""
_ALL = "(SELECT id, types, doc FROM entity WHERE tenant = $1 AND types && $2)"


@dataclass(frozen=True, slots=True)
class TypeSummary:
    """A type and the attributes its entities have; stored names."""

    name: str
    attributes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AttributeInType:
    """An attribute as the entities of one type, or all entities, have it."""

    name: str
    count: int
    kinds: tuple[str, ...]
    types: tuple[str, ...]


class DiscoveryStore:
    """Lists and details of types and attributes; every name is a stored name."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._names = AttributeNames()
        self._kept: dict[tuple[str, ...], tuple[float, object]] = {}

    async def types(self, tenant: str) -> list[str]:
        """The types in use, by name: one look into the index for each."""
        rows = await self._database.fetch(
            """
            WITH RECURSIVE first(type) AS (
                (SELECT types[1] FROM entity WHERE tenant = $1 ORDER BY types[1] LIMIT 1)
                UNION ALL
                SELECT (SELECT types[1] FROM entity WHERE tenant = $1 AND types[1] > first.type
                        ORDER BY types[1] LIMIT 1)
                FROM first WHERE first.type IS NOT NULL
            )
            SELECT type FROM first WHERE type IS NOT NULL
            UNION SELECT unnest(types) FROM entity WHERE tenant = $1 AND cardinality(types) > 1
            ORDER BY 1
            """,
            tenant,
        )
        return [row[0] for row in rows]

    async def type_summaries(self, tenant: str) -> list[TypeSummary]:
        """Every type with the names of its attributes."""
        return await self._told("summaries", tenant, None, self._type_summaries)

    async def type_details(self, tenant: str, type_name: str) -> tuple[int, list[AttributeInType]]:
        """How many entities of a type there are, and their attributes; (0, []) for an unused type."""
        count: int = await self._database.fetchval(
            "SELECT count(*) FROM entity WHERE tenant = $1 AND types @> ARRAY[$2::text]", tenant, type_name
        )
        if not count:
            return 0, []
        return count, await self._told("attributes", tenant, type_name, self._attributes)

    async def attributes(self, tenant: str) -> list[str]:
        """The names of the attributes in use, by name."""
        return await self._told("names", tenant, None, self._attribute_names)

    async def attribute_summaries(self, tenant: str) -> list[AttributeInType]:
        """Every attribute with its kinds and types; of a sample `count` is what was seen of it."""
        return await self._told("attributes", tenant, None, self._attributes)

    async def attribute_details(self, tenant: str, name: str) -> AttributeInType | None:
        """One attribute, None when no entity has it; its kinds are those of the first entities."""
        async with self._database.acquire() as connection:
            if not await self._names.known(connection, [name]):
                return None  # what was never written is nowhere
        rows = await self._database.fetch(
            "SELECT types, count(*) FROM entity WHERE tenant = $1 AND doc ? $2 GROUP BY types", tenant, name
        )
        if not rows:
            return None
        kinds = await self._database.fetch(
            f"""
            SELECT DISTINCT instance ->> 'type' FROM (
                SELECT doc -> $2 AS value FROM entity WHERE tenant = $1 AND doc ? $2 LIMIT {_LARGE}
            ) AS found CROSS JOIN LATERAL jsonb_path_query(value, 'lax $[*]') AS instance ORDER BY 1
            """,
            tenant,
            name,
        )
        types = sorted({each for row in rows for each in row[0]})
        return AttributeInType(
            name, sum(row[1] for row in rows), tuple(row[0] for row in kinds), tuple(types)
        )

    async def _told(
        self,
        what: str,
        tenant: str,
        type_name: str | None,
        read: Callable[[str, str, list[object]], Awaitable[T]],
    ) -> T:
        """The answer of `read` over all entities where these are few, else over a sample, and kept."""
        types = await self.types(tenant) if type_name is None else [type_name]
        if not await self._is_large(tenant, types):
            return await read(_ALL, tenant, [types])
        key = (what, tenant, type_name or "")
        until, answer = self._kept.get(key, (0.0, None))
        if until < time.monotonic():
            sampled = [types, max(_EDGE // len(types), 20), await self._share()]
            answer = await read(_SAMPLE, tenant, list(sampled))
            self._kept = {each: kept for each, kept in self._kept.items() if kept[0] > time.monotonic()}
            self._kept[key] = time.monotonic() + _KEPT_FOR, answer
        return answer  # type: ignore[return-value]

    async def _is_large(self, tenant: str, types: list[str]) -> bool:
        found: int = await self._database.fetchval(
            f"""
            SELECT count(*) FROM (
                SELECT FROM unnest($2::text[]) AS t(type) CROSS JOIN LATERAL (
                    SELECT FROM entity WHERE tenant = $1 AND types[1] = t.type LIMIT {_LARGE + 1}
                ) AS first_type
                UNION ALL
                SELECT FROM entity WHERE tenant = $1 AND cardinality(types) > 1 AND types && $2
                LIMIT {_LARGE + 1}
            ) AS found
            """,
            tenant,
            types,
        )
        return found > _LARGE

    async def _share(self) -> float:
        rows: float = await self._database.fetchval(
            "SELECT greatest(reltuples, 1)::float8 FROM pg_class WHERE oid = 'entity'::regclass"
        )
        return min(100.0, 100 * _SPREAD / rows)

    async def _type_summaries(self, source: str, tenant: str, more: list[object]) -> list[TypeSummary]:
        rows = await self._database.fetch(
            f"""
            SELECT type, array_agg(DISTINCT name ORDER BY name) FILTER (WHERE name IS NOT NULL)
            FROM {source} AS entity CROSS JOIN unnest(types) AS type
                LEFT JOIN LATERAL jsonb_object_keys(doc) AS name ON name NOT IN {_MEMBERS}
            GROUP BY type ORDER BY type
            """,
            tenant,
            *more,
        )
        return [TypeSummary(row[0], tuple(row[1] or ())) for row in rows]

    async def _attribute_names(self, source: str, tenant: str, more: list[object]) -> list[str]:
        rows = await self._database.fetch(
            f"""
            SELECT DISTINCT name FROM {source} AS entity CROSS JOIN LATERAL jsonb_object_keys(doc) AS name
            WHERE name NOT IN {_MEMBERS} ORDER BY name
            """,
            tenant,
            *more,
        )
        return [row[0] for row in rows]

    async def _attributes(self, source: str, tenant: str, more: list[object]) -> list[AttributeInType]:
        rows = await self._database.fetch(
            f"""
            WITH found AS (
                SELECT types, id, member.key AS name, instance ->> 'type' AS kind
                FROM {source} AS entity CROSS JOIN LATERAL jsonb_each(doc) AS member
                    CROSS JOIN LATERAL jsonb_path_query(member.value, 'lax $[*]') AS instance
                WHERE member.key NOT IN {_MEMBERS}
            )
            SELECT name, count(DISTINCT id), array_agg(DISTINCT kind ORDER BY kind),
                array_agg(DISTINCT type ORDER BY type)
            FROM found CROSS JOIN unnest(types) AS type GROUP BY name ORDER BY name
            """,
            tenant,
            *more,
        )
        return [AttributeInType(row[0], row[1], tuple(row[2]), tuple(row[3])) for row in rows]
