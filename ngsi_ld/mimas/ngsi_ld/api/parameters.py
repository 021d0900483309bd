"""The query and path parameters of CIM 009 clause 6, declared once, and how their values are read."""

from __future__ import annotations

from collections.abc import Mapping

from mimas.ngsi_ld.core.errors import BadRequestData, InvalidRequest

from .operation import Parameter
from .schemas import BOOLEAN, COUNT, DATE_TIME, POSITIVE, STRING, URI, choice


def _listed(name: str, description: str, schema: Mapping[str, object] = STRING) -> Parameter:
    return Parameter(name, description, schema, many=True)


ENTITY_ID = Parameter("entityId", "The entity's URI, percent-encoded.", URI, "path")
ATTRIBUTE_NAME = Parameter("attrId", "The attribute's name: short, by the @context, or full.", STRING, "path")
INSTANCE_ID = Parameter("instanceId", "The URI of one instance in the temporal evolution.", URI, "path")
TYPE_NAME = Parameter("type", "The type's name: short, by the @context, or full.", STRING, "path")
CONTEXT_ID = Parameter(
    "contextId", "The local id; for a cached @context also its URL, percent-encoded.", STRING, "path"
)

LOCAL = Parameter("local", "Only what this broker holds; it never asks others yet.", BOOLEAN)
TYPE = Parameter("type", "Entity type selection, e.g. `A,B`, `(A;B)|C`, `*` (4.17).")
IDS = _listed("id", "URIs of entities.", URI)
ID_PATTERN = Parameter("idPattern", "A regular expression that the id must match.")
ATTRS = _listed("attrs", "Entities with at least one of these attributes, and only these of them.")
PICK = _listed("pick", "Only these members: id, type, scope and attributes (4.21).")
OMIT = _listed("omit", "All members but these (4.21).")
Q = Parameter("q", "A filter on attribute values (4.9).")
CSF = Parameter("csf", "A filter on context sources (4.9).")
GEOREL = Parameter("georel", "near;maxDistance==N, within, contains, intersects, equals, ... (4.10).")
GEOMETRY = Parameter(
    "geometry",
    "The type of the reference geometry.",
    choice("Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon"),
)
COORDINATES = Parameter("coordinates", "The coordinates of the reference geometry, as JSON.")
GEOPROPERTY = Parameter("geoproperty", "The GeoProperty that the query is about; default location.")
GEOMETRY_PROPERTY = Parameter(
    "geometryProperty", "The GeoProperty that becomes `geometry` in GeoJSON; default location."
)
SCOPE_Q = Parameter("scopeQ", "A filter on scopes (4.19).")
LANG = Parameter("lang", "Preferred natural languages (4.15).")
DATASET_IDS = _listed("datasetId", "Only instances of these datasets; `@none` is the default instance.")
JOIN = Parameter("join", "Linked entities in the answer (4.5.23).", choice("flat", "inline", "@none"))
JOIN_LEVEL = Parameter("joinLevel", "How deep linked entities are followed; default 1.", POSITIVE)
CONTAINED_BY = _listed("containedBy", "Entities that are not to be put in again.", URI)
EXPAND_VALUES = _listed("expandValues", "Attributes whose values in q are names to expand.")
JSON_KEYS = _listed("jsonKeys", "Attributes whose paths in q are not expanded.")
ORDER_BY = _listed("orderBy", "Members to order by, each with ;asc, ;desc, ;dist-asc or ;dist-desc (4.23).")
COLLATION = Parameter("collation", "The ICU collation of strings, e.g. `cs`.")
ORDER_FROM = Parameter("orderFrom", "The coordinates that distances are measured from, as JSON.")
ORDER_GEOMETRY = Parameter("orderGeometry", "The type of that geometry; default Point.")
SPLIT_ENTITIES = Parameter("splitEntities", "Whether entities may be spread over brokers.", BOOLEAN)
ENTITY_MAP = Parameter("entityMap", "Whether to make an entity map (5.5.14).", BOOLEAN)
ENTITY_MAP_LIFETIME = Parameter("entityMapLifetime", "How long the map is wanted, an ISO 8601 duration.")
NGSILD_ENTITY_MAP = Parameter(
    "NGSILD-EntityMap", "The entity map that fixes the entities of the query.", URI, "header"
)
LIMIT = Parameter("limit", "How many at most; 0 only together with count.", COUNT)
OFFSET = Parameter("offset", "How many to leave out at the beginning.", COUNT)
PAGE_KEY = Parameter(
    "pageKey", "Where the page begins: from a next link, beside its offset; makes deep pages cheap."
)
COUNT_ALL = Parameter("count", "Whether NGSILD-Results-Count tells how many there are.", BOOLEAN)
FORMAT = Parameter(
    "format", "The representation.", choice("normalized", "concise", "simplified", "keyValues")
)
OPTIONS = _listed("options", "sysAttrs, and the representation as before `format`: keyValues, concise.")
SYS_ATTRS = Parameter("sysAttrs", "The same as options=sysAttrs.", BOOLEAN)
DETAILS = Parameter("details", "Whether to tell more about each.", BOOLEAN)

TIMEREL = Parameter("timerel", "before, after or between (4.11).", choice("before", "after", "between"))
TIME_AT = Parameter("timeAt", "The time that timerel refers to.", DATE_TIME)
END_TIME_AT = Parameter("endTimeAt", "The end of between.", DATE_TIME)
TIME_PROPERTY = Parameter(
    "timeproperty",
    "The temporal property; default observedAt.",
    choice("observedAt", "createdAt", "modifiedAt", "deletedAt"),
)
LAST_N = Parameter("lastN", "Only the last N instances of each attribute, newest first.", POSITIVE)
AGGR_METHODS = _listed(
    "aggrMethods",
    "Aggregations for format=aggregatedValues.",
    choice("totalCount", "distinctCount", "sum", "avg", "min", "max", "stddev", "sumsq"),
)
AGGR_PERIOD = Parameter("aggrPeriodDuration", "The length of each period, an ISO 8601 duration.")
TEMPORAL_FORMAT = Parameter(
    "format",
    "The representation.",
    choice("normalized", "temporalValues", "aggregatedValues", "simplified", "keyValues", "concise"),
)

GEO = (GEOREL, GEOMETRY, COORDINATES, GEOPROPERTY)
SELECTION = (TYPE, IDS, ID_PATTERN, Q, *GEO, SCOPE_Q, CSF)
PROJECTION = (ATTRS, PICK, OMIT, DATASET_IDS, LANG)
JOINING = (JOIN, JOIN_LEVEL, CONTAINED_BY)
REPRESENTATION = (FORMAT, OPTIONS, SYS_ATTRS)
PAGING = (LIMIT, OFFSET, PAGE_KEY, COUNT_ALL)
ORDERING = (ORDER_BY, COLLATION, ORDER_FROM, ORDER_GEOMETRY)
MAPPING = (ENTITY_MAP, ENTITY_MAP_LIFETIME, NGSILD_ENTITY_MAP)
TEMPORAL = (TIMEREL, TIME_AT, END_TIME_AT, TIME_PROPERTY)
AGGREGATION = (LAST_N, AGGR_METHODS, AGGR_PERIOD)


def read_boolean(query: Mapping[str, str], name: str) -> bool:
    """The value of a boolean parameter; absent is false."""
    value = query.get(name, "false")
    if value not in ("true", "false"):
        raise BadRequestData(f"{name} is true or false, not {value!r}.", parameter=name)
    return value == "true"


def read_integer(query: Mapping[str, str], name: str, *, least: int) -> int | None:
    """The value of an integer parameter."""
    text = query.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit()) or len(text) > 12 or int(text) < least:
        raise BadRequestData(f"{name} is a whole number from {least}, not {text!r}.", parameter=name)
    return int(text)


def read_list(query: Mapping[str, str], name: str) -> list[str]:
    """The values of a parameter separated by commas; an empty one is an error."""
    text = query.get(name)
    if text is None:
        return []
    values = [value.strip() for value in text.split(",")]
    if not all(values):
        raise BadRequestData(f"{name} has an empty member.", parameter=name)
    return values


def read_options(query: Mapping[str, str], known: frozenset[str]) -> frozenset[str]:
    """The members of `options`; InvalidRequest for one the operation does not have (CIM 009 6.3.20)."""
    if "options" not in query:
        return frozenset()
    options = frozenset(value.strip() for value in query["options"].split(","))
    unknown = sorted(options - known)
    if unknown:
        raise InvalidRequest(
            f"options={unknown[0]} is not known here. Known: {', '.join(sorted(known))}.", parameter="options"
        )
    return options
