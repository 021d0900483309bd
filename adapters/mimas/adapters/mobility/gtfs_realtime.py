"""GTFS Realtime 2.0: vehicle positions, trip updates and alerts from one feed (protocol buffers)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from importlib import import_module
from typing import Any

from ..feeds.feed import MEGABYTE, Feed
from ..harvest import Harvest, Record, Unchanged
from ..messages import MessageRejected
from ..source import SourceError

MAX_MESSAGE = 32 * MEGABYTE
SEEN = "timestamp"
ACCEPT = "application/x-protobuf, application/octet-stream, */*;q=0.5"


class GtfsRealtime(Feed):
    """The entities of one GTFS Realtime feed."""

    async def records(self, run: Harvest) -> AsyncIterator[Record | MessageRejected]:
        """A record for each vehicle, each stop of a trip update, each alert."""
        self.max_body = self.options.get("max_bytes", MAX_MESSAGE)
        bindings = import_module("google.transit.gtfs_realtime_pb2")
        download = await self.fetch(run, self.url, accept=ACCEPT, conditional=True)
        message = self._parse(bindings, download.read(), download.url, download.media_type)
        if message.header.timestamp and run.watermark(SEEN) == message.header.timestamp:
            raise Unchanged(f"{self.name}: the feed is of the same time as before")
        if message.header.incrementality == bindings.FeedHeader.DIFFERENTIAL:
            run.partial()
        for record in read_message(message, run):
            yield record
        run.advance(SEEN, message.header.timestamp)

    def _parse(self, bindings: Any, body: bytes, url: str, media_type: str) -> Any:
        from google.protobuf.message import DecodeError

        try:
            message = bindings.FeedMessage.FromString(body)
        except DecodeError as error:
            raise SourceError(
                f"{self.name}: {url} is no GTFS Realtime message, perhaps a web page or cut off; "
                f"it came as {media_type or 'nothing declared'}"
            ) from error
        if not message.header.gtfs_realtime_version:
            raise SourceError(f"{self.name}: {url} is no GTFS Realtime message: it has no version")
        return message


def read_message(message: Any, run: Harvest) -> Iterator[Record | MessageRejected]:
    """The records of a feed message; deletions of differential feeds go to the run."""
    updated = message.header.timestamp
    for entity in message.entity:
        if entity.is_deleted:
            for key in (f"vehicle:{entity.id}", f"alert:{entity.id}"):
                run.gone(key)
        if entity.HasField("vehicle"):
            yield _vehicle(entity, updated)
        if entity.HasField("trip_update"):
            yield from _trip_update(entity, updated)
        if entity.HasField("alert"):
            yield _alert(entity, updated)


def _vehicle(entity: Any, updated: int) -> Record | MessageRejected:
    vehicle = entity.vehicle
    name = vehicle.vehicle.id or entity.id
    if not vehicle.HasField("position"):
        return MessageRejected("payload", f"entity {entity.id}", "the vehicle has no position")
    position = _plain(vehicle.position)
    fields = {
        "kind": "vehicle",
        "vehicle_id": name,
        "label": vehicle.vehicle.label or None,
        "license_plate": vehicle.vehicle.license_plate or None,
        "trip": _plain(vehicle.trip),
        "position": position,
        "stop_id": vehicle.stop_id or None,
        "current_status": _name(vehicle, "current_status"),
        "occupancy_status": _name(vehicle, "occupancy_status"),
        "time": _time(vehicle.timestamp or updated),
    }
    return Record(f"entity {entity.id}", fields, f"vehicle:{name}")


def _trip_update(entity: Any, updated: int) -> Iterator[Record | MessageRejected]:
    update = entity.trip_update
    trip = _plain(update.trip)
    about = {
        "kind": "stop_time",
        "trip": trip,
        "vehicle": _plain(update.vehicle),
        "time": _time(update.timestamp or updated),
    }
    day = f"{trip.get('trip_id', entity.id)}:{trip.get('start_date', '')}"
    for index, stop in enumerate(update.stop_time_update):
        at = stop.stop_sequence or stop.stop_id or index
        event = stop.arrival if stop.HasField("arrival") else stop.departure
        fields = about | {
            "stop_id": stop.stop_id or None,
            "stop_sequence": stop.stop_sequence or None,
            "arrival": _event(stop, "arrival"),
            "departure": _event(stop, "departure"),
            "schedule_relationship": _name(stop, "schedule_relationship"),
            "remaining": _remaining(event.time, update.timestamp or updated),
        }
        yield Record(f"entity {entity.id}, stop {at}", fields, f"stop_time:{day}:{at}")
    if not update.stop_time_update:
        fields = about | {"kind": "trip", "delay": update.delay if update.HasField("delay") else None}
        yield Record(f"entity {entity.id}", fields, f"trip:{day}")


def _alert(entity: Any, updated: int) -> Record:
    alert = entity.alert
    periods = [
        {"start": _time(each.start) if each.start else None, "end": _time(each.end) if each.end else None}
        for each in alert.active_period
    ]
    fields = {
        "kind": "alert",
        "alert_id": entity.id,
        "header": _texts(alert.header_text),
        "description": _texts(alert.description_text),
        "url": _texts(alert.url),
        "cause": _name(alert, "cause"),
        "effect": _name(alert, "effect"),
        "severity": _name(alert, "severity_level"),
        "periods": periods,
        "informed": [_plain(each) for each in alert.informed_entity],
        "time": _time(updated),
    }
    return Record(f"entity {entity.id}", fields, f"alert:{entity.id}")


def _plain(message: Any) -> dict[str, Any]:
    """The set fields of a message as data, with the names of the specification."""
    from google.protobuf.json_format import MessageToDict

    found: dict[str, Any] = MessageToDict(message, preserving_proto_field_name=True)
    return found


def _event(stop: Any, name: str) -> dict[str, Any] | None:
    if not stop.HasField(name):
        return None
    event = getattr(stop, name)
    return {
        "time": _time(event.time) if event.time else None,
        "delay": event.delay if event.HasField("delay") else None,
    }


def _remaining(time: int, now: int) -> str | None:
    """How long until then, as a duration of ISO 8601; nothing for what is over."""
    if not time or not now or time < now:
        return None
    minutes, seconds = divmod(time - now, 60)
    return f"PT{minutes}M{seconds}S" if minutes else f"PT{seconds}S"


def _name(message: Any, field: str) -> str | None:
    """The word of an enumeration; None when the feed does not say."""
    if not message.HasField(field):
        return None
    descriptor = message.DESCRIPTOR.fields_by_name[field].enum_type
    value = descriptor.values_by_number.get(getattr(message, field))
    return str(value.name) if value is not None else None


def _texts(text: Any) -> dict[str, str]:
    """Translations by language; one without a language is under `@none`."""
    return {each.language or "@none": each.text for each in text.translation}


def _time(seconds: int) -> str | None:
    if not 0 < seconds < 1e11:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
