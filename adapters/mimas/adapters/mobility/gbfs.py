"""GBFS 2.x and 3.x: stations with their state, and vehicles, found through the discovery file (gbfs.json).

Version 3 writes times as RFC 3339 and texts by language, and calls bikes vehicles; both come out the same.
A feed says how long it is fresh (`ttl`): before that time is over it is not asked for again.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from ..feeds.feed import Feed
from ..harvest import Harvest, Record, Unchanged
from ..messages import MessageRejected
from ..source import SourceError

MAX_TTL = 86_400
FRESH = "fresh_until"
# GBFS 3.0, "station_status.json": 2.x counts bikes, 3.x vehicles.
_RENAMED = {
    "num_bikes_available": "num_vehicles_available",
    "num_bikes_disabled": "num_vehicles_disabled",
    "bike_id": "vehicle_id",
}
_TEXTS = ("name", "short_name", "operator")
Feeds = Mapping[str, str]


class GbfsSystem(Feed):
    """The stations and vehicles of one system."""

    async def records(self, run: Harvest) -> AsyncIterator[Record | MessageRejected]:
        """Every station and every vehicle; Unchanged while the last answers are still fresh."""
        now = datetime.now(UTC)
        self._require_stale(run.watermark(FRESH), now)
        reader = _Reader(self, run)
        feeds = self._discover(await reader.read(self.url))
        system = await reader.data(feeds, "system_information")
        about = _texts(system, self._language) if system else {}
        if self.options.get("stations", True):
            async for record in self._stations(reader, feeds, about):
                yield record
        if self.options.get("vehicles", True):
            async for record in self._vehicles(reader, feeds, about):
                yield record
        run.advance(FRESH, (now + timedelta(seconds=reader.ttl)).isoformat())

    @property
    def _language(self) -> str:
        return str(self.options.get("language", ""))

    def _require_stale(self, fresh_until: Any, now: datetime) -> None:
        if isinstance(fresh_until, str) and now < datetime.fromisoformat(fresh_until):
            raise Unchanged(f"{self.name}: the feeds are fresh until {fresh_until}")

    def _discover(self, discovery: Mapping[str, Any]) -> Feeds:
        """The URL of each feed; of the languages of version 2 the wanted one, else the first."""
        data = _object(discovery, "data")
        if "feeds" not in data and data:
            by_language = {str(each).lower(): feeds for each, feeds in data.items()}
            wanted = self._language.lower()
            if wanted and wanted not in by_language:
                raise SourceError(f"{self.name}: there is no language {wanted}; there are {', '.join(data)}")
            data = by_language.get(wanted) or next(iter(by_language.values()))
        feeds = data.get("feeds") if isinstance(data, dict) else None
        found = {
            str(each["name"]): str(each["url"])
            for each in (feeds if isinstance(feeds, list) else [])
            if isinstance(each, dict) and "name" in each and "url" in each
        }
        if not found:
            raise SourceError(f"{self.name}: {self.url} lists no feeds; url is the address of gbfs.json")
        return found

    async def _stations(
        self, reader: _Reader, feeds: Feeds, about: Mapping[str, Any]
    ) -> AsyncIterator[Record | MessageRejected]:
        information = await reader.items(feeds, "station_information", "stations")
        status = await reader.items(feeds, "station_status", "stations")
        if information is None:
            return
        if status is None:
            yield MessageRejected(
                "payload", self.url, "the system has no station_status: it does not say what is free"
            )
        states = {str(each.get("station_id")): each for each in status or ()}
        for station in information:
            state = states.pop(str(station.get("station_id")), None)
            yield self._station(station, state, about)
            if state is None and status is not None:
                place = f"station_status, {station.get('station_id')}"
                yield MessageRejected("payload", place, "the station has no state")
        for unknown in states:
            place = f"station_status, {unknown[:100]}"
            yield MessageRejected("payload", place, "the station is not in station_information")

    def _station(
        self, station: Mapping[str, Any], state: Mapping[str, Any] | None, about: Mapping[str, Any]
    ) -> Record | MessageRejected:
        name = station.get("station_id")
        if not isinstance(name, str) or not name:
            return MessageRejected("payload", "station_information", "a station has no station_id")
        fields = _texts(station, self._language) | {"kind": "station", "system": about}
        if state is not None:
            fields |= {_RENAMED.get(key, key): value for key, value in state.items()}
            fields["state"] = station_state(fields)
            fields["last_reported"] = _time(state.get("last_reported"))
        return Record(f"station {name}", fields, f"station:{name}")

    async def _vehicles(
        self, reader: _Reader, feeds: Feeds, about: Mapping[str, Any]
    ) -> AsyncIterator[Record | MessageRejected]:
        vehicles = await reader.items(feeds, "vehicle_status", "vehicles")
        if vehicles is None:
            vehicles = await reader.items(feeds, "free_bike_status", "bikes")
        if vehicles is None:
            return
        types = await reader.items(feeds, "vehicle_types", "vehicle_types") or ()
        kinds = {str(each.get("vehicle_type_id")): _texts(each, self._language) for each in types}
        for vehicle in vehicles:
            fields = {_RENAMED.get(key, key): value for key, value in vehicle.items()}
            name = fields.get("vehicle_id")
            if not isinstance(name, str) or not name:
                yield MessageRejected("payload", "vehicle_status", "a vehicle has no vehicle_id")
                continue
            fields |= {
                "kind": "vehicle",
                "system": about,
                "type": kinds.get(str(vehicle.get("vehicle_type_id")), {"form_factor": "bicycle"}),
                "last_reported": _time(fields.get("last_reported")) or reader.updated,
            }
            yield Record(f"vehicle {name}", fields, f"vehicle:{name}")


class _Reader:
    """Reads feeds of one system, and keeps the shortest time that all of them are fresh."""

    def __init__(self, source: Feed, run: Harvest) -> None:
        self._source = source
        self._run = run
        self._ttl: float | None = None
        self.updated: str | None = None

    @property
    def ttl(self) -> float:
        """Seconds until something may have changed."""
        return min(self._ttl or 0, MAX_TTL)

    async def read(self, url: str) -> dict[str, Any]:
        """The JSON object behind a URL."""
        content = await self._source.fetch_json(self._run, url)
        if not isinstance(content, dict) or not isinstance(content.get("data"), dict):
            raise SourceError(f"{self._source.name}: {url} is no GBFS file: it has no data")
        self.updated = _time(content.get("last_updated"))
        return content

    async def data(self, feeds: Feeds, name: str) -> dict[str, Any] | None:
        """The data of a feed; None when the system does not have it."""
        return _object(await self.read(feeds[name]), "data") if name in feeds else None

    async def items(self, feeds: Feeds, name: str, member: str) -> list[dict[str, Any]] | None:
        """The things a feed lists; None when the system does not have it."""
        if name not in feeds:
            return None
        content = await self.read(feeds[name])
        ttl = content.get("ttl")
        if isinstance(ttl, int | float) and ttl >= 0:
            self._ttl = ttl if self._ttl is None else min(self._ttl, ttl)
        listed = content["data"].get(member)
        if not isinstance(listed, list):
            raise SourceError(f"{self._source.name}: {feeds[name]} lists no {member}")
        return [each for each in listed if isinstance(each, dict)]


def station_state(station: Mapping[str, Any]) -> str:
    """The state of a station in the words of BikeHireDockingStation."""
    if not _is_true(station.get("is_installed", True)) or not _is_true(station.get("is_renting", True)):
        return "outOfService"
    vehicles, docks = station.get("num_vehicles_available"), station.get("num_docks_available")
    if vehicles == 0:
        return "empty"
    if docks == 0:
        return "full"
    if isinstance(vehicles, int) and vehicles <= 2:
        return "almostEmpty"
    if isinstance(docks, int) and docks <= 2:
        return "almostFull"
    return "working"


def _is_true(value: Any) -> bool:
    """Version 1 wrote 1 and 0, and some systems still do."""
    return value is True or value == 1


def _texts(thing: Mapping[str, Any], language: str) -> dict[str, Any]:
    """A thing with one text where version 3 has a list of texts by language."""
    return dict(thing) | {name: _text(thing[name], language) for name in _TEXTS if name in thing}


def _text(value: Any, language: str) -> Any:
    if not isinstance(value, list):
        return value
    texts = [each for each in value if isinstance(each, dict) and "text" in each]
    best = next((each for each in texts if each.get("language") == language), next(iter(texts), {}))
    return best.get("text")


def _time(value: Any) -> str | None:
    """POSIX seconds (2.x) or RFC 3339 (3.x) as RFC 3339."""
    if isinstance(value, str) and value:
        return value
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1e11:
        return datetime.fromtimestamp(value, UTC).isoformat().replace("+00:00", "Z")
    return None


def _object(content: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = content.get(name)
    return value if isinstance(value, dict) else {}
