"""The demonstration through a real Mosquitto, the ingest and a real database."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from mimas.ngsi_ld.store.database import Database
from mimas.platform.demo import main, sources_folder
from mimas.platform.demo.player import Plan, Player
from mimas.platform.demo.publisher import Publisher
from mimas.platform.demo.town import find_town
from mimas.platform.ingest import IngestOptions, run_ingest

COUNT = """
    SELECT a.name, count(*) AS count, sum(number) AS sum, count(DISTINCT (entity_id, at)) AS distinct
    FROM attr_history JOIN attribute_name a ON a.id = attribute_id
    WHERE a.name IN ('totalActiveEnergyImport', 'numValue', 'temperature') GROUP BY 1
"""


async def test_a_day_is_stored_exactly_once(database_url: str, mqtt_url: str, tmp_path: Path) -> None:
    """24 hours of six meters and a station, played twice, are there once."""
    database = await Database.open(database_url)
    stopping = asyncio.Event()
    options = IngestOptions(sources_folder(), database_url, mqtt_url)
    ingest = asyncio.create_task(run_ingest(options, stopping))
    try:
        for _ in range(2):
            await asyncio.to_thread(_play_a_day, mqtt_url)
            await _until(lambda rows: rows.get("totalActiveEnergyImport") == 72, database)
            await _until(lambda rows: rows.get("numValue") == 72 and rows.get("temperature") == 24, database)
        rows = {row["name"]: row for row in await database.fetch(COUNT)}
    finally:
        stopping.set()
        await ingest
        await database.close()

    assert {name: row["count"] for name, row in rows.items()} == {
        "totalActiveEnergyImport": 72,
        "numValue": 72,
        "temperature": 24,
    }
    assert all(row["count"] == row["distinct"] for row in rows.values())


def test_a_stopped_player_goes_on_where_it_was(mqtt_url: str, tmp_path: Path) -> None:
    """The position survives the process."""
    plan = Plan(datetime(2019, 12, 1, tzinfo=UTC), datetime(2019, 12, 2, tzinfo=UTC), speed=3600)
    position = tmp_path / "position.json"
    with Publisher(mqtt_url) as publisher:
        played = [Player(find_town(None), publisher, position).backfill(plan) for _ in range(2)]

    assert played == [24 * 7, 0]


def test_it_stops_when_it_is_told(mqtt_url: str) -> None:
    """Playing on waits for the next hour, but not longer than until it is told to stop."""
    plan = Plan(datetime(2019, 12, 1, tzinfo=UTC), datetime(2019, 12, 1, tzinfo=UTC), speed=1)
    stopping = threading.Event()
    with Publisher(mqtt_url) as publisher:
        thread = threading.Thread(target=Player(find_town(None), publisher).play_on, args=(plan, stopping))
        thread.start()
        stopping.set()
        thread.join(10)

    assert not thread.is_alive()


def test_a_folder_without_readings_is_told(tmp_path: Path) -> None:
    """A wrong --data is a mistake to mend, not a reason to simulate."""
    assert main(["--data", str(tmp_path)]) == 2


def _play_a_day(mqtt_url: str) -> None:
    plan = Plan(datetime(2019, 12, 1, tzinfo=UTC), datetime(2019, 12, 2, tzinfo=UTC), speed=3600)
    with Publisher(mqtt_url) as publisher:
        player = Player(find_town(None), publisher)
        player.wait_for_listeners(plan, threading.Event())
        player.backfill(plan)


async def _until(holds: Callable[[dict[str, int]], bool], database: Database) -> None:
    async with asyncio.timeout(60):
        while not holds({row["name"]: row["count"] for row in await database.fetch(COUNT)}):
            await asyncio.sleep(0.05)
