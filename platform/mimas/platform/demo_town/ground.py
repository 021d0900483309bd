"""The made-up town: what stands where, and what it does at a time. Pure functions: a replay repeats itself.

It lies where nobody lives, around 0 degrees north and 0 degrees east, and says "simulated" in every name.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Site:
    """A building or another place of the town, in degrees."""

    id: str
    name: str
    longitude: float
    latitude: float
    size: int = 0


BUILDINGS = (
    Site("town-pool", "Simulated swimming pool", 0.0046, 0.0018, 3),
    Site("town-clinic", "Simulated clinic", 0.0081, 0.0052, 4),
    Site("town-museum", "Simulated museum", 0.0032, 0.0066, 2),
    Site("town-depot", "Simulated bus depot", 0.0112, 0.0035, 2),
    Site("town-kindergarten", "Simulated kindergarten", 0.0060, 0.0101, 1),
    Site("town-theatre", "Simulated theatre", 0.0018, 0.0092, 3),
)
MODBUS_METERS = ("town-pool", "town-clinic", "town-theatre")
EXPORTED_METERS = {"town-museum": 6.0, "town-depot": 14.0, "town-kindergarten": 4.5}
"""Buildings whose quarter-hours come as a table, with their usual energy in kWh an hour."""
CAR_PARKS = (
    Site("P1", "Simulated car park at the station", 0.0119, 0.0072, 180),
    Site("P2", "Simulated car park under the market", 0.0041, 0.0043, 320),
    Site("P3", "Simulated car park by the river", 0.0007, 0.0061, 95),
)
BIKE_STATIONS = (
    Site("1", "Simulated bikes, market", 0.0044, 0.0050, 14),
    Site("2", "Simulated bikes, station", 0.0122, 0.0066, 24),
    Site("3", "Simulated bikes, school", 0.0099, 0.0016, 10),
    Site("4", "Simulated bikes, river", 0.0005, 0.0078, 12),
)
CHARGERS = (
    Site("LOC1", "Simulated charging at the market", 0.0038, 0.0036, 2),
    Site("LOC2", "Simulated charging at the depot", 0.0108, 0.0043, 4),
)
WEATHER = Site("weather", "Simulated weather service", 0.0067, 0.0119)


def busy(site: str, moment: datetime) -> float:
    """How busy a place is, from 0 to 1: little at night, most in the middle of the day."""
    hour = moment.hour + moment.minute / 60
    day = max(0.0, math.sin((hour - 5) / 16 * math.pi)) if 5 <= hour <= 21 else 0.0
    return min(1.0, 0.08 + 0.75 * day + 0.15 * chance(site, f"{moment:%Y-%m-%dT%H}", str(moment.minute // 5)))


def chance(*parts: str) -> float:
    """A number from 0 to 1 that is always the same for the same parts."""
    digest = hashlib.sha256("/".join(parts).encode()).digest()
    return int.from_bytes(digest[:4], "big") / 2**32


def power(site: str, moment: datetime) -> float:
    """The electric power of a building, in W."""
    return round(4000 + 26000 * busy(site, moment), 1)


def energy(site: str, moment: datetime) -> float:
    """Where the counter of a building's meter stands, in kWh: it only rises."""
    quarters = int(moment.timestamp()) // 900 - 1_940_000
    within = int(moment.timestamp()) % 900 / 900
    return round(90_000 * chance(site) + 3.1 * (quarters + within), 2)


def quarter(site: str, moment: datetime) -> float:
    """The energy of the quarter of an hour that begins at a moment, in kWh."""
    return round(EXPORTED_METERS[site] / 4 * (0.3 + 1.4 * busy(site, moment)), 3)


def weather(moment: datetime) -> dict[str, Any]:
    """Temperature (degrees Celsius), humidity (per cent), wind (m/s) and pressure (hPa) of one hour."""
    daily = math.cos((moment.hour - 15) / 24 * 2 * math.pi)
    unrest = chance("weather", f"{moment:%Y-%m-%d}")
    return {
        "temperature_2m": round(13 + 5 * daily + 6 * (unrest - 0.5), 1),
        "relative_humidity_2m": round(66 - 14 * daily + 10 * unrest),
        "surface_pressure": round(1006 + 14 * unrest, 1),
        "wind_speed_10m": round(1.5 + 4 * chance("wind", f"{moment:%Y-%m-%dT%H}"), 1),
        "wind_direction_10m": round(360 * chance("vane", f"{moment:%Y-%m-%dT%H}")),
    }
