"""Weather as its providers send it: MET Norway, Open-Meteo, stations in a CSV file."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.adapters.conftest import HarvestText
from tests.adapters.provider import Provider, Reply

NOW = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)


def hour(ahead: int) -> str:
    return (NOW + timedelta(hours=ahead)).isoformat().replace("+00:00", "Z")


# https://docs.api.met.no/doc/locationforecast/datamodel: the compact variant.
MET: dict[str, Any] = {
    "type": "Feature",
    "geometry": {"type": "Point", "coordinates": [17.2509, 49.5938, 219]},
    "properties": {
        "meta": {"updated_at": hour(0), "units": {"air_temperature": "celsius", "wind_speed": "m/s"}},
        "timeseries": [
            {
                "time": hour(1),
                "data": {
                    "instant": {"details": {"air_temperature": -2.1, "relative_humidity": 86.4}},
                    "next_1_hours": {
                        "summary": {"symbol_code": "lightsnow"},
                        "details": {"precipitation_amount": 0.2},
                    },
                },
            },
            {"time": hour(2), "data": {"instant": {"details": {"air_temperature": -1.8}}}},
        ],
    },
}
# https://open-meteo.com/en/docs: JSON return object; a missing value is null.
OPEN_METEO: dict[str, Any] = {
    "latitude": 49.6,
    "longitude": 17.25,
    "utc_offset_seconds": 0,
    "timezone": "GMT",
    "hourly_units": {"time": "iso8601", "temperature_2m": "°C", "relative_humidity_2m": "%"},
    "hourly": {
        "time": [hour(1)[:16], hour(2)[:16]],
        "temperature_2m": [-2.1, None],
        "relative_humidity_2m": [86, 88],
    },
}


async def test_a_forecast_of_met_norway(provider: Provider, harvest: HarvestText) -> None:
    """Each hour knows when the whole forecast was issued, and where it holds; params of one's own join in."""
    url = provider.put("/compact", Reply(MET))
    done = await harvest(
        f"use: weather-met-norway\nsource: {{json: {{url: '{url}', params: {{lat: 50}}}}}}\n"
    )
    first, second = done.documents.values()

    assert provider.asked[0].query == {"lat": "50", "lon": "17.2509"}
    assert done.keys == [hour(1), hour(2)]
    assert first["temperature"] == {
        "type": "Property",
        "value": -2.1,
        "unitCode": "CEL",
        "observedAt": hour(0),
    }
    assert first["location"]["value"] == {"type": "Point", "coordinates": [17.2509, 49.5938]}
    assert "precipitation" not in second


async def test_a_forecast_of_open_meteo(provider: Provider, harvest: HarvestText) -> None:
    """Parallel lists become hours; a null is a value that is not there."""
    url = provider.put("/forecast", Reply(OPEN_METEO))
    done = await harvest(f"use: weather-open-meteo\nsource: {{json: {{url: '{url}'}}}}\n")
    first, second = done.documents.values()

    assert (first["temperature"]["value"], first["relativeHumidity"]["value"]) == (-2.1, 0.86)
    assert first["validFrom"]["value"] == hour(1)
    assert "temperature" not in second


async def test_stations_in_a_table(provider: Provider, harvest: HarvestText) -> None:
    """A semicolon, a decimal comma, cp1250 and #N/A, with places from the mapping's own table."""
    rows = (
        "station;time;temperature;humidity\nŽižkov;28.02.2026 10:30;-2,1;86\nOL2;28.02.2026 10:30;#N/A;91\n"
    )
    url = provider.put("/stations.csv", Reply(rows.encode("cp1250"), "text/csv"))
    done = await harvest(
        f"use: weather-csv\nsource: {{table: {{url: '{url}'}}}}\npayload: {{decimal: ','}}\n"
        "lookups: {station_row: {table: {Žižkov: {name: Horka, latitude: 49.6, longitude: 17.2}}}}\n"
    )
    first, second = done.documents.values()

    assert done.rejections == []
    assert first["temperature"]["value"] == -2.1
    assert first["temperature"]["observedAt"] == "2026-02-28T09:30:00Z"
    assert first["location"]["value"]["coordinates"] == [17.2, 49.6]
    assert set(second) >= {"relativeHumidity", "name"} and "temperature" not in second


async def test_a_table_whose_columns_are_called_otherwise(provider: Provider, harvest: HarvestText) -> None:
    """As the page on the weather shows: what is not said anew stays as it is shipped."""
    rows = "Stanice;Datum a čas;T [°C]\nOL1;28.02.2026 10:30;-2,1\nOL1;28.02.2026 10:40;200\n"
    url = provider.put("/stations.csv", Reply(rows.encode(), "text/csv"))
    done = await harvest(
        f"use: weather-csv\nsource: {{table: {{url: '{url}', key: [Stanice, Datum a čas]}}}}\n"
        "payload: {decimal: ','}\nlet: {station: {column: Stanice}}\nobservedAt: {column: Datum a čas}\n"
        "lookups: {station_row: {find: {column: Stanice}}}\n"
        "entities: {weather: {attributes: {temperature: {column: 'T [°C]'}}}}\n"
    )

    assert [doc["temperature"]["value"] for doc in done.documents.values()] == [-2.1]
    assert [each.stage for each in done.rejections] == ["value"]
