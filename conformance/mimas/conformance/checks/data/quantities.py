"""Units: stated or fixed by the schema, existing, and right for what is measured (MIM2 R1.1)."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

import yaml

from ...verdicts import NotTested, Warn, fail_if_any
from .items import Item, Value
from .schemas import fixed_unit, schema_of
from .sources import Data, of_data

CLAUSE = "UN/CEFACT Recommendation 20; CIM 009, 4.5.2 (unitCode)"
MEND = "Give unitCode a UN/CEFACT common code (KWH, KWT, CEL, P1, C62...), or fix the unit in the schema."
_FORM = re.compile(r"[A-Z0-9]{2,3}")
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
# What a word in an attribute's name measures; several words allow what any of them allows.
_QUANTITIES: dict[str, tuple[str, ...]] = {
    "energy": ("energy", "reactive_power", "apparent_power"),
    "electricity": ("energy", "power"),
    "consumption": ("energy", "volume", "flow", "mass", "power"),
    "power": ("power", "apparent_power", "reactive_power"),
    "voltage": ("voltage",),
    "temperature": ("temperature",),
    "humidity": ("ratio",),
    "pressure": ("pressure",),
    "speed": ("speed",),
    "distance": ("length",),
    "length": ("length",),
    "height": ("length",),
    "depth": ("length",),
    "area": ("area",),
    "weight": ("mass",),
    "mass": ("mass",),
    "illuminance": ("illuminance",),
    "frequency": ("frequency",),
    **dict.fromkeys(("pm", "no2", "nox", "o3", "so2", "pm10", "pm25"), ("concentration",)),
}
# With these words it is another quantity, or none.
_OTHER = frozenset(
    {"index", "factor", "price", "cost", "rate", "ratio", "level", "count", "number", "status", "class",
     "score", "mode", "type", "limit", "id", "code", "year"}
)  # fmt: skip


@of_data("units-are-stated", "MIM2-R1.1c", clause=CLAUSE)
def units_are_stated(data: Data) -> None:
    """Every measured number has a unit: its own unitCode, or one that its schema fixes."""
    measured = [(item, value) for item in data.items for value in item.values if _is_measured(value)]
    if not measured:
        raise NotTested("No measured number was found (with unitCode, observedAt or a known quantity).")
    missing = [
        f"{value.name} of {item}"
        for item, value in measured
        if value.unit is None and fixed_unit(schema_of(data.probe, item), value.name) is None
    ]
    fail_if_any(missing, "Numbers without a unit: {}.", mend=MEND)


@of_data("units-exist", "MIM2-R1.1c", clause=CLAUSE)
def units_exist(data: Data) -> None:
    """Every unitCode is a common code, letter by letter; none is deleted from the list."""
    coded = _coded(data)
    fail_if_any(
        (f"{value.unit!r} of {value.name} of {item}" for item, value in coded if not _may_exist(value.unit)),
        "Units that are no common codes: {}.",
        mend="Codes are two or three capitals and digits: kilowatt hour is KWH, not kwh or kWh.",
    )
    old = sorted({str(value.unit) for _, value in coded if "deprecated" in quantities(value.unit)})
    if old:
        raise Warn(f"Deprecated in the list: {', '.join(old)}.", mend="Use the code that replaces it.")


@of_data("units-fit", "MIM2-R1.1c", clause=CLAUSE)
def units_fit(data: Data) -> None:
    """A unitCode measures what the attribute's name says: energy in KWH, not in KWT, power not in KW."""
    fail_if_any(
        (
            f"{value.name} in {value.unit} ({', '.join(quantities(value.unit))}) of {item}"
            for item, value in _coded(data)
            if not _fits(value)
        ),
        "Units of another quantity: {}.",
        mend="Kilowatt is KWT (KW is kg/mm), megawatt MAW, kilowatt hour KWH, percent P1, one C62.",
    )


@of_data("units-are-the-schemas", "MIM2-R1.1c", clause="Smart Data Models", level="SHOULD")
def units_are_the_schemas(data: Data) -> None:
    """A stated unit is the one that the schema fixes for the attribute, where it fixes one."""
    compared = [
        (item, value, fixed)
        for item, value in _coded(data)
        if (fixed := fixed_unit(schema_of(data.probe, item), value.name))
    ]
    if not compared:
        raise NotTested("No attribute has both a unitCode and a schema that fixes its unit.")
    fail_if_any(
        (
            f"{value.name} in {value.unit}, the schema says {fixed}, of {item}"
            for item, value, fixed in compared
            if value.unit != fixed
        ),
        "Units other than the schema's: {}.",
        mend="Convert the value, or extend the schema by the unit.",
    )


def quantities(unit: str | None) -> list[str]:
    """What a code measures; empty for one that is not judged."""
    return [name for name, codes in _codes().items() if unit in codes]


def quantity_of(name: str) -> tuple[str, ...]:
    """What an attribute's name says it measures; empty where it does not say."""
    words = _words(name)
    if _OTHER & set(words):
        return ()
    return tuple(found for word in [*words, name.lower()] for found in _QUANTITIES.get(word, ()))


def _words(name: str) -> list[str]:
    """The words of a camelCase name or IRI, in lower case."""
    return [each.lower() for each in _WORD.findall(name.replace("#", "/").rpartition("/")[2])]


def _coded(data: Data) -> list[tuple[Item, Value]]:
    found = [(item, value) for item in data.items for value in item.values if value.unit is not None]
    if not found:
        raise NotTested("No value has a unitCode.")
    return found


def _is_measured(value: Value) -> bool:
    if value.number is None:
        return False
    if value.unit is not None or quantity_of(value.name):
        return True
    return value.observed_at is not None and not _OTHER & set(_words(value.name))


def _may_exist(unit: str | None) -> bool:
    return unit is not None and _FORM.fullmatch(unit) is not None and "deleted" not in quantities(unit)


def _fits(value: Value) -> bool:
    found, wanted = quantities(value.unit), quantity_of(value.name)
    return not found or not wanted or bool(set(found) & set(wanted))


@cache
def _codes() -> dict[str, frozenset[str]]:
    listed = yaml.safe_load((files(__package__) / "units.yaml").read_text())
    return {name: frozenset(codes) for name, codes in listed.items()}
