"""The write path against a real database."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from mimas.ngsi_ld.core.errors import (
    AlreadyExists,
    BadRequestData,
    NgsiLdError,
    ResourceNotFound,
    Unavailable,
)
from mimas.ngsi_ld.core.operations import (
    CreateEntity,
    DeleteEntity,
    MergeEntity,
    PartialUpdate,
    RecordReading,
    UpsertEntity,
)
from mimas.ngsi_ld.core.state import Applied, Change
from mimas.ngsi_ld.store.database import Database
from mimas.ngsi_ld.store.entities import EntityStore
from mimas.ngsi_ld.store.outbox import OutboxRow
from mimas.ngsi_ld.store.writer import Writer


def merge(number: int, **attributes: Any) -> MergeEntity:
    fragment = {name: {"type": "Property", "value": value} for name, value in attributes.items()}
    return MergeEntity(entity_id=f"urn:ngsi-ld:Meter:{number:04d}", fragment=fragment)


async def document(database: Database, entity_id: str) -> Any:
    stored = await EntityStore(database).retrieve("", entity_id)
    return stored and stored.state().document


async def history_count(database: Database) -> int:
    count: int = await database.fetchval("SELECT count(*) FROM attr_history")
    return count


async def test_a_created_entity_can_be_retrieved(
    writer: Writer, database: Database, make_create: Any
) -> None:
    """What was answered is there."""
    await writer.write("", [make_create(1, energy=5)])

    assert await document(database, "urn:ngsi-ld:Meter:0001") == {
        "id": "urn:ngsi-ld:Meter:0001",
        "type": "Meter",
        "energy": {"type": "Property", "value": 5},
    }


async def test_one_failing_operation_leaves_its_neighbours_alone(writer: Writer, make_create: Any) -> None:
    """Each operation has its own outcome."""
    await writer.write("", [make_create(2)])
    outcomes = await writer.write("", [make_create(number) for number in range(1, 4)])

    assert [type(each) for each in outcomes] == [Applied, AlreadyExists, Applied]


async def test_data_the_database_refuses_fails_alone(writer: Writer, make_create: Any) -> None:
    """A flush that PostgreSQL refuses is halved until the bad operation stands alone."""
    operations = [make_create(number, name="a\0b" if number == 7 else "fine") for number in range(20)]
    outcomes = await writer.write("", operations)

    assert [number for number, each in enumerate(outcomes) if isinstance(each, BadRequestData)] == [7]


async def test_a_geometry_the_database_refuses_fails_alone(writer: Writer, make_create: Any) -> None:
    """PostGIS's own errors are treated like any refused data."""
    wrong = {"type": "GeoProperty", "value": {"type": "Nonsense", "coordinates": []}}
    right = {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [14.1, 50.1, 300]}}
    outcomes = await writer.write("", [make_create(1, location=wrong), make_create(2, location=right)])

    assert [type(each) for each in outcomes] == [BadRequestData, Applied]


async def test_operations_on_one_entity_keep_their_order(
    writer: Writer, database: Database, make_create: Any
) -> None:
    """Within one call each operation sees what the one before left."""
    operations = [make_create(1, a=0), *(merge(1, a=step, **{f"b{step}": step}) for step in range(1, 5))]
    await writer.write("", operations)

    left = await document(database, operations[0].entity_id)
    values = {name: value["value"] for name, value in left.items() if name not in ("id", "type")}

    assert values == {"a": 4, "b1": 1, "b2": 2, "b3": 3, "b4": 4}


async def test_concurrent_callers_each_get_their_own_outcome(writer: Writer, make_create: Any) -> None:
    """Of many that create the same entity one succeeds."""
    outcomes = await asyncio.gather(*(writer.write("", [make_create(1)]) for _ in range(40)))

    assert sum(isinstance(outcome, Applied) for [outcome] in outcomes) == 1


async def test_a_partial_update_sees_the_write_before_it(
    writer: Writer, database: Database, make_create: Any
) -> None:
    """Sub-members that are not named stay, also within one flush."""
    create = make_create(1, energy={"type": "Property", "value": 1, "unitCode": "KWH"})
    update = PartialUpdate(entity_id=create.entity_id, attribute="energy", fragment={"value": 2})
    await writer.write("", [create, update])

    assert (await document(database, create.entity_id))["energy"] == {
        "type": "Property",
        "value": 2,
        "unitCode": "KWH",
    }


async def test_create_and_delete_in_one_call_leave_the_history(
    writer: Writer, database: Database, make_create: Any
) -> None:
    """An entity that came and went in one flush has its evolution."""
    create = make_create(1)
    await writer.write("", [create, DeleteEntity(entity_id=create.entity_id)])

    assert (await document(database, create.entity_id), await history_count(database)) == (None, 2)


async def test_create_and_delete_of_what_exists_are_told_apart(writer: Writer, make_create: Any) -> None:
    """The absence that a create assumes is checked when nothing of it would be written."""
    await writer.write("", [make_create(1)])
    delete = DeleteEntity(entity_id="urn:ngsi-ld:Meter:0001")
    outcomes = await writer.write("", [make_create(1), delete, delete, make_create(1)])

    assert [type(each) for each in outcomes] == [AlreadyExists, Applied, ResourceNotFound, Applied]


async def test_versions_keep_writers_of_two_processes_apart(database: Database, make_create: Any) -> None:
    """Two writers with caches of their own that merge into one entity lose nothing."""
    async with Writer(database) as first, Writer(database) as second:
        await first.write("", [make_create(1)])
        steps = [
            (first if step % 2 else second).write("", [merge(1, **{f"a{step}": step})]) for step in range(40)
        ]
        outcomes = await asyncio.gather(*steps)
        stored = await document(database, "urn:ngsi-ld:Meter:0001")

    assert (
        all(isinstance(outcome, Applied) for [outcome] in outcomes),
        sum(name.startswith("a") for name in stored),
    ) == (True, 40)


async def test_a_cached_state_never_brings_a_deleted_entity_back(
    database: Database, make_create: Any
) -> None:
    """What another process deleted is a 404 here, though the state was cached."""
    async with Writer(database) as first, Writer(database) as second:
        await first.write("", [make_create(1)])
        await second.write("", [DeleteEntity(entity_id="urn:ngsi-ld:Meter:0001")])
        [outcome] = await first.write("", [merge(1, a=1)])

    assert isinstance(outcome, ResourceNotFound)


async def test_a_cached_state_never_hides_that_an_id_is_free(database: Database, make_create: Any) -> None:
    """What another process deleted can be created here, though the state was cached."""
    async with Writer(database) as first, Writer(database) as second:
        await first.write("", [make_create(1)])
        await second.write("", [DeleteEntity(entity_id="urn:ngsi-ld:Meter:0001")])
        [outcome] = await first.write("", [make_create(1)])

    assert isinstance(outcome, Applied)


async def test_delete_and_recreate_elsewhere_is_not_mistaken(database: Database, make_create: Any) -> None:
    """A recreated entity has another version than the cached one it replaced."""
    async with Writer(database) as first, Writer(database) as second:
        await first.write("", [make_create(1, old=1)])
        await second.write("", [DeleteEntity(entity_id="urn:ngsi-ld:Meter:0001"), make_create(1, new=1)])
        await first.write("", [merge(1, more=1)])
        stored = await document(database, "urn:ngsi-ld:Meter:0001")

    assert set(stored) == {"id", "type", "new", "more"}


def reading(value: float, observed: str) -> RecordReading:
    instance = {"type": "Property", "value": value, "observedAt": observed}
    identifier = "urn:ngsi-ld:Meter:0001"
    return RecordReading(
        entity_id=identifier, document={"id": identifier, "type": "Meter", "energy": instance}
    )


async def test_a_reading_delivered_twice_is_stored_once(database: Database) -> None:
    """Also when another process delivers it again, and when newer readings came between."""
    readings = [reading(value, f"2026-01-01T0{value}:00:00Z") for value in range(4)]
    async with Writer(database) as first, Writer(database) as second:
        await first.write("", readings)
        await second.write("", readings)
        await first.write("", [*readings, *readings])

    assert await history_count(database) == 4


async def test_a_late_reading_leaves_the_current_value(writer: Writer, database: Database) -> None:
    """It goes into the history only."""
    await writer.write("", [reading(2, "2026-01-02T00:00:00Z")])
    await writer.write("", [reading(1, "2026-01-01T00:00:00Z")])
    stored = await document(database, "urn:ngsi-ld:Meter:0001")

    assert (stored["energy"]["value"], await history_count(database)) == (2, 2)


async def test_a_full_queue_refuses(database: Database, make_create: Any) -> None:
    """503 with Retry-After, never a stall."""
    writer = Writer(database, queue_limit=10)
    waiting = asyncio.create_task(writer.write("", [make_create(number) for number in range(8)]))
    await asyncio.sleep(0)
    with pytest.raises(Unavailable) as refused:
        await writer.write("", [make_create(number) for number in range(8, 12)])
    await writer.start()
    await waiting
    await writer.stop()

    assert refused.value.retry_after == 1


async def test_a_cancelled_caller_loses_the_answer_not_the_write(
    database: Database, make_create: Any
) -> None:
    """What was queued is written once."""
    writer = Writer(database)
    caller = asyncio.create_task(writer.write("", [make_create(1)]))
    await asyncio.sleep(0)
    caller.cancel()
    await writer.start()
    await writer.stop()

    assert await document(database, "urn:ngsi-ld:Meter:0001") is not None


async def test_stop_writes_what_is_queued(database: Database, make_create: Any) -> None:
    """Nothing that was accepted is dropped."""
    writer = Writer(database, flush_limit=7)
    callers = [asyncio.create_task(writer.write("", [make_create(number)])) for number in range(50)]
    await asyncio.sleep(0)
    await writer.start()
    await writer.stop()

    assert all(isinstance(outcome, Applied) for [outcome] in await asyncio.gather(*callers))


async def test_a_stopped_writer_refuses(database: Database, make_create: Any) -> None:
    """The answer says to come back."""
    writer = Writer(database)
    await writer.start()
    await writer.stop()

    with pytest.raises(Unavailable):
        await writer.write("", [make_create(1)])


async def test_large_calls_are_answered_in_order(writer: Writer, make_create: Any) -> None:
    """A call of several flushes gets its outcomes in the order of its operations."""
    operations = [make_create(number) for number in range(1500)]
    outcomes = await writer.write("", operations)
    ids = [each.state.id for each in outcomes if isinstance(each, Applied) and each.state]

    assert ids == [each.entity_id for each in operations]


async def test_upserts_of_known_and_unknown_entities_mix(writer: Writer, make_meter: Any) -> None:
    """`created` tells which was which."""
    upsert = [UpsertEntity(entity_id=each["id"], document=each) for each in map(make_meter, range(4))]
    await writer.write("", upsert[:2])
    outcomes = await writer.write("", upsert)

    assert [isinstance(each, Applied) and each.created for each in outcomes] == [False, False, True, True]


async def test_tenants_are_apart_and_made_by_the_first_write(
    writer: Writer, database: Database, make_create: Any
) -> None:
    """The same id in two tenants is two entities; the default tenant is not listed."""
    outcomes = [await writer.write(tenant, [make_create(1)]) for tenant in ("", "a", "b", "a")]
    kinds = [type(outcome).__name__ for [outcome] in outcomes]
    names = [row["name"] for row in await database.fetch("SELECT name FROM tenant ORDER BY name")]

    assert (kinds, names) == (["Applied", "Applied", "Applied", "AlreadyExists"], ["a", "b"])


async def test_notifications_commit_with_their_change(
    database: Database, make_create: Any, make_listener: Any
) -> None:
    """Only changes that were written have rows, those of one entity in the order of its changes."""

    def rows(_tenant: str, change: Change) -> list[OutboxRow]:
        assert change.after is not None
        count = len(change.after.document) - 2
        return [OutboxRow("urn:sub", change.entity_id, str(count).encode())]

    async with Writer(database, listener=make_listener(rows)) as writer:
        await writer.write("", [make_create(1), make_create(1), merge(1, a=1), merge(1, b=1)])
    rows = await database.fetch("SELECT payload FROM outbox ORDER BY id")

    assert [row["payload"] for row in rows] == [b"1", b"2", b"3"]


async def test_a_matcher_that_breaks_fails_only_its_operation(
    database: Database, make_create: Any, make_listener: Any
) -> None:
    """Our own faults are a 500 for the one who met them."""

    def rows(_tenant: str, change: Change) -> list[OutboxRow]:
        if change.entity_id.endswith("2"):
            raise ZeroDivisionError
        return []

    async with Writer(database, listener=make_listener(rows)) as writer:
        outcomes = await writer.write("", [make_create(number) for number in (1, 2, 3)])

    assert [type(each) for each in outcomes] == [Applied, NgsiLdError, Applied]


async def test_history_lands_in_the_month_it_names(
    writer: Writer, database: Database, make_create: Any
) -> None:
    """Partitions are made on demand; absurd dates stay in the default one."""
    for number, observed in enumerate(
        ("2015-03-05T00:00:00Z", "2026-02-28T23:59:59Z", "9998-01-01T00:00:00Z")
    ):
        energy = {"type": "Property", "value": 1, "observedAt": observed}
        await writer.write("", [make_create(number, energy=energy)])
    rows = await database.fetch("SELECT tableoid::regclass::text AS name FROM attr_history ORDER BY at")

    assert [row["name"] for row in rows] == [
        "attr_history_2015_03",
        "attr_history_2026_02",
        "attr_history_default",
    ]


async def test_deleting_with_the_history_leaves_nothing(database: Database, make_create: Any) -> None:
    """`keep_history=False` deletes the evolution with the entity."""
    async with Writer(database, keep_history=False) as writer:
        create: CreateEntity = make_create(1)
        await writer.write("", [create])
        await writer.write("", [DeleteEntity(entity_id=create.entity_id)])

    assert await history_count(database) == 0


async def test_geometries_beside_location_follow_the_document(
    writer: Writer, database: Database, make_create: Any
) -> None:
    """The side table holds what the document holds."""
    point = {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [14, 50]}}
    create = make_create(1, area=point, entrance=point, location=point)
    await writer.write("", [create])
    fragment = {"area": "urn:ngsi-ld:null", "exit": point}
    await writer.write("", [MergeEntity(entity_id=create.entity_id, fragment=fragment)])
    rows = await database.fetch("SELECT attribute FROM entity_geo ORDER BY attribute")

    assert [row["attribute"] for row in rows] == ["entrance", "exit"]
