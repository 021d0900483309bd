"""`/entities` and `/entityOperations/query` (CIM 009 6.4 and 6.23)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mimas.ngsi_ld.core.errors import BadRequestData, NgsiLdError, ResourceNotFound
from mimas.ngsi_ld.core.operations import CreateEntity, DeleteEntity, PurgeAttributes
from mimas.ngsi_ld.core.operations import Operation as Write
from mimas.ngsi_ld.core.parse import parse_entity
from mimas.ngsi_ld.core.query.entity_query import EntityQuery, Page
from mimas.ngsi_ld.core.query.projection import parse_attribute_list
from mimas.ngsi_ld.store.entities import EntityPage

from .addressing import entity_path
from .answers import Answer, Header, created, no_content
from .content import linked_context, read_object
from .contexts import RequestContext
from .exchange import Exchange
from .map_use import require_map, with_map
from .negotiation import ENTITIES, JSON, LD_JSON
from .operation import Body, Operation, Parameter, Reply
from .outcomes import batch_answer, write
from .paging import behind_key, for_store, page_links
from .parameters import (
    ATTRS,
    EXPAND_VALUES,
    GEOMETRY_PROPERTY,
    JOINING,
    JSON_KEYS,
    LOCAL,
    MAPPING,
    NGSILD_ENTITY_MAP,
    ORDERING,
    PAGING,
    PROJECTION,
    REPRESENTATION,
    SELECTION,
    SPLIT_ENTITIES,
)
from .preferences import Downgrade, version_of
from .problems import BASE
from .query_body import members_of
from .representing import is_plain, listing_answer, show
from .schemas import CREATED, NO_CONTENT, OLDER, array_of, reference
from .selection import read_page, read_selection
from .view import View, read_view

TAG = "Entities"
PATH = BASE + "/entities"
PURGE_PAGE = 1000

KEEP = Parameter("keep", "Only these attributes stay; the entities do too.", many=True)
DROP = Parameter("drop", "Only these attributes go; the entities stay.", many=True)


async def create(exchange: Exchange) -> Answer:
    """Create an entity (5.6.1)."""
    body, context = await read_object(exchange)
    document = parse_entity(body, context.terms)
    await write(exchange, CreateEntity(entity_id=document["id"], document=document))
    return created(entity_path(document["id"]))


async def query(exchange: Exchange) -> Answer:
    """Query entities by URL (5.7.2)."""
    return await _answer(exchange, exchange.query, await linked_context(exchange))


async def query_by_post(exchange: Exchange) -> Answer:
    """Query entities by a body (6.23); paging and format stay in the URL."""
    body, context = await read_object(exchange)
    return await _answer(exchange, members_of(body, temporal=False), context)


async def _answer(exchange: Exchange, members: Mapping[str, Any], context: RequestContext) -> Answer:
    view = read_view(exchange, members, context.terms)
    level = view.join.level if view.join else 0
    wanted = _with_pick(read_selection(exchange, members, context.terms, join_level=level), view)
    page = read_page(exchange)
    use = await with_map(exchange, wanted, members, context)
    if not wanted.ordering:
        page = behind_key(exchange, page)
    found = await exchange.broker.entities.query(exchange.tenant, use.query, for_store(page))
    headers = _page_headers(exchange, page, found, ordered=bool(wanted.ordering)) + use.headers
    if not use.created and view.is_plain and context.terms.is_core and b"prefer" not in exchange.headers:
        plain = _plain_listing(exchange, found, context, headers)
        if plain is not None:
            return plain
    older = Downgrade(version_of(exchange))
    states = older.apply([stored.state() for stored in found.entities])
    documents = [each for each in await show(exchange, states, view, context) if each]
    status = 201 if use.created else older.status
    return await listing_answer(exchange, documents, context, *headers, *older.headers, status=status)


def _with_pick(wanted: EntityQuery, view: View) -> EntityQuery:
    """The query for entities that have something of what is picked: others would be shown empty."""
    pick = view.how.pick
    if pick is None or pick & {"id", "type"} or wanted.attributes:
        return wanted
    return replace(wanted, attributes=pick)


def _plain_listing(
    exchange: Exchange, found: EntityPage, context: RequestContext, headers: list[Header]
) -> Answer | None:
    """The stored texts joined, when they are what the client asked for."""
    if exchange.media_type not in (JSON, LD_JSON) or not all(is_plain(each) for each in found.entities):
        return None
    assert context.link is not None
    texts = [each.text for each in found.entities]
    if exchange.media_type == LD_JSON:
        tail = b',"@context":"' + str(context.value).encode() + b'"}'
        texts = [text[:-1] + tail for text in texts]
    else:
        headers = [context.link, *headers]
    content_type = (b"content-type", exchange.media_type.encode())
    return Answer(200, b"[" + b",".join(texts) + b"]", [content_type, *headers])


def _page_headers(exchange: Exchange, page: Page, found: EntityPage, *, ordered: bool) -> list[Header]:
    """How many there are, and where the next and the previous page is (6.3.10, 6.3.13)."""
    headers: list[Header] = []
    if page.count:
        headers.append((b"ngsild-results-count", str(found.count).encode()))
    next_key = None if ordered else found.next_key
    return headers + page_links(exchange, page, more=found.next_key is not None, next_key=next_key)


async def purge(exchange: Exchange) -> Answer:
    """Delete the entities that match, or some of their attributes (5.6.21); no match is a 204 too."""
    context = await linked_context(exchange)
    members = exchange.query
    if "keep" in members and "drop" in members:
        raise BadRequestData("keep and drop exclude each other.")
    wanted = await require_map(exchange, read_selection(exchange, members, context.terms))
    keep, drop = (
        parse_attribute_list(members[name], name, context.terms.expand) if name in members else None
        for name in ("keep", "drop")
    )
    success: list[str] = []
    errors: list[tuple[str, NgsiLdError]] = []
    after: str | None = None
    while True:
        ids = await exchange.broker.entities.select_ids(exchange.tenant, wanted, after, PURGE_PAGE)
        if not ids:
            break
        outcomes = await exchange.broker.writer.write(
            exchange.tenant, [_purge_one(each, keep, drop) for each in ids]
        )
        for each, outcome in zip(ids, outcomes, strict=True):
            if isinstance(outcome, NgsiLdError) and not isinstance(outcome, ResourceNotFound):
                errors.append((each, outcome))
            else:
                success.append(each)
        after = ids[-1]
    return batch_answer(success, errors) if errors else no_content()


def _purge_one(entity_id: str, keep: frozenset[str] | None, drop: frozenset[str] | None) -> Write:
    if keep is None and drop is None:
        return DeleteEntity(entity_id=entity_id)
    return PurgeAttributes(entity_id=entity_id, keep=keep, drop=drop)


_LIST = array_of(reference("EntityFragment"))
_ENTITIES = {"anyOf": [_LIST, reference("FeatureCollection")]}
_PAGE_HEADERS = ("Link", "NGSILD-Results-Count", "NGSILD-EntityMap")
_FOUND = {
    201: Reply("The same, and a new entity map.", _ENTITIES, ENTITIES, _PAGE_HEADERS),
    200: Reply("The entities; a FeatureCollection as GeoJSON.", _ENTITIES, ENTITIES, _PAGE_HEADERS),
    203: Reply(OLDER, _ENTITIES, ENTITIES, _PAGE_HEADERS),
}
_QUERY = (*SELECTION, LOCAL, EXPAND_VALUES, JSON_KEYS, SPLIT_ENTITIES)

OPERATIONS = (
    Operation(
        "queryEntity",
        "GET",
        PATH,
        query,
        "Query entities",
        "6.4.3.2",
        TAG,
        (*_QUERY, *PROJECTION, *REPRESENTATION, *JOINING, *ORDERING, GEOMETRY_PROPERTY, *MAPPING, *PAGING),
        offers=ENTITIES,
        replies=_FOUND,
    ),
    Operation(
        "createEntity",
        "POST",
        PATH,
        create,
        "Create an entity",
        "6.4.3.1",
        TAG,
        (LOCAL,),
        Body(reference("Entity")),
        {201: CREATED, 409: Reply("It exists.", reference("ProblemDetails"), (JSON,))},
        creates_tenant=True,
    ),
    Operation(
        "purgeEntity",
        "DELETE",
        PATH,
        purge,
        "Delete the entities that match, or attributes of them",
        "6.4.3.3",
        TAG,
        (*_QUERY, ATTRS, GEOMETRY_PROPERTY, KEEP, DROP, NGSILD_ENTITY_MAP),
        replies={
            204: NO_CONTENT,
            207: Reply("Some failed.", reference("BatchOperationResult"), (JSON,)),
        },
    ),
    Operation(
        "queryBatch",
        "POST",
        BASE + "/entityOperations/query",
        query_by_post,
        "Query entities by a body",
        "6.23.3.1",
        TAG,
        (LOCAL, *REPRESENTATION, GEOMETRY_PROPERTY, NGSILD_ENTITY_MAP, *PAGING),
        Body(reference("Query")),
        _FOUND,
        ENTITIES,
    ),
)
