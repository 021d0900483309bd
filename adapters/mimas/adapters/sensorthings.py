"""OGC SensorThings 1.1: things, and the new observations of their datastreams (18-088).

Datastreams come with their Thing, its Locations, ObservedProperty and Sensor in one request ($expand).
Each keeps a watermark of its own: the phenomenonTime that the last run came to.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from .feeds.feed import Feed, read_json
from .feeds.paging import Page, Request, follow_link, read_pages
from .harvest import Download, Harvest, Record
from .messages import MessageRejected
from .source import SourceError

TOP = 1000
HISTORY = 7.0
EXPAND = "Thing($expand=Locations),ObservedProperty,Sensor"


class SensorThings(Feed):
    """The things and observations of one service."""

    async def records(self, run: Harvest) -> AsyncIterator[Record | MessageRejected]:
        """Each thing, and the observations of its datastreams that are newer than the last run saw."""
        run.partial()  # observations are asked for by time: what is not named is not gone
        things: set[str] = set()
        async for stream in self._streams(run):
            if isinstance(stream, MessageRejected):
                yield stream
                continue
            thing = stream["thing"]
            if thing is not None and thing["id"] not in things:
                things.add(thing["id"])
                yield Record(f"Things({thing['id']})", {"kind": "thing", **thing}, f"thing:{thing['id']}")
            async for record in self._observations(run, stream):
                yield record

    async def _streams(self, run: Harvest) -> AsyncIterator[dict[str, Any] | MessageRejected]:
        params = {"$expand": EXPAND, "$top": str(min(self._top, 100))}
        if "filter" in self.options:
            params["$filter"] = self.options["filter"]
        async for page in self._pages(run, Request(f"{self.url.rstrip('/')}/Datastreams", params)):
            for index, content in enumerate(page.content["value"]):
                if isinstance(content, dict) and "@iot.id" in content:
                    yield read_stream(content)
                else:
                    yield MessageRejected("payload", f"Datastreams, {index}", "has no @iot.id")

    async def _observations(
        self, run: Harvest, stream: Mapping[str, Any]
    ) -> AsyncIterator[Record | MessageRejected]:
        name = f"phenomenonTime:{stream['id']}"
        since = run.watermark(name) or self._beginning()
        if stream["until"] is not None and instant(stream["until"]) <= instant(since):
            return  # the service itself says that there is nothing newer
        literal = _id_literal(stream["@iot.id"])
        params = {
            "$filter": f"phenomenonTime gt {since}",
            "$orderby": "phenomenonTime asc",
            "$top": str(self._top),
        }
        newest = since
        url = f"{self.url.rstrip('/')}/Datastreams({literal})/Observations"
        async for page in self._pages(run, Request(url, params)):
            for content in page.content["value"]:
                record = read_observation(content, stream)
                if isinstance(record, Record):
                    newest = max(newest, record.fields["time"], key=instant)
                yield record
        run.advance(name, newest)

    def _pages(self, run: Harvest, first: Request) -> AsyncIterator[Page[dict[str, Any]]]:
        return read_pages(
            self,
            run,
            first,
            follow_link(self.path("next", '"@iot.nextLink"')),
            read=self._read,
            count=lambda content: len(content["value"]),
        )

    async def _read(self, download: Download) -> dict[str, Any]:
        content = read_json(download)
        if not isinstance(content, dict) or not isinstance(content.get("value"), list):
            raise SourceError(
                f"{self.name}: {download.url} is no SensorThings answer: it has no value; "
                "url is the root of the service and ends in /v1.1"
            )
        return content

    @property
    def _top(self) -> int:
        return int(self.options.get("top", TOP))

    def _beginning(self) -> str:
        begin = datetime.now(UTC) - timedelta(days=self.options.get("history", HISTORY))
        return begin.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def read_stream(content: Mapping[str, Any]) -> dict[str, Any]:
    """A datastream with what belongs to it, ids without their prefix."""
    thing = content.get("Thing")
    time = content.get("phenomenonTime")
    return {
        "@iot.id": content["@iot.id"],
        "id": str(content["@iot.id"]),
        "name": content.get("name"),
        "description": content.get("description"),
        "unit": content.get("unitOfMeasurement") or {},
        "property": _part(content.get("ObservedProperty")),
        "sensor": _part(content.get("Sensor")),
        "until": _end(time),
        "thing": _thing(thing) if isinstance(thing, dict) and "@iot.id" in thing else None,
    }


def read_observation(content: Any, stream: Mapping[str, Any]) -> Record | MessageRejected:
    """An observation with its datastream; its time is the end of phenomenonTime."""
    place = f"Datastreams({stream['id']})/Observations"
    if not isinstance(content, dict) or "@iot.id" not in content:
        return MessageRejected("payload", place, "an observation has no @iot.id")
    name = str(content["@iot.id"])
    time = content.get("phenomenonTime")
    end = _end(time)
    if end is None:
        return MessageRejected("time", f"Observations({name})", "phenomenonTime is no time with its zone")
    fields = {
        "kind": "observation",
        "id": name,
        "result": content.get("result"),
        "time": end,
        "phenomenonTime": time,
        "resultTime": content.get("resultTime"),
        "quality": content.get("resultQuality"),
        "parameters": content.get("parameters") or {},
        "datastream": {
            key: value for key, value in stream.items() if key not in ("thing", "until", "@iot.id")
        },
        "thing": stream["thing"],
    }
    return Record(f"Observations({name})", fields, f"observation:{stream['id']}:{name}")


def _end(time: Any) -> str | None:
    """The end of an interval, or the one instant; None when it is none."""
    end = time.rpartition("/")[2] if isinstance(time, str) else ""
    try:
        instant(end)
    except ValueError:
        return None
    return end


def instant(text: str) -> datetime:
    """The instant of an ISO 8601 text; ValueError when it is none, or has no zone."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("has no zone")
    return moment


def _thing(content: Mapping[str, Any]) -> dict[str, Any]:
    locations = [each for each in content.get("Locations") or () if isinstance(each, dict)]
    geometry = next((_geometry(each.get("location")) for each in locations), None)
    return _part(content) | {"geometry": geometry}


def _part(content: Any) -> dict[str, Any]:
    """The members of an entity that are its own: no links and nothing expanded."""
    if not isinstance(content, dict):
        return {}
    own = {
        name: value
        for name, value in content.items()
        if "@iot." not in name and name not in ("Locations", "Datastreams", "HistoricalLocations")
    }
    return own | ({"id": str(content["@iot.id"])} if "@iot.id" in content else {})


def _geometry(location: Any) -> Any:
    """The GeoJSON geometry of a location, which may come as a Feature."""
    if isinstance(location, dict) and location.get("type") == "Feature":
        location = location.get("geometry")
    return location if isinstance(location, dict) and "coordinates" in location else None


def _id_literal(value: Any) -> str:
    """An id in a path: numbers as they are, text in quotes (OData)."""
    return str(value) if isinstance(value, int) else "'" + str(value).replace("'", "''") + "'"
