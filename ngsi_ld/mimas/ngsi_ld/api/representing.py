"""From entities to answers: names and @context of the client, GeoJSON, linked entities (CIM 009 6.3.6)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from mimas.ngsi_ld.core.represent import (
    Representation,
    embed,
    flatten,
    next_level,
    represent_entity,
    to_feature,
    to_feature_collection,
)
from mimas.ngsi_ld.core.state import Document, EntityState
from mimas.ngsi_ld.store.stored import StoredEntity

from .answers import Answer, Header
from .contexts import RequestContext
from .exchange import Exchange
from .negotiation import GEO_JSON, LD_JSON
from .preferences import Downgrade, version_of, wants_link_in_geojson
from .view import Join, View


async def entity_answer(
    exchange: Exchange, state: EntityState, view: View, context: RequestContext
) -> Answer:
    """One entity; joined flat it becomes the first of an array (4.5.23.3)."""
    older = Downgrade(version_of(exchange))
    shown = await show(exchange, older.apply([state]), view, context)
    if view.join and view.join.kind == "flat":
        return await listing_answer(exchange, shown, context, *older.headers, status=older.status)
    return await document_answer(exchange, shown[0], context, *older.headers, status=older.status)


async def show(
    exchange: Exchange, states: Sequence[EntityState], view: View, context: RequestContext
) -> list[Document]:
    """The entities as the client asked for them, as Features when it takes GeoJSON."""
    how, terms = view.how, context.terms
    linked: list[tuple[EntityState, Representation]] = []
    if view.join:
        linked = await _linked(exchange, states, view.how, view.join)
    if view.join and view.join.kind == "flat":
        pairs = [(state, how) for state in states]
        shown = flatten(pairs, linked, terms)
        shown_states = list({state.id: state for state in (*states, *(each for each, _ in linked))}.values())
    elif view.join:
        by_id = {state.id: state for state, _ in linked} | {state.id: state for state in states}
        level, contained_by = view.join.level, view.join.contained_by
        shown = [embed(state, how, terms, by_id, level, contained_by) for state in states]
        shown_states = list(states)
    else:
        shown = [represent_entity(state, how, terms) for state in states]
        shown_states = list(states)
    if exchange.media_type == GEO_JSON:
        pairs_shown = zip(shown_states, shown, strict=True)
        return [to_feature(state, document, how) for state, document in pairs_shown]
    return shown


async def _linked(
    exchange: Exchange, states: Sequence[EntityState], how: Representation, join: Join
) -> list[tuple[EntityState, Representation]]:
    """The entities that relationships lead to, level by level, each read once."""
    seen = {state.id for state in states} | join.contained_by
    level: list[tuple[EntityState, Representation]] = [(state, how) for state in states]
    found: list[tuple[EntityState, Representation]] = []
    for _ in range(join.level):
        wanted = next_level([(state.document, each) for state, each in level], seen)
        if not wanted:
            break
        seen |= wanted.keys()
        stored = await exchange.broker.entities.retrieve_many(exchange.tenant, list(wanted))
        level = [(each.state(), wanted[each.id]) for each in stored.values()]
        found += level
    return found


async def document_answer(
    exchange: Exchange, document: dict[str, Any], context: RequestContext, *headers: Header, status: int = 200
) -> Answer:
    """One JSON object with its context: in the body, or as a Link."""
    if _in_body(exchange):
        return _typed(exchange, {**document, "@context": context.value}, headers, status)
    linked = await exchange.broker.contexts.hosted(context, exchange.base_url())
    assert linked.link is not None
    return _typed(exchange, document, (linked.link, *headers), status)


async def listing_answer(
    exchange: Exchange,
    documents: list[dict[str, Any]],
    context: RequestContext,
    *headers: Header,
    status: int = 200,
) -> Answer:
    """An array, whose elements carry the context in ld+json; one FeatureCollection in GeoJSON."""
    if exchange.media_type == GEO_JSON:
        return await document_answer(
            exchange, to_feature_collection(documents), context, *headers, status=status
        )
    if _in_body(exchange):
        with_context = [{**each, "@context": context.value} for each in documents]
        return _typed(exchange, with_context, headers, status)
    linked = await exchange.broker.contexts.hosted(context, exchange.base_url())
    assert linked.link is not None
    return _typed(exchange, documents, (linked.link, *headers), status)


def _in_body(exchange: Exchange) -> bool:
    """Whether the context goes into the body: ld+json, or GeoJSON unless Prefer says body=json."""
    if exchange.media_type == GEO_JSON:
        return not wants_link_in_geojson(exchange)
    return exchange.media_type == LD_JSON


def _typed(exchange: Exchange, value: Any, headers: Sequence[Header], status: int) -> Answer:
    content_type = (b"content-type", exchange.media_type.encode())
    return Answer(status, orjson.dumps(value), [content_type, *headers])


def is_plain(stored: StoredEntity) -> bool:
    """Whether the stored text holds no system member: expiresAt is shown with sysAttrs only (6.3.11)."""
    return b'"expiresAt"' not in stored.text
