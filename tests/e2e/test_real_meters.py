"""The main job with real data: a year of four meters, from files through MQTT to the API, and counted."""

from __future__ import annotations

import csv
import gzip
import math
import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from mimas.platform.demo import sources_folder
from mimas.platform.processes import wait_until

ARCHIVE = Path(__file__).resolve().parents[3] / "shared" / "data" / "energy"
YEAR = {"timerel": "between", "timeAt": "2019-01-01T00:00:00Z", "endTimeAt": "2020-01-01T00:00:00Z"}
METERS = {
    ("b58", "electricity"): ("urn:ngsi-ld:ACMeasurement:b58-electricity", "totalActiveEnergyImport"),
    ("b13", "electricity"): ("urn:ngsi-ld:ACMeasurement:b13-electricity", "totalActiveEnergyImport"),
    ("b58", "gas"): ("urn:ngsi-ld:DeviceMeasurement:b58-gas", "numValue"),
    ("b13", "gas"): ("urn:ngsi-ld:DeviceMeasurement:b13-gas", "numValue"),
}

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def played(module_start: Any) -> Any:
    """A platform into which the whole year was played; everything has arrived."""
    if not (ARCHIVE / "b58").is_dir():
        if os.environ.get("CI"):
            pytest.fail(f"the real readings are not in {ARCHIVE}", pytrace=False)
        pytest.skip(f"THE MAIN JOB IS NOT TESTED WITH REAL DATA: there are no readings in {ARCHIVE}")
    platform = module_start(MIMAS_ADAPTERS=str(sources_folder()), MIMAS_MODEL_CHECK="reject")
    broker = re.search(r"mqtt://\S+", platform.log())
    assert broker
    options = ("--whole-year", "--year", "2019", "--buildings", "b58,b13", "--once", "--speed", "1")
    subprocess.run(
        [sys.executable, "-m", "mimas.platform.demo", "--data", ARCHIVE, "--mqtt-url", broker[0], *options],
        check=True,
        timeout=400,
    )
    expected = {meter: len(readings_of(*meter)) for meter in METERS}
    arrived = wait_until(lambda: all(count(platform, meter) >= expected[meter] for meter in METERS), 200)
    assert arrived, {meter: (count(platform, meter), expected[meter]) for meter in METERS}
    return platform


@pytest.mark.parametrize("meter", METERS, ids="-".join)
def test_every_reading_is_in_the_history_once(played: Any, meter: tuple[str, str]) -> None:
    """Hour for hour the value of the file, in kWh, and nothing else."""
    _, attribute = METERS[meter]
    instances = history(played, meter)[attribute]
    found = [(each["observedAt"], each["value"], each["unitCode"]) for each in instances]

    assert sorted(found) == [
        (f"{hour:%Y-%m-%dT%H:%M:%SZ}", energy, "KWH") for hour, energy in readings_of(*meter).items()
    ]


@pytest.mark.parametrize("meter", METERS, ids="-".join)
def test_the_sum_of_the_year_is_that_of_the_file(played: Any, meter: tuple[str, str]) -> None:
    """As the API aggregates it."""
    total = aggregate(played, meter, "sum")

    assert round(total, 1) == round(math.fsum(readings_of(*meter).values()), 1)


def test_the_current_value_is_that_of_the_last_hour(played: Any) -> None:
    """However fast the year was played."""
    entity, attribute = METERS["b58", "electricity"]
    hour, energy = list(readings_of("b58", "electricity").items())[-1]
    current = httpx.get(f"{played.url}/ngsi-ld/v1/entities/{entity}").json()[attribute]

    assert (current["observedAt"], current["value"]) == (f"{hour:%Y-%m-%dT%H:%M:%SZ}", energy)


def test_nothing_was_refused(played: Any) -> None:
    """Every message was understood, and every entity fits its Smart Data Model."""
    lines = httpx.get(f"{played.url}/metrics").text.splitlines()

    assert [line for line in lines if line.startswith(("mimas_quarantine{", "mimas_ingest_rejected"))] == []


def readings_of(building: str, medium: str) -> dict[datetime, float]:
    """The valid readings of the file: its publisher put 0 where there was none."""
    with gzip.open(ARCHIVE / building / f"{medium}-2019.csv.gz", "rt", newline="") as file:
        rows = list(csv.reader(file))[1:]
    values = {datetime.fromisoformat(hour).replace(tzinfo=UTC): float(value or 0) for hour, value in rows}
    return {hour: value for hour, value in values.items() if value != 0}


def history(platform: Any, meter: tuple[str, str], **parameters: str) -> dict[str, Any]:
    """The year of a meter as the API tells it."""
    entity, attribute = METERS[meter]
    answer = httpx.get(
        f"{platform.url}/ngsi-ld/v1/temporal/entities/{entity}",
        params={"attrs": attribute, **YEAR, **parameters},
        timeout=60,
    )
    return answer.json() if answer.status_code == 200 else {}


def aggregate(platform: Any, meter: tuple[str, str], method: str) -> float:
    """One figure for the whole year."""
    answer = history(
        platform, meter, aggrMethods=method, aggrPeriodDuration="PT0S", options="aggregatedValues"
    )
    if not answer:
        return 0
    figures = answer[METERS[meter][1]][method]
    assert len(figures) == 1
    return float(figures[0][0])


def count(platform: Any, meter: tuple[str, str]) -> int:
    """How many readings of the year the platform has."""
    return int(aggregate(platform, meter, "totalCount"))
