"""A connection that breaks during a flush leaves no doubt: the mark tells what became of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from mimas.ngsi_ld.store.attribute_names import AttributeNames
from mimas.ngsi_ld.store.database import Database
from mimas.ngsi_ld.store.flush_connection import FlushConnection
from mimas.ngsi_ld.store.instance_ids import InstanceIds
from mimas.ngsi_ld.store.write_group import Base, Group
from mimas.ngsi_ld.store.write_queue import Call, Entry
from mimas.ngsi_ld.store.write_sql import FENCED, arrays, statement

NOW = datetime(2026, 3, 1, tzinfo=UTC)


class Breaking(FlushConnection):
    """Loses the answer of its next flush: the server did the work, the client does not know."""

    breaks = False
    arrives = True

    async def _write(self, *arguments: Any) -> Any:
        if not self.breaks:
            return await super()._write(*arguments)
        self.breaks = False
        if self.arrives:
            await super()._write(*arguments)
            self._mark.number -= 1
        raise ConnectionResetError("the answer is lost")


@pytest.fixture
async def flushes(database: Database) -> AsyncIterator[Breaking]:
    """A connection that can lose an answer."""
    connection = Breaking(database, AttributeNames(), patience=5.0)
    yield connection
    await connection.close()


@pytest.fixture
def groups(make_create: Any) -> Callable[..., list[Group]]:
    """Creations of entities, as a drain makes them."""

    def make(*numbers: int) -> list[Group]:
        made = []
        for number in numbers:
            create = make_create(number, energy=number)
            group = Group(("", create.entity_id), [Entry("", create, Call(1), 0)])
            group.run(Base(None, False), NOW, None, True)
            made.append(group)
        return made

    return make


async def commit(flushes: FlushConnection, groups: list[Group]) -> set[str]:
    """Write the groups and give the ids of those that lost a race."""
    await flushes.prepare_for({"energy"}, {(2026, 3)})
    return {entity_id for _, entity_id in await flushes.commit(groups, NOW, None)}


async def counts(database: Database) -> tuple[int, int]:
    """Entities, and rows of history."""
    return (
        await database.fetchval("SELECT count(*) FROM entity"),
        await database.fetchval("SELECT count(*) FROM attr_history"),
    )


async def test_a_flush_whose_answer_is_lost_is_not_written_again(
    flushes: Breaking, database: Database, groups: Callable[..., list[Group]]
) -> None:
    """It was committed; also what it had lost is known."""
    await commit(flushes, groups(1))
    flushes.breaks = True
    lost = await commit(flushes, groups(1, 2, 3))

    assert (lost, await counts(database)) == ({"urn:ngsi-ld:Meter:0001"}, (3, 3))


async def test_a_flush_that_never_arrived_is_written(
    flushes: Breaking, database: Database, groups: Callable[..., list[Group]]
) -> None:
    """The mark has the number of the flush before."""
    await commit(flushes, groups(1))
    flushes.breaks, flushes.arrives = True, False
    await commit(flushes, groups(2, 3))

    assert await counts(database) == (3, 3)


async def test_a_statement_that_comes_too_late_writes_nothing(
    flushes: Breaking, database: Database, groups: Callable[..., list[Group]]
) -> None:
    """Once somebody has looked, the server process that was still at it expects a number that is gone."""
    await commit(flushes, groups(1))
    mark, late = flushes._mark, flushes._mark.number
    connection = await flushes._connected()
    looked = await mark.settle(connection)
    bound = arrays(groups(2), flushes._names, InstanceIds(), NOW)
    prepared = await connection.prepare(statement(bound.used))
    [refusal] = await prepared.fetch(*bound.columns, mark.writer, late, NOW, None)

    assert (looked, tuple(refusal), await counts(database)) == (None, (None, FENCED), (1, 1))


async def test_a_mark_that_housekeeping_took_away_is_made_again(
    flushes: Breaking, database: Database, groups: Callable[..., list[Group]]
) -> None:
    """A writer that rested for days writes on."""
    await commit(flushes, groups(1))
    await database.execute("DELETE FROM flush_mark")
    await commit(flushes, groups(2))

    assert await counts(database) == (2, 2)
