"""Made-up readings of a made-up town: a pure function of meter and hour, so that a replay repeats itself."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable
from datetime import datetime

from .readings import EnergyReading, Reading, WeatherReading
from .town import Meter, Town

_WORKING_HOURS = range(7, 18)
_ELECTRICITY = {"sim-town-hall": 42.0, "sim-school": 58.0, "sim-library": 23.0}
_GAS = {"sim-town-hall": 3.1, "sim-school": 5.6, "sim-library": 1.9}
_HEATED_BELOW = 15.5


def simulate_hour(town: Town, hour: datetime) -> Iterable[Reading]:
    """The readings of every meter and of the station for one hour."""
    weather = simulate_weather(town.station, hour)
    yield weather
    for meter in town.meters:
        yield EnergyReading(meter, hour, _energy(meter, hour, weather.temperature or 0.0))


def simulate_weather(station: str, hour: datetime) -> WeatherReading:
    """A temperate year: warm in July, coldest before dawn, with unrest from day to day."""
    season = math.cos((hour.timetuple().tm_yday - 200) / 365.25 * 2 * math.pi)
    daily = math.cos((hour.hour - 15) / 24 * 2 * math.pi)
    front = 5 * (_chance(station, f"{hour:%Y-%m-%d}") - 0.5)
    temperature = 10 + 9 * season + 3.5 * daily + front
    humidity = min(99.0, max(35.0, 78 - 12 * daily - 6 * season + 10 * _chance("humidity", hour.isoformat())))
    sun = max(0.0, math.cos((hour.hour - 12.5) / 24 * 2 * math.pi) - 0.35 + 0.35 * season)
    clouds = 0.35 + 0.65 * _chance("clouds", f"{hour:%Y-%m-%d}")
    return WeatherReading(
        station, hour, round(temperature, 1), round(humidity, 1), round(780 * sun * clouds, 1)
    )


def _energy(meter: Meter, hour: datetime, temperature: float) -> float:
    at_work = hour.weekday() < 5 and hour.hour in _WORKING_HOURS
    unrest = 0.9 + 0.2 * _chance(meter.name, hour.isoformat())
    if meter.medium == "electricity":
        return round(_ELECTRICITY[meter.building] * (1.0 if at_work else 0.35) * unrest, 1)
    degrees = max(0.0, _HEATED_BELOW - temperature)
    return round((1.2 + _GAS[meter.building] * degrees * (1.0 if at_work else 0.45)) * unrest, 1)


def _chance(*parts: str) -> float:
    """A number from 0 to 1 that is always the same for the same parts."""
    digest = hashlib.sha256("/".join(parts).encode()).digest()
    return int.from_bytes(digest[:4], "big") / 2**32
