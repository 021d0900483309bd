"""Units of measure: UN/CEFACT common codes (Recommendation 20) and conversions between the usual ones."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.resources import files

from .problems import MappingProblem, Place

# Quantity -> code -> (factor, offset): value * factor + offset is in the first unit of the quantity.
_QUANTITIES: dict[str, dict[str, tuple[float, float]]] = {
    "energy": {
        "KWH": (1, 0),
        "WHR": (1e-3, 0),
        "MWH": (1e3, 0),
        "GWH": (1e6, 0),
        "JOU": (1 / 3.6e6, 0),
        "KJO": (1 / 3600, 0),
        "3B": (1 / 3.6, 0),
        "GV": (1000 / 3.6, 0),
    },
    "power": {"WTT": (1, 0), "KWT": (1e3, 0), "MAW": (1e6, 0)},
    "reactive power": {"D44": (1, 0), "KVR": (1e3, 0)},
    "apparent power": {"D46": (1, 0), "KVA": (1e3, 0)},
    "volume": {"MTQ": (1, 0), "LTR": (1e-3, 0), "DMQ": (1e-3, 0), "HLT": (1e-1, 0), "CMQ": (1e-6, 0)},
    "flow": {"MQH": (1, 0), "L2": (0.06, 0), "G51": (3.6, 0)},
    "voltage": {"VLT": (1, 0), "2Z": (1e-3, 0), "KVT": (1e3, 0)},
    "current": {"AMP": (1, 0), "4K": (1e-3, 0)},
    "temperature": {"CEL": (1, 0), "FAH": (5 / 9, -160 / 9), "KEL": (1, -273.15)},
    "pressure": {"A97": (1, 0), "MBR": (1, 0), "PAL": (1e-2, 0), "KPA": (10, 0), "BAR": (1e3, 0)},
    "ratio": {"C62": (1, 0), "P1": (1e-2, 0), "59": (1e-6, 0), "61": (1e-9, 0)},
    "concentration": {"GQ": (1, 0), "GP": (1e3, 0)},
    "mass": {"KGM": (1, 0), "GRM": (1e-3, 0), "TNE": (1e3, 0)},
    "length": {"MTR": (1, 0), "MMT": (1e-3, 0), "CMT": (1e-2, 0), "KMT": (1e3, 0)},
    "speed": {"MTS": (1, 0), "KMH": (1 / 3.6, 0)},
    "time": {
        "SEC": (1, 0),
        "C26": (1e-3, 0),
        "B98": (1e-6, 0),
        "MIN": (60, 0),
        "HUR": (3600, 0),
        "DAY": (86400, 0),
    },
    "frequency": {"HTZ": (1, 0), "KHZ": (1e3, 0), "MHZ": (1e6, 0)},
}


@cache
def unit_codes() -> frozenset[str]:
    """Every common code of UN/ECE Recommendation 20."""
    lines = (files(__package__) / "unit_codes.txt").read_text("ascii").splitlines()
    return frozenset(code for line in lines if not line.startswith("#") for code in line.split())


def require_unit(code: str, place: Place) -> str:
    """Return `code` when it is a common code."""
    if code not in unit_codes():
        raise MappingProblem(
            place,
            f"{code!r} is not a UN/CEFACT unit code",
            "e.g. KWH, MTQ, CEL, P1: see UN/ECE Recommendation 20",
        )
    return code


def compile_conversion(source: str, target: str, place: Place) -> Callable[[float], float]:
    """A function from `source` to `target`; both must measure the same quantity."""
    for units in _QUANTITIES.values():
        if source in units and target in units:
            (factor, offset), (wanted_factor, wanted_offset) = units[source], units[target]
            return lambda value: (value * factor + offset - wanted_offset) / wanted_factor
    raise MappingProblem(place, f"no conversion from {source} to {target} is known", "use scale and offset")
