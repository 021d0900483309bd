"""`/entityOperations/...`: many entities in one request (CIM 009 6.14 to 6.17 and 6.31).

All items go to the writer in the order of the array, so doubles are applied one after the other
(CIM 009 5.5.11); what fails is reported for its entity and does not hold up the others.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mimas.ngsi_ld.core.context import TermMap
from mimas.ngsi_ld.core.errors import BadRequestData, NgsiLdError
from mimas.ngsi_ld.core.names import require_uri
from mimas.ngsi_ld.core.operations import (
    AppendAttributes,
    CreateEntity,
    DeleteEntity,
    MergeEntity,
    UpdateAttributes,
    UpsertEntity,
)
from mimas.ngsi_ld.core.operations import (
    Operation as Write,
)
from mimas.ngsi_ld.core.parse import parse_entity, parse_fragment
from mimas.ngsi_ld.core.state import Applied

from .answers import Answer, json_answer, no_content
from .content import read_batch, read_items
from .exchange import Exchange
from .negotiation import JSON
from .operation import Body, Operation, Reply
from .outcomes import batch_answer
from .parameters import LOCAL, OPTIONS, read_options
from .problems import BASE
from .schemas import NO_CONTENT, URIS, array_of, reference

TAG = "Batch operations"
PATH = BASE + "/entityOperations/"

Prepare = Callable[[dict[str, Any], TermMap], Write]
Outcome = tuple[str, Applied | NgsiLdError]


async def create(exchange: Exchange) -> Answer:
    """Create entities (5.6.7): 201 with their ids."""
    outcomes = await _run(exchange, _create)
    return _failed(outcomes) or json_answer([entity_id for entity_id, _ in outcomes], status=201)


async def upsert(exchange: Exchange) -> Answer:
    """Create entities, or replace or update those that are there (5.6.8): 201 with the new ones' ids."""
    options = read_options(exchange.query, frozenset({"replace", "update"}))
    if len(options) > 1:
        raise BadRequestData("options is replace or update, not both.")
    update = "update" in options
    if not (exchange.is_in_snapshot or exchange.broker.upsert_makes_tenants):
        await exchange.broker.require_tenant(exchange.tenant)
    outcomes = await _run(exchange, lambda item, terms: _upsert(item, terms, update))
    failed = _failed(outcomes)
    if failed:
        return failed
    new = [entity_id for entity_id, applied in outcomes if isinstance(applied, Applied) and applied.created]
    return json_answer(list(dict.fromkeys(new)), status=201) if new else no_content()


async def update(exchange: Exchange) -> Answer:
    """Append attributes to entities that are there (5.6.9)."""
    options = read_options(exchange.query, frozenset({"noOverwrite"}))
    overwrite = "noOverwrite" not in options
    outcomes = await _run(exchange, lambda item, terms: _append(item, terms, overwrite))
    return _failed(outcomes) or no_content()


async def merge(exchange: Exchange) -> Answer:
    """Merge fragments into entities that are there (5.6.20)."""
    return _failed(await _run(exchange, _merge)) or no_content()


async def delete(exchange: Exchange) -> Answer:
    """Delete entities by their ids (5.6.10)."""
    named = [_id_of(item) for item in await read_items(exchange)]
    writes: list[Write | NgsiLdError] = [_prepared(_delete, each) for each in named]
    return _failed(await _write(exchange, [str(each) for each in named], writes)) or no_content()


def _create(item: dict[str, Any], terms: TermMap) -> Write:
    document = parse_entity(item, terms)
    return CreateEntity(entity_id=document["id"], document=document)


def _upsert(item: dict[str, Any], terms: TermMap, update: bool) -> Write:
    try:
        document = parse_entity(item, terms)
    except BadRequestData:
        if not update or "type" not in item:
            raise
        # Update Attributes (5.6.8) may delete by the NGSI-LD Null, where there is something to delete.
        fragment = parse_fragment(item, terms, nulls=True, merge=False)
        return UpdateAttributes(entity_id=_required_id(item), fragment=fragment)
    return UpsertEntity(entity_id=document["id"], document=document, update=update)


def _append(item: dict[str, Any], terms: TermMap, overwrite: bool) -> Write:
    fragment = parse_fragment(item, terms, nulls=False)
    return AppendAttributes(entity_id=_required_id(item), fragment=fragment, overwrite=overwrite)


def _merge(item: dict[str, Any], terms: TermMap) -> Write:
    return MergeEntity(entity_id=_required_id(item), fragment=parse_fragment(item, terms, nulls=True))


def _delete(entity_id: Any) -> Write:
    return DeleteEntity(entity_id=require_uri(entity_id, "The entity id"))


def _required_id(item: dict[str, Any]) -> str:
    return require_uri(item.get("id", item.get("@id")), "The entity id")


async def _run(exchange: Exchange, prepare: Prepare) -> list[Outcome]:
    batch = await read_batch(exchange)
    writes: list[Write | NgsiLdError] = []
    for item, terms in zip(batch.items, batch.terms, strict=True):
        writes.append(terms if isinstance(terms, NgsiLdError) else _prepared(prepare, item, terms))
    return await _write(exchange, [str(_id_of(item)) for item in batch.items], writes)


def _prepared(prepare: Callable[..., Write], *arguments: Any) -> Write | NgsiLdError:
    try:
        return prepare(*arguments)
    except NgsiLdError as error:
        return error


async def _write(
    exchange: Exchange, entity_ids: list[str], writes: list[Write | NgsiLdError]
) -> list[Outcome]:
    valid = [each for each in writes if not isinstance(each, NgsiLdError)]
    applied = iter(await exchange.broker.writer.write(exchange.tenant, valid) if valid else [])
    return [
        (entity_id, each if isinstance(each, NgsiLdError) else next(applied))
        for entity_id, each in zip(entity_ids, writes, strict=True)
    ]


def _failed(outcomes: list[Outcome]) -> Answer | None:
    """A BatchOperationResult when something failed; also when all of it did (6.14.3.1)."""
    errors = []
    for entity_id, outcome in outcomes:
        if isinstance(outcome, NgsiLdError):
            errors.append((entity_id, outcome))
        elif outcome.not_updated:
            errors.append((entity_id, _stayed(outcome)))
    if not errors:
        return None
    success = [
        entity_id for entity_id, each in outcomes if isinstance(each, Applied) and not each.not_updated
    ]
    return batch_answer(list(dict.fromkeys(success)), errors)


def _stayed(applied: Applied) -> NgsiLdError:
    reasons = "; ".join(f"{name}: {reason}" for name, reason in applied.not_updated.items())
    return BadRequestData(f"Some attributes stayed as they were: {reasons}")


def _id_of(item: Any) -> Any:
    return item.get("id", item.get("@id", "")) if isinstance(item, dict) else item


_RESULT = Reply("Some or all failed.", reference("BatchOperationResult"), (JSON,))
_IDS = Reply("The ids of the entities that are new.", URIS, (JSON,))
_ENTITIES = Body(array_of(reference("Entity"), least=1))
_FRAGMENTS = Body(array_of(reference("EntityFragment"), least=1))

OPERATIONS = (
    Operation(
        "createBatch",
        "POST",
        PATH + "create",
        create,
        "Create entities",
        "6.14.3.1",
        TAG,
        (LOCAL,),
        _ENTITIES,
        {201: _IDS, 207: _RESULT},
        creates_tenant=True,
    ),
    Operation(
        "upsertBatch",
        "POST",
        PATH + "upsert",
        upsert,
        "Create or replace or update entities",
        "6.15.3.1",
        TAG,
        (LOCAL, OPTIONS),
        _ENTITIES,
        {201: _IDS, 204: NO_CONTENT, 207: _RESULT},
        creates_tenant=True,
    ),
    Operation(
        "updateBatch",
        "POST",
        PATH + "update",
        update,
        "Append attributes to entities",
        "6.16.3.1",
        TAG,
        (LOCAL, OPTIONS),
        _FRAGMENTS,
        {204: NO_CONTENT, 207: _RESULT},
    ),
    Operation(
        "mergeBatch",
        "POST",
        PATH + "merge",
        merge,
        "Merge into entities",
        "6.31.3.1",
        TAG,
        (LOCAL,),
        _FRAGMENTS,
        {204: NO_CONTENT, 207: _RESULT},
    ),
    Operation(
        "deleteBatch",
        "POST",
        PATH + "delete",
        delete,
        "Delete entities",
        "6.17.3.1",
        TAG,
        (LOCAL,),
        Body(array_of(reference("EntityId"), least=1)),
        {204: NO_CONTENT, 207: _RESULT},
    ),
)
