"""The outbox as the dispatcher uses it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from mimas.ngsi_ld.store.database import Database
from mimas.ngsi_ld.store.outbox import Outbox

NOW = datetime(2026, 1, 1, tzinfo=UTC)


async def fill(database: Database, count: int = 5) -> Outbox:
    await database.execute(
        "INSERT INTO outbox (tenant, subscription_id, entity_id, payload, created_at)"
        " SELECT '', 'urn:s', 'urn:e:' || i, to_jsonb(i), $1 FROM generate_series(1, $2::int) AS i",
        NOW,
        count,
    )
    return Outbox(database)


async def test_rows_are_claimed_in_order_and_once(database: Database) -> None:
    """A second dispatcher gets nothing while the oldest rows are leased."""
    outbox = await fill(database)
    first = await outbox.claim("", "urn:s", NOW, limit=3)
    second = await outbox.claim("", "urn:s", NOW, limit=5)

    assert ([each.payload for each in first], second) == ([b"1", b"2", b"3"], [])


async def test_a_lease_ends(database: Database) -> None:
    """What a dead dispatcher had claimed is claimed again."""
    outbox = await fill(database)
    await outbox.claim("", "urn:s", NOW, limit=5, lease=60)
    again = await outbox.claim("", "urn:s", NOW + timedelta(seconds=61), limit=5)

    assert [each.attempts for each in again] == [2] * 5


async def test_a_postponed_row_holds_back_what_follows(database: Database) -> None:
    """Order is kept: nothing overtakes."""
    outbox = await fill(database)
    [head] = await outbox.claim("", "urn:s", NOW, limit=1)
    await outbox.postpone([head.id], NOW + timedelta(seconds=10), "503")

    assert await outbox.claim("", "urn:s", NOW, limit=5) == []


async def test_settled_and_buried_rows_are_out_of_the_way(database: Database) -> None:
    """Dead letters wait for a replay."""
    outbox = await fill(database, 3)
    claimed = await outbox.claim("", "urn:s", NOW)
    await outbox.settle([claimed[0].id])
    await outbox.bury([claimed[1].id], NOW, "410")
    await outbox.postpone([claimed[2].id], NOW)
    before = await outbox.waiting()
    await outbox.replay()

    assert (before, await outbox.waiting(), await outbox.lanes(NOW)) == ((1, 1), (2, 0), [("", "urn:s")])
