"""The address tables of RUIAN (CSV in cp1250 with semicolons) under the names of the exchange format."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import shapely

from ..source import SourceError
from .xml_records import Shape

ENCODING = "cp1250"
_FIRST = "Kód ADM"
_NAMES = {
    _FIRST: "Kod",
    "Kód obce": "KodObce",
    "Název obce": "NazevObce",
    "Kód MOMC": "KodMomc",
    "Název MOMC": "NazevMomc",
    "Kód části obce": "KodCastiObce",
    "Název části obce": "NazevCastiObce",
    "Kód ulice": "KodUlice",
    "Název ulice": "NazevUlice",
    "Typ SO": "TypSO",
    "Číslo domovní": "CisloDomovni",
    "Číslo orientační": "CisloOrientacni",
    "Znak čísla orientačního": "CisloOrientacniPismeno",
    "PSČ": "Psc",
    "Platí Od": "PlatiOd",
}
_Y, _X = "Souřadnice Y", "Souřadnice X"


def is_table(path: Path) -> bool:
    """Say whether the file begins as an address table does."""
    with path.open("rb") as file:
        return file.read(len(_FIRST)) == _FIRST.encode(ENCODING)


def read_table(path: Path, name: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Line numbers and addresses; cells without content are left out."""
    try:
        with path.open(encoding=ENCODING, newline="") as lines:
            rows = csv.DictReader(lines, delimiter=";")
            missing = [each for each in (*_NAMES, _Y, _X) if each not in (rows.fieldnames or ())]
            if {_FIRST, _Y, _X} & set(missing):
                raise SourceError(f"{name} is no address table: {', '.join(missing)} is missing")
            for row in rows:
                yield rows.line_num, _address(row)
    except (csv.Error, UnicodeDecodeError) as error:
        raise SourceError(f"{name} cannot be read on: {error}") from error


def _address(row: dict[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {_NAMES[head]: cell for head, cell in row.items() if cell and head in _NAMES}
    y, x = row.get(_Y), row.get(_X)
    if y and x:
        # Positive numbers, westing before southing: EPSG:5514 has them negative.
        found["geometry"] = Shape(shapely.Point(-float(y), -float(x)), "EPSG:5514")
    return found
