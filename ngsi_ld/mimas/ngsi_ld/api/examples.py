"""Worked examples of what travels, for the OpenAPI document (MIM0 asks for one of every operation)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mimas.ngsi_ld.core.context import CORE_CONTEXT_URL

from .negotiation import LD_JSON
from .operation import Schema

_ID = "urn:ngsi-ld:Building:town-hall"
_AT = "2026-01-15T10:00:00Z"
_ATTRIBUTES: dict[str, Any] = {
    "name": {"type": "Property", "value": "Town hall"},
    "peopleOccupancy": {"type": "Property", "value": 12, "observedAt": _AT},
}
_EVOLUTION: dict[str, Any] = {
    "peopleOccupancy": [
        {"type": "Property", "value": 12, "observedAt": _AT},
        {"type": "Property", "value": 17, "observedAt": "2026-01-15T11:00:00Z"},
    ]
}

EXAMPLES: Mapping[str, Any] = {
    "EntityId": _ID,
    "Entity": {
        "id": _ID,
        "type": "Building",
        **_ATTRIBUTES,
        "location": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [14.104, 50.143]}},
    },
    "EntityFragment": {"peopleOccupancy": _ATTRIBUTES["peopleOccupancy"]},
    "AttributeFragment": _ATTRIBUTES["peopleOccupancy"],
    "EntityTemporal": {"id": _ID, "type": "Building", **_EVOLUTION},
    "EntityTemporalFragment": _EVOLUTION,
    "Query": {"type": "Query", "entities": [{"type": "Building"}], "q": "peopleOccupancy>10"},
    "Subscription": {
        "type": "Subscription",
        "entities": [{"type": "Building"}],
        "watchedAttributes": ["peopleOccupancy"],
        "notification": {
            "endpoint": {"uri": "https://city.example.org/notify", "accept": "application/json"}
        },
    },
    "SubscriptionFragment": {"description": "Who is in the town hall"},
    "ProblemDetails": {
        "type": "https://uri.etsi.org/ngsi-ld/errors/BadRequestData",
        "title": "Bad request data",
        "detail": "limit: must be a whole number that is not negative",
        "status": 400,
    },
}


def example_of(schema: Schema, media: str) -> Any:
    """An example of what `schema` describes, as it is written in `media`; None where there is none."""
    if schema.get("type") == "array":
        item = example_of(schema["items"], media)
        return None if item is None else [item]
    found = EXAMPLES.get(schema.get("$ref", "").rpartition("/")[2])
    if media == LD_JSON and isinstance(found, dict):
        return {**found, "@context": CORE_CONTEXT_URL}
    return found
