"""JSON-stat 2.0 (datasets and collections of them), and the bundles of its version 1."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

from ..feeds.feed import Feed, read_json
from ..feeds.shapes import read_shaped
from ..feeds.threads import read_ahead
from ..harvest import Harvest, Record
from ..messages import MessageRejected
from ..source import SourceError
from .observation import Code, make_record

MAX_CELLS = 5_000_000


class JsonStatFeed(Feed):
    """The observations of one JSON-stat response."""

    async def records(self, run: Harvest) -> AsyncIterator[Record | MessageRejected]:
        """Every observation that has a value or a status."""
        params = {str(name): str(value) for name, value in self.options.get("params", {}).items()}
        download = await self.fetch(run, self.url, params=params or None, conditional=True)
        async for record in read_ahead(read_datasets(read_json(download), download.url)):
            yield record


def read_datasets(content: Any, url: str) -> Iterator[Record | MessageRejected]:
    """The observations of every dataset of a response; SourceError when it is none."""
    return read_shaped(_read_datasets(content, url), url)


def _read_datasets(content: Any, url: str) -> Iterator[Record | MessageRejected]:
    several = list(_datasets(content))
    if not several:
        raise SourceError(f"{url} holds no JSON-stat dataset; of a collection of links name one")
    for name, dataset in several:
        yield from _read_dataset(name, dataset, several=len(several) > 1)


def _datasets(content: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The datasets of a response by name: the response itself, its collection, or a bundle of version 1."""
    if not isinstance(content, dict):
        return
    if content.get("class") == "dataset" or {"id", "size", "dimension", "value"} <= content.keys():
        yield str(_object(content, "extension").get("id") or content.get("label") or "dataset"), content
    elif content.get("class") == "collection":
        for item in _object(content, "link").get("item", []):
            if isinstance(item, dict) and item.get("class") == "dataset" and "value" in item:
                yield str(item.get("label") or item.get("href") or "dataset"), item
    else:
        for name, dataset in content.items():
            if isinstance(dataset, dict) and {"dimension", "value"} <= dataset.keys():
                yield name, dataset


@dataclass(frozen=True, slots=True)
class _Dimension:
    name: str
    codes: tuple[Code, ...]


def _read_dataset(
    name: str, dataset: Mapping[str, Any], *, several: bool = False
) -> Iterator[Record | MessageRejected]:
    """The observations of one dataset; SourceError when its parts do not fit each other."""
    dimensions = _dimensions(name, dataset)
    size = prod(len(each.codes) for each in dimensions)
    if size > MAX_CELLS:
        raise SourceError(f"{name}: the cube has {size} cells, more than {MAX_CELLS}; ask for a part of it")
    values, statuses = _cells(name, dataset, "value", size), _cells(name, dataset, "status", size)
    meaning = _status_labels(dataset)
    time = _time_dimension(dataset)
    for index in sorted(values.keys() | statuses.keys()):
        codes = _codes_at(dimensions, index)
        attributes = {}
        if (status := statuses.get(index)) is not None:
            attributes["status"] = Code(str(status), meaning.get(str(status)))
        if values.get(index) is None and not attributes:
            continue
        place = f"{name}[{index}]"
        record = make_record(place, codes, values.get(index), time=time, attributes=attributes, dataset=name)
        if several and isinstance(record, Record):
            record = Record(place, record.fields, f"{name}:{record.key}")
        yield record


def _dimensions(name: str, dataset: Mapping[str, Any]) -> list[_Dimension]:
    known = dataset.get("dimension")
    if not isinstance(known, dict):
        raise SourceError(f"{name}: there are no dimensions")
    ids = dataset.get("id", known.get("id"))  # version 1 keeps id, size and role among the dimensions
    sizes = dataset.get("size", known.get("size"))
    if not isinstance(ids, list) or not isinstance(sizes, list) or len(ids) != len(sizes):
        raise SourceError(f"{name}: id and size do not fit each other")
    found = [_Dimension(str(each), _codes(name, str(each), known)) for each in ids]
    for dimension, size in zip(found, sizes, strict=True):
        if len(dimension.codes) != size:
            told = f"{len(dimension.codes)} categories, its size is {size}"
            raise SourceError(f"{name}: the dimension {dimension.name} has {told}")
    return found


def _codes(name: str, dimension: str, known: Mapping[str, Any]) -> tuple[Code, ...]:
    category = _object(_object(known, dimension), "category")
    if not category:
        raise SourceError(f"{name}: the dimension {dimension} has no categories")
    labels = _object(category, "label")
    index = category.get("index")
    if isinstance(index, dict):
        ordered = sorted(index, key=lambda code: index[code])
    else:
        ordered = list(index) if isinstance(index, list) else list(labels)
    return tuple(Code(str(code), labels.get(code)) for code in ordered)


def _cells(name: str, dataset: Mapping[str, Any], member: str, size: int) -> dict[int, Any]:
    """Values by their position: from a list, a sparse object, or one word for all cells."""
    cells = dataset.get(member)
    if cells is None:
        return {}
    if isinstance(cells, str):
        return dict.fromkeys(range(size), cells)
    if isinstance(cells, list):
        if len(cells) == 1 and member == "status":
            return dict.fromkeys(range(size), cells[0])
        found = {index: cell for index, cell in enumerate(cells) if cell is not None}
    else:
        found = {int(index): cell for index, cell in cells.items() if str(index).isdigit()}
    if max(found, default=-1) >= size or len(cells) > size:
        raise SourceError(f"{name}: there are more {member} entries than the {size} cells of the dimensions")
    return found


def _codes_at(dimensions: list[_Dimension], index: int) -> dict[str, Code]:
    """The categories of a cell: cells are in row-major order, the last dimension counts fastest."""
    found = {}
    for dimension in reversed(dimensions):
        index, position = divmod(index, len(dimension.codes))
        found[dimension.name] = dimension.codes[position]
    return dict(reversed(found.items()))


def _time_dimension(dataset: Mapping[str, Any]) -> str | None:
    times = (_object(dataset, "role") or _object(dataset["dimension"], "role")).get("time")
    return str(times[0]) if isinstance(times, list) and times else None


def _status_labels(dataset: Mapping[str, Any]) -> Mapping[str, Any]:
    """What Eurostat and others say of their status codes, in the dataset's extension."""
    return _object(_object(_object(dataset, "extension"), "status"), "label")


def _object(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    member = value.get(name)
    return member if isinstance(member, dict) else {}
