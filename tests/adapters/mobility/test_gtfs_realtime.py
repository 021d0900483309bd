"""GTFS Realtime 2.0 (https://gtfs.org/documentation/realtime/reference/), messages made with its bindings."""

from __future__ import annotations

import sys

import pytest
from google.transit import gtfs_realtime_pb2 as bindings
from tests.adapters.conftest import HarvestText
from tests.adapters.provider import Provider, Reply

from mimas.adapters.harvest import Unchanged
from mimas.adapters.source import SourceError

NOW = 1768473000  # 2026-01-15T10:30:00Z
MAPPING = (
    "use: gtfs-realtime\nsource: {{gtfs-realtime: {{url: '{url}'{more}}}}}\nlet: {{feed: {{value: town}}}}\n"
)


def message(now: int = NOW) -> bindings.FeedMessage:
    feed = bindings.FeedMessage()
    feed.header.gtfs_realtime_version = "2.0"
    feed.header.timestamp = now
    vehicle = feed.entity.add(id="v1").vehicle
    vehicle.vehicle.id = "8021"
    vehicle.trip.trip_id = "T1"
    vehicle.position.latitude, vehicle.position.longitude, vehicle.position.speed = 49.5, 17.25, 10
    vehicle.timestamp = now - 10
    update = feed.entity.add(id="t1").trip_update
    update.trip.trip_id, update.trip.route_id, update.trip.start_date = "T1", "L7", "20260115"
    for number, seconds in ((1, -60), (2, 330)):
        stop = update.stop_time_update.add(stop_sequence=number, stop_id=f"U{number}")
        stop.arrival.time, stop.arrival.delay = now + seconds, 90
    alert = feed.entity.add(id="a1").alert
    alert.header_text.translation.add(text="Výluka", language="cs")
    alert.effect = bindings.Alert.DETOUR
    alert.active_period.add(start=now - 3600, end=now + 3600)
    return feed


def serve(provider: Provider, body: bytes, media_type: str = "application/x-protobuf", more: str = "") -> str:
    return MAPPING.format(url=provider.put("/rt.pb", Reply(body, media_type)), more=more)


async def test_vehicles_arrivals_and_alerts(provider: Provider, harvest: HarvestText) -> None:
    """A stop that was passed has no arrival any more; speeds come in kilometres an hour."""
    done = await harvest(serve(provider, message().SerializeToString()))
    vehicle = done.documents["urn:ngsi-ld:Vehicle:town:8021"]
    arrival = done.documents["urn:ngsi-ld:ArrivalEstimation:town:T1:U2"]
    alert = done.documents["urn:ngsi-ld:Alert:town:a1"]

    assert (len(done.documents), done.rejections) == (3, [])
    assert vehicle["speed"] == {
        "type": "Property",
        "value": 36,
        "unitCode": "KMH",
        "observedAt": "2026-01-15T10:29:50Z",
    }
    assert arrival["remainingTime"]["value"] == "PT5M30S"
    assert arrival["hasTrip"]["object"] == "urn:ngsi-ld:GtfsTrip:town:T1"
    assert (alert["description"]["value"], alert["subCategory"]["value"]) == ("Výluka", "roadClosed")


async def test_a_feed_of_the_same_time_is_unchanged(provider: Provider, harvest: HarvestText) -> None:
    """Whatever else differs: the header's time says how old it is."""
    first = await harvest(serve(provider, message().SerializeToString()))

    with pytest.raises(Unchanged):
        await harvest(serve(provider, message().SerializeToString()), first.kept)
    assert (await harvest(serve(provider, message(NOW + 15).SerializeToString()), first.kept)).records


async def test_a_differential_feed_names_what_is_gone(provider: Provider, harvest: HarvestText) -> None:
    """What it does not name is not gone."""
    feed = message()
    feed.header.incrementality = bindings.FeedHeader.DIFFERENTIAL
    feed.entity.add(id="8022", is_deleted=True)
    done = await harvest(serve(provider, feed.SerializeToString()))

    assert done.run.is_partial
    assert "vehicle:8022" in done.run.deleted


async def test_a_vehicle_without_a_position_is_refused_alone(
    provider: Provider, harvest: HarvestText
) -> None:
    """The rest of the feed goes on."""
    feed = message()
    feed.entity.add(id="v2").vehicle.vehicle.id = "8022"
    done = await harvest(serve(provider, feed.SerializeToString()))

    assert [each.place for each in done.rejections] == ["entity v2"]
    assert len(done.documents) == 3


@pytest.mark.parametrize(
    "body",
    [message().SerializeToString()[:-7], b"\xff\x00garbage", b"<html><body>Not found</body></html>", b""],
)
async def test_garbage_says_so(provider: Provider, harvest: HarvestText, body: bytes) -> None:
    """A cut message, other bytes, a web page, nothing."""
    with pytest.raises(SourceError, match="is no GTFS Realtime message"):
        await harvest(serve(provider, body, "text/html"))


async def test_a_message_beyond_the_limit_is_refused(provider: Provider, harvest: HarvestText) -> None:
    """Protocol buffers are read whole."""
    with pytest.raises(SourceError, match="max_bytes"):
        await harvest(serve(provider, message().SerializeToString(), more=", max_bytes: 20"))


async def test_without_its_extra_the_library_is_missing(
    provider: Provider, harvest: HarvestText, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The platform makes `pip install "mimas[records]"` of it."""
    monkeypatch.setitem(sys.modules, "google.transit.gtfs_realtime_pb2", None)

    with pytest.raises(ModuleNotFoundError):
        await harvest(serve(provider, b""))
