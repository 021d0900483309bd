"""A subscription as it is served: names in the reader's @context (CIM 009 5.2.12, 5.8.3)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Literal
from urllib.parse import unquote

from ..context.term_map import TermMap
from ..instants import parse_instant
from ..query.q import parse_query
from ..query.q_tree import to_text

Status = Literal["active", "paused", "expired"]
Rename = Callable[[str], str]

_TYPE_NAME = re.compile(r"[^\s,|;()*]+")


def status_of(document: Mapping[str, Any], now: datetime) -> Status:
    """5.2.12-2: expired beats paused."""
    if "expiresAt" in document and parse_instant(document["expiresAt"]) <= now:
        return "expired"
    return "active" if document.get("isActive", True) else "paused"


def renamed(document: Mapping[str, Any], written: TermMap, reader: TermMap) -> dict[str, Any]:
    """A checked document (or fragment) in the names of the reader's context instead of the writer's."""
    shown = dict(document)
    if written is reader:
        return shown

    def rename(name: str) -> str:
        return reader.compact(written.expand(name))

    for member, convert in _CONVERSIONS.items():
        if document.get(member) is not None:
            shown[member] = convert(document[member], rename)
    return shown


def _selectors(selectors: list[dict[str, Any]], rename: Rename) -> list[dict[str, Any]]:
    return [{**each, "type": _TYPE_NAME.sub(lambda m: rename(m[0]), each["type"])} for each in selectors]


def _names(names: list[str], rename: Rename) -> list[str]:
    """Names; projections of linked entities (in braces) stay as they were written."""
    return [each if "{" in each else rename(each) for each in names]


def _query(query: str, rename: Rename) -> str:
    return to_text(parse_query(unquote(query), rename))


def _geo(geo: dict[str, Any], rename: Rename) -> dict[str, Any]:
    return {**geo, "geoproperty": rename(geo["geoproperty"])} if "geoproperty" in geo else geo


def _notification(notification: dict[str, Any], rename: Rename) -> dict[str, Any]:
    lists = ("attributes", "pick", "omit")
    return {
        member: _names(value, rename) if member in lists else value for member, value in notification.items()
    }


_CONVERSIONS: dict[str, Callable[[Any, Rename], Any]] = {
    "entities": _selectors,
    "watchedAttributes": _names,
    "q": _query,
    "geoQ": _geo,
    "notification": _notification,
}
