"""A service goes away and comes back: what clients see meanwhile, and that nobody has to restart anything."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from mimas.platform.mosquitto import PrivateMosquitto
from mimas.platform.postgres import PrivatePostgres
from mimas.platform.processes import wait_until

pytestmark = pytest.mark.fault

ENTITIES = "/ngsi-ld/v1/entities"


@pytest.fixture(scope="module")
def platform(
    module_start: Any, sources: Path, postgres: PrivatePostgres, broker: PrivateMosquitto
) -> Iterator[Any]:
    """A platform on services that it does not keep itself."""
    yield module_start(
        MIMAS_DATABASE_URL=postgres.url,
        MIMAS_MQTT_URL=broker.url,
        MIMAS_ADAPTERS=str(sources),
        MIMAS_WORKERS="2",
    )


@pytest.fixture
def meters(
    platform: Any, sender: Any, broker: PrivateMosquitto, postgres: PrivatePostgres, readings: Any
) -> Any:
    """A sender to whom the platform listens."""
    meters = sender(broker.url)
    readings.wait_for_subscription(meters, postgres)
    return meters


def test_while_postgresql_is_away_everything_waits(
    platform: Any, postgres: PrivatePostgres, meters: Any, readings: Any
) -> None:
    """Reads and writes get 503 with Retry-After; messages wait; the same processes go on when it is back."""
    processes = sorted(platform.children())
    postgres.stop(immediately=True)
    read = httpx.get(f"{platform.url}{ENTITIES}?type=Thing", timeout=30)
    written = httpx.post(f"{platform.url}{ENTITIES}", json={"id": "urn:a:1", "type": "T"}, timeout=30)
    ready = httpx.get(f"{platform.url}/health/ready", timeout=30)
    live = httpx.get(f"{platform.url}/health/live", timeout=30)
    meters.send([readings.message("away", 0)])
    postgres.start()
    recovered = wait_until(platform.is_ready, 120)
    taken = wait_until(lambda: readings.count(postgres, "away") == 1, 120)

    assert [each.status_code for each in (read, written, ready, live)] == [503, 503, 503, 200]
    assert all(int(each.headers["retry-after"]) >= 0 for each in (read, written))
    assert (recovered, taken) == (True, True), platform.log()
    assert sorted(platform.children()) == processes


def test_adapters_come_back_to_a_broker_that_was_away(
    platform: Any,
    broker: PrivateMosquitto,
    postgres: PrivatePostgres,
    meters: Any,
    readings: Any,
    sender: Any,
) -> None:
    """They connect again by themselves, to the session that the broker kept."""
    processes = sorted(platform.children())
    broker.stop()
    broker.start()
    meters.send([readings.message("back", 0)])
    taken = wait_until(lambda: readings.count(postgres, "back") == 1, 200)

    assert taken, platform.log()
    assert sorted(platform.children()) == processes


def test_a_message_that_comes_twice_is_stored_once(
    platform: Any, postgres: PrivatePostgres, meters: Any, readings: Any
) -> None:
    """Also when the process that saw it first is gone."""
    meters.send([readings.message("twice", 0), readings.message("twice", 0), readings.message("twice", 1)])
    assert wait_until(lambda: readings.count(postgres, "twice") == 2, 120)
    os.kill(platform.pid_of("adapters_part"), signal.SIGKILL)
    meters.send([readings.message("twice", 0), readings.message("twice", 1), readings.message("twice", 2)])
    assert wait_until(lambda: readings.count(postgres, "twice") >= 3, 120)

    assert readings.stored(postgres, "twice") == readings.expected("twice", range(3))


def test_a_late_reading_changes_the_past_alone(
    platform: Any, postgres: PrivatePostgres, meters: Any, readings: Any
) -> None:
    """It goes into the history; the current value stays the newest."""
    meters.send([readings.message("late", 0), readings.message("late", 2), readings.message("late", 1)])
    assert wait_until(lambda: readings.count(postgres, "late") == 3, 120)
    entity = httpx.get(f"{platform.url}{ENTITIES}/urn:ngsi-ld:ThreePhaseAcMeasurement:e2e:late").json()

    assert entity["totalActiveEnergyImport"]["value"] == 2
    assert readings.stored(postgres, "late") == readings.expected("late", range(3))
