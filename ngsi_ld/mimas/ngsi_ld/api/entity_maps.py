"""`/entityMaps` and `/temporal/entityMaps` (CIM 009 5.14, 6.32, 6.34 and 6.35)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from mimas.ngsi_ld.core.errors import BadRequestData, ResourceNotFound
from mimas.ngsi_ld.core.instants import format_instant, parse_instant
from mimas.ngsi_ld.core.names import require_uri
from mimas.ngsi_ld.core.query.q import linked_depth
from mimas.ngsi_ld.store.entity_maps import EntityMap

from .answers import Answer, Header, no_content
from .content import linked_context, read_object
from .contexts import RequestContext
from .exchange import Exchange
from .map_use import header_of, make_map
from .negotiation import DOCUMENT
from .operation import PATCH_BODY, Body, Operation, Parameter, Reply
from .parameters import (
    AGGREGATION,
    COLLATION,
    ENTITY_MAP,
    ENTITY_MAP_LIFETIME,
    EXPAND_VALUES,
    JOINING,
    JSON_KEYS,
    LOCAL,
    ORDER_BY,
    ORDERING,
    PAGING,
    PROJECTION,
    REPRESENTATION,
    SELECTION,
    SPLIT_ENTITIES,
    TEMPORAL,
)
from .problems import BASE
from .query_body import members_of
from .representing import document_answer
from .schemas import NO_CONTENT, URI, reference
from .selection import read_selection
from .temporal_view import read_temporal_view
from .view import read_view

TAG = "Entity maps"
PATH = BASE + "/entityMaps"
ONE_PATH = PATH + "/{entityMapId}"
TEMPORAL_PATH = BASE + "/temporal/entityMaps"

ENTITY_MAP_ID = Parameter("entityMapId", "The entity map's URI, percent-encoded.", URI, "path")


async def create(exchange: Exchange) -> Answer:
    """Make a map of what a query by URL finds (5.14.4)."""
    return await _create(exchange, exchange.query, await linked_context(exchange))


async def create_by_post(exchange: Exchange) -> Answer:
    """Make a map of what a Query body finds."""
    body, context = await read_object(exchange)
    return await _create(exchange, members_of(body, temporal=False), context)


async def _create(exchange: Exchange, members: Mapping[str, Any], context: RequestContext) -> Answer:
    view = read_view(exchange, members, context.terms)
    level = view.join.level if view.join else 0
    wanted = read_selection(exchange, members, context.terms, join_level=level)
    made = await make_map(exchange, wanted, members, context)
    return await _answer(exchange, made, context, header_of(made), status=201)


async def create_temporal(exchange: Exchange) -> Answer:
    """Make a map of what a temporal query by URL finds (5.14.5)."""
    return await _create_temporal(exchange, exchange.query, await linked_context(exchange))


async def create_temporal_by_post(exchange: Exchange) -> Answer:
    """Make a map of what a temporal Query body finds."""
    body, context = await read_object(exchange)
    return await _create_temporal(exchange, members_of(body, temporal=True), context)


async def _create_temporal(exchange: Exchange, members: Mapping[str, Any], context: RequestContext) -> Answer:
    read_temporal_view(exchange, members, context.terms)
    wanted = read_selection(exchange, members, context.terms, temporal=True)
    if wanted.q is not None and linked_depth(wanted.q):
        raise BadRequestData("A temporal query has no linked entities.")
    made = await make_map(exchange, wanted, members, context, temporal=True)
    return await _answer(exchange, made, context, header_of(made), status=201)


async def retrieve(exchange: Exchange) -> Answer:
    """One entity map (5.14.1)."""
    found = await _find(exchange)
    return await _answer(exchange, found, await linked_context(exchange))


async def update(exchange: Exchange) -> Answer:
    """Change when a map expires (5.14.2); every other member is ignored."""
    found = await _find(exchange)
    body, _ = await read_object(exchange)
    if "expiresAt" in body:
        wanted = body["expiresAt"]
        if not isinstance(wanted, str):
            raise BadRequestData("expiresAt is a DateTime.")
        longest = datetime.now(UTC) + timedelta(seconds=exchange.broker.limits.entity_map_seconds)
        expires_at = min(parse_instant(wanted), longest)
        await exchange.broker.entity_maps.set_expiry(exchange.tenant, found.id, expires_at)
    return no_content()


async def delete(exchange: Exchange) -> Answer:
    """Forget a map (5.14.3)."""
    found = await _find(exchange)
    await exchange.broker.entity_maps.delete(exchange.tenant, found.id)
    return no_content()


async def _find(exchange: Exchange) -> EntityMap:
    map_id = require_uri(exchange.path["entityMapId"], "The entity map's id")
    found = await exchange.broker.entity_maps.find(exchange.tenant, map_id, datetime.now(UTC))
    if found is None:
        raise ResourceNotFound(f"There is no entity map {map_id!r} here, or it has expired.")
    return found


async def _answer(
    exchange: Exchange, shown: EntityMap, context: RequestContext, *headers: Header, status: int = 200
) -> Answer:
    """The map with its ids; `@none` stands for what is held here (4.5.25)."""
    ids = await exchange.broker.entity_maps.ids(exchange.tenant, shown.id)
    document = {
        "id": shown.id,
        "type": "EntityMap",
        "expiresAt": format_instant(shown.expires_at),
        "entityMap": {each: ["@none"] for each in ids},
        "linkedMaps": {},
    }
    return await document_answer(exchange, document, context, *headers, status=status)


_FILTER = (*SELECTION, *PROJECTION, LOCAL, EXPAND_VALUES, JSON_KEYS, SPLIT_ENTITIES)
_MAP = (ENTITY_MAP, ENTITY_MAP_LIFETIME)
# Of no effect here, but what a query takes; 5.14.4 has them ignored.
_IGNORED = (*REPRESENTATION, *PAGING)
_MADE = {201: Reply("The entity map.", reference("EntityMap"), DOCUMENT, ("NGSILD-EntityMap",))}

OPERATIONS = (
    Operation(
        "createEntityMapQueryEntity",
        "GET",
        PATH,
        create,
        "Make an entity map of a query",
        "6.34.3.1",
        TAG,
        (*_FILTER, *JOINING, *ORDERING, *_MAP, *_IGNORED),
        offers=DOCUMENT,
        replies=_MADE,
    ),
    Operation(
        "createEntityMapQueryEntityBatch",
        "POST",
        PATH,
        create_by_post,
        "Make an entity map of a query by a body",
        "6.34.3.2",
        TAG,
        (LOCAL, *_IGNORED),
        Body(reference("Query")),
        _MADE,
        DOCUMENT,
    ),
    Operation(
        "createEntityMapQueryTemporal",
        "GET",
        TEMPORAL_PATH,
        create_temporal,
        "Make an entity map of a temporal query",
        "6.35.3.1",
        TAG,
        (*_FILTER, *TEMPORAL, *AGGREGATION, ORDER_BY, COLLATION, *_MAP, *_IGNORED),
        offers=DOCUMENT,
        replies=_MADE,
    ),
    Operation(
        "createEntityMapQueryTemporalBatch",
        "POST",
        TEMPORAL_PATH,
        create_temporal_by_post,
        "Make an entity map of a temporal query by a body",
        "6.35.3.2",
        TAG,
        (LOCAL, *_IGNORED),
        Body(reference("Query")),
        _MADE,
        DOCUMENT,
    ),
    Operation(
        "retrieveEntityMap",
        "GET",
        ONE_PATH,
        retrieve,
        "Retrieve an entity map",
        "6.32.3.1",
        TAG,
        (ENTITY_MAP_ID,),
        offers=DOCUMENT,
        replies={200: Reply("The entity map.", reference("EntityMap"), DOCUMENT)},
    ),
    Operation(
        "updateEntityMap",
        "PATCH",
        ONE_PATH,
        update,
        "Change when an entity map expires",
        "6.32.3.2",
        TAG,
        (ENTITY_MAP_ID,),
        body=Body(reference("EntityMapFragment"), PATCH_BODY),
        replies={204: NO_CONTENT},
    ),
    Operation(
        "deleteEntityMap",
        "DELETE",
        ONE_PATH,
        delete,
        "Forget an entity map",
        "6.32.3.3",
        TAG,
        (ENTITY_MAP_ID,),
        replies={204: NO_CONTENT},
    ),
)
