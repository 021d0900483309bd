"""OGC SensorThings 1.1 (18-088): a service that pages, filters and expands as FROST does."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.adapters.conftest import HarvestText
from tests.adapters.provider import Asked, Provider, Reply

from mimas.adapters.sensorthings import read_observation, read_stream
from mimas.adapters.source import SourceError

MAPPING = "use: sensorthings\nsource: {{sensorthings: {{url: '{url}', top: 2{more}}}}}\n"
START = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=6)


def at(hours: float) -> str:
    return (START + timedelta(hours=hours)).isoformat().replace("+00:00", ".000Z")


class Service:
    """Datastreams with their observations; two to a page."""

    def __init__(self, provider: Provider, **streams: list[dict[str, Any]]) -> None:
        self.provider = provider
        self.streams = streams
        provider.put("/v1.1/Datastreams", self.datastreams)
        for name in streams:
            provider.put(f"/v1.1/Datastreams({name.removeprefix('d')})/Observations", self.observations)

    def mapping(self, more: str = "") -> str:
        return MAPPING.format(url=self.provider.url("/v1.1"), more=more)

    def datastreams(self, asked: Asked) -> Reply:
        assert asked.query["$expand"] == "Thing($expand=Locations),ObservedProperty,Sensor"
        return self.page(asked, [self.datastream(name) for name in self.streams])

    def datastream(self, name: str) -> dict[str, Any]:
        number = int(name.removeprefix("d"))
        times = [each["phenomenonTime"].rpartition("/")[2] for each in self.streams[name]]
        known = {"phenomenonTime": f"{min(times)}/{max(times)}"} if times else {}
        return known | {
            "@iot.id": number,
            "@iot.selfLink": self.provider.url(f"/v1.1/Datastreams({number})"),
            "name": f"Level {number}",
            "unitOfMeasurement": {"name": "centimetre", "symbol": "cm", "definition": "ucum:cm"},
            "ObservedProperty": {"@iot.id": 1, "name": "Water level"},
            "Sensor": {"@iot.id": 1, "name": "Float", "metadata": "https://example.org/float.pdf"},
            "Thing": {
                "@iot.id": 5,
                "name": "River station",
                "properties": {"river": "Morava"},
                "Locations@iot.count": 1,
                "Locations": [{"@iot.id": 1, "location": {"type": "Point", "coordinates": [17.26, 49.6]}}],
            },
        }

    def observations(self, asked: Asked) -> Reply:
        name = "d" + asked.path.partition("(")[2].partition(")")[0]
        since = re.fullmatch(r"phenomenonTime gt (\S+)", asked.query["$filter"])
        assert since is not None
        begin = datetime.fromisoformat(since[1])
        return self.page(
            asked,
            [
                each
                for each in self.streams[name]
                if datetime.fromisoformat(each["phenomenonTime"].rpartition("/")[2]) > begin
            ],
        )

    def page(self, asked: Asked, things: list[dict[str, Any]]) -> Reply:
        skip, top = int(asked.query.get("$skip", "0")), int(asked.query["$top"])
        body: dict[str, Any] = {"value": things[skip : skip + top]}
        if skip + top < len(things):
            kept = "&".join(f"{name}={value}" for name, value in asked.query.items() if name != "$skip")
            url = f"{self.provider.url(asked.path)}?{kept}&$skip={skip + top}".replace(" ", "%20")
            body["@iot.nextLink"] = url
        return Reply(body)


def observation(number: int, hours: float, result: Any = None) -> dict[str, Any]:
    result = number if result is None else result
    return {"@iot.id": number, "phenomenonTime": at(hours), "resultTime": None, "result": result}


@pytest.fixture
def service(provider: Provider) -> Service:
    return Service(
        provider,
        d1=[observation(number, number / 10) for number in range(1, 6)],
        d2=[observation(21, 0.5)],
        d3=[],
    )


async def test_things_and_observations_of_all_pages(service: Service, harvest: HarvestText) -> None:
    """The thing once, each observation with its datastream, property, unit and place."""
    done = await harvest(service.mapping())
    device = done.documents["urn:ngsi-ld:Device:s:5"]
    newest = done.documents["urn:ngsi-ld:DeviceMeasurement:s:1"]

    assert (len(done.records), done.rejections) == (7, [])
    assert device["location"]["value"]["coordinates"] == [17.26, 49.6]
    assert (newest["numValue"]["value"], newest["unit"]["value"]) == (5, "cm")
    assert newest["controlledProperty"]["value"] == "Water level"
    assert newest["refDevice"]["object"] == "urn:ngsi-ld:Device:s:5"


async def test_each_datastream_goes_on_where_it_stood(service: Service, harvest: HarvestText) -> None:
    """One that has nothing newer by its own word is not asked at all."""
    first = await harvest(service.mapping())
    service.streams["d2"].append(observation(22, 1.5))
    service.provider.asked.clear()
    second = await harvest(service.mapping(), first.kept)

    assert second.keys == ["thing:5", "observation:2:22"]
    assert [each.path for each in service.provider.asked if "Observations" in each.path] == [
        "/v1.1/Datastreams(2)/Observations",
        "/v1.1/Datastreams(3)/Observations",
    ]
    assert second.run.is_partial


async def test_the_first_run_takes_the_days_that_are_declared(service: Service, harvest: HarvestText) -> None:
    """Ten years of observations are nobody's wish by default."""
    done = await harvest(service.mapping(", history: 0"))

    assert done.keys == ["thing:5"]


async def test_results_of_every_type_and_intervals(service: Service, harvest: HarvestText) -> None:
    """Text is text, an interval is observed when it ends, a time without a zone is refused alone."""
    service.streams["d1"] = [
        observation(1, 1, "dry"),
        {"@iot.id": 2, "phenomenonTime": f"{at(1)}/{at(2)}", "result": 7},
        {"result": 7},
    ]
    service.streams["d1"][2]["phenomenonTime"] = at(3)
    done = await harvest(service.mapping())
    made = done.documents["urn:ngsi-ld:DeviceMeasurement:s:1"]

    assert made["numValue"]["observedAt"] == at(2).replace(".000Z", "Z")
    assert [each.reason for each in done.rejections] == ["an observation has no @iot.id"]


def test_a_time_without_a_zone_is_refused() -> None:
    """It could mean any of them."""
    stream = read_stream({"@iot.id": "a'b"})
    refused = read_observation({"@iot.id": 1, "phenomenonTime": "2026-01-15T10:00:00", "result": 1}, stream)

    assert getattr(refused, "stage", None) == "time"


async def test_next_links_in_a_circle_end(provider: Provider, harvest: HarvestText) -> None:
    """A page that names itself."""
    service = Service(provider, d1=[])
    url = provider.url("/v1.1/Datastreams?a=1")

    def circle(asked: Asked) -> Reply:
        return Reply({"value": [service.datastream("d1") | {"name": str(asked.query)}], "@iot.nextLink": url})

    provider.put("/v1.1/Datastreams", circle)

    with pytest.raises(SourceError, match="in a circle"):
        await harvest(service.mapping())


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (Reply(b'{"value": [{"@iot.id": 1,'), "perhaps cut off"),
        (Reply({"serverSettings": {}}), "ends in /v1.1"),
        (Reply({"code": 401}, status=401), "401"),
    ],
)
async def test_an_answer_that_is_none_says_so(
    service: Service, harvest: HarvestText, reply: Reply, message: str
) -> None:
    """A truncated page, the root of another service, a closed door."""
    service.provider.put("/v1.1/Datastreams", reply)

    with pytest.raises(SourceError, match=message):
        await harvest(service.mapping())
