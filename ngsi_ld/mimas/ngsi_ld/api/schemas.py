"""JSON Schemas of what travels, for the OpenAPI document; the core checks the content."""

from __future__ import annotations

from typing import Any

from .operation import Reply, Schema

STRING: Schema = {"type": "string"}
BOOLEAN: Schema = {"type": "boolean"}
POSITIVE: Schema = {"type": "integer", "minimum": 1}
COUNT: Schema = {"type": "integer", "minimum": 0}
URI: Schema = {"type": "string", "format": "uri"}
DATE_TIME: Schema = {"type": "string", "format": "date-time"}
NAMES: Schema = {"type": "array", "items": {"type": "string"}}
URIS: Schema = {"type": "array", "items": URI}


def choice(*values: str) -> Schema:
    """One of these strings."""
    return {"type": "string", "enum": list(values)}


def array_of(schema: Schema, *, least: int = 0) -> Schema:
    """A list of at least `least` items."""
    return {"type": "array", "items": schema, **({"minItems": least} if least else {})}


def reference(name: str) -> Schema:
    """One of the schemas below."""
    return {"$ref": f"#/components/schemas/{name}"}


def _object(*required: str, **properties: Schema) -> Schema:
    schema: dict[str, Any] = {"type": "object", "properties": properties}
    return schema | ({"required": list(required)} if required else {})


_CONTEXT: Schema = {"description": "A JSON-LD @context", "type": ["string", "object", "array"]}
_TYPE: Schema = {"oneOf": [STRING, {**NAMES, "minItems": 1}]}
_SCOPE: Schema = {"oneOf": [STRING, {**NAMES, "minItems": 1}]}
_ENTITY_MEMBERS: dict[str, Schema] = {
    "id": URI,
    "type": _TYPE,
    "scope": _SCOPE,
    "expiresAt": DATE_TIME,
    "@context": _CONTEXT,
}

_SNAPSHOT_MEMBERS: dict[str, Schema] = {
    "id": URI,
    "type": choice("Snapshot"),
    "snapshotLifetime": STRING,
    "snapshotPriority": {"type": "integer", "minimum": 1, "maximum": 10},
    "endpoint": URI,
    "receiverInfo": array_of(_object("key", "value", key=STRING, value=STRING)),
}
_SNAPSHOT_QUERIES: dict[str, Schema] = {
    "snapshotQueries": array_of(reference("Query"), least=1),
    "snapshotTemporalQueries": array_of(reference("Query"), least=1),
}
_SNAPSHOT_STATUS: dict[str, Schema] = {
    "snapshotStatus": {
        **choice("preparing", "success", "partial", "empty", "failure"),
        "readOnly": True,
    },
    "snapshotQueriesDetails": {**array_of(reference("ExecutionResultDetails")), "readOnly": True},
    "snapshotTemporalQueriesDetails": {**array_of(reference("ExecutionResultDetails")), "readOnly": True},
    **{
        name: {**DATE_TIME, "readOnly": True}
        for name in ("createdAt", "modifiedAt", "expiresAt", "lastUsedAt")
    },
}

COMPONENTS: dict[str, Schema] = {
    "EntityId": URI,
    "Entity": _object("id", "type", **_ENTITY_MEMBERS),
    "EntityFragment": _object(**_ENTITY_MEMBERS),
    "AttributeFragment": _object(**{"@context": _CONTEXT, "type": STRING, "datasetId": URI}),
    "EntityTemporal": _object("id", "type", **_ENTITY_MEMBERS),
    "EntityTemporalFragment": _object(**_ENTITY_MEMBERS),
    "Feature": _object("type", "geometry", "properties", type=choice("Feature"), id=URI),
    "FeatureCollection": _object(
        "type", "features", type=choice("FeatureCollection"), features=array_of(reference("Feature"))
    ),
    "Query": _object(
        "type",
        type=choice("Query"),
        entities={**array_of(reference("EntitySelector")), "minItems": 1},
        attrs=NAMES,
        pick=NAMES,
        omit=NAMES,
        q=STRING,
        geoQ=_object("georel", "geometry", "coordinates", georel=STRING, geometry=STRING, geoproperty=STRING),
        temporalQ=_object("timerel", "timeAt", timerel=STRING, timeAt=DATE_TIME, endTimeAt=DATE_TIME),
        scopeQ=STRING,
        lang=STRING,
        datasetId=NAMES,
        containedBy=URIS,
        join=choice("flat", "inline", "@none"),
        joinLevel=POSITIVE,
        expandValues=STRING,
        jsonKeys=STRING,
        entityMap=BOOLEAN,
        entityMapLifetime=STRING,
        splitEntities=BOOLEAN,
        ordering=_object("orderBy", orderBy=NAMES, collation=STRING, geometry=STRING),
        aggrParams=_object("aggrMethods", aggrMethods=STRING, aggrPeriodDuration=STRING),
    ),
    "EntitySelector": _object(
        "type", type=STRING, id={"oneOf": [URI, {**URIS, "minItems": 1}]}, idPattern=STRING
    ),
    "ProblemDetails": _object("type", "title", "detail", type=URI, title=STRING, detail=STRING, status=COUNT),
    "BatchEntityError": _object("entityId", "error", entityId=STRING, error=reference("ProblemDetails")),
    "BatchOperationResult": _object(
        "success", "errors", success=NAMES, errors=array_of(reference("BatchEntityError"))
    ),
    "NotUpdatedDetails": _object("attributeName", "reason", attributeName=STRING, reason=STRING),
    "UpdateResult": _object(
        "updated", "notUpdated", updated=NAMES, notUpdated=array_of(reference("NotUpdatedDetails"))
    ),
    "EntityTypeList": _object(
        "id", "type", "typeList", id=URI, type=choice("EntityTypeList"), typeList=NAMES
    ),
    "EntityType": _object(
        "id", "type", "typeName", id=URI, type=choice("EntityType"), typeName=STRING, attributeNames=NAMES
    ),
    "EntityTypeInfo": _object(
        "id",
        "type",
        "typeName",
        "entityCount",
        id=URI,
        type=choice("EntityTypeInfo"),
        typeName=STRING,
        entityCount=COUNT,
        attributeDetails=array_of(reference("Attribute")),
    ),
    "AttributeList": _object(
        "id", "type", "attributeList", id=URI, type=choice("AttributeList"), attributeList=NAMES
    ),
    "Attribute": _object(
        "id",
        "type",
        "attributeName",
        id=URI,
        type=choice("Attribute"),
        attributeName=STRING,
        attributeCount=COUNT,
        attributeTypes=NAMES,
        typeNames=NAMES,
    ),
    "Context": _object("@context", **{"@context": _CONTEXT}),
    "ContextDetails": _object(
        "URL",
        "localId",
        "kind",
        "createdAt",
        URL=STRING,
        localId=STRING,
        kind=choice("Cached", "Hosted", "ImplicitlyCreated"),
        createdAt=DATE_TIME,
        expiresAt=DATE_TIME,
        lastUsage=DATE_TIME,
        numberOfHits=COUNT,
    ),
    "EntityMap": _object(
        "id",
        "type",
        "expiresAt",
        id=URI,
        type=choice("EntityMap"),
        expiresAt=DATE_TIME,
        entityMap={"type": "object", "additionalProperties": URIS},
        linkedMaps={"type": "object", "additionalProperties": URI},
    ),
    "EntityMapFragment": _object(expiresAt=DATE_TIME),
    "ExecutionResultDetails": _object(
        "resultStatus",
        resultStatus=choice("success", "failure", "empty"),
        problemDetails=reference("ProblemDetails"),
    ),
    "Snapshot": _object("type", **_SNAPSHOT_MEMBERS, **_SNAPSHOT_QUERIES, **_SNAPSHOT_STATUS),
    "SnapshotFragment": _object("type", **_SNAPSHOT_MEMBERS),
    "ContextSourceIdentity": _object(
        "id",
        "type",
        "contextSourceAlias",
        "contextSourceUptime",
        "contextSourceTimeAt",
        id=URI,
        type=choice("ContextSourceIdentity"),
        contextSourceAlias=STRING,
        contextSourceUptime=STRING,
        contextSourceTimeAt=DATE_TIME,
    ),
}

OLDER = "Altered for the version of NGSI-LD that Prefer names."
NO_CONTENT = Reply("Done; there is no body.")
CREATED = Reply("Created; Location is the path of it.", headers=("Location",))
