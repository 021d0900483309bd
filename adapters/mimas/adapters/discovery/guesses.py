"""Guesses about one value of an unknown message: its attribute, its unit, or that it is the time."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from ..mapping.units import unit_codes

Path = tuple[str | int, ...]
MAX_LEAVES = 60
_UNITS = {
    "kwh": "KWH", "wh": "WHR", "mwh": "MWH", "gj": "GV", "w": "WTT", "kw": "KWT", "v": "VLT", "mv": "2Z",
    "a": "AMP", "ma": "4K", "°c": "CEL", "c": "CEL", "°f": "FAH", "k": "KEL", "%": "P1", "pct": "P1",
    "percent": "P1", "hpa": "A97", "mbar": "MBR", "pa": "PAL", "bar": "BAR", "m³": "MTQ", "m3": "MTQ",
    "l": "LTR", "m³/h": "MQH", "m3h": "MQH", "ppm": "59", "ppb": "61", "µg/m³": "GQ", "μg/m³": "GQ",
    "ugm3": "GQ", "lx": "LUX", "lux": "LUX", "dbm": "DBM", "db": "2N", "hz": "HTZ", "va": "D46",
    "var": "D44", "m/s": "MTS", "km/h": "KMH", "mm": "MMT", "cm": "CMT", "m": "MTR", "s": "SEC",
    "min": "MIN", "h": "HUR", "d": "DAY", "kg": "KGM", "g": "GRM", "w/m²": "D54",
}  # fmt: skip
_BY_NAME = {
    "temperature": "CEL", "temp": "CEL", "humidity": "P1", "battery": "P1", "pressure": "A97", "power": "WTT",
    "energy": "KWH", "voltage": "VLT", "current": "AMP", "volume": "MTQ", "co2": "59", "illuminance": "LUX",
    "rssi": "DBM", "frequency": "HTZ",
}  # fmt: skip
_TIMES = (
    "time",
    "timestamp",
    "ts",
    "datetime",
    "date",
    "last_seen",
    "observedat",
    "measured_at",
    "received_at",
)
_SAFE = re.compile(r"[^A-Za-z0-9]+")


def leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Path and value of every number, text and truth in a message; lists are followed by their numbers."""
    if isinstance(value, dict):
        for name, each in value.items():
            yield from leaves(each, (*path, str(name)))
    elif isinstance(value, list):
        for index, each in enumerate(value[:3]):
            yield from leaves(each, (*path, index))
    elif value is not None and len(path) <= 10:
        yield path, value


def written(path: Path) -> str:
    """A path as mappings write it."""
    if not path:
        return "@"
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            name = step if re.fullmatch(r"[^\W\d][\w-]*", step) else '"' + step.replace('"', "") + '"'
            text += f".{name}" if text else name
    return text


def attribute_name(path: Path, taken: Sequence[str]) -> str:
    """A name for the attribute, such as activePower, that is not taken."""
    words = [word for step in path for word in _SAFE.split(str(step)) if word] or ["value"]
    name = "".join([_small(words[0]), *(word[:1].upper() + word[1:] for word in words[1:])])
    name = name if name[:1].isalpha() else f"value{name}"
    while name in (*taken, "id", "type"):
        name += "2"
    return name


def _small(word: str) -> str:
    return word.lower() if word.isupper() else word[:1].lower() + word[1:]


def unit_of(path: Path, announced: str) -> str | None:
    """The UN/CEFACT code by the announced unit, else by the end of the name, else by the name."""
    if announced:
        return _UNITS.get(announced.lower()) or (announced if announced in unit_codes() else None)
    words = [word.lower() for step in path[-2:] for word in _SAFE.split(str(step)) if word]
    if len(words) > 1 and words[-1] in _UNITS and len(words[-1]) > 1:
        return _UNITS[words[-1]]
    return next((_BY_NAME[word] for word in reversed(words) if word in _BY_NAME), None)


def time_of(values: Sequence[tuple[Path, Any]], zone: str) -> dict[str, Any] | None:
    """The declaration of `observedAt`, when a value is by its name and its writing a time."""
    for path, value in sorted(values, key=lambda each: len(each[0])):
        if path and str(path[-1]).lower() in _TIMES:
            declared = _written_time(value, zone)
            if declared is not None:
                return {"path": written(path)} | declared
    return None


def _written_time(value: Any, zone: str) -> dict[str, Any] | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        if 1e9 < value < 4e9:
            return {"format": "unix"}
        return {"format": "unix_ms"} if 1e12 < value < 4e12 else None
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    if len(str(value)) < 10:
        return None
    return {} if moment.tzinfo else {"zone": zone, "ambiguous": "later", "nonexistent": "shift"}
