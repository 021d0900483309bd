"""The temporal evolution: reads, aggregates and writes to the history alone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from mimas.ngsi_ld.core.errors import InvalidRequest, ResourceNotFound
from mimas.ngsi_ld.core.operations import (
    DeleteEntity,
    DeleteInstance,
    DeleteTemporalAttribute,
    DeleteTemporalEntity,
    ModifyInstance,
    RecordReading,
)
from mimas.ngsi_ld.core.query.entity_query import EntityQuery, Page
from mimas.ngsi_ld.core.query.temporal import TemporalQuery
from mimas.ngsi_ld.core.query.type_selection import parse_type_selection
from mimas.ngsi_ld.store.aggregates import Aggregation
from mimas.ngsi_ld.store.database import Database
from mimas.ngsi_ld.store.history import HistoryStore, TemporalPage
from mimas.ngsi_ld.store.periods import parse_period
from mimas.ngsi_ld.store.writer import Writer

METER = "urn:ngsi-ld:Meter:1"


def at(day: int, month: int = 1) -> datetime:
    return datetime(2026, month, day, tzinfo=UTC)


@pytest.fixture
async def history(writer: Writer, database: Database) -> HistoryStore:
    """Ten daily readings of a number and a text, over the end of a month."""
    for day in range(10):
        observed = f"2026-0{1 if day < 5 else 2}-{27 + day if day < 5 else day - 4:02d}T00:00:00Z"
        document = {
            "id": METER,
            "type": "Meter",
            "energy": {"type": "Property", "value": day, "observedAt": observed},
            "state": {"type": "Property", "value": "on" if day % 2 else "off", "observedAt": observed},
        }
        await writer.write("", [RecordReading(entity_id=METER, document=document)])
    return HistoryStore(database)


def values(page: TemporalPage | None, attribute: str = "energy") -> list[Any]:
    assert page is not None
    return [each.instance["value"] for each in page.entities[0].instances.get(attribute, [])]


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        (None, list(range(10))),
        (TemporalQuery("before", at(29)), [0, 1]),
        (TemporalQuery("after", at(4, 2)), [8, 9]),
        (TemporalQuery("between", at(31), at(2, 2)), [4, 5]),
        (TemporalQuery("after", at(1, 1), timeproperty="modifiedAt"), list(range(10))),
        (TemporalQuery("after", at(1, 1), timeproperty="deletedAt"), []),
    ],
)
async def test_windows(history: HistoryStore, window: TemporalQuery | None, expected: list[int]) -> None:
    """`after` and the start of `between` include their bound, `before` and the end exclude theirs (4.11)."""
    assert values(await history.retrieve("", METER, window)) == expected


async def test_the_last_instances_come_newest_first(history: HistoryStore) -> None:
    """lastN counts for each attribute."""
    page = await history.retrieve("", METER, last_n=2)

    assert (values(page), values(page, "state")) == ([9, 8], ["on", "off"])


async def test_a_limit_cuts_all_attributes_at_one_time(history: HistoryStore) -> None:
    """`cut_at` is the newest time that is shown (6.3.10)."""
    page = await history.retrieve("", METER, limit_per_attribute=3)

    assert (values(page), page and page.cut_at) == ([0, 1, 2], at(29))


async def test_nothing_is_known_of_a_strange_entity(history: HistoryStore) -> None:
    """None, not an empty evolution."""
    assert await history.retrieve("", "urn:none") is None


async def test_a_deleted_entity_keeps_its_evolution(writer: Writer, history: HistoryStore) -> None:
    """With its types, and with a tombstone for each attribute."""
    await writer.write("", [DeleteEntity(entity_id=METER)])
    page = await history.retrieve("", METER)

    assert (page and page.entities[0].types, values(page)[-1]) == ("Meter", "urn:ngsi-ld:null")


async def test_a_query_finds_entities_with_instances_in_the_window(history: HistoryStore) -> None:
    """Others are no part of the result, nor of its count."""
    meters = parse_type_selection("Meter", str)
    counts = [
        (
            await history.query(
                "", EntityQuery(types=meters, temporal=TemporalQuery("after", day)), Page(count=True)
            )
        ).count
        for day in (at(1), at(1, 5))
    ]

    assert counts == [1, 0]


async def aggregated(
    history: HistoryStore, attribute: str, period: str, *methods: str, window: TemporalQuery | None = None
) -> list[list[Any]]:
    entity = await history.retrieve_bare("", METER)
    assert entity is not None
    await history.aggregate("", [entity], Aggregation(methods, parse_period(period)), window, [attribute])
    return [[bucket.values[name] for name in methods] for bucket in entity.aggregates[attribute][0].buckets]


@pytest.mark.parametrize(
    ("period", "expected"),
    [
        ("PT0S", [[4.5, 10, 9.0]]),
        ("P1M", [[2.0, 5, 4.0], [7.0, 5, 9.0]]),
        ("P5D", [[2.0, 5, 4.0], [7.0, 5, 9.0]]),
        ("P1Y", [[4.5, 10, 9.0]]),
        ("P1W", [[3.0, 7, 6.0], [8.0, 3, 9.0]]),
    ],
)
async def test_numbers_by_period(history: HistoryStore, period: str, expected: list[list[Any]]) -> None:
    """Periods count from the start of the window, or from the first instance (4.5.19.1)."""
    window = TemporalQuery("after", at(1)) if period == "P1M" else None

    assert await aggregated(history, "energy", period, "avg", "totalCount", "max", window=window) == expected


async def test_texts_by_period(history: HistoryStore) -> None:
    """Texts have counts and an order."""
    methods = ("distinctCount", "totalCount", "min", "max")

    assert await aggregated(history, "state", "P5D", *methods) == [[2, 5, "off", "on"]] * 2


async def test_a_method_that_does_not_apply_is_refused(history: HistoryStore) -> None:
    """A text has no average (5.7.4)."""
    with pytest.raises(InvalidRequest):
        await aggregated(history, "state", "P5D", "avg")


async def test_an_instance_is_replaced(history: HistoryStore) -> None:
    """createdAt and the id stay, the time may become another (5.6.14)."""
    page = await history.retrieve("", METER)
    assert page is not None
    old = page.entities[0].instances["energy"][3]
    assert old.instance_id is not None
    new = {"type": "Property", "value": 77, "observedAt": "2019-01-01T00:00:00Z"}
    await history.execute(
        "", ModifyInstance(entity_id=METER, attribute="energy", instance_id=old.instance_id, instance=new)
    )
    page = await history.retrieve("", METER)
    assert page is not None
    first = page.entities[0].instances["energy"][0]

    assert (first.instance_id, first.created_at, first.instance) == (old.instance_id, old.created_at, new)


@pytest.mark.parametrize(
    "operation",
    [
        DeleteInstance(entity_id=METER, attribute="energy", instance_id="urn:none"),
        DeleteInstance(entity_id=METER, attribute="none", instance_id="urn:none"),
        DeleteTemporalAttribute(entity_id=METER, attribute="none"),
        DeleteTemporalAttribute(entity_id=METER, attribute="energy", dataset_id="urn:none"),
        DeleteTemporalEntity(entity_id="urn:none"),
    ],
)
async def test_what_is_not_there_is_not_found(history: HistoryStore, operation: Any) -> None:
    """Entity, attribute, dataset and instance each."""
    with pytest.raises(ResourceNotFound):
        await history.execute("", operation)


async def test_the_history_of_an_attribute_goes_alone(history: HistoryStore) -> None:
    """The other attributes stay (5.6.13)."""
    await history.execute("", DeleteTemporalAttribute(entity_id=METER, attribute="energy"))
    page = await history.retrieve("", METER)

    assert (values(page), len(values(page, "state"))) == ([], 10)


@pytest.mark.parametrize("period", ["PT6H", "P1D", "P1M", "P3D"])
async def test_ranges_of_the_key_and_one_pass_agree(
    history: HistoryStore, database: Database, monkeypatch: pytest.MonkeyPatch, period: str
) -> None:
    """Whether each period is looked up or all rows are read at once, the buckets are the same."""
    methods = ("avg", "distinctCount", "max", "min", "stddev", "sum", "sumsq", "totalCount")
    looked_up = await aggregated(history, "energy", period, *methods)
    monkeypatch.setattr("mimas.ngsi_ld.store.aggregates._MOST_RANGES", 0)

    assert await aggregated(history, "energy", period, *methods) == looked_up


async def test_datasets_are_aggregated_apart(writer: Writer, history: HistoryStore) -> None:
    """Also by period (4.5.5)."""
    observed = "2026-01-28T12:00:00Z"
    instance = {"type": "Property", "value": 100, "observedAt": observed, "datasetId": "urn:d:1"}
    document = {"id": METER, "type": "Meter", "energy": instance}
    await writer.write("", [RecordReading(entity_id=METER, document=document)])
    entity = await history.retrieve_bare("", METER)
    assert entity is not None
    await history.aggregate("", [entity], Aggregation(("sum",), parse_period("P1M")), None, ["energy"])

    assert {
        each.dataset_id: sum(bucket.values["sum"] for bucket in each.buckets)
        for each in entity.aggregates["energy"]
    } == {"": 45, "urn:d:1": 100}
