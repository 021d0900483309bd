"""`/temporal/entities/{entityId}/attrs/...`: instances in the evolution (CIM 009 6.20 to 6.22)."""

from __future__ import annotations

from typing import Any

from mimas.ngsi_ld.core.context import TermMap
from mimas.ngsi_ld.core.errors import BadRequestData
from mimas.ngsi_ld.core.kinds import VALUE_MEMBERS
from mimas.ngsi_ld.core.names import require_uri
from mimas.ngsi_ld.core.operations import (
    AppendTemporal,
    DeleteInstance,
    DeleteTemporalAttribute,
    ModifyInstance,
)
from mimas.ngsi_ld.core.parse import parse_attribute, parse_temporal_fragment

from .addressing import attribute_name, entity_id, require_same_id
from .answers import Answer, no_content
from .attributes import DATASET_ID, DELETE_ALL
from .content import linked_context, read_value
from .exchange import Exchange
from .operation import PATCH_BODY, Body, Operation
from .outcomes import write
from .parameters import ATTRIBUTE_NAME, ENTITY_ID, INSTANCE_ID, LOCAL, read_boolean
from .problems import BASE
from .schemas import NO_CONTENT, reference

TAG = "Temporal evolution"
ATTRS_PATH = BASE + "/temporal/entities/{entityId}/attrs"
ATTR_PATH = ATTRS_PATH + "/{attrId}"
INSTANCE_PATH = ATTR_PATH + "/{instanceId}"


async def append(exchange: Exchange) -> Answer:
    """Add instances of attributes (5.6.12)."""
    target = entity_id(exchange)
    body, context = await read_value(exchange)
    if not isinstance(body, dict):
        raise BadRequestData("The body is an object of attributes.")
    require_same_id(body, target)
    fragment = parse_temporal_fragment(body, context.terms)
    await write(exchange, AppendTemporal(entity_id=target, fragment=fragment))
    return no_content()


async def delete_attribute(exchange: Exchange) -> Answer:
    """Delete an attribute from the evolution (5.6.13)."""
    target = entity_id(exchange)
    context = await linked_context(exchange)
    dataset_id = exchange.query.get("datasetId", "@none")
    operation = DeleteTemporalAttribute(
        entity_id=target,
        attribute=attribute_name(exchange, context.terms),
        dataset_id="" if dataset_id == "@none" else require_uri(dataset_id, "The datasetId"),
        delete_all=read_boolean(exchange.query, "deleteAll"),
    )
    await exchange.broker.history.execute(exchange.tenant, operation)
    return no_content()


async def modify_instance(exchange: Exchange) -> Answer:
    """Put another instance in the place of one (5.6.14)."""
    target = entity_id(exchange)
    instance_id = require_uri(exchange.path["instanceId"], "The instance id")
    body, context = await read_value(exchange)
    attribute = attribute_name(exchange, context.terms)
    single = _single(body, attribute, context.terms)
    instance = parse_attribute(single, context.terms, attribute, nulls=False)
    operation = ModifyInstance(
        entity_id=target, attribute=attribute, instance_id=instance_id, instance=instance
    )
    await exchange.broker.history.execute(exchange.tenant, operation)
    return no_content()


def _single(body: Any, attribute: str, terms: TermMap) -> Any:
    """The instance of `{attribute: [instance]}`; an object instead of the array is tolerated."""
    if isinstance(body, dict) and not body.keys() & VALUE_MEMBERS:
        body = {terms.expand(name): value for name, value in body.items()}.get(attribute, [])
    if isinstance(body, list):
        if len(body) != 1:
            name = terms.compact(attribute)
            raise BadRequestData(f'One instance is replaced by exactly one: send {{"{name}": [{{...}}]}}.')
        return body[0]
    return body


async def delete_instance(exchange: Exchange) -> Answer:
    """Delete one instance (5.6.15)."""
    target = entity_id(exchange)
    instance_id = require_uri(exchange.path["instanceId"], "The instance id")
    context = await linked_context(exchange)
    attribute = attribute_name(exchange, context.terms)
    await exchange.broker.history.execute(
        exchange.tenant, DeleteInstance(entity_id=target, attribute=attribute, instance_id=instance_id)
    )
    return no_content()


_REPLIES = {204: NO_CONTENT}

OPERATIONS = (
    Operation(
        "appendAttrsTemporal",
        "POST",
        ATTRS_PATH,
        append,
        "Add attribute instances",
        "6.20.3.1",
        TAG,
        (ENTITY_ID, LOCAL),
        Body(reference("EntityTemporalFragment")),
        _REPLIES,
    ),
    Operation(
        "deleteAttrsTemporal",
        "DELETE",
        ATTR_PATH,
        delete_attribute,
        "Delete an attribute from the evolution",
        "6.21.3.1",
        TAG,
        (ENTITY_ID, ATTRIBUTE_NAME, DATASET_ID, DELETE_ALL, LOCAL),
        replies=_REPLIES,
    ),
    Operation(
        "updateAttrInstanceTemporal",
        "PATCH",
        INSTANCE_PATH,
        modify_instance,
        "Replace one instance",
        "6.22.3.1",
        TAG,
        (ENTITY_ID, ATTRIBUTE_NAME, INSTANCE_ID, LOCAL),
        Body(reference("EntityTemporalFragment"), PATCH_BODY),
        _REPLIES,
    ),
    Operation(
        "deleteAttrInstanceTemporal",
        "DELETE",
        INSTANCE_PATH,
        delete_instance,
        "Delete one instance",
        "6.22.3.2",
        TAG,
        (ENTITY_ID, ATTRIBUTE_NAME, INSTANCE_ID, LOCAL),
        replies=_REPLIES,
    ),
)
