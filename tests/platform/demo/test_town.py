from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mimas.adapters.messages import Message
from mimas.adapters.registry import load_sources
from mimas.ngsi_ld.core.state import Document
from mimas.ngsi_ld.models import check
from mimas.platform.demo import sources_folder
from mimas.platform.demo.archive import archived_years, meter_readings
from mimas.platform.demo.readings import EnergyReading, Reading
from mimas.platform.demo.simulation import simulate_hour
from mimas.platform.demo.town import Meter, find_town
from mimas.platform.demo.uplinks import to_publication

HOUR = datetime(2019, 11, 5, 10, tzinfo=UTC)
SIMULATED = find_town(None)


def documents_of(readings: list[Reading]) -> tuple[list[Document], int]:
    """What the demonstration's own mappings make of readings, and how many they passed over."""
    files = [each for each in load_sources(sources_folder()) if not isinstance(each, Exception)]
    documents: list[Document] = []
    skipped = 0
    for topic, payload in map(to_publication, readings):
        (file,) = [each for each in files if _takes(each.mapping.place.filters[0], topic)]  # type: ignore[union-attr]
        mapped = file.mapping.map(Message(file.name, topic, payload, datetime.now(UTC)))
        assert mapped.rejections == []
        skipped += mapped.skipped
        documents += [each for record in mapped.records for each in (*record.documents, *record.static)]
    return documents, skipped


def _takes(pattern: str, topic: str) -> bool:
    wanted, found = pattern.split("/"), topic.split("/")
    return len(wanted) == len(found) and all(a in ("+", b) for a, b in zip(wanted, found, strict=True))


def test_everything_simulated_says_so() -> None:
    """Nobody may take a made-up building, meter or reading for a real one."""
    documents, _ = documents_of(list(simulate_hour(SIMULATED, HOUR)))
    described = {each["id"]: each for each in documents if "dataProvider" in each}

    assert {each["id"] for each in documents} == set(described)
    assert all("imulated" in each["dataProvider"]["value"] for each in described.values())
    assert all("Simulated" in each["description"]["value"] for each in described.values())


def test_entities_fit_their_smart_data_models() -> None:
    """Readings and what describes them, merged as they are stored, have no finding at all."""
    documents, _ = documents_of(list(simulate_hour(SIMULATED, HOUR)))
    entities: dict[str, Document] = {}
    for each in documents:
        entities[each["id"]] = entities.get(each["id"], {}) | each
    findings = {each["id"]: check(each, "reject") for each in entities.values()}

    assert {name: found for name, found in findings.items() if found} == {}
    assert {each["type"] for each in entities.values()} == {
        "ACMeasurement",
        "Building",
        "Device",
        "DeviceMeasurement",
        "WeatherObserved",
    }


def test_a_reading_keeps_value_unit_and_hour() -> None:
    """Kilowatt hours of the hour that begins at observedAt."""
    meter = Meter("sim-school", "gas", "school")
    documents, _ = documents_of([EnergyReading(meter, HOUR, 25.3)])
    (value,) = [each["numValue"] for each in documents if "numValue" in each]

    assert value == {
        "type": "Property",
        "value": 25.3,
        "unitCode": "KWH",
        "observedAt": "2019-11-05T10:00:00Z",
    }


@pytest.mark.parametrize("medium", ["electricity", "gas"])
def test_a_zero_is_no_reading(medium: str) -> None:
    """The archive has zeros where nothing was read: they are passed over and counted."""
    meter = Meter("sim-school", medium, "school")  # type: ignore[arg-type]
    documents, skipped = documents_of([EnergyReading(meter, HOUR, 0.0)])

    assert (documents, skipped) == ([], 1)


def test_the_simulation_repeats_itself() -> None:
    """A replay gives the same readings, so it adds nothing to what is stored."""
    assert list(simulate_hour(SIMULATED, HOUR)) == list(simulate_hour(SIMULATED, HOUR))


def test_the_simulated_town_lives() -> None:
    """More electricity on a working day than in the night, more gas in winter than in summer."""

    def total(medium: str, start: datetime) -> float:
        hours = [start + timedelta(hours=hour) for hour in range(8)]
        readings = [each for hour in hours for each in simulate_hour(SIMULATED, hour)]
        return sum(r.energy for r in readings if isinstance(r, EnergyReading) and r.meter.medium == medium)

    assert total("electricity", HOUR) > 2 * total("electricity", HOUR - timedelta(hours=10))
    assert total("gas", datetime(2019, 1, 15, tzinfo=UTC)) > 5 * total(
        "gas", datetime(2019, 7, 15, tzinfo=UTC)
    )


def test_meters_have_names_and_numbers_of_their_own() -> None:
    """Two meters never share a device EUI."""
    assert len({meter.eui for meter in SIMULATED.meters}) == len(SIMULATED.meters) == 6


@pytest.fixture
def archive() -> Path:
    archive = Path(__file__).resolve().parents[4] / "shared/data/energy"
    if not archive.is_dir():
        pytest.skip("the folder of real readings is not beside the repository: only the simulation is tested")
    return archive


def test_the_archive_is_read_whole(archive: Path) -> None:
    """Every hour of a year, zeros included; the first column is the start of the hour in UTC."""
    readings = list(meter_readings(archive, Meter("b58", "electricity", "university"), 2019))

    assert len(readings) == 8760
    assert (readings[0].hour, readings[0].energy) == (datetime(2019, 1, 1, tzinfo=UTC), 245.8)
    assert archived_years(archive)[0] == 2015


def test_buildings_can_be_chosen(archive: Path) -> None:
    """Only the named buildings play."""
    town = find_town(archive, ("b58", "b13"))

    assert {meter.building for meter in town.meters} == {"b58", "b13"}
