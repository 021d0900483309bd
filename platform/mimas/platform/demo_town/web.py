"""The town's web server on loopback: parking, bikes, chargers, weather, a metering portal."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson

from . import ground
from .files import export_workbook

STEP = timedelta(minutes=5)
_JSON = "application/json"
Page = Callable[[datetime, str], tuple[str, bytes]]


def _text(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _parking(now: datetime, base: str) -> tuple[str, bytes]:
    lines = ["id;name;longitude;latitude;spaces;free;time"]
    for park in ground.CAR_PARKS:
        free = round(park.size * (1 - ground.busy(park.id, now)))
        lines.append(
            f"{park.id};{park.name};{park.longitude};{park.latitude};{park.size};{free};{now:%d.%m.%Y %H:%M}"
        )
    return "text/csv; charset=utf-8", "\n".join([*lines, ""]).encode()


def _export(now: datetime, base: str) -> tuple[str, bytes]:
    return "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", export_workbook(now)


def _gbfs(now: datetime, base: str) -> tuple[str, bytes]:
    names = ("system_information", "station_information", "station_status")
    feeds = [{"name": name, "url": f"{base}/gbfs/{name}.json"} for name in names]
    return _feed(now, {"feeds": feeds})


def _system(now: datetime, base: str) -> tuple[str, bytes]:
    name = [{"text": "Simulated bikes", "language": "en"}]
    return _feed(now, {"system_id": "town-bikes", "languages": ["en"], "name": name, "timezone": "Etc/UTC"})


def _stations(now: datetime, base: str) -> tuple[str, bytes]:
    stations = [
        {
            "station_id": each.id,
            "name": [{"text": each.name, "language": "en"}],
            "lat": each.latitude,
            "lon": each.longitude,
            "capacity": each.size,
        }
        for each in ground.BIKE_STATIONS
    ]
    return _feed(now, {"stations": stations})


def _station_status(now: datetime, base: str) -> tuple[str, bytes]:
    stations = []
    for each in ground.BIKE_STATIONS:
        bikes = round(each.size * (1 - ground.busy(f"bikes-{each.id}", now)))
        stations.append(
            {
                "station_id": each.id,
                "num_vehicles_available": bikes,
                "num_docks_available": each.size - bikes,
                "is_installed": True,
                "is_renting": True,
                "is_returning": True,
                "last_reported": _text(now),
            }
        )
    return _feed(now, {"stations": stations})


def _feed(now: datetime, data: dict[str, Any]) -> tuple[str, bytes]:
    return _JSON, orjson.dumps({"last_updated": _text(now), "ttl": 0, "version": "3.0", "data": data})


def _locations(now: datetime, base: str) -> tuple[str, bytes]:
    locations = [_location(each, now) for each in ground.CHARGERS]
    body = {"data": locations, "status_code": 1000, "status_message": "Success", "timestamp": _text(now)}
    return _JSON, orjson.dumps(body)


def _location(site: ground.Site, now: datetime) -> dict[str, Any]:
    charging = round(site.size * ground.busy(site.id, now))
    connector = {
        "id": "1",
        "standard": "IEC_62196_T2",
        "format": "SOCKET",
        "power_type": "AC_3_PHASE",
        "max_voltage": 400,
        "max_amperage": 32,
        "last_updated": _text(now),
    }
    points = [
        {
            "uid": f"{site.id}-{number}",
            "status": "CHARGING" if number < charging else "AVAILABLE",
            "connectors": [connector],
            "last_updated": _text(now),
        }
        for number in range(site.size)
    ]
    return {
        "country_code": "ZZ",
        "party_id": "SIM",
        "id": site.id,
        "publish": True,
        "name": site.name,
        "address": "Simulated Town",
        "city": "Simulated Town",
        "country": "ZZZ",
        "coordinates": {"latitude": str(site.latitude), "longitude": str(site.longitude)},
        "evses": points,
        "time_zone": "Etc/UTC",
        "last_updated": _text(now),
    }


def _weather(now: datetime, base: str) -> tuple[str, bytes]:
    hour = now.replace(minute=0)
    current = {"time": f"{hour:%Y-%m-%dT%H:%M}", "interval": 3600, **ground.weather(hour)}
    place = {"latitude": ground.WEATHER.latitude, "longitude": ground.WEATHER.longitude}
    return _JSON, orjson.dumps({**place, "timezone": "GMT", "current": current})


PAGES: dict[str, Page] = {
    "/parking.csv": _parking,
    "/portal/readings.xlsx": _export,
    "/gbfs/gbfs.json": _gbfs,
    "/gbfs/system_information.json": _system,
    "/gbfs/station_information.json": _stations,
    "/gbfs/station_status.json": _station_status,
    "/ocpi/2.2.1/locations": _locations,
    "/v1/forecast": _weather,
}


class _Handler(BaseHTTPRequestHandler):
    """Answers with what is so in the present five minutes; 304 while that goes on."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        page = PAGES.get(self.path.partition("?")[0])
        if page is None:
            self._answer(404, "text/plain", b"There is nothing here.\n", "")
            return
        now = datetime.now(UTC)
        now -= timedelta(seconds=now.timestamp() % STEP.total_seconds(), microseconds=0)
        media_type, body = page(now.replace(microsecond=0), f"http://{self.headers['host']}")
        etag = f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'
        if self.headers["if-none-match"] == etag:
            self._answer(304, media_type, b"", etag)
        else:
            self._answer(200, media_type, body, etag)

    def _answer(self, status: int, media_type: str, body: bytes, etag: str) -> None:
        self.send_response(status)
        self.send_header("content-type", media_type)
        self.send_header("content-length", str(len(body)))
        if etag:
            self.send_header("etag", etag)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class has it so
        """Say nothing: every harvest would be a line."""


@contextmanager
def serve(port: int) -> Iterator[int]:
    """The server while the context lasts; gives its port (another one for port 0)."""
    server = ThreadingHTTPServer(("127.0.0.1", port), _Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, name="town web", daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
