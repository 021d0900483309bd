"""`/types` and `/attributes`: what is there (CIM 009 5.7.5 to 5.7.10, 6.25 to 6.28)."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from mimas.ngsi_ld.core.context import TermMap, stored_to_iri
from mimas.ngsi_ld.core.errors import ResourceNotFound
from mimas.ngsi_ld.core.names import require_name
from mimas.ngsi_ld.store.discovery import AttributeInType

from .answers import Answer
from .content import linked_context
from .exchange import Exchange
from .negotiation import DOCUMENT
from .operation import Operation, Reply
from .parameters import ATTRIBUTE_NAME, DETAILS, LOCAL, TYPE_NAME, read_boolean
from .problems import BASE
from .representing import document_answer, listing_answer
from .schemas import array_of, reference

TAG = "Discovery"
TYPES_PATH = BASE + "/types"
ATTRIBUTES_PATH = BASE + "/attributes"


async def list_types(exchange: Exchange) -> Answer:
    """The types in use, or each with its attributes (5.7.5, 5.7.6)."""
    store, terms = exchange.broker.discovery, (context := await linked_context(exchange)).terms
    if read_boolean(exchange.query, "details"):
        summaries = await store.type_summaries(exchange.tenant)
        details = [
            {
                "id": stored_to_iri(each.name),
                "type": "EntityType",
                "typeName": terms.compact(each.name),
                "attributeNames": _names(each.attributes, terms),
            }
            for each in summaries
        ]
        return await listing_answer(exchange, details, context)
    names = _names(await store.types(exchange.tenant), terms)
    return await document_answer(exchange, _list_of("EntityTypeList", "typeList", names), context)


async def retrieve_type(exchange: Exchange) -> Answer:
    """One type with the number of its entities and their attributes (5.7.7)."""
    context = await linked_context(exchange)
    name = context.terms.expand(require_name(exchange.path["type"], "The type"))
    count, attributes = await exchange.broker.discovery.type_details(exchange.tenant, name)
    if not count:
        raise ResourceNotFound(f"No entity has the type {stored_to_iri(name)}.")
    information = {
        "id": stored_to_iri(name),
        "type": "EntityTypeInfo",
        "typeName": context.terms.compact(name),
        "entityCount": count,
        "attributeDetails": [_attribute_in_type(each, context.terms) for each in attributes],
    }
    return await document_answer(exchange, information, context)


async def list_attributes(exchange: Exchange) -> Answer:
    """The attributes in use, or each with the types that have it (5.7.8, 5.7.9)."""
    store, terms = exchange.broker.discovery, (context := await linked_context(exchange)).terms
    if read_boolean(exchange.query, "details"):
        summaries = await store.attribute_summaries(exchange.tenant)
        details = [
            {**_attribute(each.name, terms), "typeNames": _names(each.types, terms)} for each in summaries
        ]
        return await listing_answer(exchange, details, context)
    names = _names(await store.attributes(exchange.tenant), terms)
    return await document_answer(exchange, _list_of("AttributeList", "attributeList", names), context)


async def retrieve_attribute(exchange: Exchange) -> Answer:
    """One attribute with its count, kinds and types (5.7.10)."""
    context = await linked_context(exchange)
    name = context.terms.expand(require_name(exchange.path["attrId"], "The attribute"))
    found = await exchange.broker.discovery.attribute_details(exchange.tenant, name)
    if found is None:
        raise ResourceNotFound(f"No entity has the attribute {stored_to_iri(name)}.")
    information = {
        **_attribute(name, context.terms),
        "attributeCount": found.count,
        "attributeTypes": list(found.kinds),
        "typeNames": _names(found.types, context.terms),
    }
    return await document_answer(exchange, information, context)


def _attribute(name: str, terms: TermMap) -> dict[str, Any]:
    return {"id": stored_to_iri(name), "type": "Attribute", "attributeName": terms.compact(name)}


def _attribute_in_type(attribute: AttributeInType, terms: TermMap) -> dict[str, Any]:
    return {**_attribute(attribute.name, terms), "attributeTypes": list(attribute.kinds)}


def _list_of(kind: str, member: str, names: list[str]) -> dict[str, Any]:
    return {"id": f"urn:ngsi-ld:{kind}:{uuid.uuid4()}", "type": kind, member: names}


def _names(stored: Iterable[str], terms: TermMap) -> list[str]:
    return [terms.compact(each) for each in stored]


def _either(summary: str, detail: str) -> Reply:
    schema = {"anyOf": [reference(summary), array_of(reference(detail))]}
    return Reply("Names, or an array with details.", schema, DOCUMENT)


OPERATIONS = (
    Operation(
        "retrieveEntityTypes",
        "GET",
        TYPES_PATH,
        list_types,
        "List entity types",
        "6.25.3.1",
        TAG,
        (DETAILS, LOCAL),
        offers=DOCUMENT,
        replies={200: _either("EntityTypeList", "EntityType")},
    ),
    Operation(
        "retrieveEntityTypeInfo",
        "GET",
        TYPES_PATH + "/{type}",
        retrieve_type,
        "Describe an entity type",
        "6.26.3.1",
        TAG,
        (TYPE_NAME, LOCAL),
        offers=DOCUMENT,
        replies={200: Reply("The type.", reference("EntityTypeInfo"), DOCUMENT)},
    ),
    Operation(
        "retrieveAttrTypes",
        "GET",
        ATTRIBUTES_PATH,
        list_attributes,
        "List attributes",
        "6.27.3.1",
        TAG,
        (DETAILS, LOCAL),
        offers=DOCUMENT,
        replies={200: _either("AttributeList", "Attribute")},
    ),
    Operation(
        "retrieveAttrTypeInfo",
        "GET",
        ATTRIBUTES_PATH + "/{attrId}",
        retrieve_attribute,
        "Describe an attribute",
        "6.28.3.1",
        TAG,
        (ATTRIBUTE_NAME, LOCAL),
        offers=DOCUMENT,
        replies={200: Reply("The attribute.", reference("Attribute"), DOCUMENT)},
    ),
)
