"""What is played: the energy of one hour, or the weather of one hour."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from .town import Meter


@dataclass(frozen=True, slots=True)
class EnergyReading:
    """Energy in kWh over the hour that begins at `hour`; 0 may stand for no reading."""

    meter: Meter
    hour: datetime
    energy: float


@dataclass(frozen=True, slots=True)
class WeatherReading:
    """Temperature in degrees Celsius, relative humidity in per cent, irradiation in W/m2."""

    station: str
    hour: datetime
    temperature: float | None
    humidity: float | None
    irradiation: float | None


Reading = EnergyReading | WeatherReading
