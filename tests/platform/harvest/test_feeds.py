"""Feeds on their way into a real database: what one run leaves for the next."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from tests.adapters.provider import Provider, Reply, open_provider

from .conftest import Town

SERIES = {
    "version": "2.0",
    "class": "dataset",
    "id": ["geo", "time"],
    "size": [1, 2],
    "role": {"time": ["time"]},
    "dimension": {
        "geo": {"category": {"label": {"CZ": "Czechia"}}},
        "time": {"category": {"index": ["2023", "2024"]}},
    },
    "value": [10, 11],
}


@pytest.fixture
def provider() -> Iterator[Provider]:
    with open_provider() as provider:
        yield provider


class Bikes:
    """A GBFS system with two stations and vehicles whose ids change."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self.vehicles = ["a", "b"]
        self.free = 4

    def serve(self) -> str:
        stations = [
            {"station_id": each, "name": each, "lat": 49.5, "lon": 17.2, "capacity": 9} for each in "XY"
        ]
        states = [
            {"station_id": each, "num_vehicles_available": self.free, "num_docks_available": 5}
            for each in "XY"
        ]
        vehicles = [
            {"vehicle_id": each, "lat": 49.6, "lon": 17.3, "is_disabled": False} for each in self.vehicles
        ]
        feeds = {
            "station_information": {"stations": stations},
            "station_status": {"stations": states},
            "vehicle_status": {"vehicles": vehicles},
        }
        listed = []
        for name, data in feeds.items():
            url = self._provider.put(f"/{name}", Reply({"ttl": 0, "version": "3.0", "data": data}))
            listed.append({"name": name, "url": url})
        return self._provider.put("/gbfs.json", Reply({"version": "3.0", "data": {"feeds": listed}}))


async def test_vehicles_whose_ids_changed_replace_the_old_ones(town: Town, provider: Provider) -> None:
    """Nothing of an unchanged station is written; what is gone goes where its share allows it."""
    bikes = Bikes(provider)
    town.configure(f"use: gbfs\nsource: {{gbfs: {{url: '{bikes.serve()}'}}}}\ndelete: {{share: 1}}\n")
    await town.run()
    before = dict(await town.versions())
    bikes.vehicles = ["a", "c"]
    bikes.serve()
    report = await town.run()
    after = dict(await town.versions())

    assert sorted(await town.entities()) == ["X", "Y", "a", "c"]
    assert (report.tally.created, report.tally.deleted, report.tally.unchanged) == (1, 1, 3)
    assert all(after[key] == before[key] for key in after if key.endswith(("X", "Y")))


async def test_a_failure_half_way_deletes_nothing(town: Town, provider: Provider) -> None:
    """Stations came, vehicles answered 404: nobody knows what is gone."""
    bikes = Bikes(provider)
    town.configure(f"use: gbfs\nsource: {{gbfs: {{url: '{bikes.serve()}'}}}}\ndelete: {{share: 1}}\n")
    await town.run()
    provider.put("/vehicle_status", Reply({}, status=404))
    report = await town.run()

    assert report.state == "failed"
    assert "404" in report.detail
    assert sorted(await town.entities()) == ["X", "Y", "a", "b"]


async def test_the_years_of_a_series_are_one_history(town: Town, provider: Provider) -> None:
    """One indicator, two values; a year that the source drops does not take the indicator with it."""
    url = provider.put("/data", Reply(SERIES))
    town.configure(f"use: json-stat\nsource: {{json-stat: {{url: '{url}'}}}}\ndelete: {{share: 1}}\n")
    await town.run()
    shorter: dict[str, Any] = orjson.loads(orjson.dumps(SERIES)) | {"size": [1, 1], "value": [11]}
    shorter["dimension"]["time"]["category"]["index"] = ["2024"]
    provider.put("/data", Reply(shorter))
    await town.run()
    rows = await town.database.fetch(
        "SELECT h.number FROM attr_history h JOIN attribute_name n ON n.id = h.attribute_id"
        " WHERE n.name = 'kpiValue' ORDER BY h.at"
    )

    assert (await town.entities())["CZ"]["kpiValue"]["value"] == 11
    assert [row["number"] for row in rows] == [10, 11]


async def test_an_unchanged_document_is_not_read_again(town: Town, provider: Provider) -> None:
    """Its validators, or the hash of its bytes, end the run."""
    url = provider.put("/data", Reply(SERIES))
    town.configure(f"use: json-stat\nsource: {{json-stat: {{url: '{url}'}}}}\n")
    await town.run()

    assert (await town.run()).state == "unchanged"
