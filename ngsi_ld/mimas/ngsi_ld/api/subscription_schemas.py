"""JSON Schemas of subscriptions (CIM 009 5.2.12 to 5.2.15), for the OpenAPI document."""

from __future__ import annotations

from typing import Any

from mimas.ngsi_ld.core.subscriptions.members import FORMATS, MEDIA_TYPES, TRIGGERS

from .operation import Schema

_STRING: Schema = {"type": "string", "minLength": 1}
_NAMES: Schema = {"type": "array", "items": _STRING, "minItems": 1}
_BOOLEAN: Schema = {"type": "boolean"}
_POSITIVE: Schema = {"type": "number", "exclusiveMinimum": 0}
_DATE_TIME: Schema = {"type": "string", "format": "date-time"}
_URI: Schema = {"type": "string", "format": "uri"}
_PAIRS: Schema = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {"key": _STRING, "value": {"type": "string"}},
        "required": ["key", "value"],
    },
}


def _one_of(values: frozenset[str]) -> Schema:
    return {"type": "string", "enum": sorted(values)}


_ENDPOINT: Schema = {
    "type": "object",
    "required": ["uri"],
    "properties": {
        "uri": _URI,
        "accept": _one_of(MEDIA_TYPES),
        "timeout": _POSITIVE,
        "cooldown": _POSITIVE,
        "receiverInfo": _PAIRS,
        "notifierInfo": _PAIRS,
    },
}
_NOTIFICATION: Schema = {
    "type": "object",
    "required": ["endpoint"],
    "properties": {
        "attributes": _NAMES,
        "pick": _NAMES,
        "omit": _NAMES,
        "format": _one_of(FORMATS),
        "sysAttrs": _BOOLEAN,
        "showChanges": _BOOLEAN,
        "join": {"type": "string", "enum": ["flat", "inline", "@none"]},
        "joinLevel": {"type": "integer", "minimum": 1},
        "endpoint": _ENDPOINT,
        "status": {"type": "string", "enum": ["ok", "failed"], "readOnly": True},
        "timesSent": {"type": "integer", "readOnly": True},
        "timesFailed": {"type": "integer", "readOnly": True},
        **{
            name: {**_DATE_TIME, "readOnly": True}
            for name in ("lastNotification", "lastFailure", "lastSuccess")
        },
    },
}
_MEMBERS: dict[str, Any] = {
    "id": _URI,
    "type": {"type": "string", "enum": ["Subscription"]},
    "subscriptionName": _STRING,
    "description": _STRING,
    "entities": {"type": "array", "minItems": 1, "items": {"$ref": "#/components/schemas/EntitySelector"}},
    "watchedAttributes": _NAMES,
    "notificationTrigger": {"type": "array", "minItems": 1, "items": _one_of(TRIGGERS)},
    "timeInterval": _POSITIVE,
    "throttling": _POSITIVE,
    "q": _STRING,
    "geoQ": {"type": "object", "required": ["georel", "geometry", "coordinates"]},
    "scopeQ": _STRING,
    "csf": _STRING,
    "lang": _STRING,
    "isActive": _BOOLEAN,
    "expiresAt": _DATE_TIME,
    "datasetId": _NAMES,
    "localOnly": _BOOLEAN,
    "splitEntities": _BOOLEAN,
    "jsonldContext": _URI,
    "ngsildConformance": _STRING,
    "expandValues": _STRING,
    "jsonKeys": _STRING,
    "notification": _NOTIFICATION,
    "status": {"type": "string", "enum": ["active", "paused", "expired"], "readOnly": True},
}

COMPONENTS: dict[str, Schema] = {
    "Subscription": {"type": "object", "required": ["type", "notification"], "properties": _MEMBERS},
    "SubscriptionFragment": {"type": "object", "properties": _MEMBERS},
}
