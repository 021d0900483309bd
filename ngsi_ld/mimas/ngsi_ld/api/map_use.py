"""Queries that make an entity map or follow one (CIM 009 5.5.14, 5.5.9.3)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from mimas.ngsi_ld.core.errors import BadRequestData, ResourceNotFound, TooManyResults
from mimas.ngsi_ld.core.query.entity_query import EntityQuery, Page
from mimas.ngsi_ld.store.entity_maps import EntityMap

from .answers import Header
from .contexts import RequestContext
from .exchange import Exchange
from .lifetimes import end_of_life
from .parameters import read_boolean

HEADER = b"ngsild-entitymap"
DEFAULT_LIFETIME = timedelta(minutes=10)

_FILTERS = (
    *("type", "idPattern", "attrs", "q", "expandValues", "jsonKeys", "scopeQ", "csf"),
    *("georel", "geometry", "coordinates", "geoproperty"),
)
_CHUNK = 5_000


@dataclass(frozen=True, slots=True)
class MapUse:
    """A query as the map narrows it, and what the answer says about the map."""

    query: EntityQuery
    headers: list[Header] = field(default_factory=list)
    created: bool = False


async def with_map(
    exchange: Exchange,
    query: EntityQuery,
    members: Mapping[str, Any],
    context: RequestContext,
    *,
    temporal: bool = False,
) -> MapUse:
    """Follow the map that the request names; make one when it asks for it or names one that is gone.

    A map that is followed keeps only entities that still meet what it was made for. A request that asks for
    something else than the first one is answered within the map and takes nothing out of it.
    """
    named = exchange.headers.get(HEADER, b"").decode("latin-1").strip()
    wants = wants_map(members)
    _is_split(members)
    if not named and not wants:
        return MapUse(query)
    maps, filters = exchange.broker.entity_maps, _filters_of(members, context)
    known = await maps.find(exchange.tenant, named, datetime.now(UTC)) if named else None
    if known is None:
        made = await make_map(exchange, query, members, context, temporal=temporal)
        return MapUse(replace(query, entity_map=made.id), [header_of(made)], created=True)
    if temporal:
        await maps.retain_known(exchange.tenant, known.id)
    elif known.filters == filters and not query.ids:
        await maps.retain(exchange.tenant, known.id, query)
    return MapUse(replace(query, entity_map=known.id), [header_of(known)])


async def require_map(exchange: Exchange, query: EntityQuery) -> EntityQuery:
    """A purge within a map; one that is not there is an error, for without it too much would be deleted."""
    named = exchange.headers.get(HEADER, b"").decode("latin-1").strip()
    if not named:
        return query
    known = await exchange.broker.entity_maps.find(exchange.tenant, named, datetime.now(UTC))
    if known is None:
        raise ResourceNotFound(f"There is no entity map {named!r} here.")
    return replace(query, entity_map=known.id)


async def map_header_for(exchange: Exchange, entity_id: str) -> list[Header]:
    """The map of a single entity that is retrieved: the one the request names, or a new one (5.7.1)."""
    named = exchange.headers.get(HEADER, b"").decode("latin-1").strip()
    if not named and not wants_map(exchange.query):
        return []
    now = datetime.now(UTC)
    maps = exchange.broker.entity_maps
    known = await maps.find(exchange.tenant, named, now) if named else None
    if known is None:
        end = _end(exchange, exchange.query, now)
        known = await maps.create(exchange.tenant, [entity_id], "", now, end, most=1)
    return [header_of(known)]


async def make_map(
    exchange: Exchange,
    query: EntityQuery,
    members: Mapping[str, Any],
    context: RequestContext,
    *,
    temporal: bool = False,
) -> EntityMap:
    """A new map of what the query finds now; of split entities it lists all candidates (5.14.4.4)."""
    now = datetime.now(UTC)
    end = _end(exchange, members, now)
    most = exchange.broker.limits.entity_map_size
    wanted = replace(query, ordering=(), collation=None)
    if _is_split(members):
        wanted = replace(wanted, q=None, geo=None, scope=None, attributes=frozenset())
    found: EntityQuery | list[str] = wanted
    if temporal:
        found = await _temporal_ids(exchange, wanted, most)
    filters = _filters_of(members, context)
    return await exchange.broker.entity_maps.create(exchange.tenant, found, filters, now, end, most=most)


def wants_map(members: Mapping[str, Any]) -> bool:
    """Whether a request asks for an entity map."""
    value = members.get("entityMap", False)
    return value if isinstance(value, bool) else read_boolean(members, "entityMap")


def header_of(entity_map: EntityMap) -> Header:
    """The header that names a map."""
    return HEADER, entity_map.id.encode()


def _end(exchange: Exchange, members: Mapping[str, Any], now: datetime) -> datetime:
    longest = timedelta(seconds=exchange.broker.limits.entity_map_seconds)
    wanted = members.get("entityMapLifetime")
    return end_of_life(wanted, "entityMapLifetime", now, default=DEFAULT_LIFETIME, longest=longest)


def _is_split(members: Mapping[str, Any]) -> bool:
    value = members.get("splitEntities", False)
    if isinstance(value, bool):
        return value
    if not isinstance(value, str):
        raise BadRequestData("splitEntities is true or false.")
    return read_boolean(members, "splitEntities")


def _filters_of(members: Mapping[str, Any], context: RequestContext) -> str:
    """A hash of what the entities are asked for: all but ids, paging and the time query (5.5.14)."""
    asked = {name: members[name] for name in _FILTERS if name in members}
    if "entities" in members:
        asked["entities"] = [{**each, "id": None} for each in members["entities"]]
    text = orjson.dumps([asked, context.value], option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(text).hexdigest()


async def _temporal_ids(exchange: Exchange, query: EntityQuery, most: int) -> list[str]:
    ids: list[str] = []
    after: str | None = None
    while True:
        page = Page(limit=_CHUNK, after=after)
        found = await exchange.broker.history.query_bare(exchange.tenant, query, page)
        ids += [each.id for each in found.entities]
        if len(ids) > most:
            raise TooManyResults(f"An entity map holds at most {most} entities: narrow the query down.")
        if found.next_key is None:
            return ids
        after = found.next_key
