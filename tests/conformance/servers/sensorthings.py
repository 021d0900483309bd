"""A small, correct SensorThings API 1.1: three weather stations that can only be read."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import orjson
import shapely
from shapely.geometry import shape

from mimas.conformance.http_server import Received, Reply

from .town import TREES

Row = dict[str, Any]
ROOT = "/v1.1"
REQ = "http://www.opengis.net/spec/iot_sensing/1.1/req"
STATIONS = range(1, 4)
# Which entity sets a set leads to: its navigation properties, and whether they hold one entity or several.
LINKS = {
    "Things": {"Locations": True, "Datastreams": True, "HistoricalLocations": True},
    "Locations": {"Things": True},
    "HistoricalLocations": {"Thing": False},
    "Datastreams": {"Thing": False, "Sensor": False, "ObservedProperty": False, "Observations": True},
    "Sensors": {"Datastreams": True},
    "ObservedProperties": {"Datastreams": True},
    "Observations": {"Datastream": False, "FeatureOfInterest": False},
    "FeaturesOfInterest": {"Observations": True},
}
SETS = {
    "Thing": "Things",
    "Sensor": "Sensors",
    "ObservedProperty": "ObservedProperties",
    "Datastream": "Datastreams",
    "FeatureOfInterest": "FeaturesOfInterest",
}


class Refused(Exception):
    """The request is not understood."""


def _rows() -> dict[str, list[Row]]:
    places = {number: TREES[number - 1]["geometry"] for number in STATIONS}
    named = {"description": "A weather station", "properties": {}}
    geo = {"encodingType": "application/geo+json"}
    return {
        "Things": [{"@iot.id": n, "name": f"Station {n}", **named} for n in STATIONS],
        "Locations": [
            {"@iot.id": n, "name": f"Place {n}", "description": "Here", **geo, "location": places[n]}
            for n in STATIONS
        ],
        "HistoricalLocations": [{"@iot.id": n, "time": "2026-01-01T00:00:00Z"} for n in STATIONS],
        "Sensors": [
            {
                "@iot.id": 1,
                "name": "Thermometer",
                "description": "Pt100",
                "encodingType": "text/html",
                "metadata": "https://town.example/pt100",
            }
        ],
        "ObservedProperties": [
            {
                "@iot.id": 1,
                "name": "Temperature",
                "description": "of the air",
                "definition": "http://qudt.org/vocab/quantitykind/Temperature",
            }
        ],
        "Datastreams": [
            {
                "@iot.id": n,
                "name": f"Temperature {n}",
                "description": "of the air",
                "observationType": "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement",
                "unitOfMeasurement": {
                    "name": "degree Celsius",
                    "symbol": "Cel",
                    "definition": "http://qudt.org/vocab/unit/DEG_C",
                },
            }
            for n in STATIONS
        ],
        "Observations": [
            {
                "@iot.id": 10 * n + hour,
                "phenomenonTime": f"2026-01-01T0{hour}:00:00Z",
                "resultTime": f"2026-01-01T0{hour}:00:00Z",
                "result": n + hour / 2,
            }
            for n in STATIONS
            for hour in range(6)
        ],
        "FeaturesOfInterest": [
            {"@iot.id": n, "name": f"Air {n}", "description": "Air", **geo, "feature": places[n]}
            for n in STATIONS
        ],
    }


ROWS = _rows()


def answer(received: Received) -> Reply:
    """What the service says."""
    target = urlsplit(received.path)
    base = f"http://{received.headers['host']}{ROOT}"
    options = {name: values[0] for name, values in parse_qs(target.query, keep_blank_values=True).items()}
    steps = [each for each in unquote(target.path).strip("/").split("/") if each]
    if received.method != "GET":
        return _json(405, {"code": 405, "message": "read only"})
    try:
        if steps[:1] != [ROOT.strip("/")] or any(not each.startswith("$") for each in options):
            return _json(404, {"code": 404, "message": "nothing here"})
        return _root(base) if len(steps) == 1 else _resource(base, steps[1:], options, received.path)
    except LookupError:
        return _json(404, {"code": 404, "message": "nothing here"})
    except (Refused, ValueError) as error:
        return _json(400, {"code": 400, "message": str(error)})


def _json(status: int, value: Any) -> Reply:
    return Reply(status, orjson.dumps(value), {"Content-Type": "application/json"})


def _root(base: str) -> Reply:
    conformance = [
        f"{REQ}/datamodel",
        f"{REQ}/resource-path/resource-path-to-entities",
        f"{REQ}/request-data",
    ]
    listed = [{"name": name, "url": f"{base}/{name}"} for name in LINKS]
    return _json(200, {"value": listed, "serverSettings": {"conformance": conformance}})


def _resource(base: str, steps: list[str], options: dict[str, str], path: str) -> Reply:
    kind, rows, is_one = steps[0], None, False
    for number, step in enumerate(steps):
        found = re.fullmatch(r"(\w+)\((\d+)\)", step)
        name = found[1] if found else step
        if number == 0:
            kind, rows = name, ROWS[name]
        elif step == "$value":
            return Reply(200, str(rows).encode(), {"Content-Type": "text/plain"})
        elif name in LINKS.get(kind, ()):
            rows, is_one = _follow(kind, rows[0], name), not LINKS[kind][name]
            kind = SETS.get(name, name)
        elif steps[number + 1 :] == ["$value"]:
            rows = rows[0][step]
        else:
            return _json(200, {step: rows[0][step]})
        if found:
            rows, is_one = [each for each in rows if each["@iot.id"] == int(found[2])], True
            rows[0]  # LookupError says 404
    if is_one:
        return _json(200, _shown(base, kind, rows[0], options))
    return _json(200, _page(base, kind, rows, options, path))


def _follow(kind: str, row: Row, name: str) -> list[Row]:
    """The entities behind a navigation link; stations, places and datastreams share their numbers."""
    number, target = row["@iot.id"], ROWS[SETS.get(name, name)]
    if kind == "Observations":
        number //= 10
    if name in ("Sensor", "ObservedProperty") or kind in ("Sensors", "ObservedProperties"):
        return target
    if name == "Observations":
        return [each for each in target if each["@iot.id"] // 10 == number]
    return [each for each in target if each["@iot.id"] == number]


def _page(base: str, kind: str, rows: list[Row], options: dict[str, str], path: str) -> Row:
    if "$filter" in options:
        rows = [each for each in rows if _fits(each, options["$filter"])]
    for part in reversed(options.get("$orderby", "").split(",")):
        if part:
            name, _, direction = part.strip().partition(" ")
            if name not in (rows[0] if rows else {name: 0}) or direction not in ("", "asc", "desc"):
                raise Refused(f"$orderby {part}")
            rows = sorted(rows, key=lambda each: each[name], reverse=direction == "desc")
    top, skip = int(options.get("$top", 100)), int(options.get("$skip", 0))
    if top < 0 or skip < 0:
        raise Refused("$top and $skip are not negative")
    page: Row = {"@iot.count": len(rows)} if options.get("$count") == "true" else {}
    if skip + top < len(rows):
        page["@iot.nextLink"] = f"{base}{_next(path, skip + top, top)}"
    page["value"] = [_shown(base, kind, each, options) for each in rows[skip : skip + top]]
    return page


def _next(path: str, skip: int, top: int) -> str:
    place, _, query = path.removeprefix(ROOT).partition("?")
    kept = [each for each in query.split("&") if each and not each.startswith(("$skip=", "$top=", "%24"))]
    return f"{place}?{'&'.join([*kept, f'$top={top}', f'$skip={skip}'])}"


def _shown(base: str, kind: str, row: Row, options: dict[str, str]) -> Row:
    own = f"{base}/{kind}({row['@iot.id']})"
    expanded = [each for each in options.get("$expand", "").split(",") if each]
    chosen = [each for each in options.get("$select", "").split(",") if each]
    if set(expanded) - set(LINKS[kind]) or set(chosen) - set(row) - {"id"}:
        raise Refused("$expand or $select names what is not there")
    shown = {name: value for name, value in row.items() if not chosen or name in chosen}
    if not chosen:
        shown["@iot.selfLink"] = own
        shown |= {f"{name}@iot.navigationLink": f"{own}/{name}" for name in LINKS[kind]}
    for name in expanded:
        inside = [_shown(base, SETS.get(name, name), each, {}) for each in _follow(kind, row, name)]
        shown[name] = inside if LINKS[kind][name] else inside[0]
    return shown


_COMPARED = re.compile(r"(\w+) (eq|ne|gt|ge|lt|le) ('[^']*'|[-+:.\w]+)")
_WITHIN = re.compile(r"st_within\((\w+), ?geography'(POLYGON ?\(\(.*\)\))'\)")
_OPERATIONS = {
    "eq": lambda a, b: a == b, "ne": lambda a, b: a != b, "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b, "lt": lambda a, b: a < b, "le": lambda a, b: a <= b,
}  # fmt: skip


def _fits(row: Row, text: str) -> bool:
    if found := _WITHIN.fullmatch(text):
        return bool(shape(row[found[1]]).within(shapely.from_wkt(found[2])))
    found = _COMPARED.fullmatch(text)
    if not found or found[1] not in {**row, "id": 0}:
        raise Refused(f"$filter {text}")
    value = row["@iot.id" if found[1] == "id" else found[1]]
    other: Any = found[3].strip("'")
    return bool(_OPERATIONS[found[2]](value, float(other) if isinstance(value, int | float) else other))
