"""When harvests run: at their times, at once when one is due, and crontab's Sunday is Sunday."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mimas.adapters.source import SourceError
from mimas.ngsi_ld.store.database import Database
from mimas.platform.harvest.timetable import first_time, make_trigger
from mimas.platform.ingest import IngestOptions, run_ingest

from .conftest import Town

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)  # a Saturday


@pytest.mark.parametrize(
    ("schedule", "last", "at"),
    [
        ("15min", None, NOW),
        ("15min", NOW - timedelta(minutes=5), NOW + timedelta(minutes=10)),
        ("15min", NOW - timedelta(hours=5), NOW),
        ({"every": "1d"}, NOW - timedelta(hours=1), NOW + timedelta(hours=23)),
        ({"cron": "10 3 * * *"}, NOW - timedelta(hours=1), datetime(2026, 11, 29, 3, 10, tzinfo=UTC)),
        ({"cron": "10 3 * * *"}, NOW - timedelta(days=2), NOW),
        ({"cron": "0 3 * * 0"}, NOW, datetime(2026, 11, 29, 3, tzinfo=UTC)),
        ({"cron": "0 3 * * 1-5"}, NOW, datetime(2026, 11, 30, 3, tzinfo=UTC)),
        (
            {"cron": "0 3 * * *", "zone": "Europe/Prague"},
            NOW,
            datetime(2026, 11, 29, 2, tzinfo=UTC),
        ),
    ],
)
def test_first_time(schedule: Any, last: datetime | None, at: datetime) -> None:
    """After the last run, or now when one was missed; in the declared zone."""
    found = first_time(make_trigger(schedule, last), last, NOW)

    assert found is not None
    assert found.astimezone(UTC) == at


@pytest.mark.parametrize("cron", ["* * * *", "99 3 * * *", "0 3 * * fun"])
def test_cron_without_meaning_is_refused(cron: str) -> None:
    """The message shows what was written."""
    with pytest.raises(SourceError, match="cannot be used"):
        make_trigger({"cron": cron}, None)


SOURCE = """
source: {{table: {{path: {name}.csv, key: id}}}}
schedule: 1s
let: {{id: id}}
entities: {{t: {{type: Thing, id: "urn:ngsi-ld:Thing:{name}-{{id}}", attributes: {{v: v}}}}}}
"""


async def test_platform_harvests_by_schedule_and_a_bad_source_stays_alone(
    town: Town, database_url: str
) -> None:
    """One source fails in every run; its neighbour is read at the start and again when its file changed."""
    for name in ("good", "gone"):
        town.configure(SOURCE.format(name=name), name)
    table = town.folder / "good.csv"
    table.write_text("id,v\n1,first\n")
    stopping = asyncio.Event()
    options = IngestOptions(Path(town.folder), database_url, "mqtt://127.0.0.1:1")
    running = asyncio.create_task(run_ingest(options, stopping))
    await _wait(town.database, "SELECT count(*) = 1 FROM entity WHERE types[1] = 'Thing'")
    table.write_text("id,v\n1,second\n")
    await _wait(town.database, "SELECT doc->'v'->>'value' = 'second' FROM entity WHERE types[1] = 'Thing'")
    await _wait(town.database, "SELECT count(*) > 1 FROM harvest_run WHERE source = 'gone'")
    stopping.set()
    await asyncio.wait_for(running, 30)
    states = await town.database.fetch("SELECT DISTINCT state FROM harvest_run WHERE source = 'gone'")

    assert [row["state"] for row in states] == ["failed"]


async def _wait(database: Database, sql: str) -> None:
    async with asyncio.timeout(30):
        while not await database.fetchval(sql):
            await asyncio.sleep(0.02)
