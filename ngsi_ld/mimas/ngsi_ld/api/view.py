"""How entities are to be shown: format, members, language, linked entities (CIM 009 4.5, 6.3.7, 6.3.11)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from mimas.ngsi_ld.core.context import TermMap
from mimas.ngsi_ld.core.errors import BadRequestData, InvalidRequest
from mimas.ngsi_ld.core.names import require_uri
from mimas.ngsi_ld.core.query.projection import (
    Projection,
    check_projections,
    parse_attribute_list,
    parse_projection,
)
from mimas.ngsi_ld.core.represent import Format, Representation

from .exchange import Exchange
from .negotiation import GEO_JSON
from .parameters import read_boolean, read_options

FORMATS: Mapping[str, Format] = {
    "normalized": "normalized",
    "concise": "concise",
    "simplified": "simplified",
    "keyValues": "simplified",
}
# `count` is a parameter of its own since long; clients still send it here.
OPTIONS = frozenset({"sysAttrs", "count", *FORMATS})


@dataclass(frozen=True, slots=True)
class Join:
    """Linked entities in the answer (4.5.23)."""

    kind: Literal["inline", "flat"]
    level: int = 1
    contained_by: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class View:
    """What the client asked to see, parsed."""

    how: Representation
    join: Join | None = None

    @property
    def is_plain(self) -> bool:
        """True when the stored document is what the client wants."""
        return self is PLAIN or (self.join is None and self.how.is_plain)


PLAIN = View(Representation())


def read_view(exchange: Exchange, members: Mapping[str, Any], terms: TermMap) -> View:
    """The view of a read; `members` come from the URL or from the body of a POST query."""
    query = exchange.query
    if not members and not query:
        return PLAIN
    options = read_options(query, OPTIONS)
    pick, omit, attributes = read_projections(members, terms)
    join = _read_join(members, exchange.broker.limits.join_level)
    _check_depth(pick, omit, join)
    if "geometryProperty" in query and exchange.media_type != GEO_JSON:
        raise BadRequestData("geometryProperty needs Accept: application/geo+json.")
    how = Representation.of(
        pick=pick,
        omit=omit,
        format=_read_format(query, options),
        sys_attrs="sysAttrs" in options or read_boolean(query, "sysAttrs"),
        attrs=attributes,
        dataset_ids=read_datasets(members.get("datasetId")),
        lang=members.get("lang"),
        geometry_property=terms.expand(query.get("geometryProperty", "location")),
    )
    if pick and omit:
        how = replace(how, omit=omit.whole)
    return View(how, join)


def read_projections(
    members: Mapping[str, Any], terms: TermMap
) -> tuple[Projection | None, Projection | None, frozenset[str] | None]:
    """Read pick, omit and attrs; attrs excludes the others, no member is in both of these (4.21)."""
    if "attrs" in members and ("pick" in members or "omit" in members):
        raise BadRequestData("attrs cannot be combined with pick or omit.")
    pick = _read_projection(members, "pick", terms)
    omit = _read_projection(members, "omit", terms)
    check_projections(pick, omit, None)
    attrs = members.get("attrs")
    return pick, omit, None if attrs is None else parse_attribute_list(attrs, "attrs", terms.expand)


def _read_projection(members: Mapping[str, Any], name: str, terms: TermMap) -> Projection | None:
    value = members.get(name)
    return None if value is None else parse_projection(value, name, terms.expand)


def _read_format(query: Mapping[str, str], options: frozenset[str]) -> Format:
    """`format` wins over the deprecated `options` (6.3.7)."""
    if "format" in query:
        if query["format"] not in FORMATS:
            raise InvalidRequest(f"format is one of {', '.join(FORMATS)}.", parameter="format")
        return FORMATS[query["format"]]
    asked = {FORMATS[each] for each in options if each in FORMATS}
    if len(asked) > 1:
        raise InvalidRequest("options asks for two formats at once.", parameter="options")
    return asked.pop() if asked else "normalized"


def read_datasets(value: str | Sequence[str] | None) -> frozenset[str]:
    """The datasets whose instances are wanted; `@none` is the default instance (4.5.5)."""
    if value is None:
        return frozenset()
    names = value.split(",") if isinstance(value, str) else value
    return frozenset(name if name == "@none" else require_uri(name, "A datasetId") for name in names)


def _read_join(members: Mapping[str, Any], limit: int) -> Join | None:
    """Without join, joinLevel and containedBy say nothing (6.4.3.2)."""
    kind = members.get("join", "@none")
    if kind not in ("inline", "flat", "@none"):
        raise BadRequestData("join is inline, flat or @none.")
    if kind == "@none":
        return None
    contained_by = members.get("containedBy", [])
    ids = contained_by.split(",") if isinstance(contained_by, str) else contained_by
    return Join(kind, _read_level(members.get("joinLevel", 1), limit), frozenset(ids))


def _read_level(value: Any, limit: int) -> int:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 6:
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise BadRequestData("joinLevel is a whole number from 1.")
    return min(value, limit)


def _check_depth(pick: Projection | None, omit: Projection | None, join: Join | None) -> None:
    depth = max(each.depth if each else 0 for each in (pick, omit))
    if depth > (join.level if join else 0):
        raise BadRequestData("pick or omit goes deeper into linked entities than join and joinLevel allow.")
