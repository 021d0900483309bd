"""What the right REST service holds at first, and how it describes itself (OpenAPI 3.1)."""

from __future__ import annotations

from typing import Any

BASE = "/v1"
FIELDS = ("id", "type", "name", "energy", "observedAt", "location", "owner")
COLLECTIONS = ("meters", "residents")


def meter(number: int) -> dict[str, Any]:
    """One meter of a public building; its owner is for the staff alone."""
    return {
        "id": f"meter-{number:02}",
        "type": "Meter",
        "name": f"School {number}",
        "energy": float(number),
        "observedAt": f"2026-01-{number + 1:02}T12:00:00Z",
        "location": {"type": "Point", "coordinates": [14.0 + number / 100, 50.1]},
        "owner": {"department": "Schools", "contact": {"room": f"R{number}"}},
    }


def resident(number: int) -> dict[str, Any]:
    """One made-up person."""
    return {
        "id": f"resident-{number}",
        "type": "Person",
        "name": f"Person {number}",
        "energy": 2.0 * number,
        "observedAt": f"2026-02-{number + 1:02}T08:00:00+01:00",
        "location": {"type": "Point", "coordinates": [15.0 + number / 100, 50.2]},
        "owner": {"department": "Registry", "contact": {"room": "R0"}},
    }


def first_items() -> dict[str, dict[str, dict[str, Any]]]:
    """All items by collection and id."""
    return {
        "meters": {each["id"]: each for each in map(meter, range(23))},
        "residents": {each["id"]: each for each in map(resident, range(12))},
    }


NEW = {**meter(30), "id": "meter-new", "name": "New school"}
_ERRORS = ("400", "401", "403", "404", "405", "406", "413", "415", "429")


def _parameter(name: str, place: str, schema: dict[str, Any], **more: Any) -> dict[str, Any]:
    required = {"required": True} if place == "path" else {}
    return {"name": name, "in": place, "schema": schema, **required, **more}


_COLLECTION = _parameter(
    "collectionId", "path", {"type": "string", "enum": list(COLLECTIONS)}, example="meters"
)
_ITEM = _parameter("itemId", "path", {"type": "string"}, example="meter-01")
_DATETIME = _parameter("datetime", "query", {"type": "string"}, description="Instant or interval a/b.")
_FIELDS = _parameter("fields", "query", {"type": "string"}, description="Names, separated by commas.")
_QUERY = [
    _parameter("limit", "query", {"type": "integer", "minimum": 1, "maximum": 100, "default": 10}),
    _parameter("offset", "query", {"type": "integer", "minimum": 0, "default": 0}),
    _parameter("bbox", "query", {"type": "array", "items": {"type": "number"}, "minItems": 4}, explode=False),
    _DATETIME,
    _parameter("name", "query", {"type": "string"}),
    _parameter("energy", "query", {"type": "number"}),
    _FIELDS,
]


def _json(schema: dict[str, Any], example: Any, *more: str, described: str = "Fine.") -> dict[str, Any]:
    content: dict[str, Any] = {"application/json": {"schema": schema, "example": example}}
    for media_type in more:
        content[media_type] = {"schema": {"type": "string"}, "example": "id,name\nmeter-01,School 1\n"}
    return {"description": described, "content": content}


def _operation(success: dict[str, Any], *parameters: dict[str, Any], **more: Any) -> dict[str, Any]:
    errors = {status: {"$ref": "#/components/responses/Problem"} for status in _ERRORS}
    return {"parameters": list(parameters), "responses": {**success, **errors}, **more}


def _body(schema: dict[str, Any], example: Any) -> dict[str, Any]:
    return {"required": True, "content": {"application/json": {"schema": schema, "example": example}}}


_REF = {"$ref": "#/components/schemas/Item"}
_DONE = {"description": "Done."}
_PAGE = {
    "type": "object",
    "required": ["items", "numberMatched"],
    "properties": {"items": {"type": "array", "items": _REF}, "numberMatched": {"type": "integer"}},
}
_SUBSCRIPTION = {
    "type": "object",
    "required": ["collection", "callbackUrl"],
    "properties": {"collection": {"type": "string"}, "callbackUrl": {"type": "string", "format": "uri"}},
}
_CONSENT = {
    "type": "object",
    "required": ["subject", "data", "purpose", "recipient", "expiry"],
    "properties": {
        "subject": {"type": "string"},
        "data": {"type": "array", "items": {"type": "string"}},
        "purpose": {"type": "string"},
        "recipient": {"type": "string"},
        "expiry": {"type": "string", "format": "date-time"},
    },
}
CONSENT = {
    "subject": "resident-1",
    "data": ["name"],
    "purpose": "https://w3id.org/dpv#ServiceProvision",
    "recipient": "recipient",
    "expiry": "2099-01-01T00:00:00Z",
}


def describe(schemes: dict[str, Any]) -> dict[str, Any]:
    """The OpenAPI description; `schemes` are its security schemes."""
    items, item = "/collections/{collectionId}/items", "/collections/{collectionId}/items/{itemId}"
    page = {"items": [meter(1)], "numberMatched": 1}
    subject = _parameter("subject", "path", {"type": "string"}, example="resident-1")
    number = _parameter("number", "path", {"type": "string"})
    status = {"status": "ok", "version": "1.4.0", "updated": "2026-01-01T00:00:00Z"}
    any_object = {"type": "object"}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Town meters", "version": "1.4.0"},
        "servers": [{"url": BASE}],
        "security": [{name: []} for name in schemes],
        "paths": {
            "/health": {"get": _operation({"200": _json(any_object, status)}, security=[])},
            "/collections": {
                "get": _operation(
                    {"200": _json(any_object, {"collections": [{"id": "meters"}]})}, security=[]
                )
            },
            items: {
                "get": _operation({"200": _json(_PAGE, page, "text/csv")}, _COLLECTION, *_QUERY),
                "post": _operation(
                    {"201": _DONE},
                    _COLLECTION,
                    requestBody=_body(_REF, NEW),
                    callbacks={},
                ),
            },
            item: {
                "get": _operation({"200": _json(_REF, meter(1))}, _COLLECTION, _ITEM, _FIELDS),
                "put": _operation({"204": _DONE}, _COLLECTION, _ITEM, requestBody=_body(_REF, NEW)),
                "delete": _operation({"204": _DONE}, _COLLECTION, _ITEM),
            },
            f"{item}/history": {
                "get": _operation({"200": _json(_PAGE, page)}, _COLLECTION, _ITEM, _DATETIME)
            },
            "/subscriptions": {
                "post": _operation(
                    {"201": _DONE},
                    requestBody=_body(
                        _SUBSCRIPTION,
                        {
                            "collection": "meters",
                            "attributes": ["energy"],
                            "callbackUrl": "http://x.example/",
                        },
                    ),
                    callbacks={
                        "change": {"{$request.body#/callbackUrl}": {"post": _operation({"200": _DONE})}}
                    },
                )
            },
            "/subscriptions/{number}": {"delete": _operation({"204": _DONE}, number)},
            "/subjects/{subject}": {
                "get": _operation({"200": _json(any_object, {"current": [], "history": []})}, subject),
                "delete": _operation({"204": _DONE}, subject),
            },
            "/consents": {"post": _operation({"201": _DONE}, requestBody=_body(_CONSENT, CONSENT))},
            "/consents/{number}": {
                "get": _operation({"200": _json(_CONSENT, CONSENT)}, number),
                "delete": _operation({"204": _DONE}, number),
            },
        },
        "components": {
            "securitySchemes": schemes,
            "schemas": {
                "Item": {
                    "type": "object",
                    "required": ["id", "type"],
                    "properties": {
                        "id": {"type": "string"},
                        "type": {"type": "string"},
                        "name": {"type": "string"},
                        "energy": {"type": "number"},
                        "observedAt": {"type": "string", "format": "date-time"},
                        "location": {"type": "object"},
                        "owner": {"$ref": "schemas/owner.json"},
                    },
                },
                "Problem": {
                    "type": "object",
                    "required": ["type", "title", "status", "detail"],
                    "properties": {"status": {"type": "integer"}},
                },
            },
            "responses": {
                "Problem": {
                    "description": "What is wrong.",
                    "content": {
                        "application/problem+json": {
                            "schema": {"$ref": "#/components/schemas/Problem"},
                            "example": {
                                "type": "about:blank",
                                "title": "Not Found",
                                "status": 404,
                                "detail": "There is no such item.",
                            },
                        }
                    },
                }
            },
        },
    }


SCHEMAS: dict[str, Any] = {
    "owner.json": {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {"department": {"type": "string"}},
    },
    "item.json": {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Item",
        "type": "object",
    },
}
