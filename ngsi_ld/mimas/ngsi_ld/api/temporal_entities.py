"""`/temporal/entities` and `/temporal/entityOperations/query` (CIM 009 6.18, 6.19 and 6.24)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mimas.ngsi_ld.core.errors import ResourceNotFound
from mimas.ngsi_ld.core.operations import DeleteTemporalEntity, UpsertTemporal
from mimas.ngsi_ld.core.parse import parse_temporal_entity
from mimas.ngsi_ld.core.represent import TemporalEntity, represent_temporal
from mimas.ngsi_ld.store.history import TemporalPage

from .addressing import entity_id, entity_path
from .answers import Answer, Header, created, no_content
from .content import linked_context, read_object
from .contexts import RequestContext
from .exchange import Exchange
from .map_use import with_map
from .negotiation import DOCUMENT
from .operation import Body, Operation, Reply
from .outcomes import write
from .paging import behind_key, for_store, page_links
from .parameters import (
    AGGREGATION,
    COLLATION,
    ENTITY_ID,
    EXPAND_VALUES,
    JSON_KEYS,
    LOCAL,
    MAPPING,
    NGSILD_ENTITY_MAP,
    OPTIONS,
    ORDER_BY,
    PAGING,
    PROJECTION,
    SELECTION,
    SPLIT_ENTITIES,
    SYS_ATTRS,
    TEMPORAL,
    TEMPORAL_FORMAT,
)
from .problems import BASE
from .query_body import members_of
from .representing import document_answer, listing_answer
from .schemas import CREATED, NO_CONTENT, array_of, reference
from .selection import read_page, read_selection
from .temporal_view import TemporalView, content_range, read_temporal_view

TAG = "Temporal evolution"
PATH = BASE + "/temporal/entities"
ONE_PATH = PATH + "/{entityId}"


async def create(exchange: Exchange) -> Answer:
    """Create an evolution, or add to the one that is there (5.6.11)."""
    body, context = await read_object(exchange)
    document = parse_temporal_entity(body, context.terms)
    target = document["id"]
    known = await exchange.broker.history.retrieve_bare(exchange.tenant, target)
    await write(exchange, UpsertTemporal(entity_id=target, document=document))
    return no_content() if known else created(entity_path(target, temporal=True))


async def retrieve(exchange: Exchange) -> Answer:
    """The evolution of one entity (5.7.3)."""
    target = entity_id(exchange)
    context = await linked_context(exchange)
    view = read_temporal_view(exchange, exchange.query, context.terms)
    page = await _retrieve(exchange, target, view)
    if page is None:
        raise ResourceNotFound(f"There is no evolution of {target!r} here.", entityId=target)
    _require_attributes(page.entities[0], view)
    document = represent_temporal(page.entities[0], view.how, context.terms)
    status, headers = _part(exchange, view, page)
    return await document_answer(exchange, document, context, *headers, status=status)


def _require_attributes(entity: TemporalEntity, view: TemporalView) -> None:
    """Attributes that are asked for by name and have no instance are not found; without names all is well."""
    if view.attributes and not entity.instances and not entity.aggregates:
        raise ResourceNotFound(f"The evolution of {entity.id!r} has none of the attributes asked for.")


async def _retrieve(exchange: Exchange, target: str, view: TemporalView) -> TemporalPage | None:
    history = exchange.broker.history
    datasets = view.how.base.dataset_ids
    if view.aggregation is None:
        return await history.retrieve(
            exchange.tenant,
            target,
            view.window,
            view.attributes,
            datasets,
            view.last_n,
            exchange.broker.limits.temporal_instances,
        )
    entity = await history.retrieve_bare(exchange.tenant, target)
    if entity is None:
        return None
    await history.aggregate(
        exchange.tenant, [entity], view.aggregation, view.window, view.attributes, datasets
    )
    return TemporalPage([entity])


async def query(exchange: Exchange) -> Answer:
    """Query evolutions by URL (5.7.4)."""
    return await _answer(exchange, exchange.query, await linked_context(exchange))


async def query_by_post(exchange: Exchange) -> Answer:
    """Query evolutions by a body (6.24); paging and format stay in the URL."""
    body, context = await read_object(exchange)
    return await _answer(exchange, members_of(body, temporal=True), context)


async def _answer(exchange: Exchange, members: Mapping[str, Any], context: RequestContext) -> Answer:
    view = read_temporal_view(exchange, members, context.terms)
    wanted = read_selection(exchange, members, context.terms, temporal=True)
    wanted = replace(
        wanted, dataset_ids=view.how.base.dataset_ids, attributes=view.attributes or wanted.attributes
    )
    page = behind_key(exchange, read_page(exchange))
    use = await with_map(exchange, wanted, members, context, temporal=True)
    wanted = use.query
    history = exchange.broker.history
    if view.aggregation is not None:
        found = await history.aggregate_query(exchange.tenant, wanted, for_store(page), view.aggregation)
    else:
        found = await history.query(
            exchange.tenant,
            wanted,
            for_store(page),
            last_n=view.last_n,
            limit_per_attribute=exchange.broker.limits.temporal_instances,
        )
    documents = [represent_temporal(each, view.how, context.terms) for each in found.entities]
    status, headers = _part(exchange, view, found)
    headers += page_links(exchange, page, next_key=found.next_key)
    if page.count:
        headers.append((b"ngsild-results-count", str(found.count).encode()))
    status = 201 if use.created and status == 200 else status
    return await listing_answer(exchange, documents, context, *headers, *use.headers, status=status)


def _part(exchange: Exchange, view: TemporalView, page: TemporalPage) -> tuple[int, list[Header]]:
    """206 with the range when attributes were cut to the limit of instances (6.3.10)."""
    if page.cut_at is None:
        return 200, []
    return 206, [(b"content-range", content_range(exchange.broker.range_unit, view, page.entities))]


async def delete(exchange: Exchange) -> Answer:
    """Delete the evolution of an entity (5.6.16)."""
    target = entity_id(exchange)
    await exchange.broker.history.execute(exchange.tenant, DeleteTemporalEntity(entity_id=target))
    return no_content()


_EVOLUTION = reference("EntityTemporalFragment")
_LIST = array_of(_EVOLUTION)
_READ = (*PROJECTION, *TEMPORAL, *AGGREGATION, TEMPORAL_FORMAT, OPTIONS, SYS_ATTRS, LOCAL)
_QUERY = (EXPAND_VALUES, JSON_KEYS, SPLIT_ENTITIES, *MAPPING)
_PAGE_HEADERS = ("Link", "NGSILD-Results-Count", "NGSILD-EntityMap")


def _replies(what: Any) -> dict[int, Reply]:
    return {
        200: Reply("The evolution.", what, DOCUMENT, _PAGE_HEADERS),
        206: Reply("A part of it; Content-Range says which.", what, DOCUMENT, ("Content-Range",)),
    }


_MAPPED = {201: Reply("The same, and a new entity map.", _LIST, DOCUMENT, _PAGE_HEADERS)}

OPERATIONS = (
    Operation(
        "queryTemporal",
        "GET",
        PATH,
        query,
        "Query evolutions of entities",
        "6.18.3.2",
        TAG,
        (*SELECTION, *_READ, *_QUERY, ORDER_BY, COLLATION, *PAGING),
        offers=DOCUMENT,
        replies=_MAPPED | _replies(_LIST),
    ),
    Operation(
        "retrieveTemporal",
        "GET",
        ONE_PATH,
        retrieve,
        "Retrieve the evolution of an entity",
        "6.19.3.1",
        TAG,
        (ENTITY_ID, *_READ),
        offers=DOCUMENT,
        replies=_replies(_EVOLUTION),
    ),
    Operation(
        "upsertTemporal",
        "POST",
        PATH,
        create,
        "Create or extend an evolution",
        "6.18.3.1",
        TAG,
        (LOCAL,),
        Body(reference("EntityTemporal")),
        {201: CREATED, 204: NO_CONTENT},
        creates_tenant=True,
    ),
    Operation(
        "deleteTemporal",
        "DELETE",
        ONE_PATH,
        delete,
        "Delete the evolution of an entity",
        "6.19.3.2",
        TAG,
        (ENTITY_ID, LOCAL),
        replies={204: NO_CONTENT},
    ),
    Operation(
        "queryBatchTemporal",
        "POST",
        BASE + "/temporal/entityOperations/query",
        query_by_post,
        "Query evolutions by a body",
        "6.24.3.1",
        TAG,
        (LOCAL, TEMPORAL_FORMAT, OPTIONS, SYS_ATTRS, NGSILD_ENTITY_MAP, *PAGING),
        Body(reference("Query")),
        _MAPPED | _replies(_LIST),
        DOCUMENT,
    ),
)
