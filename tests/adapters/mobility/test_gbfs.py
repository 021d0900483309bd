"""GBFS 2.3 and 3.0, shaped as https://github.com/MobilityData/gbfs/blob/v3.0/gbfs.md says."""

from __future__ import annotations

from typing import Any

import pytest
from tests.adapters.conftest import HarvestText
from tests.adapters.provider import Provider, Reply

from mimas.adapters.harvest import Unchanged
from mimas.adapters.mobility.gbfs import station_state
from mimas.adapters.source import SourceError

MAPPING = "use: gbfs\nsource: {{gbfs: {{url: '{url}'{more}}}}}\n"
STATION = "urn:ngsi-ld:BikeHireDockingStation:example_bikes:42"


def envelope(data: Any, version: str, ttl: int = 60) -> Reply:
    updated: Any = 1768473000 if version.startswith("2") else "2026-01-15T10:30:00Z"
    return Reply({"last_updated": updated, "ttl": ttl, "version": version, "data": data})


class System:
    """The feeds of one system; changing `feeds` changes what is served."""

    def __init__(self, provider: Provider, version: str) -> None:
        self.provider = provider
        self.version = version
        two = version.startswith("2")
        vehicle = {
            ("bike_id" if two else "vehicle_id"): "v-1",
            "lat": 49.6,
            "lon": 17.26,
            "is_reserved": False,
            "is_disabled": False,
            "vehicle_type_id": "scooter",
            "last_reported": 1768472900 if two else "2026-01-15T10:28:20Z",
        }
        self.feeds: dict[str, Any] = {
            "system_information": {
                "system_id": "example_bikes",
                "name": "Example Bikes" if two else [{"text": "Example Bikes", "language": "en"}],
                "timezone": "Europe/Prague",
            },
            "station_information": {
                "stations": [
                    {
                        "station_id": "42",
                        "name": "Náměstí"
                        if two
                        else [{"text": "Square", "language": "en"}, {"text": "Náměstí", "language": "cs"}],
                        "lat": 49.5938,
                        "lon": 17.2509,
                        "capacity": 12,
                    }
                ]
            },
            "station_status": {
                "stations": [
                    {
                        "station_id": "42",
                        ("num_bikes_available" if two else "num_vehicles_available"): 4,
                        "num_docks_available": 7,
                        "num_docks_disabled": 1,
                        "is_installed": True,
                        "is_renting": True,
                        "is_returning": True,
                        "last_reported": 1768472970 if two else "2026-01-15T10:29:30Z",
                    }
                ]
            },
            "vehicle_types": {
                "vehicle_types": [
                    {"vehicle_type_id": "scooter", "form_factor": "scooter", "propulsion_type": "electric"}
                ]
            },
            ("free_bike_status" if two else "vehicle_status"): {("bikes" if two else "vehicles"): [vehicle]},
        }

    def mapping(self, more: str = ", language: cs", ttl: int = 60) -> str:
        listed = []
        for name, data in self.feeds.items():
            url = self.provider.put(f"/{name}.json", envelope(data, self.version, ttl))
            listed.append({"name": name, "url": url})
        two = self.version.startswith("2")
        data = {"en": {"feeds": []}, "cs": {"feeds": listed}} if two else {"feeds": listed}
        return MAPPING.format(url=self.provider.put("/gbfs.json", envelope(data, self.version)), more=more)


@pytest.fixture(params=["2.3", "3.0"])
def system(provider: Provider, request: pytest.FixtureRequest) -> System:
    return System(provider, request.param)


async def test_stations_and_vehicles_of_both_versions(system: System, harvest: HarvestText) -> None:
    """Place and capacity from one feed, what is free from another, kinds of vehicles from a third."""
    done = await harvest(system.mapping())
    station, vehicle = done.documents[STATION], done.documents["urn:ngsi-ld:Vehicle:example_bikes:v-1"]

    assert done.rejections == []
    assert station["name"]["value"] == "Náměstí"
    assert station["availableBikeNumber"] == {
        "type": "Property",
        "value": 4,
        "observedAt": "2026-01-15T10:29:30Z",
    }
    assert (station["freeSlotNumber"]["value"], station["totalSlotNumber"]["value"]) == (7, 12)
    assert station["provider"]["value"] == "Example Bikes"
    assert vehicle["vehicleType"]["value"] == "e-scooter"
    assert vehicle["location"]["observedAt"] == "2026-01-15T10:28:20Z"


async def test_feeds_are_not_asked_for_while_they_are_fresh(system: System, harvest: HarvestText) -> None:
    """The ttl of the feeds holds, unless a full run is wanted; 0 means that it may always have changed."""
    first = await harvest(system.mapping())

    with pytest.raises(Unchanged):
        await harvest(system.mapping(), first.kept)
    assert (await harvest(system.mapping(), first.kept, full=True)).records
    always = await harvest(system.mapping(ttl=0))
    assert (await harvest(system.mapping(ttl=0), always.kept)).records


async def test_a_system_without_station_status_still_has_its_stations(
    system: System, harvest: HarvestText
) -> None:
    """And the run says what is missing."""
    del system.feeds["station_status"]
    done = await harvest(system.mapping())

    assert done.documents[STATION]["totalSlotNumber"]["value"] == 12
    assert "availableBikeNumber" not in done.documents[STATION]
    assert ["no station_status" in each.reason for each in done.rejections] == [True]


async def test_a_status_that_cannot_be_had_ends_the_run(system: System, harvest: HarvestText) -> None:
    """Stations without their state must not look as if they had lost it."""
    text = system.mapping()
    system.provider.put("/station_status.json", Reply({}, status=401))

    with pytest.raises(SourceError, match="401"):
        await harvest(text)


async def test_an_id_that_changed_is_told_from_both_sides(system: System, harvest: HarvestText) -> None:
    """A station without a state, and a state without a station, are refused by name."""
    system.feeds["station_status"]["stations"][0]["station_id"] = "43"
    done = await harvest(system.mapping())

    assert STATION in done.documents
    assert [each.place for each in done.rejections] == ["station_status, 42", "station_status, 43"]


async def test_parts_can_be_left_out(system: System, harvest: HarvestText) -> None:
    """Vehicles move all the time: a town may want its stations alone."""
    done = await harvest(system.mapping(", language: cs, vehicles: false"))

    assert done.keys == ["station:42"]


async def test_a_language_that_is_not_there_lists_the_others(
    provider: Provider, harvest: HarvestText
) -> None:
    """Version 2 has its feeds by language."""
    with pytest.raises(SourceError, match="no language de; there are en, cs"):
        await harvest(System(provider, "2.3").mapping(", language: de"))


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (Reply({"data": {}}), "lists no feeds"),
        (Reply([1]), "is no GBFS file"),
        (Reply(b"<html>", "text/html"), "a web page"),
    ],
)
async def test_what_is_no_discovery_file_says_so(
    provider: Provider, harvest: HarvestText, reply: Reply, message: str
) -> None:
    """With the URL that was meant."""
    with pytest.raises(SourceError, match=message):
        await harvest(MAPPING.format(url=provider.put("/gbfs.json", reply), more=""))


@pytest.mark.parametrize(
    ("vehicles", "docks", "more", "state"),
    [
        (4, 7, {}, "working"),
        (0, 11, {}, "empty"),
        (11, 0, {}, "full"),
        (1, 10, {}, "almostEmpty"),
        (10, 2, {}, "almostFull"),
        (4, 7, {"is_renting": False}, "outOfService"),
        (4, 7, {"is_installed": 0}, "outOfService"),
        (4, None, {}, "working"),
    ],
)
def test_states_of_stations(vehicles: int, docks: int | None, more: dict[str, Any], state: str) -> None:
    """In the words of the model."""
    station = {"num_vehicles_available": vehicles, "num_docks_available": docks, **more}

    assert station_state(station) == state
