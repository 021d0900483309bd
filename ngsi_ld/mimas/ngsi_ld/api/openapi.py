"""The OpenAPI 3.1 document, made from the declared operations: what it says is what the routes do."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .examples import example_of
from .negotiation import JSON
from .operation import Operation, Parameter, Reply, Schema
from .schemas import COMPONENTS
from .subscription_schemas import COMPONENTS as SUBSCRIPTION_COMPONENTS

_BEARER = "bearer"
_PROBLEM = {"$ref": "#/components/responses/Problem"}
_TENANT = {"$ref": "#/components/parameters/NGSILD-Tenant"}
_LINK = {"$ref": "#/components/parameters/Link"}
_SNAPSHOT = {"$ref": "#/components/parameters/NGSILD-Snapshot"}


def openapi_document(operations: Iterable[Operation], version: str) -> dict[str, Any]:
    """The description of all `operations`."""
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _describe(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Mimas",
            "version": version,
            "summary": "NGSI-LD API of ETSI GS CIM 009 V1.9.1",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": {
            "schemas": {**COMPONENTS, **SUBSCRIPTION_COMPONENTS},
            "parameters": _shared_parameters(),
            "responses": {"Problem": _problem_response()},
            "securitySchemes": {
                _BEARER: {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A token of `mimas token create`, as soon as there is one.",
                }
            },
        },
    }


def with_security(document: dict[str, Any]) -> dict[str, Any]:
    """The description of a broker that asks for a token."""
    return {**document, "security": [{_BEARER: []}]}


def _describe(operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "tags": [operation.tag],
        "parameters": [_parameter(each) for each in operation.parameters],
        "responses": {str(status): _reply(reply) for status, reply in operation.replies.items()},
    }
    if operation.clause:
        described["description"] = f"ETSI GS CIM 009 V1.9.1 clause {operation.clause}."
    if operation.tenants:
        described["parameters"] += [_TENANT, _LINK]
        if operation.in_snapshots:
            described["parameters"].append(_SNAPSHOT)
    if operation.body:
        content = {media: _content(operation.body.schema, media) for media in operation.body.media_types}
        described["requestBody"] = {"required": True, "content": content}
    described["responses"].update(_failures(operation))
    return described


def _failures(operation: Operation) -> dict[str, Any]:
    failures: dict[str, Any] = {"400": _PROBLEM, "default": _PROBLEM}
    if operation.offers:
        failures["406"] = _PROBLEM
    if operation.body:
        failures["411"] = {"description": "Content-Length is missing."}
        failures["413"] = _PROBLEM
        failures["415"] = {"description": "Content-Type is none of those of the request body."}
    if any(each.place == "path" for each in operation.parameters):
        failures["404"] = _PROBLEM
    return failures


def _parameter(parameter: Parameter) -> dict[str, Any]:
    described: dict[str, Any] = {
        "name": parameter.name,
        "in": parameter.place,
        "description": parameter.description,
        "required": parameter.required or parameter.place == "path",
        "schema": {"type": "array", "items": parameter.schema} if parameter.many else parameter.schema,
    }
    if parameter.many:
        described |= {"style": "form", "explode": False}
    return described


def _reply(reply: Reply) -> dict[str, Any]:
    described: dict[str, Any] = {"description": reply.description}
    if reply.media_types:
        described["content"] = {
            media: _content(reply.schema, media) if reply.schema else {} for media in reply.media_types
        }
    if reply.headers:
        described["headers"] = {name: {"schema": {"type": "string"}} for name in reply.headers}
    return described


def _content(schema: Schema, media: str) -> dict[str, Any]:
    example = example_of(schema, media)
    return {"schema": schema} if example is None else {"schema": schema, "example": example}


def _shared_parameters() -> dict[str, Any]:
    return {
        "NGSILD-Tenant": {
            "name": "NGSILD-Tenant",
            "in": "header",
            "description": "The tenant; without it the default tenant.",
            "schema": {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}$"},
        },
        "NGSILD-Snapshot": {
            "name": "NGSILD-Snapshot",
            "in": "header",
            "description": "The snapshot that is read and written instead of the present state.",
            "schema": {"type": "string", "format": "uri"},
        },
        "Link": {
            "name": "Link",
            "in": "header",
            "description": 'The @context: <URL>; rel="http://www.w3.org/ns/json-ld#context"; '
            'type="application/ld+json". Not together with a body of application/ld+json.',
            "schema": {"type": "string"},
        },
    }


def _problem_response() -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/ProblemDetails"}
    return {
        "description": "What went wrong and what to do, as problem details.",
        "content": {media: _content(schema, media) for media in (JSON, "application/problem+json")},
    }
