"""Mappings into the common model: nothing is lost without a word, and units are converted (MIM2 R2.1)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ...probe import Probe
from ...rdf.contexts import parse_json
from ...verdicts import Failure, NotTested, fail_if_any
from ..declaration import check
from .items import Item, items_of_json
from .schemas import schema_of

DOCUMENTS = ("mapping", "mapping-input", "mapping-output")
CLAUSE = "MIM2 R2.1"
# Units as sources write them, with the common code and the factor to the first unit of the same quantity.
_UNITS = {
    "wh": ("WHR", 1.0), "kwh": ("KWH", 1e3), "mwh": ("MWH", 1e6), "w": ("WTT", 1.0), "kw": ("KWT", 1e3),
    "mw": ("MAW", 1e6), "ug_m3": ("GQ", 1.0), "mg_m3": ("GP", 1e3), "m": ("MTR", 1.0), "km": ("KMT", 1e3),
    "cm": ("CMT", 0.01), "mm": ("MMT", 0.001), "kg": ("KGM", 1.0), "g": ("GRM", 0.001), "pa": ("PAL", 1.0),
    "hpa": ("A97", 100.0), "kpa": ("KPA", 1e3), "l": ("LTR", 1.0), "m3": ("MTQ", 1e3), "s": ("SEC", 1.0),
    "min": ("MIN", 60.0), "h": ("HUR", 3600.0), "ms": ("MTS", 1.0), "kmh": ("KMH", 1 / 3.6),
}  # fmt: skip


@check(
    "DATA.mapping-gives-valid-items",
    requirement="MIM2-R2.1",
    mechanism="documents",
    documents=DOCUMENTS,
    clause=CLAUSE,
)
def mapping_gives_valid_items(probe: Probe) -> None:
    """What the mapping makes of its input (document `mapping-output`) is valid by the schema of its type."""
    items = _output(probe)
    schemas = [(item, schema) for item in items if (schema := schema_of(probe, item))]
    if not schemas:
        raise NotTested("The output of the mapping is of no type that has a schema.")
    fail_if_any(
        (f"{item}: {error}" for item, schema in schemas for error in schema.errors(item)),
        "The output is not valid: {}.",
        mend="Mend the mapping.",
    )


@check(
    "DATA.mapping-drops-nothing",
    requirement="MIM2-R2.1",
    mechanism="documents",
    documents=DOCUMENTS,
    clause=CLAUSE,
)
def mapping_drops_nothing(probe: Probe) -> None:
    """Each field of the input is named by the mapping: as a source, or in its list of what is left out."""
    text = probe.document("mapping").decode("utf-8", "replace")
    words = set(re.findall(r"[\w$@.-]+", text))
    leaves = list(_leaves(parse_json(probe.document("mapping-input"), "mapping-input")))
    if not leaves:
        raise NotTested("The input of the mapping has no fields.")
    fail_if_any(
        (
            path
            for path, name, _ in leaves
            if name not in words and path not in words and f"$.{path}" not in words
        ),
        "Fields that the mapping does not name: {}.",
        mend="Map each field, or list it as left out (`unmapped`).",
    )
    kept = {str(value) for item in _output(probe) for _, _, value in _leaves(item.raw)}
    named = re.search(r"unmapped\b(.*)", text, re.DOTALL)
    left_out = named[1] if named else ""
    dropped = [
        path
        for path, name, value in leaves
        if isinstance(value, str) and len(value) > 3 and not any(value in each for each in kept)
        if name not in left_out and path not in left_out
    ]
    fail_if_any(
        dropped, "Fields that the mapping names and drops: {}.", mend="Map them, or list them as left out."
    )


@check(
    "DATA.mapping-converts-units",
    requirement="MIM2-R2.1",
    mechanism="documents",
    documents=DOCUMENTS,
    clause=CLAUSE,
)
def mapping_converts_units(probe: Probe) -> None:
    """A number whose field says another unit than its attribute has not come over as it was."""
    leaves = list(_leaves(parse_json(probe.document("mapping-input"), "mapping-input")))
    given = [
        (path, value, unit) for path, name, value in leaves if _is_number(value) and (unit := _unit_of(name))
    ]
    values = [each for item in _output(probe) for each in item.values if each.unit and each.number]
    if not given or not values:
        raise NotTested("No field of the input says its unit in its name (kwh, power_w, no2_mg_m3...).")
    wrong = []
    for path, value, (code, factor) in given:
        for each in values:
            other = next((found for found in _UNITS.values() if found[0] == each.unit), None)
            if other and code != each.unit and other[1] != factor and each.number == float(value):
                wrong.append(f"{path} {value} became {each.name} {each.number} {each.unit}")
    fail_if_any(
        wrong, "Numbers that were not converted: {}.", mend="Multiply by the factor between the units."
    )


def _output(probe: Probe) -> list[Item]:
    items = items_of_json(parse_json(probe.document("mapping-output"), "mapping-output"), "mapping-output")
    if not items:
        raise Failure("The output of the mapping holds no entity.", mend="Offer what the mapping makes.")
    return items


def _leaves(value: Any, path: str = "", name: str = "") -> Iterator[tuple[str, str, Any]]:
    """Path, name and value of each plain value; the items of a list go by the name of the list."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _leaves(each, f"{path}.{key}" if path else str(key), str(key))
    elif isinstance(value, list):
        for each in value:
            yield from _leaves(each, path, name)
    else:
        yield path, name, value


def _unit_of(name: str) -> tuple[str, float] | None:
    """The unit a field's name ends with, such as power_w or no2_mg_m3 or energyKwh."""
    plain = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name).lower()
    parts = plain.split("_")
    for count in (2, 1):
        found = _UNITS.get("_".join(parts[-count:]))
        if found and len(parts) > count - 1:
            return found
    return None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
