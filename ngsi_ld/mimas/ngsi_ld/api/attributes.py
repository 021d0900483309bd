"""`/entities/{entityId}/attrs` and `/entities/{entityId}/attrs/{attrId}` (CIM 009 6.6 and 6.7)."""

from __future__ import annotations

from mimas.ngsi_ld.core.context import TermMap
from mimas.ngsi_ld.core.errors import BadRequestData
from mimas.ngsi_ld.core.names import require_uri
from mimas.ngsi_ld.core.operations import (
    AppendAttributes,
    DeleteAttribute,
    PartialUpdate,
    ReplaceAttribute,
    UpdateAttributes,
)
from mimas.ngsi_ld.core.parse import parse_attribute, parse_fragment

from .addressing import attribute_name, entity_id, require_same_id, selected_types
from .answers import Answer
from .content import linked_context, read_object
from .exchange import Exchange
from .operation import PATCH_BODY, Body, Operation, Parameter, Reply
from .outcomes import update_answer, write
from .parameters import (
    ATTRIBUTE_NAME,
    ENTITY_ID,
    LOCAL,
    OPTIONS,
    TYPE,
    read_boolean,
    read_options,
)
from .problems import BASE
from .schemas import BOOLEAN, NO_CONTENT, URI, reference

ATTRS_PATH = BASE + "/entities/{entityId}/attrs"
ATTR_PATH = ATTRS_PATH + "/{attrId}"
TAG = "Attributes"

_FRAGMENT = reference("EntityFragment")
_REPLIES = {
    204: NO_CONTENT,
    207: Reply("Some attributes stayed as they were.", reference("UpdateResult"), ("application/json",)),
}
_PARAMETERS = (ENTITY_ID, TYPE, LOCAL)


async def append_attributes(exchange: Exchange) -> Answer:
    """Add attributes; those that are there are replaced unless noOverwrite is asked for (5.6.3)."""
    target = entity_id(exchange)
    options = read_options(exchange.query, frozenset({"noOverwrite"}))
    body, context = await read_object(exchange)
    require_same_id(body, target)
    operation = AppendAttributes(
        entity_id=target,
        types=selected_types(exchange, context.terms),
        fragment=parse_fragment(body, context.terms, nulls=False),
        overwrite="noOverwrite" not in options,
    )
    return update_answer(await write(exchange, operation))


async def update_attributes(exchange: Exchange) -> Answer:
    """Replace attributes as a whole, add those that are missing, delete those that are null (5.6.2)."""
    target = entity_id(exchange)
    body, context = await read_object(exchange)
    require_same_id(body, target)
    operation = UpdateAttributes(
        entity_id=target,
        types=selected_types(exchange, context.terms),
        fragment=parse_fragment(body, context.terms, nulls=True, merge=False),
    )
    return update_answer(await write(exchange, operation))


async def partial_update(exchange: Exchange) -> Answer:
    """Change the given members of one attribute (5.6.4)."""
    target = entity_id(exchange)
    body, context = await read_object(exchange)
    attribute = _changeable(exchange, context.terms)
    operation = PartialUpdate(
        entity_id=target,
        types=selected_types(exchange, context.terms),
        attribute=attribute,
        fragment=parse_attribute(body, context.terms, attribute, nulls=True),
    )
    return update_answer(await write(exchange, operation))


async def replace_attribute(exchange: Exchange) -> Answer:
    """Replace one instance of an attribute (5.6.19)."""
    target = entity_id(exchange)
    body, context = await read_object(exchange)
    attribute = _changeable(exchange, context.terms)
    operation = ReplaceAttribute(
        entity_id=target,
        types=selected_types(exchange, context.terms),
        attribute=attribute,
        instance=parse_attribute(body, context.terms, attribute, nulls=False),
    )
    return update_answer(await write(exchange, operation))


async def delete_attribute(exchange: Exchange) -> Answer:
    """Delete the default instance, one of a dataset, or all (5.6.5)."""
    target = entity_id(exchange)
    context = await linked_context(exchange)
    dataset_id = exchange.query.get("datasetId", "@none")
    operation = DeleteAttribute(
        entity_id=target,
        types=selected_types(exchange, context.terms),
        attribute=attribute_name(exchange, context.terms),
        dataset_id="" if dataset_id == "@none" else require_uri(dataset_id, "The datasetId"),
        delete_all=read_boolean(exchange.query, "deleteAll"),
    )
    return update_answer(await write(exchange, operation))


def _changeable(exchange: Exchange, terms: TermMap) -> str:
    """The attribute of the path; a scope is no attribute that could be changed so (5.6.4, 5.6.19)."""
    attribute = attribute_name(exchange, terms)
    if attribute == "scope":
        raise BadRequestData("The scope can be changed with PATCH on the entity, not as an attribute.")
    return attribute


DATASET_ID = Parameter("datasetId", "The dataset of the instance; `@none` is the default instance.", URI)
DELETE_ALL = Parameter("deleteAll", "Whether all instances go.", BOOLEAN)

OPERATIONS = (
    Operation(
        "appendAttrs",
        "POST",
        ATTRS_PATH,
        append_attributes,
        "Append attributes to an entity",
        "6.6.3.1",
        TAG,
        (*_PARAMETERS, OPTIONS),
        Body(_FRAGMENT),
        _REPLIES,
    ),
    Operation(
        "updateEntity",
        "PATCH",
        ATTRS_PATH,
        update_attributes,
        "Update attributes of an entity",
        "6.6.3.2",
        TAG,
        _PARAMETERS,
        Body(_FRAGMENT, PATCH_BODY),
        _REPLIES,
    ),
    Operation(
        "updateAttrs",
        "PATCH",
        ATTR_PATH,
        partial_update,
        "Update members of one attribute",
        "6.7.3.1",
        TAG,
        (*_PARAMETERS, ATTRIBUTE_NAME),
        Body(reference("AttributeFragment"), PATCH_BODY),
        _REPLIES,
    ),
    Operation(
        "replaceAttrs",
        "PUT",
        ATTR_PATH,
        replace_attribute,
        "Replace one attribute",
        "6.7.3.3",
        TAG,
        (*_PARAMETERS, ATTRIBUTE_NAME),
        Body(reference("AttributeFragment")),
        _REPLIES,
    ),
    Operation(
        "deleteAttrs",
        "DELETE",
        ATTR_PATH,
        delete_attribute,
        "Delete one attribute",
        "6.7.3.2",
        TAG,
        (*_PARAMETERS, ATTRIBUTE_NAME, DATASET_ID, DELETE_ALL),
        None,
        _REPLIES,
    ),
)
