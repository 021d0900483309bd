"""Types and attributes: exact for few entities, sampled for many."""

from __future__ import annotations

from typing import Any

import pytest

from mimas.ngsi_ld.store.database import Database
from mimas.ngsi_ld.store.discovery import DiscoveryStore, TypeSummary
from mimas.ngsi_ld.store.writer import Writer


@pytest.fixture
async def discovery(writer: Writer, database: Database, make_create: Any) -> DiscoveryStore:
    """Twenty meters, one of them a valve too with an attribute in two datasets; one in another tenant."""
    owner = {"type": "Relationship", "object": "urn:x:o"}
    level = [
        {"type": "Property", "value": 1},
        {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [1, 2]}, "datasetId": "urn:d:1"},
    ]
    operations = [make_create(number, energy=number) for number in range(19)]
    valve = make_create(19, energy=1, owner=owner, level=level)
    valve.document["type"] = ["Meter", "Valve"]
    await writer.write("", [*operations, valve])
    await writer.write("other", [make_create(1, secret=1)])
    return DiscoveryStore(database)


async def test_types(discovery: DiscoveryStore) -> None:
    """All types of an entity count, by name; other tenants' do not."""
    assert await discovery.types("") == ["Meter", "Valve"]


async def test_type_summaries(discovery: DiscoveryStore) -> None:
    """Each type with the attributes of its entities."""
    names = ("energy", "level", "owner")

    assert await discovery.type_summaries("") == [TypeSummary("Meter", names), TypeSummary("Valve", names)]


async def test_type_details(discovery: DiscoveryStore) -> None:
    """The number of entities, and every kind that an attribute has among them."""
    count, attributes = await discovery.type_details("", "Valve")

    assert (count, {each.name: each.kinds for each in attributes}) == (
        1,
        {"energy": ("Property",), "level": ("GeoProperty", "Property"), "owner": ("Relationship",)},
    )


async def test_unused_names(discovery: DiscoveryStore) -> None:
    """Nothing for what is nowhere, or in another tenant only."""
    assert await discovery.type_details("", "Lamp") == (0, [])
    assert [await discovery.attribute_details("", name) for name in ("never", "secret")] == [None, None]


async def test_attributes(discovery: DiscoveryStore) -> None:
    """By name, with counts of entities."""
    names = await discovery.attributes("")
    summaries = await discovery.attribute_summaries("")

    assert names == [each.name for each in summaries] == ["energy", "level", "owner"]
    assert [each.count for each in summaries] == [20, 1, 1]


async def test_attribute_details(discovery: DiscoveryStore) -> None:
    """Exact, whatever the size."""
    found = await discovery.attribute_details("", "energy")

    assert found is not None
    assert (found.count, found.kinds, found.types) == (20, ("Property",), ("Meter", "Valve"))


async def test_a_sample_of_many(discovery: DiscoveryStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """First and last entities of each type, and those of several types, are always among it."""
    exact = [await discovery.type_summaries(""), await discovery.attributes("")]
    monkeypatch.setattr("mimas.ngsi_ld.store.discovery._LARGE", 5)
    sampled = [await discovery.type_summaries(""), await discovery.attributes("")]

    assert sampled == exact


async def test_what_was_sampled_is_kept_for_a_while(
    discovery: DiscoveryStore, writer: Writer, make_create: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For seconds, not for ever."""
    monkeypatch.setattr("mimas.ngsi_ld.store.discovery._LARGE", 5)
    monkeypatch.setattr("mimas.ngsi_ld.store.discovery._KEPT_FOR", 1000.0)
    await discovery.attributes("")
    await writer.write("", [make_create(30, new=1)])
    kept = await discovery.attributes("")
    discovery._kept.clear()

    assert ("new" in kept, "new" in await discovery.attributes("")) == (False, True)
