"""The connection of one drain: states in, a commit out, an exact answer when it breaks (`flush_mark`)."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import asyncpg

from .attribute_names import AttributeNames
from .database import Connection, Database, away, is_connection_failure
from .flush_mark import FlushMark
from .instance_ids import InstanceIds
from .outbox import CHANNEL
from .partitions import Month, create_partitions, deserves_partition, existing_months
from .state_cache import Key
from .stored import STORED_COLUMNS, StoredEntity, from_row
from .wire import set_flush_codecs
from .write_group import Group
from .write_sql import FENCED, Arrays, arrays, statement

_log = logging.getLogger(__name__)

_READ = f"SELECT {STORED_COLUMNS} FROM entity WHERE tenant = $1 AND id = any($2::text[])"  # noqa: S608
_KEEP_OLD = """
    INSERT INTO temporal_entity (tenant, id, types, created_at, modified_at, deleted_at)
    SELECT tenant, id, string_to_array(types, E'\\n'), created_at, $5, $5
    FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[]) AS gone(tenant, id, types, created_at)
    ON CONFLICT (tenant, id) DO UPDATE SET types = excluded.types, modified_at = excluded.modified_at,
        deleted_at = excluded.deleted_at
"""
_TRANSIENT = (
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.LockNotAvailableError,
)
_PARTITION_PAUSE = 60.0


class StaleSubscriptions(Exception):
    """Nothing was written: a subscription was made, changed or deleted since the changes were matched."""


class FlushConnection:
    """Connects when needed and again after a failure, for `patience` seconds at most."""

    def __init__(self, database: Database, names: AttributeNames, *, patience: float) -> None:
        self._database = database
        self._names = names
        self._patience = patience
        self._ids = InstanceIds()
        self._mark = FlushMark()
        self._connection: Connection | None = None
        self._statements: dict[tuple[str, ...], Any] = {}
        self._months: set[Month] = set()
        self._no_partitions_until = 0.0
        self._is_away = False

    async def close(self) -> None:
        """Forget the mark and disconnect."""
        if self._connection is None:
            return
        try:
            await self._mark.remove(self._connection)
        except Exception as error:
            if not is_connection_failure(error):
                raise
        finally:
            await self._disconnect()

    async def read(self, keys: Sequence[Key]) -> dict[Key, StoredEntity]:
        """The states of those entities that are there."""
        tenants: dict[str, list[str]] = {}
        for tenant, entity_id in keys:
            tenants.setdefault(tenant, []).append(entity_id)
        found: dict[Key, StoredEntity] = {}

        async def read(connection: Connection) -> None:
            for tenant, ids in tenants.items():
                for row in await connection.fetch(_READ, tenant, ids):
                    found[tenant, row["id"]] = from_row(row)

        await self._persist(read)
        return found

    async def prepare_for(self, attributes: Iterable[str], months: Iterable[Month]) -> None:
        """See to it that attribute names have numbers and months have partitions."""

        async def prepare(connection: Connection) -> None:
            await self._names.ensure(connection, attributes)
            missing = [each for each in months if each not in self._months]
            if missing:
                await self._make_partitions(connection, missing)

        await self._persist(prepare)

    async def commit(self, groups: Sequence[Group], now: datetime, generation: int | None) -> set[Key]:
        """Write the groups and say which lost a race; returns only after the commit.

        Raises `StaleSubscriptions`, with nothing written, unless `generation` is the present one or None.
        """
        bound = arrays(groups, self._names, self._ids, now)
        lost: set[Key] | None = None
        in_doubt = False

        async def write(connection: Connection) -> None:
            nonlocal lost, in_doubt
            if in_doubt:
                lost = await self._mark.settle(connection)
                if lost is not None:
                    return
            in_doubt = True
            try:
                lost = await self._write(connection, groups, bound, now, generation)
            except (StaleSubscriptions, asyncpg.PostgresError) as error:
                in_doubt = is_connection_failure(error)
                raise

        await self._persist(write)
        assert lost is not None
        if any(group.outbox for group in groups):
            await self._notify()
        return lost

    async def _write(
        self,
        connection: Connection,
        groups: Sequence[Group],
        bound: Arrays,
        now: datetime,
        generation: int | None,
    ) -> set[Key]:
        """One statement that commits by itself; a transaction only where deletions have to be followed."""
        if not any(each.writes_state and each.state is None for each in groups):
            lost = await self._execute(connection, bound, now, generation)
        else:
            async with connection.transaction():
                lost = await self._execute(connection, bound, now, generation)
                await self._follow_deletions(connection, groups, lost, now)
        self._mark.number += 1
        return lost

    async def _execute(
        self, connection: Connection, bound: Arrays, now: datetime, generation: int | None
    ) -> set[Key]:
        if self._mark.number.bit_count() == 1:
            # A plan for the nearly empty table of the first flushes walks whole indexes of a large one.
            await connection.execute("DISCARD PLANS")
        prepared = await self._prepared(connection, bound.used)
        mark = self._mark
        rows = await prepared.fetch(*bound.columns, mark.writer, mark.number, now, generation)
        if any(row[1] == FENCED for row in rows if row[0] is None):
            await mark.renew(connection)  # housekeeping took the row of a writer that rested for days
            rows = await prepared.fetch(*bound.columns, mark.writer, mark.number, now, generation)
        if any(row[0] is None for row in rows):
            raise StaleSubscriptions
        return {(row[0], row[1]) for row in rows}

    async def _follow_deletions(
        self, connection: Connection, groups: Sequence[Group], lost: set[Key], now: datetime
    ) -> None:
        """History of deleted entities: it goes, or it keeps the types and times of its entity."""
        gone = [each for each in groups if each.writes_state and each.state is None and each.key not in lost]
        forget = [each.key for each in gone if each.delete_history]
        keep = [each for each in gone if not each.delete_history and each.base and each.base.stored]
        for table, column in (("attr_history", "entity_id"), ("temporal_entity", "id")):
            for tenant in {tenant for tenant, _ in forget}:
                await connection.execute(
                    f"DELETE FROM {table} WHERE tenant = $1 AND {column} = any($2::text[])",  # noqa: S608
                    tenant,
                    [entity_id for owner, entity_id in forget if owner == tenant],
                )
        if keep:
            olds = [each.base.stored for each in keep if each.base and each.base.stored]
            types = [stored.state().document["type"] for stored in olds]
            await connection.execute(
                _KEEP_OLD,
                [each.key[0] for each in keep],
                [each.key[1] for each in keep],
                [each if isinstance(each, str) else "\n".join(each) for each in types],
                [stored.created_at for stored in olds],
                now,
            )

    async def _notify(self) -> None:
        """Wake the dispatcher: once a flush, behind the commit; polling finds the rows anyway."""
        try:
            await (await self._connected()).execute(f"NOTIFY {CHANNEL}")
        except Exception as error:
            # The flush is committed: nothing that happens now may be told as its failure.
            _log.info("The dispatcher could not be woken: %s", type(error).__name__)
            await self._disconnect()

    async def _persist(self, work: Any) -> None:
        """Do it, again after a broken connection or a deadlock, while patience lasts.

        Once it ran out, the next try must succeed at once: callers are not kept waiting for a database
        that is known to be away.
        """
        deadline = time.monotonic() + (0 if self._is_away else self._patience)
        pause = 0.05
        while True:
            try:
                await work(await self._connected())
                self._is_away = False
                return
            except _TRANSIENT:
                _log.info("A flush met another writer's locks and is repeated")
            except Exception as error:
                if not is_connection_failure(error):
                    raise
                _log.warning("The database cannot be written: %s: %s", type(error).__name__, error)
                await self._disconnect()
            if time.monotonic() + pause > deadline:
                self._is_away = True
                raise away()
            await asyncio.sleep(pause)
            pause = min(pause * 2, 1.0)

    async def _connected(self) -> Connection:
        if self._connection is None or self._connection.is_closed():
            connection = await self._database.connect()
            await set_flush_codecs(connection)
            await connection.execute("SET plan_cache_mode = force_generic_plan; SET work_mem = '32MB'")
            self._statements.clear()
            self._months = await existing_months(connection)
            self._connection = connection
        return self._connection

    async def _prepared(self, connection: Connection, used: tuple[str, ...]) -> Any:
        """The statement for these inputs, prepared once a connection."""
        prepared = self._statements.get(used)
        if prepared is None:
            prepared = self._statements[used] = await connection.prepare(statement(used))
        return prepared

    async def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()

    async def _make_partitions(self, connection: Connection, months: Sequence[Month]) -> None:
        """Make what is missing; when readers are in the way the default partition takes the rows."""
        now = datetime.now(UTC)
        deserving = [each for each in months if deserves_partition(each, now)]
        if not deserving or time.monotonic() < self._no_partitions_until:
            return
        try:
            await create_partitions(connection, deserving)
            self._months.update(deserving)
        except asyncpg.LockNotAvailableError:
            self._no_partitions_until = time.monotonic() + _PARTITION_PAUSE
            _log.warning("History goes into the default partition: no lock for new partitions")
