"""Which entities a request asks for: URL or Query body to EntityQuery (CIM 009 5.7.2.4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mimas.ngsi_ld.core.context import TermMap
from mimas.ngsi_ld.core.errors import BadRequestData, TooManyResults
from mimas.ngsi_ld.core.names import require_uri
from mimas.ngsi_ld.core.query.entity_query import EntityQuery, Page, Selector
from mimas.ngsi_ld.core.query.geo import parse_geo_query
from mimas.ngsi_ld.core.query.ordering import parse_collation, parse_ordering
from mimas.ngsi_ld.core.query.posix_regex import parse_pattern
from mimas.ngsi_ld.core.query.projection import parse_attribute_list
from mimas.ngsi_ld.core.query.q import Node, attribute_names, linked_depth, parse_query
from mimas.ngsi_ld.core.query.scope import parse_scope_query
from mimas.ngsi_ld.core.query.temporal import parse_temporal_query
from mimas.ngsi_ld.core.query.type_selection import TypeSelection, parse_type_selection

from .exchange import Exchange
from .limits import Limits
from .parameters import read_boolean, read_integer


def read_selection(
    exchange: Exchange,
    members: Mapping[str, Any],
    terms: TermMap,
    *,
    join_level: int = 0,
    temporal: bool = False,
) -> EntityQuery:
    """The query for entities; BadRequestData when it is too wide or says something wrong.

    `join_level` is how deep q may look into linked entities.
    """
    types, ids, id_pattern, selectors = _read_selectors(members, terms)
    q = _read_q(members, terms, join_level)
    query = EntityQuery(
        types=types,
        ids=ids,
        id_pattern=id_pattern,
        selectors=selectors,
        attributes=_read_attributes(members, terms),
        q=q,
        geo=parse_geo_query(
            members.get("georel"),
            members.get("geometry"),
            members.get("coordinates"),
            members.get("geoproperty"),
            terms.expand,
        ),
        scope=_read_scope(members),
        dataset_ids=frozenset(),
        ordering=parse_ordering(
            members.get("orderBy"),
            terms.expand,
            order_from=members.get("orderFrom"),
            order_geometry=members.get("orderGeometry"),
            only_id=temporal,
        ),
        collation=parse_collation(members.get("collation")),
    )
    _check_width(exchange, query)
    return _with_window(query, members) if temporal else query


def read_page(exchange: Exchange) -> Page:
    """limit, offset and count (CIM 009 6.3.10 and 6.3.13)."""
    limits: Limits = exchange.broker.limits
    query = exchange.query
    limit = read_integer(query, "limit", least=0)
    count = read_boolean(query, "count") or "count" in query.get("options", "").split(",")
    if limit == 0 and not count:
        raise BadRequestData("limit=0 makes sense only together with count=true.")
    if limit is not None and limit > limits.page_size_max:
        raise TooManyResults(f"limit is at most {limits.page_size_max}.")
    offset = read_integer(query, "offset", least=0) or 0
    return Page(limits.page_size if limit is None else limit, offset, count)


Selected = tuple[TypeSelection | None, tuple[str, ...], str | None, tuple[Selector, ...]]


def _read_selectors(members: Mapping[str, Any], terms: TermMap) -> Selected:
    if "entities" in members:
        return _read_entities([_selector(each, terms) for each in members["entities"]])
    text = members.get("type")
    types = None if text is None else parse_type_selection(text, terms.expand)
    ids = members["id"].split(",") if "id" in members else []
    pattern = members.get("idPattern") if not ids else None
    return types, _checked_ids(ids), _checked_pattern(pattern), ()


def _selector(member: Mapping[str, Any], terms: TermMap) -> Selector:
    types = parse_type_selection(member["type"], terms.expand)
    return Selector(types, _checked_ids(member.get("id", [])), _checked_pattern(member.get("idPattern")))


def _read_entities(selectors: list[Selector]) -> Selected:
    """A single selector and those that name types only are conditions of the query itself."""
    types = TypeSelection(
        tuple(dict.fromkeys(each for one in selectors for each in one.types.alternatives)),
        any(one.types.any_type for one in selectors),
    )
    if len(selectors) == 1:
        return types, selectors[0].ids, selectors[0].id_pattern, ()
    narrow = any(each.ids or each.id_pattern is not None for each in selectors)
    return types, (), None, tuple(selectors) if narrow else ()


def _read_attributes(members: Mapping[str, Any], terms: TermMap) -> frozenset[str]:
    attrs = members.get("attrs")
    return frozenset() if attrs is None else parse_attribute_list(attrs, "attrs", terms.expand)


def _checked_ids(ids: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(require_uri(each, "An entity id") for each in ids))


def _checked_pattern(pattern: str | None) -> str | None:
    return None if pattern is None else parse_pattern(pattern).text


def _read_q(members: Mapping[str, Any], terms: TermMap, join_level: int) -> Node | None:
    if "q" not in members:
        return None
    node = parse_query(
        members["q"],
        terms.expand,
        expand_values=members.get("expandValues", ""),
        json_keys=members.get("jsonKeys", ""),
    )
    if linked_depth(node) > join_level:
        raise BadRequestData("q looks deeper into linked entities than join and joinLevel allow.")
    return node


def _read_scope(members: Mapping[str, Any]) -> Any:
    # A plus in a URL reads as a space; in a scope it can only mean the plus.
    text = members.get("scopeQ")
    return None if text is None else parse_scope_query(text.replace(" ", "+"))


def _check_width(exchange: Exchange, query: EntityQuery) -> None:
    """A query needs a type, an attribute, a geo-query or the local scope (5.7.2.4)."""
    local = read_boolean(exchange.query, "local") or exchange.is_in_snapshot  # 5.5.15
    if query.types is not None and query.types.any_type:
        if not local and "local" in exchange.query:
            raise BadRequestData("type=* means what is here; it cannot be combined with local=false.")
        return
    if local or query.types or query.attributes or query.geo or (query.q and attribute_names(query.q)):
        return
    raise BadRequestData(
        "The query is too wide: give a type, attrs, a q with an attribute or a geo-query, or local=true."
    )


def _with_window(query: EntityQuery, members: Mapping[str, Any]) -> EntityQuery:
    window = parse_temporal_query(
        members.get("timerel"), members.get("timeAt"), members.get("endTimeAt"), members.get("timeproperty")
    )
    if window is None or window.timerel is None:
        raise BadRequestData("A temporal query needs timerel and timeAt.")
    return replace(query, temporal=window)
