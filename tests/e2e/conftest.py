"""The platform as a program, its services in a test's hand."""

from __future__ import annotations

import shutil
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson
import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from mimas.platform.mosquitto import PrivateMosquitto
from mimas.platform.packages import find_mosquitto, find_postgres
from mimas.platform.postgres import PrivatePostgres
from mimas.platform.processes import Refused, wait_until

FIRST_MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
UNDER_WAY = 500
HISTORY = """
    SELECT entity_id, at, number FROM attr_history h JOIN attribute_name n ON n.id = h.attribute_id
    WHERE n.name = 'totalActiveEnergyImport'
    AND entity_id LIKE 'urn:ngsi-ld:ThreePhaseAcMeasurement:e2e:{meter}%'
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """These tests run one after the other: each has a whole platform, and two cores carry one at a time."""
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker(pytest.mark.xdist_group("e2e"))


@pytest.fixture(scope="session", autouse=True)
def _programs() -> None:
    if find_postgres() is None or find_mosquitto() is None:
        pytest.skip("no PostgreSQL with PostGIS or no Mosquitto on this machine")


@pytest.fixture(scope="session")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one source: meters that send plain JSON; of a reading only the counter is kept."""
    folder = tmp_path_factory.mktemp("sources")
    counter = "{attributes: {refDevice: null, refTargetDevice: null}}"
    (folder / "meters.yaml").write_text(
        f"use: json-meter\nentities:\n  device: null\n  electricity: {counter}\n"
    )
    return folder


@contextmanager
def own_directory(name: str) -> Iterator[Path]:
    """A directory that the users of the services may pass."""
    directory = Path(tempfile.mkdtemp(prefix=f"mimas-{name}-"))
    directory.chmod(0o711)
    yield directory
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="module")
def broker() -> Iterator[PrivateMosquitto]:
    """A Mosquitto that the test may stop."""
    with own_directory("broker") as directory:
        broker = PrivateMosquitto(directory, port=None)
        broker.start()
        yield broker
        broker.stop()


@pytest.fixture(scope="module")
def postgres() -> Iterator[PrivatePostgres]:
    """A PostgreSQL that the test may stop; nobody starts it again."""
    with own_directory("postgres") as directory:
        server = PrivatePostgres(directory)
        server.start()
        server.ensure_database()
        yield server
        server.stop(immediately=True)


class Sender:
    """Publishes with QoS 1."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._client = paho.Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
        self._client.max_inflight_messages_set(UNDER_WAY)
        self._client.connect(parts.hostname or "", parts.port or 1883)
        self._client.loop_start()

    def send(self, messages: Iterable[tuple[str, Any]]) -> None:
        """Publish all of them; returns when the broker has acknowledged each."""
        assert wait_until(self._client.is_connected, 60), "there is no connection to the broker"
        under_way: deque[paho.MQTTMessageInfo] = deque()
        for topic, payload in messages:
            under_way.append(self._client.publish(topic, orjson.dumps(payload), qos=1))
            if len(under_way) >= UNDER_WAY:
                self._settle(under_way.popleft())
        for info in under_way:
            self._settle(info)

    def close(self) -> None:
        """Leave."""
        self._client.disconnect()
        self._client.loop_stop()

    def _settle(self, info: paho.MQTTMessageInfo) -> None:
        info.wait_for_publish(60)
        assert info.is_published(), "the broker acknowledges nothing"


Senders = Callable[[str], Sender]


@pytest.fixture
def sender() -> Iterator[Senders]:
    """Makes senders to brokers."""
    made: list[Sender] = []

    def make(url: str) -> Sender:
        made.append(Sender(url))
        return made[-1]

    yield make
    for each in made:
        each.close()


class Readings:
    """Messages of counters that say their own index, a minute apart, and what became of them."""

    def message(self, meter: str, index: int) -> tuple[str, dict[str, Any]]:
        """Topic and payload of one reading."""
        return f"meters/e2e/{meter}", {"time": self.time(index).isoformat(), "energy": index}

    def time(self, index: int) -> datetime:
        """When a reading was taken."""
        return FIRST_MOMENT + timedelta(minutes=index)

    def stored(self, server: PrivatePostgres, meter: str) -> list[tuple[str, datetime, float]]:
        """Meter, time and value of all readings of the meters whose names begin so."""
        rows = server.query(HISTORY.format(meter=meter) + " ORDER BY entity_id, at").splitlines()
        fields = [row.split("|") for row in rows]
        return [
            (entity.rpartition(":")[2], datetime.fromisoformat(f"{at}:00"), float(number))
            for entity, at, number in fields
        ]

    def expected(self, meter: str, indexes: Iterable[int]) -> list[tuple[str, datetime, float]]:
        """What `stored` should give for one meter."""
        return [(meter, self.time(index), float(index)) for index in indexes]

    def count(self, server: PrivatePostgres, meter: str) -> int:
        """How many readings the history has; 0 while PostgreSQL is away."""
        try:
            return int(server.query(f"SELECT count(*) FROM ({HISTORY.format(meter=meter)}) readings"))
        except Refused:
            return 0

    def wait_for_subscription(self, sender: Sender, server: PrivatePostgres) -> None:
        """Return when the platform takes messages: what nobody subscribed to is lost, as MQTT has it."""

        def is_taken() -> bool:
            sender.send([self.message("probe", 0)])
            return self.count(server, "probe") > 0

        assert wait_until(is_taken, 200), "the platform takes no messages"


@pytest.fixture(scope="session")
def readings() -> Readings:
    """Makes and counts readings."""
    return Readings()
