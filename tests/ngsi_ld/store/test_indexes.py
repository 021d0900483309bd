"""Indexes that queries ask for: counted, listed, made by themselves within a limit, dropped."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mimas.ngsi_ld.core.query.entity_query import EntityQuery, Page
from mimas.ngsi_ld.core.query.q import parse_query
from mimas.ngsi_ld.core.query.type_selection import parse_type_selection
from mimas.ngsi_ld.store.attribute_index import AttributeIndex, wanted_indexes
from mimas.ngsi_ld.store.auto_index import AutoIndex
from mimas.ngsi_ld.store.database import Database
from mimas.ngsi_ld.store.entities import EntityStore
from mimas.ngsi_ld.store.indexes import IndexStore
from mimas.ngsi_ld.store.writer import Writer

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def query(q: str) -> EntityQuery:
    return EntityQuery(types=parse_type_selection("Meter", str), q=parse_query(q, str))


def index(q: str) -> AttributeIndex:
    (found,) = wanted_indexes(query(q))
    return found


@pytest.fixture
async def filled(database: Database, writer: Writer, make_create: Any) -> Database:
    """A hundred meters."""
    await writer.write("", [make_create(number, a=number, b=f"n{number}") for number in range(100)])
    return database


def auto(database: Database, most: int = 5, large: int = 10) -> AutoIndex:
    return AutoIndex(database, most=most, hot=10, large=large)


async def names(database: Database) -> list[str]:
    return [each.name for each in await IndexStore(database).list_all() if not each.name.endswith("_rest")]


async def test_queries_are_counted_and_added_up(filled: Database) -> None:
    """Each process counts for itself; the database adds up."""
    entities, indexes = EntityStore(filled), IndexStore(filled)
    for _ in range(3):
        await entities.query("", query("a>5"), Page())
    await indexes.note(entities.use.take(), NOW)
    await indexes.note([(index("a>5"), 2)], NOW)

    assert [(use.index, use.uses, use.heat) for use in await indexes.uses(NOW)] == [(index("a>5"), 5, 5.0)]


async def test_heat_is_halved_with_every_hour(database: Database) -> None:
    """What was asked yesterday is not hot today."""
    indexes = IndexStore(database)
    await indexes.note([(index("a==1"), 8)], NOW)
    await indexes.note([(index("a==1"), 1)], NOW + timedelta(hours=1))
    (use,) = await indexes.uses(NOW + timedelta(hours=2))

    assert (use.uses, use.heat) == (9, pytest.approx(2.5))


async def test_the_hottest_missing_index_is_made(filled: Database) -> None:
    """One at a time, until nothing is hot any more."""
    indexes = IndexStore(filled)
    await indexes.note([(index("a==1"), 20), (index('b=="x"'), 30), (index("c==1"), 9)], NOW)
    made = [await auto(filled).make_hottest(NOW) for _ in range(3)]

    assert made == [index('b=="x"'), index("a==1"), None]
    assert sorted(await names(filled)) == sorted([index("a==1").name, index('b=="x"').name])


@pytest.mark.parametrize(("most", "large"), [(1, 10), (5, 1000)])
async def test_limits_hold(filled: Database, most: int, large: int) -> None:
    """No more indexes than allowed, none for types with few entities."""
    indexes = IndexStore(filled)
    await indexes.note([(index("a==1"), 20), (index('b=="x"'), 30)], NOW)
    for _ in range(3):
        await auto(filled, most, large).make_hottest(NOW)

    assert len(await names(filled)) == (1 if large == 10 else 0)


async def test_a_new_index_serves_the_query(filled: Database) -> None:
    """The plan uses it, and the answer stays."""
    before = await EntityStore(filled).query("", query("a==7"), Page())
    await IndexStore(filled).create(index("a==7"))
    after = await EntityStore(filled).query("", query("a==7"), Page())

    assert [each.id for each in after.entities] == [each.id for each in before.entities]


async def test_only_one_builder_at_a_time(filled: Database) -> None:
    """The second one goes away instead of waiting."""
    connection = await filled.connect()
    await connection.execute("SELECT pg_advisory_lock(1296647256)")
    made = await IndexStore(filled).create(index("a==1"))
    await connection.close()

    assert made is False


async def test_a_dropped_index_is_gone(filled: Database) -> None:
    """By its name; other names are refused before they reach the database."""
    indexes = IndexStore(filled)
    await indexes.create(index("a==1"))
    await indexes.drop(index("a==1").name)

    with pytest.raises(ValueError, match="not the name of an attribute index"):
        await indexes.drop("entity_pkey")
    assert await names(filled) == []
