"""How evolutions are asked for: the window, lastN, the format, aggregation (CIM 009 6.3.12, 6.18, 6.19)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from mimas.ngsi_ld.core.context import TermMap
from mimas.ngsi_ld.core.errors import BadRequestData, InvalidRequest
from mimas.ngsi_ld.core.instants import format_instant
from mimas.ngsi_ld.core.query.temporal import TemporalQuery, parse_temporal_query
from mimas.ngsi_ld.core.represent import Representation, TemporalEntity, TemporalRepresentation
from mimas.ngsi_ld.core.represent.temporal import TemporalFormat
from mimas.ngsi_ld.store.aggregates import Aggregation
from mimas.ngsi_ld.store.periods import parse_period
from mimas.ngsi_ld.store.value_aggregates import METHODS

from .exchange import Exchange
from .parameters import read_boolean, read_integer, read_options
from .view import read_datasets, read_projections

# Clients know the simplified form under its names for entities too.
FORMATS: Mapping[str, TemporalFormat] = {
    "normalized": "normalized",
    "concise": "concise",
    "temporalValues": "temporalValues",
    "simplified": "temporalValues",
    "keyValues": "temporalValues",
    "aggregatedValues": "aggregatedValues",
}
OPTIONS = frozenset({"sysAttrs", "count", *FORMATS})


@dataclass(frozen=True, slots=True)
class TemporalView:
    """What a client wants to see of evolutions."""

    how: TemporalRepresentation
    window: TemporalQuery | None
    attributes: frozenset[str] | None
    last_n: int | None
    aggregation: Aggregation | None


def read_temporal_view(exchange: Exchange, members: Mapping[str, Any], terms: TermMap) -> TemporalView:
    """The view of a temporal read; `members` come from the URL or from the body of a POST query."""
    query = exchange.query
    options = read_options(query, OPTIONS)
    pick, omit, attributes = read_projections(members, terms)
    if (pick and pick.linked) or (omit and omit.linked):
        raise BadRequestData("A temporal answer has no linked entities.")
    base = Representation.of(
        pick=pick,
        omit=omit,
        attrs=attributes,
        sys_attrs="sysAttrs" in options or read_boolean(query, "sysAttrs"),
        dataset_ids=read_datasets(members.get("datasetId")),
        lang=members.get("lang"),
    )
    if pick and omit:
        base = replace(base, omit=omit.names)
    shown = _read_format(query, options)
    window = parse_temporal_query(
        members.get("timerel"), members.get("timeAt"), members.get("endTimeAt"), members.get("timeproperty")
    )
    return TemporalView(
        TemporalRepresentation(base, shown, window.timeproperty if window else "observedAt"),
        window,
        attributes if attributes is not None else _picked(pick.names if pick else None),
        _read_last_n(members),
        _read_aggregation(members) if shown == "aggregatedValues" else None,
    )


def _picked(names: frozenset[str] | None) -> frozenset[str] | None:
    """The attributes that are shown, so that no others are read."""
    return None if names is None else names - {"id", "type"}


def _read_format(query: Mapping[str, str], options: frozenset[str]) -> TemporalFormat:
    if "format" in query:
        if query["format"] not in FORMATS:
            raise InvalidRequest(f"format is one of {', '.join(FORMATS)}.", parameter="format")
        return FORMATS[query["format"]]
    asked = {FORMATS[each] for each in options if each in FORMATS}
    if len(asked) > 1:
        raise InvalidRequest("options asks for two formats at once.", parameter="options")
    return asked.pop() if asked else "normalized"


def _read_last_n(members: Mapping[str, Any]) -> int | None:
    value = members.get("lastN")
    return read_integer({"lastN": str(value)}, "lastN", least=1) if value is not None else None


def _read_aggregation(members: Mapping[str, Any]) -> Aggregation:
    """aggrMethods is mandatory; without a period there is one for all (4.5.19)."""
    methods = str(members.get("aggrMethods", ""))
    names = tuple(dict.fromkeys(name.strip() for name in methods.split(",")))
    unknown = [name for name in names if name not in METHODS]
    if unknown:
        raise BadRequestData(f"aggrMethods holds some of {', '.join(sorted(METHODS))}.")
    return Aggregation(names, parse_period(str(members.get("aggrPeriodDuration", "PT0S"))))


def content_range(unit: str, view: TemporalView, entities: list[TemporalEntity]) -> bytes:
    """The Content-Range of an answer in parts: from where paging starts to where it got (6.3.10)."""
    window, last_n = view.window, view.last_n
    times = [
        time
        for entity in entities
        for entries in entity.instances.values()
        for entry in entries
        if (time := _time(entry, view)) is not None
    ]
    oldest, newest = min(times), max(times)
    if last_n is not None:
        start = _backwards_start(window, newest)
        return f"{unit} {format_instant(start)}-{format_instant(oldest)}/{last_n}".encode()
    start = window.time_at if window and window.timerel in ("after", "between") and window.time_at else oldest
    return f"{unit} {format_instant(start)}-{format_instant(newest)}/*".encode()


def _backwards_start(window: TemporalQuery | None, newest: datetime) -> datetime:
    if window is None:
        return newest
    if window.timerel == "before" and window.time_at:
        return window.time_at
    return window.end_time_at or newest


def _time(entry: Any, view: TemporalView) -> datetime | None:
    times: dict[str, datetime | None] = {
        "observedAt": entry.observed_at,
        "createdAt": entry.created_at,
        "modifiedAt": entry.modified_at,
        "deletedAt": entry.deleted_at,
    }
    return times[view.how.time_property] or entry.modified_at
