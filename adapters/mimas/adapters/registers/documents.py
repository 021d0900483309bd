"""Documents of a register: what their headers say, and their elements as records in WGS 84."""

from __future__ import annotations

from collections.abc import Container, Generator, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..geo.feature_source import GEOMETRY, Found
from ..geo.projection import Projection, make_projection, parse_crs
from ..geo.shapes import ShapePlan, convert
from ..harvest import Record
from ..messages import MessageRejected
from ..source import SourceError
from .declared import ElementKind, Register, at
from .xml_records import Shape, Way, read_elements

BATCH = 500
ELEMENT = "element"


@dataclass(frozen=True, slots=True)
class RegisterDocument:
    """A file of the register, with what its header says: changes or everything, and after which file."""

    path: Path
    name: str
    is_change: bool = False
    order: int | str | None = None
    previous: str | None = None


@dataclass(frozen=True, slots=True)
class Deleted:
    """An element that the register does not have any more."""

    key: str


def describe(path: Path, name: str, register: Register) -> RegisterDocument:
    """Read the header of a document."""
    if not register.header:
        return RegisterDocument(path, name)
    for way, data in read_elements(path, name, register.ways):
        if way == register.header:
            order = at(data, register.order) if register.order else None
            return RegisterDocument(
                path,
                name,
                register.change is not None and register.change.holds(data),
                int(order) if isinstance(order, str) and order.isdigit() else order,
                at(data, register.previous) if register.previous else None,
            )
        break  # the header comes first: without it there is none
    raise SourceError(f"{name} has no {'/'.join(register.header)}: is it a file of this register?")


@dataclass(frozen=True, slots=True)
class Element:
    """An element that is a record, as it was read; `place` is for people."""

    kind: ElementKind
    key: str | None
    data: dict[str, Any]
    place: str


class DocumentReader:
    """Reads documents of one register."""

    def __init__(self, register: Register, plan: ShapePlan) -> None:
        self._register = register
        self._plan = plan
        self._kinds: dict[Way, ElementKind] = {each.way: each for each in register.records}
        self._gone: dict[Way, ElementKind] = {each.way: each for each in register.gone}
        self._projections: dict[str | None, Projection] = {}

    def elements(self, document: RegisterDocument) -> Generator[Element | Deleted]:
        """What a document holds, in its order."""
        for way, data in read_elements(document.path, document.name, self._register.ways):
            if way in self._gone:
                key = self._gone[way].key_of(data)
                if key is not None:
                    yield Deleted(key)
            elif way in self._kinds:
                kind = self._kinds[way]
                fields = data if isinstance(data, dict) else {"#text": data}
                key = kind.key_of(fields)
                yield Element(kind, key, fields, f"{document.name}:{key or kind.name}")

    def complete(self, element: Element) -> dict[str, Any] | None:
        """The fields of a record, with what its links lead to; None when it is not to be one."""
        return element.data

    def records(
        self, elements: Iterable[Element | Deleted], skipped: Container[str | None] = ()
    ) -> Generator[list[Found]]:
        """Records and refusals, some at a time. Elements with a skipped key are looked at, but give none."""
        waiting: list[tuple[Element, dict[str, Any]]] = []
        for element in elements:
            if isinstance(element, Deleted):
                continue
            fields = self.complete(element)
            if fields is not None and element.key not in skipped:
                waiting.append((element, {ELEMENT: element.kind.name, **fields}))
            if len(waiting) >= BATCH:
                yield list(self._records(waiting))
                waiting = []
        yield list(self._records(waiting))

    def _records(self, waiting: list[tuple[Element, dict[str, Any]]]) -> Iterator[Found]:
        refusals = self._convert([fields for _, fields in waiting])
        for index, (element, fields) in enumerate(waiting):
            if index in refusals:
                yield refusals[index].within(element.place)
                continue
            if GEOMETRY not in fields:
                fields[GEOMETRY] = self._main_geometry(fields)
            yield Record(element.place, fields, element.key)

    def _main_geometry(self, fields: dict[str, Any]) -> Any:
        found = (at(fields, path) for path in self._register.geometry)
        return next((each for each in found if each is not None), None)

    def _convert(self, rows: list[dict[str, Any]]) -> dict[int, MessageRejected]:
        """Put GeoJSON in the place of every shape; the refusals of rows with a shape that cannot be."""
        refusals: dict[int, MessageRejected] = {}
        groups: dict[str | None, list[tuple[int, Any, Any, Shape]]] = {}
        for index, row in enumerate(rows):
            for holder, name, found in _shapes(row):
                if isinstance(found, MessageRejected):
                    refusals.setdefault(index, found)
                else:
                    groups.setdefault(found.srs, []).append((index, holder, name, found))
        for srs, places in groups.items():
            geometries = [shape.geometry for _, _, _, shape in places]
            outcomes = convert(geometries, self._projection(srs), self._plan)
            for (index, holder, name, _), outcome in zip(places, outcomes, strict=True):
                holder[name] = outcome
                if isinstance(outcome, MessageRejected):
                    refusals.setdefault(index, outcome)
        return refusals

    def _projection(self, srs: str | None) -> Projection:
        if srs not in self._projections:
            self._projections[srs] = _projection(srs, self._plan)
        return self._projections[srs]


def _projection(srs: str | None, plan: ShapePlan) -> Projection:
    if plan.crs is not None:
        return make_projection(plan.crs, plan.axes)
    if srs is None:
        raise SourceError("the geometries name no reference system: write crs: EPSG:5514 or the like")
    crs = parse_crs(srs)
    # In its long form the name of a system implies the order of its axes (OGC 07-036, 9.10).
    is_north_first = (
        crs.axis_info and crs.axis_info[0].direction == "north" and ":def" in srs.replace("/", ":")
    )
    return make_projection(crs, "yx" if is_north_first and plan.axes == "xy" else plan.axes)


def _shapes(data: Any) -> Iterator[tuple[Any, Any, Any]]:
    """Every shape in a record: what holds it, under which name, and itself."""
    members = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for name, value in list(members):
        if isinstance(value, Shape | MessageRejected):
            yield data, name, value
        else:
            yield from _shapes(value)
