"""What is declared about a register: which elements are records, what names them, what a change file is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..source import SourceError

Way = tuple[str, ...]
_PLACE = re.compile(r"\{([^{}]+)\}")


@dataclass(frozen=True, slots=True)
class ElementKind:
    """Elements of one name: where they stand below the root, and the template of their key."""

    way: Way
    key: str

    @property
    def name(self) -> str:
        """The name of the element itself."""
        return self.way[-1]

    def key_of(self, data: Any) -> str | None:
        """The key of an element; None when a part of it is missing."""
        missing = False

        def put(place: re.Match[str]) -> str:
            nonlocal missing
            value = at(data, place[1])
            missing = missing or not isinstance(value, str) or not value
            return str(value)

        key = _PLACE.sub(put, self.key)
        return None if missing else key


@dataclass(frozen=True, slots=True)
class ChangeMark:
    """The member of the header that says that a document holds changes alone, and its values."""

    path: str
    values: tuple[str, ...]

    def holds(self, header: Mapping[str, Any]) -> bool:
        """Say whether the document with this header holds changes."""
        return at(header, self.path) in self.values


@dataclass(frozen=True, slots=True)
class Register:
    """Everything about the documents of a register that its reader must know."""

    records: tuple[ElementKind, ...]
    gone: tuple[ElementKind, ...] = ()
    header: Way = ()
    change: ChangeMark | None = None
    order: str | None = None
    previous: str | None = None
    geometry: tuple[str, ...] = ()

    @property
    def ways(self) -> set[Way]:
        """Where all elements stand that are looked at."""
        wanted = {each.way for each in (*self.records, *self.gone)}
        return wanted | {self.header} if self.header else wanted


def compile_register(options: Mapping[str, Any]) -> Register:
    """The register that the options of a source declare."""
    changes = options.get("changes", {})
    mark = ChangeMark(changes["path"], tuple(changes["values"])) if "path" in changes else None
    header = way_of(options["header"]) if "header" in options else ()
    if mark is not None and not header:
        raise SourceError("changes: name the header element that says so, e.g. header: Header")
    geometry = options.get("geometry", ())
    return Register(
        tuple(ElementKind(way_of(each["element"]), each["key"]) for each in options["records"]),
        tuple(ElementKind(way_of(each["element"]), each["key"]) for each in options.get("gone", ())),
        header,
        mark,
        changes.get("order"),
        changes.get("previous"),
        (geometry,) if isinstance(geometry, str) else tuple(geometry),
    )


def way_of(text: str) -> Way:
    """`Data/Buildings/Building` as the names on the way from below the root."""
    return tuple(part for part in text.strip("/").split("/") if part)


def at(data: Any, path: str) -> Any:
    """The member at a dotted path; None when there is none."""
    for name in path.split("."):
        data = data.get(name) if isinstance(data, dict) else None
    return data
