"""GTFS Schedule (https://gtfs.org/documentation/schedule/reference/) from zip files made here."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from tests.adapters.conftest import HarvestText
from tests.adapters.provider import Provider, Reply

from mimas.adapters.harvest import Unchanged
from mimas.adapters.mobility.gtfs import basic_type
from mimas.adapters.source import SourceError

MAPPING = "use: gtfs\nsource: {{gtfs: {{{where}{more}}}}}\nlet: {{feed: {{value: town}}}}\n"
ALL = ", tables: [agency, stops, routes, trips, calendar, calendar_dates, shapes, stop_times]"
FEED = {
    "agency.txt": "\ufeffagency_id, agency_name,agency_url,agency_timezone\n"
    "DP,Dopravní podnik,https://dp.example,CET\n",
    "routes.txt": "route_id,route_short_name,route_long_name,route_type\nL7,7,,900\n",
    "stops.txt": "stop_id,stop_name,stop_lat,stop_lon,location_type,parent_station\n"
    "U1,Nádraží,49.5927,17.2783,1,\nU1N1,Nádraží,49.5928,17.2784,,U1\n"
    "U1E1,Vchod,49.5929,17.2785,2,U1\n",
    "trips.txt": "route_id,service_id,trip_id,trip_headsign,shape_id\nL7,WD,T1,Centrum,S1\n",
    "calendar.txt": "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,"
    "start_date,end_date\n"
    "WD,1,1,1,1,1,0,0,20260101,20261212\n",
    "calendar_dates.txt": "service_id,date,exception_type\nWD,20260501,2\nSPECIAL,20260502,1\n",
    "shapes.txt": "shape_id,shape_pt_lat,shape_pt_lon,shape_pt_sequence\n"
    "S1,49.60,17.30,2\nS2,49.5,17.2,1\nS1,49.59,17.27,1\nS2,x,17.2,2\n",
    "stop_times.txt": "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n"
    "T1,8:05:00,24:06:00,U1N1,1\n",
}


def archive(files: dict[str, str | bytes] = FEED, folder: str = "") -> bytes:  # type: ignore[assignment]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, text in files.items():
            packed.writestr(folder + name, text)
    return buffer.getvalue()


def serve(provider: Provider, body: bytes, more: str = "") -> str:
    url = provider.put("/gtfs.zip", Reply(body, "application/zip"))
    return MAPPING.format(where=f"url: '{url}'", more=more)


async def test_every_table_becomes_its_entities(provider: Provider, harvest: HarvestText) -> None:
    """Stations know their stops, routes and services their only agency, shapes the order of their points."""
    done = await harvest(serve(provider, archive(), ALL))
    documents = {key.removeprefix("urn:ngsi-ld:"): each for key, each in done.documents.items()}

    assert documents["GtfsStation:town:U1"]["hasStop"]["object"] == ["urn:ngsi-ld:GtfsStop:town:U1N1"]
    assert documents["GtfsStation:town:U1"]["hasAccessPoint"]["object"] == [
        "urn:ngsi-ld:GtfsAccessPoint:town:U1E1"
    ]
    assert documents["GtfsStop:town:U1N1"]["hasParentStation"]["object"] == "urn:ngsi-ld:GtfsStation:town:U1"
    assert documents["GtfsRoute:town:L7"]["operatedBy"]["object"] == "urn:ngsi-ld:GtfsAgency:town:DP"
    assert documents["GtfsRoute:town:L7"]["routeType"]["value"] == "0"
    assert documents["GtfsService:town:SPECIAL"]["operatedBy"]["object"] == "urn:ngsi-ld:GtfsAgency:town:DP"
    assert documents["GtfsCalendarDateRule:town:WD:2026-05-01"]["appliesOn"]["value"] == "2026-05-01"
    assert documents["GtfsTrip:town:T1"]["hasShape"]["object"] == "urn:ngsi-ld:GtfsShape:town:S1"
    assert documents["GtfsShape:town:S1"]["location"]["value"]["coordinates"] == [
        [17.27, 49.59],
        [17.3, 49.6],
    ]
    assert documents["GtfsStopTime:town:T1:1"]["arrivalTime"]["value"] == "08:05:00"
    assert [each.place for each in done.rejections] == ["shapes.txt:5", "shapes.txt, S2"]


async def test_large_tables_are_left_out_unless_asked_for(provider: Provider, harvest: HarvestText) -> None:
    """A country's stop times are tens of millions."""
    done = await harvest(serve(provider, archive()))

    assert {each.fields["table"] for each in done.records} == {
        "agency",
        "routes",
        "stops",
        "services",
        "calendar",
        "calendar_dates",
        "trips",
    }


async def test_rows_with_faults_are_refused_alone(provider: Provider, harvest: HarvestText) -> None:
    """Too many cells, no id, bytes that are not UTF-8."""
    head = b"stop_id,stop_name,stop_lat,stop_lon\n"
    stops = head + b"A,a,49,17\nB,b,49,17,9,9\n,c,49,17\nD,\xec,49,17\n"
    done = await harvest(serve(provider, archive(FEED | {"stops.txt": stops}), ", tables: [stops]"))  # type: ignore[operator]

    assert done.keys == ["stops:A"]
    assert [each.place for each in done.rejections] == ["stops.txt:3", "stops.txt:4", "stops.txt:5"]


async def test_a_feed_inside_a_folder_is_read(provider: Provider, harvest: HarvestText) -> None:
    """Against the reference, but common."""
    done = await harvest(serve(provider, archive(folder="gtfs/"), ", tables: [agency]"))

    assert done.keys == ["agency:DP"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (archive()[:-30], "no zip file that can be read"),
        (b"<html>", "no zip file that can be read"),
        (archive({"readme.txt": "x"}), "has no stops.txt"),
        (archive(FEED | {"stops.txt": "stop_id\n" + "0" * 20_000_000}), "too much"),
    ],
    ids=["truncated", "html", "other", "bomb"],
)
async def test_a_file_that_is_no_feed_says_so(
    provider: Provider, harvest: HarvestText, body: bytes, message: str
) -> None:
    """A cut zip, a web page, another archive, one that unpacks to a thousand times its size."""
    with pytest.raises(SourceError, match=message):
        await harvest(serve(provider, body))


async def test_damaged_contents_end_the_run(provider: Provider, harvest: HarvestText) -> None:
    """A wrong checksum inside of the zip."""
    body = bytearray(archive())
    at = body.index(b"stops.txt") + len("stops.txt") + 20
    body[at] ^= 0xFF

    with pytest.raises(SourceError, match=r"stops\.txt cannot be unpacked"):
        await harvest(serve(provider, bytes(body)))


async def test_a_file_on_disk_is_read_again_when_it_changed(harvest: HarvestText, tmp_path: Path) -> None:
    """Its hash tells."""
    path = tmp_path / "feed.zip"
    path.write_bytes(archive())
    text = MAPPING.format(where="path: feed.zip", more="")
    first = await harvest(text)

    with pytest.raises(Unchanged):
        await harvest(text, first.kept)
    path.write_bytes(archive(FEED | {"routes.txt": "route_id,route_type\nL8,3\n"}))
    assert "routes:L8" in (await harvest(text, first.kept)).keys


@pytest.mark.parametrize(
    ("written", "basic"),
    [("3", "3"), ("0", "0"), ("109", "2"), ("401", "1"), ("700", "3"), ("900", "0"), ("", "3")],
)
def test_extended_route_types_become_basic_ones(written: str, basic: str) -> None:
    """The models know 0 to 7."""
    assert basic_type(written) == basic
