"""Real readings: one gzipped CSV a year and meter, hourly, the first column being the hour's start in UTC."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from .readings import EnergyReading, Reading, WeatherReading
from .town import Meter, Town

Hourly = dict[datetime, list[Reading]]


def read_year(town: Town, year: int) -> Hourly:
    """All readings of a year by the hour; meters without a file for the year are silent."""
    assert town.archive is not None
    hours: Hourly = {}
    for meter in town.meters:
        for hour, (energy,) in _rows(town.archive / meter.building / f"{meter.medium}-{year}.csv.gz"):
            if energy is not None:
                hours.setdefault(hour, []).append(EnergyReading(meter, hour, energy))
    for hour, (temperature, humidity, irradiation) in _rows(
        town.archive / "weather" / f"{town.station}-{year}.csv.gz"
    ):
        hours.setdefault(hour, []).append(
            WeatherReading(town.station, hour, temperature, humidity, irradiation)
        )
    return hours


def archived_years(archive: Path) -> list[int]:
    """The years for which there is anything."""
    return sorted({int(path.name[-11:-7]) for path in archive.glob("b*/*-[0-9][0-9][0-9][0-9].csv.gz")})


def meter_readings(archive: Path, meter: Meter, year: int) -> Iterator[EnergyReading]:
    """One meter's readings of a year, zeros included."""
    for hour, (energy,) in _rows(archive / meter.building / f"{meter.medium}-{year}.csv.gz"):
        if energy is not None:
            yield EnergyReading(meter, hour, energy)


def _rows(path: Path) -> Iterator[tuple[datetime, list[float | None]]]:
    if not path.is_file():
        return
    with gzip.open(path, "rt", newline="") as file:
        rows = csv.reader(file)
        next(rows, None)
        for hour, *values in rows:
            moment = datetime.fromisoformat(hour).replace(tzinfo=UTC)
            yield moment, [float(value) if value else None for value in values]
