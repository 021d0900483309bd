"""What the harvests of a source know: the records they saw, the entities these became, how far they came.

Records and entities have numbers that are a source's own, given by its one running harvest. A run marks by
them what it has seen, in bits, so that what was not seen can be told without a write.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

from .database import Connection, Database, away, is_connection_failure
from .quarantine import Rejected, insert_rejected
from .source_states import save_values

_PAGE = 20_000
_LOCK = 0x4D494D41  # the first key of our advisory locks; the second is made of the source's name


@dataclass(frozen=True, slots=True)
class KnownRecord:
    """A record as it was taken last; `entities` are numbers, None when it was refused."""

    digest: bytes
    number: int
    entities: tuple[int, ...] | None


@dataclass(frozen=True, slots=True)
class Totals:
    """How much a source has, and the next numbers."""

    records: int
    entities: int
    next_record: int
    next_entity: int


@dataclass(frozen=True, slots=True)
class SeenRecord:
    """A record to be remembered."""

    key: str
    digest: bytes
    number: int
    entities: tuple[int, ...] | None


@dataclass(slots=True)
class Step:
    """What a batch of a run adds, in one commit: it is there as a whole or not at all."""

    run: int
    counts: Mapping[str, int]
    records: list[SeenRecord] = field(default_factory=list)
    entities: dict[str, int] = field(default_factory=dict)
    rejected: list[Rejected] = field(default_factory=list)
    states: dict[str, Any] = field(default_factory=dict)


class HarvestStore:
    """The tables `harvest_record` and `harvest_entity` of one source in one tenant."""

    def __init__(self, database: Database, tenant: str, source: str) -> None:
        self._database = database
        self.tenant = tenant
        self.source = source

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[bool]:
        """Hold the right to harvest this source; gives False when another process has it.

        The right is a lock of a connection of its own, so a process that is killed lets go of it.
        """
        try:
            connection = await self._database.connect()
        except Exception as error:
            raise (away() if is_connection_failure(error) else error) from error
        try:
            name = f"{self.tenant}\n{self.source}"
            yield bool(
                await connection.fetchval("SELECT pg_try_advisory_lock($1, hashtext($2))", _LOCK, name)
            )
        finally:
            await connection.close(timeout=5)

    async def totals(self) -> Totals:
        """What is there at the beginning of a run."""
        row = await self._database.fetchrow(
            "SELECT (SELECT count(*) FROM harvest_record WHERE tenant = $1 AND source = $2),"
            " (SELECT count(*) FROM harvest_entity WHERE tenant = $1 AND source = $2),"
            " (SELECT coalesce(max(number), -1) + 1 FROM harvest_record WHERE tenant = $1 AND source = $2),"
            " (SELECT coalesce(max(number), -1) + 1 FROM harvest_entity WHERE tenant = $1 AND source = $2)",
            self.tenant,
            self.source,
        )
        assert row is not None
        return Totals(*row)

    async def known(self, keys: Sequence[str]) -> dict[str, KnownRecord]:
        """Those of the records `keys` that earlier runs took or refused."""
        rows = await self._database.fetch(
            "SELECT key, digest, number, entities FROM harvest_record"
            " WHERE tenant = $1 AND source = $2 AND key = any($3::text[])",
            self.tenant,
            self.source,
            keys,
        )
        return {key: KnownRecord(digest, number, _tuple(entities)) for key, digest, number, entities in rows}

    async def numbers(self, ids: Sequence[str]) -> dict[str, int]:
        """The numbers of those of the entities `ids` that this source has made."""
        rows = await self._database.fetch(
            "SELECT entity_id, number FROM harvest_entity"
            " WHERE tenant = $1 AND source = $2 AND entity_id = any($3::text[])",
            self.tenant,
            self.source,
            ids,
        )
        return {row["entity_id"]: row["number"] for row in rows}

    async def commit(self, step: Step, now: datetime) -> None:
        """Keep a batch: records, new entities, refusals, watermarks and the counts of the run."""
        async with self._database.acquire() as connection, connection.transaction():
            await self._put_records(connection, step.records)
            await self._put_entities(connection, step.entities)
            if step.rejected:
                await insert_rejected(connection, step.rejected)
            if step.states:
                await save_values(connection, self.source, step.states, now)
            await connection.execute(
                "UPDATE harvest_run SET counts = $4 WHERE tenant = $1 AND source = $2 AND id = $3",
                self.tenant,
                self.source,
                step.run,
                orjson.dumps(step.counts),
            )

    async def records(self) -> AsyncIterator[list[tuple[str, int]]]:
        """Keys and numbers of all records, in pages."""
        after = ""
        while rows := await self._database.fetch(
            "SELECT key, number FROM harvest_record WHERE tenant = $1 AND source = $2 AND key > $3"
            " ORDER BY key LIMIT $4",
            self.tenant,
            self.source,
            after,
            _PAGE,
        ):
            yield [tuple(row) for row in rows]
            after = rows[-1]["key"]

    async def entities(self) -> AsyncIterator[list[tuple[str, int]]]:
        """Ids and numbers of all entities this source has made, in pages."""
        after = -1
        while rows := await self._database.fetch(
            "SELECT entity_id, number FROM harvest_entity WHERE tenant = $1 AND source = $2 AND number > $3"
            " ORDER BY number LIMIT $4",
            self.tenant,
            self.source,
            after,
            _PAGE,
        ):
            yield [tuple(row) for row in rows]
            after = rows[-1]["number"]

    async def entities_of(self, keys: Sequence[str]) -> dict[str, int]:
        """The entities that the records `keys` became and that no other record of the source names."""
        rows = await self._database.fetch(
            "WITH gone AS (SELECT DISTINCT unnest(entities) AS number FROM harvest_record"
            "  WHERE tenant = $1 AND source = $2 AND key = any($3::text[])),"
            " kept AS (SELECT DISTINCT unnest(entities) AS number FROM harvest_record"
            "  WHERE tenant = $1 AND source = $2 AND key <> all($3::text[])"
            "  AND entities && (SELECT array_agg(number) FROM gone))"
            " SELECT e.entity_id, e.number FROM harvest_entity e JOIN gone USING (number)"
            " WHERE e.tenant = $1 AND e.source = $2 AND number NOT IN (SELECT number FROM kept)",
            self.tenant,
            self.source,
            keys,
        )
        return {row["entity_id"]: row["number"] for row in rows}

    async def made_by_others(self, ids: Sequence[str]) -> set[str]:
        """Those of the entities `ids` that another source makes as well."""
        rows = await self._database.fetch(
            "SELECT DISTINCT entity_id FROM harvest_entity"
            " WHERE tenant = $1 AND entity_id = any($2::text[]) AND source <> $3",
            self.tenant,
            ids,
            self.source,
        )
        return {row["entity_id"] for row in rows}

    async def forget_records(self, keys: Sequence[str]) -> None:
        """Records that are not there any more."""
        await self._database.execute(
            "DELETE FROM harvest_record WHERE tenant = $1 AND source = $2 AND key = any($3::text[])",
            self.tenant,
            self.source,
            keys,
        )

    async def forget_entities(self, ids: Sequence[str]) -> None:
        """Entities that the source has deleted."""
        await self._database.execute(
            "DELETE FROM harvest_entity WHERE tenant = $1 AND source = $2 AND entity_id = any($3::text[])",
            self.tenant,
            self.source,
            ids,
        )

    async def _put_records(self, connection: Connection, records: Sequence[SeenRecord]) -> None:
        # unnest flattens arrays of arrays: the numbers of entities travel as their text.
        if not records:
            return
        await connection.execute(
            "INSERT INTO harvest_record (tenant, source, key, digest, number, entities)"
            " SELECT $1, $2, key, digest, number, entities::bigint[]"
            " FROM unnest($3::text[], $4::bytea[], $5::bigint[], $6::text[])"
            " AS given(key, digest, number, entities)"
            " ON CONFLICT (tenant, source, key) DO UPDATE"
            " SET digest = excluded.digest, entities = excluded.entities",
            self.tenant,
            self.source,
            [each.key for each in records],
            [each.digest for each in records],
            [each.number for each in records],
            [_literal(each.entities) for each in records],
        )

    async def _put_entities(self, connection: Connection, entities: Mapping[str, int]) -> None:
        if entities:
            await connection.execute(
                "INSERT INTO harvest_entity (tenant, source, entity_id, number)"
                " SELECT $1, $2, id, number FROM unnest($3::text[], $4::bigint[]) AS given(id, number)"
                " ON CONFLICT (tenant, entity_id, source) DO NOTHING",
                self.tenant,
                self.source,
                list(entities),
                list(entities.values()),
            )


def _tuple(numbers: Sequence[int] | None) -> tuple[int, ...] | None:
    return None if numbers is None else tuple(numbers)


def _literal(numbers: tuple[int, ...] | None) -> str | None:
    return None if numbers is None else "{" + ",".join(map(str, numbers)) + "}"
