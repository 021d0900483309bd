"""Times: with seconds and zone, as text and not as a count of milliseconds, and there at all (MIM2 R1.1)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ...probe import Probe
from ...verdicts import Failure, NotTested, fail_if_any
from ..declaration import check
from ..ngsi_ld.broker import Broker, prop
from .instants import is_instant, looks_like_a_time, parse_instant
from .items import Item, Value
from .quantities import quantity_of
from .sources import Data, of_data

CLAUSE = "RFC 3339, 5.6; CIM 009, 4.6.3"
MEND = "Write times as 2026-03-31T08:00:00Z, or with an offset such as +02:00."
_TIME_NAME = re.compile(
    r"^date[A-Z_]|^(timestamp|time|datetime)$|(At|Time|Timestamp|_at|_time|_ts)$|^observed(At|On)$"
)
# Counts of seconds (or milliseconds) since 1970, between 2001 and 2096.
_SECONDS = (1e9, 4e9)
_MILLISECONDS = (1e12, 4e12)


@of_data("times-have-a-zone", "MIM2-R1.1d", clause=CLAUSE)
def times_have_a_zone(data: Data) -> None:
    """Every date with a time of day is a date-time of RFC 3339: seconds, and Z or an offset."""
    texts = list(_texts(data))
    if not texts:
        raise NotTested("No time was found in the data.")
    fail_if_any(
        (f"{text!r} ({name} of {item})" for item, name, text in texts if not is_instant(text)),
        "Times that are not RFC 3339: {}.",
        mend=MEND,
    )


@of_data("times-are-no-counts", "MIM2-R1.1d", clause=CLAUSE)
def times_are_no_counts(data: Data) -> None:
    """No time is a number of seconds or milliseconds since 1970, whose unit and zone nobody states."""
    named = [
        (item, each) for item in data.items for each in item.values if _TIME_NAME.search(_short(each.name))
    ]
    if not named:
        raise NotTested("No attribute is named like a time.")
    fail_if_any(
        (f"{each.value!r} ({each.name} of {item})" for item, each in named if _is_count(each)),
        "Times that are counts: {}.",
        mend=MEND,
    )


@of_data("measured-when", "MIM2-R1.1d", clause="CIM 009, 4.8 (observedAt)")
def measured_when(data: Data) -> None:
    """Each measured value says when: observedAt beside it, or a time among the attributes of its entity."""
    measured = [
        (item, each)
        for item in data.items
        for each in item.values
        if each.number is not None and (each.unit is not None or quantity_of(each.name)) and item.types
    ]
    if not measured:
        raise NotTested("No measured value of an entity was found.")
    fail_if_any(
        (f"{each.name} of {item}" for item, each in measured if not _is_dated(item, each)),
        "Measured, but nobody says when: {}.",
        mend="Add observedAt to the value, or dateObserved to the entity.",
    )


@of_data("times-are-past", "MIM2-R1.1d", level="SHOULD", clause="CIM 009, 4.8 (observedAt)")
def observed_before_now(data: Data) -> None:
    """observedAt is a moment of this century, not the year 1970 of a clock that was never set."""
    observed = [(item, each) for item in data.items for each in item.values if each.observed_at]
    if not observed:
        raise NotTested("No value has observedAt.")
    fail_if_any(
        (
            f"{each.observed_at} ({each.name} of {item})"
            for item, each in observed
            if is_instant(str(each.observed_at)) and parse_instant(str(each.observed_at)).year < 1990
        ),
        "Observed before anything was: {}.",
        mend="Set the clock of the device.",
    )


@check("DATA.clock-change-day", requirement="MIM2-R1.1d", mechanism="ngsi-ld", needs={"write"}, clause=CLAUSE)
def clock_change_day(probe: Probe) -> None:
    """Two moments that are the same hour of the clock, when summer time ends, stay two moments."""
    broker = Broker(probe)
    times = ("2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z")  # both 02:30 in Central Europe
    written = {
        f"reading{number}": prop({"@type": "DateTime", "@value": each}, observedAt=each)
        for number, each in enumerate(times)
    }
    entity = broker.stored(broker.create(**written))
    for name, value in written.items():
        found = entity.get(name, {})
        back = (found.get("value"), found.get("observedAt")) if isinstance(found, dict) else (None, None)
        plain = back[0].get("@value") if isinstance(back[0], dict) else back[0]
        for text in (plain, back[1]):
            if (
                not isinstance(text, str)
                or not is_instant(text)
                or parse_instant(text) != parse_instant(value["observedAt"])
            ):
                raise Failure(
                    f"{value['observedAt']} came back as {text!r}.",
                    mend="Keep times as instants, not as local time.",
                )


def _texts(data: Data) -> Iterator[tuple[Item, str, str]]:
    """Everything that is, or is meant to be, a date with a time of day; intervals count as two."""
    for item in data.items:
        for each in item.values:
            if each.observed_at is not None:
                yield item, f"observedAt of {each.name}", each.observed_at
            for text in [each.value] if isinstance(each.value, str) else []:
                yield from (
                    (item, each.name, part) for part in text.split("/")[:2] if looks_like_a_time(part)
                )


def _is_count(value: Value) -> bool:
    number = value.number
    if number is None:
        text = value.value if isinstance(value.value, str) else ""
        number = float(text) if text.isascii() and text.isdigit() and len(text) < 16 else None
    return number is not None and any(low < number < high for low, high in (_SECONDS, _MILLISECONDS))


def _is_dated(item: Item, value: Value) -> bool:
    if value.observed_at:
        return True
    return any(
        isinstance(each.value, str)
        and (is_instant(each.value.split("/")[0]) or re.match(r"\d{4}-\d\d", each.value))
        for each in item.values
        if _TIME_NAME.search(_short(each.name)) or each.name in ("date", "period")
    )


def _short(name: str) -> str:
    return name.replace("#", "/").rpartition("/")[2]
