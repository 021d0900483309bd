"""`/entities/{entityId}` (CIM 009 6.5)."""

from __future__ import annotations

from mimas.ngsi_ld.core.errors import InvalidRequest, ResourceNotFound
from mimas.ngsi_ld.core.instants import parse_instant
from mimas.ngsi_ld.core.operations import DeleteEntity, MergeEntity, ReplaceEntity
from mimas.ngsi_ld.core.parse import parse_entity, parse_fragment
from mimas.ngsi_ld.core.state import EntityState

from .addressing import entity_id, require_same_id, selected_types
from .answers import Answer, no_content
from .content import linked_context, read_object
from .contexts import RequestContext
from .exchange import Exchange
from .map_use import map_header_for
from .negotiation import ENTITIES, JSON, LD_JSON
from .operation import PATCH_BODY, Body, Operation, Parameter, Reply
from .outcomes import update_answer, write
from .parameters import (
    ENTITY_ID,
    FORMAT,
    GEOMETRY_PROPERTY,
    JOINING,
    LANG,
    LOCAL,
    MAPPING,
    OPTIONS,
    PROJECTION,
    REPRESENTATION,
    TYPE,
    read_options,
)
from .problems import BASE
from .representing import entity_answer, is_plain
from .schemas import DATE_TIME, NO_CONTENT, OLDER, array_of, reference
from .view import PLAIN, View, read_view

TAG = "Entities"
PATH = BASE + "/entities/{entityId}"

_SIMPLIFIED = frozenset({"simplified", "keyValues"})


async def retrieve(exchange: Exchange) -> Answer:
    """One entity (5.7.1)."""
    target = entity_id(exchange)
    context = await linked_context(exchange)
    view = read_view(exchange, exchange.query, context.terms)
    types = selected_types(exchange, context.terms) if exchange.query else None
    stored = await exchange.broker.entities.retrieve(exchange.tenant, target, types)
    if stored is None:
        raise _unknown(target)
    mapped = await map_header_for(exchange, target)
    is_usual = view is PLAIN and not mapped and b"prefer" not in exchange.headers
    if is_usual and context.terms.is_core and is_plain(stored):
        plain = _plain_answer(exchange, stored.text, context)
        if plain is not None:
            return plain
    state = stored.state()
    _require_members(state, view)
    answer = await entity_answer(exchange, state, view, context)
    answer.headers += mapped
    return answer


def _plain_answer(exchange: Exchange, text: bytes, context: RequestContext) -> Answer | None:
    """The stored text as it is, when it is what the client asked for."""
    assert context.link is not None
    if exchange.media_type == JSON:
        return Answer(200, text, [(b"content-type", b"application/json"), context.link])
    if exchange.media_type == LD_JSON and isinstance(context.value, str):
        body = text[:-1] + b',"@context":"' + context.value.encode() + b'"}'
        return Answer(200, body, [(b"content-type", b"application/ld+json")])
    return None


def _unknown(target: str) -> ResourceNotFound:
    return ResourceNotFound(f"There is no entity {target!r} here.", entityId=target)


def _require_members(state: EntityState, view: View) -> None:
    """A projection that leaves nothing of the entity is a 404 (5.7.1.4)."""
    attrs = view.how.attrs
    if attrs is not None and not attrs & state.document.keys():
        raise ResourceNotFound(f"The entity {state.id!r} has none of the attributes asked for.")
    if not any(view.how.shows(member) for member in state.document):
        raise ResourceNotFound(f"The entity {state.id!r} has none of the members asked for.")


async def delete(exchange: Exchange) -> Answer:
    """Delete the entity (5.6.6)."""
    target = entity_id(exchange)
    context = await linked_context(exchange)
    types = selected_types(exchange, context.terms)
    await write(exchange, DeleteEntity(entity_id=target, types=types))
    return no_content()


async def replace(exchange: Exchange) -> Answer:
    """Put other content in the place of the entity's (5.6.18)."""
    target = entity_id(exchange)
    body, context = await read_object(exchange)
    require_same_id(body, target)
    operation = ReplaceEntity(
        entity_id=target,
        types=selected_types(exchange, context.terms),
        document=parse_entity({**body, "id": target}, context.terms),
    )
    await write(exchange, operation)
    return no_content()


async def merge(exchange: Exchange) -> Answer:
    """Merge a fragment into the entity (5.6.17)."""
    target = entity_id(exchange)
    simplified = _is_simplified(exchange)
    observed_at = exchange.query.get("observedAt")
    if observed_at is not None:
        parse_instant(observed_at)
    body, context = await read_object(exchange)
    require_same_id(body, target)
    operation = MergeEntity(
        entity_id=target,
        types=selected_types(exchange, context.terms),
        fragment=parse_fragment(body, context.terms, nulls=True, simplified=simplified),
        simplified=simplified,
        observed_at=observed_at,
        lang=exchange.query.get("lang"),
    )
    return update_answer(await write(exchange, operation))


def _is_simplified(exchange: Exchange) -> bool:
    """`format` wins over `options`, its older name (6.5.3.4)."""
    options = read_options(exchange.query, _SIMPLIFIED)
    wanted = exchange.query.get("format")
    if wanted is None:
        return bool(options)
    if wanted not in (*_SIMPLIFIED, "normalized", "concise"):
        raise InvalidRequest("format is simplified or keyValues.", parameter="format")
    return wanted in _SIMPLIFIED


OBSERVED_AT = Parameter("observedAt", "The observedAt of what the fragment changes.", DATE_TIME)

_REPLIES = {204: NO_CONTENT}
# With join=flat the linked entities follow in an array.
_SHOWN = {"anyOf": [reference("EntityFragment"), array_of(reference("EntityFragment"))]}
_PARAMETERS = (ENTITY_ID, TYPE, LOCAL)

OPERATIONS = (
    Operation(
        "retrieveEntity",
        "GET",
        PATH,
        retrieve,
        "Retrieve an entity",
        "6.5.3.1",
        TAG,
        (*_PARAMETERS, *PROJECTION, *REPRESENTATION, *JOINING, GEOMETRY_PROPERTY, *MAPPING),
        offers=ENTITIES,
        replies={200: Reply("The entity.", _SHOWN, ENTITIES), 203: Reply(OLDER, _SHOWN, ENTITIES)},
    ),
    Operation(
        "mergeEntity",
        "PATCH",
        PATH,
        merge,
        "Merge into an entity",
        "6.5.3.4",
        TAG,
        (*_PARAMETERS, FORMAT, OPTIONS, LANG, OBSERVED_AT),
        Body(reference("EntityFragment"), PATCH_BODY),
        _REPLIES,
    ),
    Operation(
        "replaceEntity",
        "PUT",
        PATH,
        replace,
        "Replace an entity",
        "6.5.3.3",
        TAG,
        _PARAMETERS,
        Body(reference("Entity")),
        _REPLIES,
    ),
    Operation(
        "deleteEntity",
        "DELETE",
        PATH,
        delete,
        "Delete an entity",
        "6.5.3.2",
        TAG,
        _PARAMETERS,
        replies=_REPLIES,
    ),
)
