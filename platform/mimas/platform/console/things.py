"""What pages say about entities, read from stored documents: names, places, latest values. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import quote

from mimas.ngsi_ld.models import local_name

from .words import is_amount, name_text

_SKIPPED = frozenset({"id", "type", "scope", "expiresAt"})
# ThreePhaseAcMeasurement counts "since metering started", ACMeasurement states an interval.
_COUNTING_TYPES = frozenset({"ThreePhaseAcMeasurement", "StreetlightControlCabinet"})
_COUNTING_ATTRIBUTES = frozenset(
    f"total{kind}Energy{direction}"
    for kind in ("Active", "Reactive", "Apparent")
    for direction in ("Import", "Export")
) | {"energyConsumed", "reactiveEnergyConsumed", "lastMeterReading"}
_COUNTING_KINDS = frozenset({"total", "counter", "cumulative"})
_HIDDEN_NUMBERS = frozenset({"floorsAboveGround", "floorsBelowGround"})


@dataclass(frozen=True, slots=True)
class Latest:
    """The latest value of one attribute; `stored_name` finds its history again."""

    thing: str
    attribute: str
    stored_name: str
    label: str
    value: Any
    unit: str | None
    observed_at: datetime | None
    is_counter: bool = False

    @property
    def method(self) -> Literal["sum", "avg", "max"]:
        """How the readings of one step become its value: amounts add up, counters show where they stand."""
        if self.is_counter:
            return "max"
        return "sum" if is_amount(self.unit) else "avg"

    @property
    def link(self) -> str:
        """The page with its history."""
        return f"/history/{quote(self.thing, safe=':')}?attribute={quote(self.stored_name, safe='')}"


@dataclass(frozen=True, slots=True)
class Thing:
    """One entity as a page shows it."""

    id: str
    type: str
    name: str
    description: str
    provider: str
    address: str
    location: dict[str, Any] | None
    refers_to: frozenset[str]
    latest: tuple[Latest, ...]
    facts: tuple[tuple[str, str], ...] = ()

    @property
    def link(self) -> str:
        """Its page."""
        return f"/things/{quote(self.id, safe=':')}"

    @property
    def simulated(self) -> bool:
        """Whether it says of itself that it is simulated."""
        return "simulated" in f"{self.provider} {self.description}".lower()

    @property
    def replayed(self) -> bool:
        """Whether it says of itself that old readings are played again."""
        return "replayed" in f"{self.provider} {self.description}".lower()


@dataclass(frozen=True, slots=True)
class Place:
    """A building or site with everything that measures in it."""

    thing: Thing
    number: int
    latest: tuple[Latest, ...] = field(default=())

    @property
    def last_reading(self) -> datetime | None:
        """When the newest of its readings was observed."""
        return max((each.observed_at for each in self.latest if each.observed_at), default=None)


def read_thing(document: dict[str, Any]) -> Thing:
    """Make it from a stored document; names of the Smart Data Models are understood short and as IRIs."""
    by_name = {local_name(name): content for name, content in document.items() if name not in _SKIPPED}
    types = document.get("type", "")
    type_name = local_name(types if isinstance(types, str) else types[0])
    identifier = str(document["id"])
    return Thing(
        id=identifier,
        type=type_name,
        name=_text(by_name.get("name")) or identifier.rsplit(":", 1)[-1],
        description=_text(by_name.get("description")),
        provider=_text(by_name.get("dataProvider")),
        address=address_text(_value(by_name.get("address"))),
        location=_geometry(by_name.get("location")),
        refers_to=frozenset(_references(by_name.values())),
        latest=tuple(_read_latest(identifier, type_name, document, by_name)),
        facts=tuple(_facts(by_name)),
    )


def gather_places(buildings: Iterable[Thing], others: Iterable[Thing]) -> list[Place]:
    """Each building with the readings of what refers to it, directly or through one device."""
    places, rest = [], list(others)
    for number, building in enumerate(sorted(buildings, key=_natural_order), start=1):
        devices = {each.id for each in rest if building.id in each.refers_to}
        latest = [
            value for each in rest if each.id in devices or each.refers_to & devices for value in each.latest
        ]
        order = sorted((*building.latest, *latest), key=lambda each: (each.label, each.thing))
        places.append(Place(building, number, tuple(order)))
    return places


def _natural_order(thing: Thing) -> list[tuple[int, str]]:
    """Building 9 before building 10."""
    return [
        (int(part), "") if part.isdecimal() else (0, part.lower()) for part in re.split(r"(\d+)", thing.name)
    ]


def address_text(address: Any) -> str:
    """A postal address in one line."""
    if isinstance(address, str):
        return address
    if not isinstance(address, dict):
        return ""
    street = " ".join(filter(None, (address.get("streetAddress"), address.get("streetNr"))))
    town = " ".join(filter(None, (address.get("postalCode"), address.get("addressLocality"))))
    return ", ".join(filter(None, (street, town)))


def _read_latest(
    identifier: str, type_name: str, document: dict[str, Any], by_name: dict[str, Any]
) -> Iterable[Latest]:
    subject, kind = _value(by_name.get("controlledProperty")), _value(by_name.get("measurementType"))
    for stored, content in document.items():
        instance = content[0] if isinstance(content, list) and content else content
        if stored in _SKIPPED or not isinstance(instance, dict) or instance.get("type") != "Property":
            continue
        value, observed = instance.get("value"), _moment(instance.get("observedAt"))
        name = local_name(stored)
        if isinstance(value, bool) or not isinstance(value, int | float) or name in _HIDDEN_NUMBERS:
            continue
        if observed is None and "unitCode" not in instance:
            continue
        unit = instance.get("unitCode")
        is_counter = is_amount(unit) and _counts(type_name, name, kind)
        label = name_text(subject) if name == "numValue" and isinstance(subject, str) else name_text(name)
        label += " (meter reading)" if is_counter else ""
        yield Latest(identifier, name, stored, label, value, unit, observed, is_counter)


def _counts(type_name: str, name: str, measurement_type: Any) -> bool:
    """Whether values go up for ever, as the model defines the attribute or the measurement says of itself."""
    by_model = type_name in _COUNTING_TYPES and name in _COUNTING_ATTRIBUTES
    return by_model or (isinstance(measurement_type, str) and measurement_type in _COUNTING_KINDS)


def _facts(by_name: dict[str, Any]) -> Iterable[tuple[str, str]]:
    """What else is worth a line: texts, lists of texts and whole numbers."""
    for name, content in by_name.items():
        value = _value(content)
        if name in ("name", "description", "dataProvider", "address", "location"):
            continue
        if isinstance(value, list) and value and all(isinstance(each, str) for each in value):
            value = ", ".join(value)
        if isinstance(value, dict) and "@value" in value:
            value = value["@value"]
        if isinstance(value, str | int) and not isinstance(value, bool) and len(str(value)) <= 200:
            yield name_text(name), str(value)


def _references(contents: Iterable[Any]) -> Iterable[str]:
    for content in contents:
        for instance in content if isinstance(content, list) else (content,):
            if isinstance(instance, dict) and instance.get("type") == "Relationship":
                target = instance.get("object")
                yield from target if isinstance(target, list) else (str(target),)


def _value(content: Any) -> Any:
    instance = content[0] if isinstance(content, list) and content else content
    return instance.get("value") if isinstance(instance, dict) else None


def _text(content: Any) -> str:
    value = _value(content)
    if value is None and isinstance(content, dict):
        words = content.get("languageMap")
        value = next(iter(words.values()), "") if isinstance(words, dict) else ""
    return value if isinstance(value, str) else ""


def _geometry(content: Any) -> dict[str, Any] | None:
    value = _value(content)
    return value if isinstance(value, dict) and value.get("coordinates") else None


def _moment(text: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
