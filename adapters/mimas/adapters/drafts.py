"""A first mapping from a sample of a table: for a person to look at, mend and trust."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from .sampling import Column, Sample

MAX_ATTRIBUTES = 60
_LATITUDE = re.compile(r"(?i)^(lat|latitude|gps_?lat|zemepisna_?sirka|y_?wgs84)$")
_LONGITUDE = re.compile(r"(?i)^(lon|lng|long|longitude|gps_?lon|zemepisna_?delka|x_?wgs84)$")
_KEY = re.compile(
    r"(?i)^(.*[ _])?(id|ean|kod|code|key|number|cislo|device|meter|meridlo|elektromer|vodomer|sensor)"
    r"([ _].*)?$"
)
_CLOCK = re.compile(r"^\d{1,2}:\d{2}(:\d{2})?$")
_UNITS = (
    (r"\bkwh\b", "KWH"),
    (r"\bmwh\b", "MWH"),
    (r"\bwh\b", "WHR"),
    (r"\bkw\b", "KWT"),
    (r"\bw\b", "WTT"),
    (r"\bm3\b|\bm\u00b3", "MTQ"),
    (r"\bl\b|\blitr", "LTR"),
    (r"\u00b0c\b|\bcelsius\b", "CEL"),
    (r"%", "P1"),
    (r"\bv\b|\bvolt", "VLT"),
    (r"\bgj\b", "GV"),
)
# What the headings of a table let expect; the person decides.
_TYPES = (
    (r"kwh|mwh|elektr|electric|energ", "ACMeasurement"),
    (r"parking|parkov|spots|spaces|stani", "OffStreetParking"),
    (r"teplot|temperature|humid|vlhk|wind|vitr|srazk|rain", "WeatherObserved"),
    (r"pm10|pm25|pm2|no2|o3|ovzdus", "AirQualityObserved"),
    (r"voda|vody|water|plyn|gas", "DeviceMeasurement"),
    (r"building|budov|objekt", "Building"),
)
_NAMES = {
    ("ACMeasurement", "KWH"): "totalActiveEnergyImport",
    ("WeatherObserved", "CEL"): "temperature",
    ("DeviceMeasurement", "MTQ"): "numValue",
}


@dataclass(frozen=True, slots=True)
class Draft:
    """The text of a mapping file, and what to look at in it."""

    text: str
    notes: tuple[str, ...]


def draft_mapping(
    name: str, sample: Sample, zone: str, place: dict[str, str], kind: str | None = None
) -> Draft:
    """A mapping for tables like `sample`, which are at `place` (`path` or `url`); it is not enabled."""
    parts = _Parts(name, sample, zone, place, kind)
    return Draft(parts.text(), tuple(parts.notes))


class _Parts:
    """The parts of one draft."""

    def __init__(self, name: str, sample: Sample, zone: str, place: dict[str, str], kind: str | None) -> None:
        self.name = name
        self.sample = sample
        self.zone = zone
        self.place = place
        self.notes: list[str] = []
        self.columns = {column.name: column for column in sample.columns}
        self.time = next((each for each in sample.columns if each.kind == "time"), None)
        self.wide = _wide_columns(sample, self.time)
        self.clock = bool(self.wide) and all(_CLOCK.match(each) for each in self.wide)
        self.keys = self._keys()
        self.type = kind or _guess_type(sample)

    def text(self) -> str:
        """The file, in the order in which a person reads it."""
        document = {
            "description": f"{self.name}: {self.sample.path.name}",
            "enabled": False,
            "source": {"table": self._table()},
            "schedule": {"every": "1h"},
            "provenance": None,
            "payload": self._payload(),
            "let": self._let(),
            "observedAt": self._observed_at(),
            "entities": {"thing": self._entity()},
        }
        self._note()
        return HEAD.format(name=self.name, found=self.sample.written) + "".join(self._render(document)) + TAIL

    def _keys(self) -> list[Column]:
        """What tells one thing from another: the columns called so, else the first unique text."""
        plain = [
            each
            for each in self.sample.columns
            if each is not self.time and each.name not in self.wide and each.kind in ("text", "whole")
        ]
        named = [each for each in plain if _KEY.match(_ascii(each.name))]
        unique = [each for each in named if each.is_unique] or named
        if not unique:
            unique = [each for each in plain if each.is_unique and each.kind == "text"]
        return unique[:1] or plain[:1]

    def _table(self) -> dict[str, Any]:
        columns = [each.name for each in self.keys]
        if self.wide:
            columns += ["time" if self.clock else "meter"]
        if self.time is not None:
            columns.append(self.time.name)
        table: dict[str, Any] = dict(self.place)
        if columns:
            table["key"] = columns[0] if len(columns) == 1 else columns
        return table

    def _payload(self) -> dict[str, Any]:
        written = self.sample.written
        payload: dict[str, Any] = {"format": written.format}
        if written.format == "csv":
            payload |= {"encoding": written.encoding.removesuffix("-sig"), "delimiter": written.delimiter}
        payload["decimal"] = self.sample.decimal
        if self.sample.thousands:
            payload["thousands"] = self.sample.thousands
        if self.sample.absent:
            payload["missing"] = ["", *self.sample.absent]
        if self.wide:
            keep = [each.name for each in self.sample.columns if each.name not in self.wide]
            name = "time" if self.clock else "meter"
            payload["unpivot"] = {"keep": keep, "name": name, "value": "reading"}
        return payload

    def _let(self) -> dict[str, Any]:
        names: dict[str, Any] = {}
        if self.keys:
            names["id"] = {"column": self.keys[0].name}
        if self.wide and not self.clock:
            names["id"] = {"column": "meter"}
        if self.clock and self.time is not None:
            names |= {"day": {"column": self.time.name}, "time": {"column": "time"}}
        return names

    def _observed_at(self) -> dict[str, Any] | None:
        if self.time is None:
            return None
        written = self.time.format or "iso"
        clock: dict[str, Any] = {"zone": self.zone, "ambiguous": "earlier"}
        if self.clock:
            seconds = ":%S" if next(iter(self.wide)).count(":") == 2 else ""
            day = "%Y-%m-%d" if written == "iso" else written
            return {"text": "{day} {time}", "format": f"{day} %H:%M{seconds}"} | clock
        return {"column": self.time.name, "format": written} | clock

    def _entity(self) -> dict[str, Any]:
        found = "{id}" if self.keys or (self.wide and not self.clock) else self.name
        attributes: dict[str, Any] = {}
        if self.wide:
            attributes["value"] = {"column": "reading", "type": "number"}
        latitude = next((each for each in self.columns if _LATITUDE.match(_ascii(each))), None)
        longitude = next((each for each in self.columns if _LONGITUDE.match(_ascii(each))), None)
        for column in self.sample.columns:
            if column is self.time or column.name in self.wide or column.kind == "empty":
                continue
            if column.name in (latitude, longitude) and latitude and longitude:
                continue
            if column in self.keys and self.time is not None:
                continue
            if len(attributes) < MAX_ATTRIBUTES:
                attributes |= self._attribute(column)
        if latitude and longitude:
            attributes["location"] = {
                "geo": {"longitude": {"column": longitude}, "latitude": {"column": latitude}}
            }
        return {"type": self.type, "id": f"urn:ngsi-ld:{self.type}:{found}", "attributes": attributes}

    def _attribute(self, column: Column) -> dict[str, Any]:
        unit = _guess_unit(column.name) if column.kind in ("number", "whole") else None
        name = _NAMES.get((self.type, unit or "")) or camel_case(column.name)
        declared: dict[str, Any] = {"column": column.name}
        declared["type"] = {"number": "number", "whole": "number", "time": "datetime"}.get(
            column.kind, "text"
        )
        if unit:
            declared["unit"] = unit
        return {name: declared}

    def _note(self) -> None:
        if not self.keys and not self.wide:
            self.notes.append("No column tells one thing from another: say in source.table.key which does.")
        elif self.keys and self.time is None and not self.keys[0].is_unique:
            self.notes.append(f"The column {self.keys[0].name!r} is not different in every row.")
        if self.time is not None:
            self.notes.append(
                f"Times are taken as {self.time.format} in {self.zone}; an hour that the clocks double is "
                "taken as the earlier one."
            )
        self.notes.append("Fill in provenance: whose data these are, and under which licence.")
        self.notes.append(f"The type {self.type} is a guess; `mimas models list` shows the known ones.")

    def _render(self, document: dict[str, Any]) -> Iterator[str]:
        for key, value in document.items():
            if key == "provenance":
                yield PROVENANCE
            if value in (None, {}):
                continue
            if key in COMMENTS:
                yield f"# {COMMENTS[key]}\n"
            style = None if isinstance(value, dict) else False  # leaves in one line each
            yield yaml.safe_dump(
                {key: value}, sort_keys=False, allow_unicode=True, width=110, default_flow_style=style
            )


HEAD = """\
# {name}: drafted from a sample ({found}).
# Look at every line; docs/reference/mapping.md explains the keys.
#   mimas adapters run {name} --dry      shows what the first rows become
#   mimas adapters enable {name}         when it is right
"""
TAIL = """\
# Keep rows of the sample as tests, with what they must become; `mimas adapters test` runs them.
tests: []
"""
PROVENANCE = """\
# provenance:                       # whose data these are; it stands on every entity
#   provider: Town of Example
#   licence: https://creativecommons.org/licenses/by/4.0/
#   homepage: https://data.example.org/
"""
COMMENTS = {
    "source": "Where the table is (path, folder or url), and the columns that tell one row from all others.",
    "schedule": 'When it is read again; every: 15min, 6h, 1d, or cron: "10 3 * * *".',
    "payload": "How the table is written, as it was found.",
    "let": "Names for what the id is made of.",
    "observedAt": "When a row was measured.",
    "entities": "What a row becomes.",
}


def _wide_columns(sample: Sample, time: Column | None) -> dict[str, None]:
    """The columns of a wide table: quarter-hours, or at least eight of numbers beside a time."""
    numeric = [each for each in sample.columns if each.kind in ("number", "whole", "empty")]
    clocks = [each.name for each in numeric if _CLOCK.match(each.name)]
    if time is not None and len(clocks) >= 4:
        return dict.fromkeys(clocks)
    others = [each for each in sample.columns if each not in numeric and each is not time]
    if time is not None and not others and len(numeric) >= 8:
        return dict.fromkeys(each.name for each in numeric)
    return {}


def _guess_type(sample: Sample) -> str:
    headings = _ascii(" ".join([sample.path.stem, *(each.name for each in sample.columns)])).lower()
    return next((kind for pattern, kind in _TYPES if re.search(pattern, headings)), "Thing")


def _guess_unit(heading: str) -> str | None:
    text = heading.lower()
    return next((unit for pattern, unit in _UNITS if re.search(pattern, text)), None)


def camel_case(heading: str) -> str:
    """A heading as the name of an attribute: `Spotřeba (kWh)` becomes `spotrebaKWh`."""
    words = re.findall(r"[A-Za-z0-9]+", _ascii(heading))
    name = "".join(word if not index else word[0].upper() + word[1:] for index, word in enumerate(words))
    if not name or not name[0].isalpha():
        name = f"value{name}"
    first = name[: len(words[0])] if words else name
    return (first.lower() if first.isupper() else first[0].lower() + first[1:]) + name[len(first) :]


def _ascii(text: str) -> str:
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
