"""Copies of entities and their evolution into the data tenant of a snapshot, all within the database."""

# ruff: noqa: S608 - statements are made of constants and compiled conditions

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from ..core.query.entity_query import EntityQuery
from ..core.represent import TemporalEntity
from .database import Connection, Database
from .entity_query_sql import compile_entity_query
from .instance_ids import to_uuid
from .sql import bind

_ENTITY = "id, version, types, scopes, doc, times, created_at, modified_at, expires_next, location"
_GEO = "entity_id, attribute, dataset_id, geometry"
_HISTORY = (
    "entity_id, attribute_id, dataset_id, at, observed_at, created_at, modified_at, deleted_at,"
    " instance_id, number, instance"
)
_TEMPORAL = "id, types, created_at, modified_at, deleted_at"
# Always part of an entity, whatever is picked.
_KEPT = ["id", "type", "scope", "expiresAt"]


@dataclass(frozen=True, slots=True)
class Projected:
    """The attributes that go along: these only (`keep`), or all but these (`drop`)."""

    keep: frozenset[str] | None = None
    drop: frozenset[str] = frozenset()

    def object_sql(self, column: str, bound: list[Any]) -> str:
        """A JSON object, without the members that do not go along."""
        if self.keep is not None:
            names = bind(bound, [*_KEPT, *sorted(self.keep)], "text[]")
            return (
                f"(SELECT jsonb_object_agg(m.key, m.value) FROM jsonb_each({column}) AS m"
                f" WHERE m.key = any({names}))"
            )
        return f"{column} - {bind(bound, sorted(self.drop - set(_KEPT)), 'text[]')}"

    def shows(self, name: str) -> bool:
        """Whether an attribute goes along."""
        return name in self.keep if self.keep is not None else name not in self.drop


class SnapshotData:
    """Fills and clones; what was copied is seen when the whole of it is there."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def copy_entities(
        self, tenant: str, query: EntityQuery, projected: Projected, data_tenant: str
    ) -> int:
        """The current entities of a query; what an earlier query brought of them is kept. Says how many."""
        connection = await self._database.connect()
        try:
            async with connection.transaction():
                copied = await _copy_entities(connection, tenant, query, projected, data_tenant)
                await _copy_geometries(connection, tenant, data_tenant)
                return copied
        finally:
            await connection.close()

    async def copy_evolutions(
        self,
        tenant: str,
        entities: Sequence[TemporalEntity],
        attributes: Collection[str] | None,
        data_tenant: str,
    ) -> None:
        """The instances that a temporal query found of these entities; of named attributes only, if any."""
        shown = [
            to_uuid(entry.instance_id)
            for entity in entities
            for name, entries in entity.instances.items()
            if attributes is None or name in attributes
            for entry in entries
            if entry.instance_id is not None
        ]
        ids = [each.id for each in entities]
        connection = await self._database.connect()
        try:
            await connection.execute(
                f"""INSERT INTO attr_history (tenant, {_HISTORY}) SELECT $2::text, {_HISTORY}
                    FROM attr_history WHERE tenant = $1 AND entity_id = any($3::text[])
                        AND instance_id = any($4::uuid[]) ON CONFLICT DO NOTHING""",
                tenant,
                data_tenant,
                ids,
                shown,
            )
            await _copy_known(connection, tenant, ids, data_tenant)
        finally:
            await connection.close()

    async def clone(self, source: str, data_tenant: str) -> None:
        """Everything that another snapshot holds now."""
        connection = await self._database.connect()
        try:
            async with connection.transaction(isolation="repeatable_read"):
                for table, columns in (
                    ("entity", _ENTITY),
                    ("entity_geo", _GEO),
                    ("temporal_entity", _TEMPORAL),
                    ("attr_history", _HISTORY),
                ):
                    await connection.execute(
                        f"INSERT INTO {table} (tenant, {columns}) SELECT $1, {columns} FROM {table}"
                        " WHERE tenant = $2",
                        data_tenant,
                        source,
                    )
        finally:
            await connection.close()


async def _copy_entities(
    connection: Connection, tenant: str, query: EntityQuery, projected: Projected, data_tenant: str
) -> int:
    bound: list[Any] = []
    owner, new_owner = bind(bound, tenant, "text"), bind(bound, data_tenant, "text")
    columns = (
        *("e.id", "e.version", "e.types", "e.scopes"),
        projected.object_sql("e.doc", bound),
        projected.object_sql("e.times", bound),
        *("e.created_at", "e.modified_at", "e.expires_next"),
        "e.location" if projected.shows("location") else "NULL",
    )
    condition = compile_entity_query(query, bound, "e")
    status = await connection.execute(
        f"""INSERT INTO entity (tenant, {_ENTITY})
            SELECT {new_owner}, {", ".join(columns)} FROM entity e WHERE e.tenant = {owner} AND {condition}
            ON CONFLICT (tenant, id) DO UPDATE SET doc = entity.doc || excluded.doc,
                times = coalesce(entity.times || excluded.times, entity.times, excluded.times),
                location = coalesce(excluded.location, entity.location),
                modified_at = greatest(entity.modified_at, excluded.modified_at),
                expires_next = least(entity.expires_next, excluded.expires_next)""",
        *bound,
    )
    return int(status.split()[-1])


async def _copy_geometries(connection: Connection, tenant: str, data_tenant: str) -> None:
    """The places of those attributes that the copies have."""
    await connection.execute(
        f"""INSERT INTO entity_geo (tenant, {_GEO})
            SELECT $2::text, {_prefixed("g", _GEO)} FROM entity_geo g
            JOIN entity e ON e.tenant = $2::text AND e.id = g.entity_id AND e.doc ? g.attribute
            WHERE g.tenant = $1 ON CONFLICT DO NOTHING""",
        tenant,
        data_tenant,
    )


async def _copy_known(connection: Connection, tenant: str, ids: Sequence[str], data_tenant: str) -> None:
    """That these entities have an evolution, with their types and times."""
    for table, deleted_at in (("entity", "NULL"), ("temporal_entity", "deleted_at")):
        await connection.execute(
            f"""INSERT INTO temporal_entity (tenant, {_TEMPORAL})
                SELECT $2::text, id, types, created_at, modified_at, {deleted_at} FROM {table}
                WHERE tenant = $1 AND id = any($3::text[]) ON CONFLICT DO NOTHING""",
            tenant,
            data_tenant,
            list(ids),
        )


def _prefixed(alias: str, columns: str) -> str:
    return ", ".join(f"{alias}.{each.strip()}" for each in columns.split(","))
