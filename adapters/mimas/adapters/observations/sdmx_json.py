"""SDMX-JSON data messages, versions 1.0 and 2.0: indices into the structure become codes and labels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..feeds.shapes import read_shaped
from ..harvest import Record
from ..messages import MessageRejected
from ..source import SourceError
from .observation import Code, make_record

_LEVELS = ("dataSet", "series", "observation")


@dataclass(frozen=True, slots=True)
class _Component:
    name: str
    codes: tuple[Code, ...]


@dataclass(frozen=True, slots=True)
class _Structure:
    dimensions: Mapping[str, tuple[_Component, ...]]
    attributes: Mapping[str, tuple[_Component, ...]]
    time: str | None


def read_message(content: Any, url: str, language: str | None) -> Iterator[Record | MessageRejected]:
    """The observations of a message; SourceError when it is none."""
    return read_shaped(_read_message(content, url, language), url)


def _read_message(content: Any, url: str, language: str | None) -> Iterator[Record | MessageRejected]:
    data = content.get("data", content) if isinstance(content, dict) else None
    if not isinstance(data, dict) or "dataSets" not in data:
        raise SourceError(f"{url} is no SDMX-JSON data message; it has no dataSets")
    structures = data.get("structures") or [data.get("structure")]
    for number, dataset in enumerate(data["dataSets"]):
        index = dataset.get("structure", 0)
        structure = structures[index] if isinstance(index, int) and index < len(structures) else None
        if not isinstance(structure, dict):
            raise SourceError(f"{url}: the dataset {number} has no structure")
        yield from _read_dataset(dataset, _read_structure(structure, language), f"{url} dataset {number}")


def _read_structure(structure: Mapping[str, Any], language: str | None) -> _Structure:
    parts = [
        {
            level: tuple(_component(each, language) for each in structure.get(kind, {}).get(level) or ())
            for level in _LEVELS
        }
        for kind in ("dimensions", "attributes")
    ]
    time = next(
        (
            str(each["id"])
            for level in _LEVELS
            for each in structure.get("dimensions", {}).get(level) or ()
            if each.get("id") == "TIME_PERIOD"
            or each.get("role") == "time"
            or "time" in (each.get("roles") or [])
        ),
        None,
    )
    return _Structure(parts[0], parts[1], time)


def _component(component: Mapping[str, Any], language: str | None) -> _Component:
    codes = tuple(
        Code(str(each.get("id", each.get("value", ""))), _name(each, language))
        for each in component.get("values") or ()
        if isinstance(each, dict)
    )
    return _Component(str(component["id"]), codes)


def _name(value: Mapping[str, Any], language: str | None) -> str | None:
    names = value.get("names")
    if isinstance(names, dict) and language in names:
        return str(names[language])
    name = value.get("name")
    if isinstance(name, dict):  # some servers of version 1 write names by language here
        return str(name.get(language) or next(iter(name.values()), ""))
    return None if name is None else str(name)


def _read_dataset(
    dataset: Mapping[str, Any], structure: _Structure, place: str
) -> Iterator[Record | MessageRejected]:
    shared = _by_index(structure.dimensions["dataSet"], [0] * len(structure.dimensions["dataSet"]))
    about = _attributes(structure.attributes["dataSet"], dataset.get("attributes"))
    flat = {"": {"observations": dataset.get("observations") or {}}}
    for key, series in (dataset.get("series") or flat).items():
        try:
            outer = shared | _by_index(structure.dimensions["series"], _indices(key))
            told = about | _attributes(structure.attributes["series"], series.get("attributes"))
            observations = series.get("observations", {}).items()
        except (ValueError, AttributeError) as error:
            yield MessageRejected("payload", f"{place} series {key}", f"does not fit its structure: {error}")
            continue
        for inner, cells in observations:
            yield _observation(f"{place} [{key}][{inner}]", outer, told, inner, cells, structure)


def _observation(
    place: str,
    outer: Mapping[str, Code],
    told: Mapping[str, Code],
    inner: str,
    cells: Any,
    structure: _Structure,
) -> Record | MessageRejected:
    try:
        codes = {**outer, **_by_index(structure.dimensions["observation"], _indices(inner))}
        value, *indices = cells if isinstance(cells, list) and cells else [None]
        attributes = {**told, **_attributes(structure.attributes["observation"], indices)}
    except ValueError as error:
        return MessageRejected("payload", place, f"does not fit its structure: {error}")
    return make_record(place, codes, value, time=structure.time, attributes=attributes)


def _indices(key: str) -> list[int]:
    return [int(each) for each in key.split(":")] if key else []


def _by_index(components: Sequence[_Component], indices: Sequence[int]) -> dict[str, Code]:
    if len(components) != len(indices):
        raise ValueError(f"{len(indices)} indices for {len(components)} dimensions")
    return {each.name: _code(each, index) for each, index in zip(components, indices, strict=True)}


def _code(component: _Component, index: int) -> Code:
    if not 0 <= index < len(component.codes):
        raise ValueError(f"there is no value {index} of {component.name}")
    return component.codes[index]


def _attributes(components: Sequence[_Component], indices: Any) -> dict[str, Code]:
    """Attributes by their index; one that is not coded (2.0) stands there itself, null is none."""
    found = {}
    for component, index in zip(components, indices or (), strict=False):
        if index is None:
            continue
        coded = isinstance(index, int) and not isinstance(index, bool) and component.codes
        found[component.name] = _code(component, index) if coded else Code(str(index))
    return found
