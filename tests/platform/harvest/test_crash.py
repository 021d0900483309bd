"""A harvest that is killed: the next run goes on, and everything is there exactly once."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys

import pytest

from mimas.ngsi_ld.store.harvest_runs import RunStore

from .conftest import Town

ROWS = 6000
METERS = 20
SOURCE = """
source: {table: {path: meters.csv}}
observedAt: time
delete: true
let: {meter: meter}
entities:
  meter:
    type: ACMeasurement
    id: urn:ngsi-ld:ACMeasurement:{meter}
    attributes:
      totalActiveEnergyImport: {path: energy, unit: KWH, monotonic: true}
"""
COMMAND = """
import sys
from pathlib import Path
from mimas.platform.ingest import IngestOptions, main
main(IngestOptions(Path(sys.argv[1]), sys.argv[2], "mqtt://127.0.0.1:1"))
"""


def table() -> str:
    """Readings of meters in turn; every hundredth has no number."""
    rows = [
        f"m{number % METERS},2026-01-{1 + number // 2880:02}T{number // 120 % 24:02}:{number // 20 % 6}0:00Z,"
        f"{'?' if number % 100 == 50 else number}"
        for number in range(ROWS)
    ]
    return "meter,time,energy\n" + "\n".join(dict.fromkeys(rows)) + "\n"


@pytest.mark.fault
async def test_killed_in_the_middle_and_run_again(town: Town, database_url: str) -> None:
    """After kill -9 each reading is in the history once, each bad row in the quarantine once."""
    town.configure(SOURCE)
    (town.folder / "meters.csv").write_text(table())
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", COMMAND, str(town.folder), database_url]
    process = subprocess.Popen(command, env=environment)
    try:
        async with asyncio.timeout(60):
            while await town.database.fetchval("SELECT count(*) FROM harvest_record") < ROWS // 5:
                await asyncio.sleep(0.01)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait(30)
    before = await town.database.fetchval("SELECT count(*) FROM harvest_record")
    assert before < ROWS, "it was killed too late to say anything"
    report = await town.run()
    history = await town.database.fetch(
        "SELECT number, count(*) AS times FROM attr_history WHERE number IS NOT NULL GROUP BY number"
    )
    refused = await town.database.fetch("SELECT topic, count(*) AS times FROM quarantine GROUP BY topic")
    states = [each.state for each in await RunStore(town.database).latest()]

    assert {(row["number"], row["times"]) for row in history} == {
        (number, 1) for number in range(ROWS) if number % 100 != 50
    }
    assert [row["times"] for row in refused] == [1] * (ROWS // 100)
    assert (states, report.tally.unchanged + report.tally.still_rejected) == (
        ["finished", "interrupted"],
        before,
    )
