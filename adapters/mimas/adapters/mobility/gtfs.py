"""GTFS Schedule: agencies, stops, routes, trips, calendars, shapes and stop times from the zip file."""

from __future__ import annotations

import hashlib
from array import array
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

from ..feeds.feed import MEGABYTE, Feed
from ..feeds.threads import read_ahead
from ..harvest import Harvest, Record, Unchanged
from ..messages import MessageRejected
from ..source import SourceError, beside
from .gtfs_tables import Row, Tables

MAX_ZIP = 1024 * MEGABYTE
DEFAULT = ("agency", "stops", "routes", "trips", "calendar", "calendar_dates")
DIGEST = "sha256"
MAX_POINTS = 20_000_000
# Extended route types by their hundreds: rail, coach, metro, bus, trolleybus, tram, water, cable, funicular.
_EXTENDED = {1: "2", 2: "3", 4: "1", 7: "3", 8: "3", 9: "0", 10: "4", 12: "4", 13: "6", 14: "7"}

_DATES = ("date", "start_date", "end_date")
_TIMES = ("arrival_time", "departure_time")

Rows = Iterator[Record | MessageRejected]


class GtfsSchedule(Feed):
    """The tables of one feed that were asked for."""

    async def records(self, run: Harvest) -> AsyncIterator[Record | MessageRejected]:
        """One record a row, in the order agencies, routes, stops, ...; shapes have one for each line."""
        path, place = await self._file(run)
        tables = Tables(path, place)
        try:
            async for record in read_ahead(read_feed(tables, self.options.get("tables", DEFAULT))):
                yield record
        finally:
            tables.close()

    async def _file(self, run: Harvest) -> tuple[Path, str]:
        if "path" in self.options:
            path = beside(self.file, self.options["path"])
            return path, self._require_changed(run, path)
        self.max_body = self.options.get("max_bytes", MAX_ZIP)
        download = await self.fetch(run, self.url, accept="application/zip, */*;q=0.5", conditional=True)
        return download.path, download.url

    def _require_changed(self, run: Harvest, path: Path) -> str:
        """A file on disk has no ETag: its hash says whether it is what it was."""
        try:
            with path.open("rb") as content:
                digest = hashlib.file_digest(content, "sha256").hexdigest()
        except OSError as error:
            raise SourceError(f"{self.name}: {path} cannot be read: {error.strerror}") from error
        if run.watermark(DIGEST) == digest:
            raise Unchanged(f"{path} is as it was")
        run.advance(DIGEST, digest)
        return path.name


def read_feed(tables: Tables, wanted: tuple[str, ...] | list[str]) -> Rows:
    """The records of the tables wanted."""
    for table in _READERS:
        if table in wanted:
            yield from _READERS[table](tables)


def _read_plain(table: str, *keys: str) -> Callable[[Tables], Rows]:
    """A reader of a table whose rows stand for themselves; `keys` are the columns that name one."""

    def read(tables: Tables) -> Rows:
        for place, row in tables.rows(table):
            yield row if isinstance(row, MessageRejected) else _record(table, place, row, keys)

    return read


def _record(table: str, place: str, row: Row, keys: tuple[str, ...]) -> Record | MessageRejected:
    missing = [key for key in keys if key not in row]
    if missing:
        return MessageRejected(
            "payload", place, f"has no {', '.join(missing)}", "the feed breaks its reference"
        )
    return Record(place, {"table": table, **row}, ":".join([table, *(row[key] for key in keys)]))


def _read_agencies(tables: Tables) -> Rows:
    """agency_id may be left out when there is one agency; its name stands for it then."""
    for place, row in tables.rows("agency"):
        if isinstance(row, MessageRejected):
            yield row
        else:
            yield _record("agency", place, _with_agency(row), ("agency_id",))


def _read_dated(table: str, *keys: str) -> Callable[[Tables], Rows]:
    """A reader of a table with dates and times of day, which come in the form that the models want."""
    plain = _read_plain(table, *keys)

    def read(tables: Tables) -> Rows:
        for record in plain(tables):
            if isinstance(record, Record):
                fields = record.fields
                fields |= {name: _iso_date(fields[name]) for name in _DATES if name in fields}
                fields |= {name: fields[name].zfill(8) for name in _TIMES if name in fields}
            yield record

    return read


def _iso_date(text: str) -> str:
    return f"{text[:4]}-{text[4:6]}-{text[6:]}" if len(text) == 8 and text.isdigit() else text


def _with_agency(row: Row) -> Row:
    return row if "agency_id" in row or "agency_name" not in row else row | {"agency_id": row["agency_name"]}


def _read_routes(tables: Tables) -> Rows:
    only = _only_agency(tables)
    for place, row in tables.rows("routes"):
        if isinstance(row, MessageRejected):
            yield row
            continue
        known = row if "agency_id" in row or only is None else row | {"agency_id": only}
        yield _record(
            "routes", place, known | {"basic_type": basic_type(row.get("route_type", ""))}, ("route_id",)
        )


def _only_agency(tables: Tables) -> str | None:
    names = [
        _with_agency(row).get("agency_id")
        for _, row in tables.rows("agency")
        if not isinstance(row, MessageRejected)
    ]
    return names[0] if len(names) == 1 else None


def basic_type(written: str) -> str:
    """The route type among 0 to 7 that the models know; extended types (100 and up) by their hundreds."""
    if not written.isdigit():
        return "3"
    return written if int(written) <= 7 else _EXTENDED.get(int(written) // 100, "3")


def _read_stops(tables: Tables) -> Rows:
    """Stations know their stops and entrances, which only their rows tell."""
    stops: dict[str, list[str]] = defaultdict(list)
    entrances: dict[str, list[str]] = defaultdict(list)
    for _, row in tables.rows("stops"):
        if not isinstance(row, MessageRejected) and "parent_station" in row and "stop_id" in row:
            kind = {"0": stops, "2": entrances}.get(row.get("location_type", "0"))
            if kind is not None:
                kind[row["parent_station"]].append(row["stop_id"])
    for place, row in tables.rows("stops"):
        if isinstance(row, MessageRejected):
            yield row
            continue
        record = _record("stops", place, row, ("stop_id",))
        if isinstance(record, Record):
            record.fields["location_type"] = row.get("location_type", "0")
            record.fields["stops"] = stops.get(row["stop_id"], [])
            record.fields["entrances"] = entrances.get(row["stop_id"], [])
        yield record


def _read_services(tables: Tables) -> Rows:
    """calendar.txt, and a record for each service, which GTFS has no table of."""
    only = _only_agency(tables)
    services: dict[str, str] = {}
    for table in ("calendar", "calendar_dates", "trips"):
        for place, row in tables.rows(table):
            if not isinstance(row, MessageRejected) and "service_id" in row:
                services.setdefault(row["service_id"], place)
    for service, place in services.items():
        fields = {"table": "services", "service_id": service} | ({"agency_id": only} if only else {})
        yield Record(place, fields, f"services:{service}")
    yield from _read_dated("calendar", "service_id")(tables)


def _read_shapes(tables: Tables) -> Rows:
    """Points of a shape may stand anywhere in the table: they are gathered, then put in their order."""
    shapes: dict[str, array[float]] = defaultdict(lambda: array("d"))
    count = 0
    for place, row in tables.rows("shapes"):
        if isinstance(row, MessageRejected):
            yield row
            continue
        try:
            point = [float(row[f"shape_pt_{each}"]) for each in ("sequence", "lon", "lat")]
            shapes[row["shape_id"]].extend(point)
        except (KeyError, ValueError) as error:
            yield MessageRejected("payload", place, f"is no point of a shape: {error}")
            continue
        count += 1
        if count > MAX_POINTS:
            raise SourceError(f"shapes.txt has more than {MAX_POINTS} points; leave shapes out of tables")
    for name, numbers in shapes.items():
        yield _shape(name, numbers)


def _shape(name: str, numbers: array[float]) -> Record | MessageRejected:
    points = sorted(zip(numbers[::3], numbers[1::3], numbers[2::3], strict=True))
    line = [[longitude, latitude] for _, longitude, latitude in points]
    if len(line) < 2:
        return MessageRejected("payload", f"shapes.txt, {name}", "the shape has one point alone")
    fields: dict[str, Any] = {"table": "shapes", "shape_id": name}
    fields["geometry"] = {"type": "LineString", "coordinates": line}
    return Record(f"shapes.txt, {name}", fields, f"shapes:{name}")


_READERS: dict[str, Callable[[Tables], Rows]] = {
    "agency": _read_agencies,
    "routes": _read_routes,
    "stops": _read_stops,
    "calendar": _read_services,
    "calendar_dates": _read_dated("calendar_dates", "service_id", "date"),
    "trips": _read_plain("trips", "trip_id"),
    "shapes": _read_shapes,
    "stop_times": _read_dated("stop_times", "trip_id", "stop_sequence"),
}
