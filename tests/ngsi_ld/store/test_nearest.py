"""The nearest entities, found by the index."""

from __future__ import annotations

import itertools
import random
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from mimas.ngsi_ld.core.context import CORE_TERM_MAP
from mimas.ngsi_ld.core.operations import CreateEntity
from mimas.ngsi_ld.core.query.entity_query import EntityQuery, Page
from mimas.ngsi_ld.core.query.ordering import parse_ordering
from mimas.ngsi_ld.core.query.q import parse_query
from mimas.ngsi_ld.store.database import Database
from mimas.ngsi_ld.store.entities import EntityStore
from mimas.ngsi_ld.store.nearest import select_reach
from mimas.ngsi_ld.store.writer import Writer

COUNT = 200
NEAREST = EntityQuery(ordering=parse_ordering("location;dist-asc", str, order_from="[14.4,50.1]"))


def house(number: int) -> dict[str, Any]:
    """A house somewhere on earth; every tenth has no place, every seventh two."""
    chance = random.Random(number)

    def place(**members: Any) -> dict[str, Any]:
        coordinates = [chance.uniform(-180, 180), chance.uniform(-85, 85)]
        return {"type": "GeoProperty", "value": {"type": "Point", "coordinates": coordinates}} | members

    document: dict[str, Any] = {"id": f"urn:h:{number:03d}", "type": "House"}
    document["height"] = {"type": "Property", "value": number % 5}
    if number % 10:
        document["location"] = place() if number % 7 else [place(), place(datasetId="urn:d:1")]
    return document


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[EntityStore]:
    """A store of houses."""
    database = await Database.open(database_url)
    async with Writer(database, drains=1) as writer:
        await writer.write(
            "", [CreateEntity(entity_id=h["id"], document=h) for h in map(house, range(COUNT))]
        )
    store = EntityStore(database)
    yield store
    await store.close()
    await database.close()


async def test_pages_are_those_of_the_whole_order(store: EntityStore) -> None:
    """Page by page the houses come as they do in one page of all, which measures to each."""
    for query in (NEAREST, replace(NEAREST, q=parse_query("height>2", CORE_TERM_MAP.expand))):
        whole = await store.query("", query, Page(limit=COUNT))
        pages = [await store.query("", query, Page(limit=7, offset=each)) for each in range(0, COUNT, 7)]

        assert [each.id for each in whole.entities] == [
            each.id for each in itertools.chain.from_iterable(page.entities for page in pages)
        ]


async def test_the_index_says_how_far(store: EntityStore, database_url: str) -> None:
    """The radius of a page needs no distance to the others."""
    sql, arguments = select_reach("", NEAREST, Page(limit=5))
    database = await Database.open(database_url, max_size=1)
    await database.execute("SET enable_sort = off")
    plan = await database.fetch(f"EXPLAIN {sql}", *arguments)
    await database.close()

    assert any("entity_location" in row[0] for row in plan)
