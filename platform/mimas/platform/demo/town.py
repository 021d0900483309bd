"""Who plays: buildings with their meters, and a weather station."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Medium = Literal["electricity", "gas"]


@dataclass(frozen=True, slots=True)
class Meter:
    """One meter; its name is unique and says building and medium."""

    building: str
    medium: Medium
    category: str

    @property
    def name(self) -> str:
        """Such as b58-gas."""
        return f"{self.building}-{self.medium}"

    @property
    def eui(self) -> str:
        """A LoRaWAN device EUI made of the name; its first byte marks it as locally administered."""
        return "02" + hashlib.sha256(self.name.encode()).hexdigest()[:14]


@dataclass(frozen=True, slots=True)
class Town:
    """All meters and the station; a simulated town has no archive."""

    meters: tuple[Meter, ...]
    station: str
    archive: Path | None = None

    @property
    def simulated(self) -> bool:
        """Whether the readings are made up."""
        return self.archive is None


def find_town(archive: Path | None, buildings: tuple[str, ...] = ()) -> Town:
    """The town of the archive when there is one, else the simulated town."""
    if archive is None:
        return Town(_meters(SIMULATED_BUILDINGS), "sim-weather")
    chosen = {
        name: category
        for name, category in ARCHIVED_BUILDINGS.items()
        if (archive / name).is_dir() and (not buildings or name in buildings)
    }
    return Town(_meters(chosen), "bedford", archive)


def _meters(buildings: dict[str, str]) -> tuple[Meter, ...]:
    media: tuple[Medium, ...] = ("electricity", "gas")
    return tuple(
        Meter(building, medium, category) for building, category in buildings.items() for medium in media
    )


ARCHIVED_BUILDINGS = {"b58": "university", "b13": "university", "b118": "university"}
SIMULATED_BUILDINGS = {"sim-town-hall": "civic", "sim-school": "school", "sim-library": "public"}
