"""What is there: entity types and attributes with their counts (CIM 009 5.7.5 to 5.7.10).

Types come from the index over them. Attribute names are in the documents alone, so attribute lists walk
the entities of a tenant; the answers are exact, not estimates.
"""

from __future__ import annotations

from dataclasses import dataclass

from .database import Database

# A document's keys that are no attributes (`core.kinds.ENTITY_MEMBERS`, as far as documents have them).
_MEMBERS = "('id', 'type', 'scope', 'expiresAt')"


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
        rows = await self._database.fetch(
            f"""
            SELECT type, array_agg(DISTINCT name ORDER BY name) FILTER (WHERE name IS NOT NULL)
            FROM entity CROSS JOIN unnest(types) AS type
                LEFT JOIN LATERAL jsonb_object_keys(doc) AS name ON name NOT IN {_MEMBERS}
            WHERE tenant = $1 GROUP BY type ORDER BY type
            """,  # noqa: S608
            tenant,
        )
        return [TypeSummary(row[0], tuple(row[1] or ())) for row in rows]

    async def type_details(self, tenant: str, type_name: str) -> tuple[int, list[AttributeInType]]:
        """How many entities of a type there are, and their attributes; (0, []) for an unused type."""
        count: int = await self._database.fetchval(
            "SELECT count(*) FROM entity WHERE tenant = $1 AND types @> ARRAY[$2::text]", tenant, type_name
        )
        rows = await self._attributes("AND types @> ARRAY[$2::text]", tenant, type_name) if count else []
        return count, rows

    async def attributes(self, tenant: str) -> list[str]:
        """The names of the attributes in use, by name."""
        rows = await self._database.fetch(
            f"""
            SELECT DISTINCT name FROM entity CROSS JOIN LATERAL jsonb_object_keys(doc) AS name
            WHERE tenant = $1 AND name NOT IN {_MEMBERS} ORDER BY name
            """,  # noqa: S608
            tenant,
        )
        return [row[0] for row in rows]

    async def attribute_summaries(self, tenant: str) -> list[AttributeInType]:
        """Every attribute with its count, kinds and types."""
        return await self._attributes("", tenant)

    async def attribute_details(self, tenant: str, name: str) -> AttributeInType | None:
        """One attribute, None when no entity has it."""
        found = await self._attributes("AND doc ? $2", tenant, name, only=name)
        return found[0] if found else None

    async def _attributes(
        self, where: str, tenant: str, *more: str, only: str | None = None
    ) -> list[AttributeInType]:
        rows = await self._database.fetch(
            f"""
            WITH found AS (
                SELECT types, id, member.key AS name, instance ->> 'type' AS kind
                FROM entity CROSS JOIN LATERAL jsonb_each(doc) AS member
                    CROSS JOIN LATERAL jsonb_path_query(member.value, 'lax $[*]') AS instance
                WHERE tenant = $1 {where} AND member.key NOT IN {_MEMBERS}
            )
            SELECT name, count(DISTINCT id), array_agg(DISTINCT kind ORDER BY kind),
                array_agg(DISTINCT type ORDER BY type)
            FROM found CROSS JOIN unnest(types) AS type GROUP BY name ORDER BY name
            """,  # noqa: S608
            tenant,
            *more,
        )
        rows = [row for row in rows if only is None or row[0] == only]
        return [AttributeInType(row[0], row[1], tuple(row[2]), tuple(row[3])) for row in rows]
