"""SDMX-ML data messages, generic and structure-specific (2.1 and 3.0), streamed.

Elements are told apart by their local names: the namespaces differ between versions, and those of
structure-specific data belong to the publisher. Labels come from a structure message. Without one, what a
series carries in XML attributes counts as its dimensions but for the usual attributes of statistics.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..harvest import Record
from ..messages import MessageRejected
from ..source import SourceError
from .observation import Code, make_record, to_number

TIME = "TIME_PERIOD"
VALUE = "OBS_VALUE"
LANG = "{http://www.w3.org/XML/1998/namespace}lang"
# SDMX cross-domain concepts that are attributes in every structure known to us.
_USUAL_ATTRIBUTES = frozenset(
    {
        *(
            "ACTION",
            "COLLECTION",
            "COMMENT_OBS",
            "CONF_STATUS",
            "DECIMALS",
            "OBS_COM",
            "OBS_CONF",
            "OBS_FLAG",
        ),
        *("OBS_PRE_BREAK", "OBS_STATUS", "PRE_BREAK_VALUE", "REPORTING_YEAR_START_DAY", "TIME_FORMAT"),
        *("TITLE", "TITLE_COMPL", "UNIT_MULT"),
    }
)

Labels = Mapping[str, Mapping[str, str]]
"""Component, then code, to what the code means."""


def read_data(
    path: Path, url: str, labels: Labels, dimensions: frozenset[str]
) -> Iterator[Record | MessageRejected]:
    """The observations of a data message. `dimensions` tells them from attributes where the XML does not.

    Raises SourceError when it is no SDMX-ML, or breaks off.
    """
    reader = _Reader(labels, dimensions)
    for event, element in _events(path, url):
        if event == "start":
            reader.enter(_local(element), element)
            continue
        record = reader.leave(_local(element), element)
        if record is not None:
            yield record
        if _local(element) in ("Obs", "Series", "Group"):
            _forget(element)
    if not reader.is_data:
        raise SourceError(f"{url} is no SDMX-ML data message: there is no DataSet")


def read_labels(
    path: Path, url: str, language: str | None
) -> tuple[dict[str, dict[str, str]], frozenset[str]]:
    """What the codes of each component mean, and which are dimensions, from a structure message."""
    lists: dict[str, dict[str, str]] = {}
    used: dict[str, str] = {}
    dimensions: set[str] = set()
    for event, element in _events(path, url):
        name = _local(element)
        if event == "end" and name == "Codelist":
            lists[element.get("id", "")] = _codes(element, language)
            _forget(element)
        elif event == "end" and name in ("Dimension", "Attribute", "TimeDimension"):
            component = element.get("id") or ""
            if name != "Attribute" and component:
                dimensions.add(component)
            if (codelist := _enumeration(element)) is not None:
                used[component] = codelist
    return {name: lists[codelist] for name, codelist in used.items() if codelist in lists}, frozenset(
        dimensions
    )


class _Reader:
    """What is known while one message streams by."""

    def __init__(self, labels: Labels, dimensions: frozenset[str]) -> None:
        self.is_data = False
        self._labels = labels
        self._dimensions = dimensions
        self._series: dict[str, str] = {}
        self._about: dict[str, str] = {}
        self._in_series = False
        self._at = TIME
        self._count = 0

    def enter(self, name: str, element: Any) -> None:
        """A series begins: structure-specific ones carry all they are in XML attributes."""
        if name == "DataSet":
            self.is_data = True
        elif name == "Structure" and element.get("dimensionAtObservation"):
            self._at = element.get("dimensionAtObservation")
        elif name == "Series":
            self._series, self._about, self._in_series = _own(element), {}, True

    def leave(self, name: str, element: Any) -> Record | MessageRejected | None:
        """An element is complete: keys are kept for what follows, an observation becomes its record."""
        match name:
            case "SeriesKey":
                self._series |= _values(element)
            case "Attributes" if _local(element.getparent()) == "Series":
                self._about = _values(element)
            case "Series":
                self._series, self._about, self._in_series = {}, {}, False
            case "Obs":
                return self._observation(element)
        return None

    def _observation(self, element: Any) -> Record | MessageRejected:
        self._count += 1
        place = f"observation {self._count}"
        own, told, value = _own(element), dict(self._about), element.get(VALUE)
        for child in element:
            match _local(child):
                case "ObsKey":
                    own |= _values(child)
                case "ObsDimension":
                    own[child.get("id", self._at)] = child.get("value", "")
                case "ObsValue":
                    value = child.get("value")
                case "Attributes":
                    told |= _values(child)
        own.pop(VALUE, None)
        if self._in_series and not self._dimensions:
            told |= {name: each for name, each in own.items() if name != self._at}
            own = {name: each for name, each in own.items() if name == self._at}
        keys = self._series | own
        told |= {name: each for name, each in keys.items() if not self._is_dimension(name)}
        keys = {name: each for name, each in keys.items() if self._is_dimension(name)}
        if not keys:
            return MessageRejected("payload", place, "has no dimensions")
        return make_record(
            place, self._coded(keys), to_number(value), time=TIME, attributes=self._coded(told)
        )

    def _is_dimension(self, name: str) -> bool:
        return name in self._dimensions if self._dimensions else name not in _USUAL_ATTRIBUTES

    def _coded(self, values: Mapping[str, str]) -> dict[str, Code]:
        return {name: Code(code, self._labels.get(name, {}).get(code)) for name, code in values.items()}


def _own(element: Any) -> dict[str, str]:
    """The XML attributes of an element without a namespace: components of structure-specific data."""
    return {str(name): str(value) for name, value in element.attrib.items() if not name.startswith("{")}


def _values(element: Any) -> dict[str, str]:
    """The `Value id= value=` children of generic data."""
    return {each.get("id", ""): each.get("value", "") for each in element if _local(each) == "Value"}


def _codes(codelist: Any, language: str | None) -> dict[str, str]:
    found = {}
    for code in codelist:
        names = [each for each in code if _local(each) == "Name"] if _local(code) == "Code" else []
        if names:
            best = next((each for each in names if each.get(LANG) == language), names[0])
            found[code.get("id", "")] = (best.text or "").strip()
    return found


def _enumeration(component: Any) -> str | None:
    """The id of the code list of a component: of its Ref (2.1), or the end of its URN."""
    for each in component.iter():
        if _local(each) != "Enumeration":
            continue
        for reference in each.iter():
            if _local(reference) == "Ref":
                return str(reference.get("id"))
        urn = (each.text or "").strip()
        return urn.rpartition("=")[2].partition("(")[0].rpartition(":")[2] or None
    return None


def _local(element: Any) -> str:
    tag = element.tag if element is not None else ""
    return str(tag).rpartition("}")[2]


def _forget(element: Any) -> None:
    """Let go of what was read, so that memory stays flat however long the message is."""
    element.clear()
    while element.getprevious() is not None:
        del element.getparent()[0]


def _events(path: Path, url: str) -> Iterator[tuple[str, Any]]:
    from lxml import etree

    try:
        yield from etree.iterparse(
            str(path),
            events=("start", "end"),
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            huge_tree=False,
            remove_comments=True,
            remove_pis=True,
        )
    except etree.XMLSyntaxError as error:
        raise SourceError(f"{url} cannot be read as SDMX-ML: {error.msg}; perhaps it is cut off") from error
