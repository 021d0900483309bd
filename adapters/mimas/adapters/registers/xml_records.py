"""Records in a large XML document, one after the other: what was read is let go of at once."""

from __future__ import annotations

from collections.abc import Collection, Generator
from pathlib import Path
from typing import Any

from lxml import etree

from ..messages import MessageRejected
from ..source import SourceError
from .gml_shapes import is_geometry, local_name, read_geometry, reference_system
from .xml_parsing import safe_options

MAX_DEPTH = 30
Way = tuple[str, ...]


class Shape:
    """A geometry in a record, until it is converted; `srs` is how the document names its reference system."""

    __slots__ = ("geometry", "srs")

    def __init__(self, geometry: Any, srs: str | None) -> None:
        self.geometry = geometry
        self.srs = srs


def read_elements(path: Path, name: str, wanted: Collection[Way]) -> Generator[tuple[Way, Any]]:
    """The wanted elements (by the names on their way from below the root) as data.

    An element becomes an object of its children, a text when it has none, a list when it is there several
    times; attributes stand under `@name`, a geometry as a `Shape`. Namespaces do not count. SourceError when
    the document breaks off.
    """
    deepest = max(len(each) for each in wanted)
    way: list[str] = []
    depth = 0
    record = 0  # the depth of the record that is being read, 0 outside of records
    try:
        with path.open("rb") as file:
            for event, element in etree.iterparse(file, ("start", "end"), **safe_options()):
                if event == "start":
                    if depth <= deepest and not record:
                        way.append(local_name(element))
                        record = depth if tuple(way[1:]) in wanted else 0
                    depth += 1
                    continue
                depth -= 1
                if record and depth > record:
                    continue
                if record:
                    yield tuple(way[1:]), to_data(element)
                    record = 0
                if depth <= deepest:
                    way.pop()
                _forget(element)
    except etree.XMLSyntaxError as error:
        raise SourceError(f"{name} is not XML, or breaks off: {error.msg}"[:300]) from error


def to_data(element: Any, depth: int = 0) -> Any:
    """An element as data; MessageRejected for a geometry that is none stands in its place."""
    if depth > MAX_DEPTH:
        return None
    children = [each for each in element if isinstance(each.tag, str)]
    if len(children) == 1 and is_geometry(children[0]):
        return _shape(children[0])
    attributes = {f"@{name.rpartition('}')[2]}": value for name, value in element.attrib.items()}
    if not children:
        text = (element.text or "").strip() or None
        return {**attributes, "#text": text} if attributes else text
    data: dict[str, Any] = dict(attributes)
    for child in children:
        name = local_name(child)
        value = _shape(child) if is_geometry(child) else to_data(child, depth + 1)
        if name not in data:
            data[name] = value
        elif isinstance(data[name], list):
            data[name].append(value)
        else:
            data[name] = [data[name], value]
    return data


def _shape(element: Any) -> Shape | MessageRejected:
    try:
        return Shape(read_geometry(element), reference_system(element))
    except MessageRejected as rejection:
        return rejection


def _forget(element: Any) -> None:
    """The element may not go before its parser is through with it: it is emptied, those before it go."""
    element.clear(keep_tail=True)
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]
