"""Reads of current entities."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from mimas.ngsi_ld.core.operations import CreateEntity
from mimas.ngsi_ld.core.query.entity_query import EntityQuery, Page
from mimas.ngsi_ld.core.query.ordering import parse_ordering
from mimas.ngsi_ld.core.query.q import parse_query
from mimas.ngsi_ld.core.query.type_selection import TypeSelection, parse_type_selection
from mimas.ngsi_ld.store.attribute_index import wanted_indexes
from mimas.ngsi_ld.store.database import Database
from mimas.ngsi_ld.store.entities import EntityStore
from mimas.ngsi_ld.store.indexes import IndexStore
from mimas.ngsi_ld.store.writer import Writer


def of_type(text: str) -> TypeSelection:
    return parse_type_selection(text, str)


async def fill(writer: Writer) -> None:
    """Twenty entities of A, two of them B too, and five of C."""
    documents = [
        {
            "id": f"urn:{'A' if number < 20 else 'C'}:{number:02d}",
            "type": ["B", "A"] if number in (3, 7) else "A" if number < 20 else "C",
            "n": {"type": "Property", "value": number},
        }
        for number in range(25)
    ]
    await writer.write("", [CreateEntity(entity_id=str(each["id"]), document=each) for each in documents])


async def ids(store: EntityStore, query: EntityQuery, page: Page) -> list[str]:
    return [each.id for each in (await store.query("", query, page)).entities]


async def test_pages_by_key_and_by_offset_are_the_same(writer: Writer, database: Database) -> None:
    """Every entity comes once, whichever way one pages; entities of several types take their place."""
    await fill(writer)
    store, query = EntityStore(database), EntityQuery(types=of_type("A"))
    by_offset = [each for start in range(0, 21, 6) for each in await ids(store, query, Page(6, start))]
    by_key: list[str] = []
    after: str | None = None
    while True:
        page = await store.query("", query, Page(6, after=after))
        by_key += [each.id for each in page.entities]
        after = page.next_key
        if after is None:
            break

    assert by_key == by_offset == [f"urn:A:{number:02d}" for number in range(20)]


async def test_the_count_is_that_of_all_pages(writer: Writer, database: Database) -> None:
    """A limit of 0 gives the count alone."""
    await fill(writer)
    page = await EntityStore(database).query("", EntityQuery(types=of_type("A")), Page(0, count=True))

    assert (page.count, page.entities) == (20, [])


async def test_a_further_type_is_found_too(writer: Writer, database: Database) -> None:
    """Whatever the order of the types."""
    await fill(writer)

    assert await ids(EntityStore(database), EntityQuery(types=of_type("B,C")), Page(3)) == [
        "urn:A:03",
        "urn:A:07",
        "urn:C:20",
    ]


async def test_an_ordering_decides_before_the_ids(writer: Writer, database: Database) -> None:
    """`orderBy` works with a limit and an offset."""
    await fill(writer)
    query = EntityQuery(types=of_type("A"), ordering=parse_ordering("n;desc", str))

    assert await ids(EntityStore(database), query, Page(2, 1)) == ["urn:A:18", "urn:A:17"]


async def test_concurrent_look_ups_share_queries(writer: Writer, database: Database) -> None:
    """A thousand look-ups at once are answered each with its own entity."""
    await fill(writer)
    store = EntityStore(database)
    wanted = [f"urn:A:{number % 30:02d}" for number in range(1000)]
    found = await asyncio.gather(*(store.retrieve("", each) for each in wanted))

    assert [each and each.id for each in found] == [each if int(each[-2:]) < 20 else None for each in wanted]


async def test_a_wrong_type_is_not_found(writer: Writer, database: Database) -> None:
    """`type` narrows a retrieval."""
    await fill(writer)

    assert await EntityStore(database).retrieve("", "urn:A:01", of_type("C")) is None


async def test_linked_entities_come_by_id(writer: Writer, database: Database) -> None:
    """Those that are there."""
    await fill(writer)
    found = await EntityStore(database).retrieve_many("", ["urn:A:01", "urn:none"])

    assert list(found) == ["urn:A:01"]


async def transient(writer: Writer) -> None:
    """An entity, and an attribute of another, that expire at once."""
    soon = (datetime.now(UTC) + timedelta(milliseconds=1)).isoformat().replace("+00:00", "Z")
    whole = {"id": "urn:X:1", "type": "X", "expiresAt": soon, "a": {"type": "Property", "value": 1}}
    part = {
        "id": "urn:X:2",
        "type": "X",
        "a": {"type": "Property", "value": 1, "expiresAt": soon},
        "b": {"type": "Property", "value": 2},
    }
    await writer.write("", [CreateEntity(entity_id=str(each["id"]), document=each) for each in (whole, part)])
    while datetime.now(UTC).isoformat().replace("+00:00", "Z") <= soon:
        await asyncio.sleep(0.001)


async def test_what_expired_is_not_retrieved(writer: Writer, database: Database) -> None:
    """Neither an entity nor an attribute, though nothing has reaped them."""
    await transient(writer)
    store = EntityStore(database)
    whole, part = await store.retrieve("", "urn:X:1"), await store.retrieve("", "urn:X:2")

    assert (whole, part and set(part.state().document)) == (None, {"id", "type", "b"})


async def test_what_expired_matches_no_query(writer: Writer, database: Database) -> None:
    """It is reaped before the query."""
    await transient(writer)
    store = EntityStore(database)
    found = await ids(store, EntityQuery(types=of_type("X"), q=parse_query("a==1", str)), Page())
    left = await ids(store, EntityQuery(types=of_type("X")), Page())
    await store.close()

    assert (found, left) == ([], ["urn:X:2"])


async def test_an_expired_id_can_be_created_again(writer: Writer, make_create: Any) -> None:
    """Before anything reaped it."""
    await transient(writer)
    [outcome] = await writer.write(
        "", [CreateEntity(entity_id="urn:X:1", document={"id": "urn:X:1", "type": "X"})]
    )

    assert getattr(outcome, "created", outcome) is True


async def test_an_attribute_index_is_made_and_dropped(writer: Writer, database: Database) -> None:
    """A suggestion of a query becomes an index that is valid, and can go again."""
    await fill(writer)
    [index] = wanted_indexes(EntityQuery(types=of_type("A"), q=parse_query("n==5", str)))
    store = IndexStore(database)
    made = await store.create(index)
    there = {each.name: each.valid for each in await store.list_all()}
    await store.drop(index.name)
    left = [each.name for each in await store.list_all()]

    assert (made, there[index.name], set(there.values()), index.name in left) == (True, True, {True}, False)


async def test_the_count_is_that_of_all(database: Database, writer: Writer, make_create: Any) -> None:
    """Whichever page is asked for; a last page tells it without counting."""
    await writer.write("", [make_create(number) for number in range(8)])
    slices = [
        (10, 0, None),
        (2, 0, None),
        (3, 6, None),
        (3, 20, None),
        (3, 0, "urn:ngsi-ld:Meter:0005"),
        (0, 0, None),
    ]
    store = EntityStore(database)
    pages = [
        await store.query("", EntityQuery(), Page(limit, offset, count=True, after=after))
        for limit, offset, after in slices
    ]

    assert [each.count for each in pages] == [8] * len(slices)
