"""The body of a POST query as the members a URL would have (CIM 009 5.2.23)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mimas.ngsi_ld.core.errors import BadRequestData

_STRINGS = frozenset({"q", "csf", "scopeQ", "lang", "expandValues", "jsonKeys", "join"})
_LISTS = frozenset({"attrs", "pick", "omit", "datasetId", "containedBy"})
_GEO = ("georel", "geometry", "coordinates", "geoproperty")
_AGGREGATION = ("aggrMethods", "aggrPeriodDuration")
_TEMPORAL = ("timerel", "timeAt", "endTimeAt", "timeproperty", "lastN", *_AGGREGATION)
# Members of a Query that are objects, with the parameters that their members are in a URL.
_RENAMED: Mapping[str, Mapping[str, str]] = {
    "geoQ": {name: name for name in _GEO},
    "temporalQ": {name: name for name in _TEMPORAL},
    "aggrParams": {name: name for name in _AGGREGATION},
    "ordering": {
        "orderBy": "orderBy",
        "collation": "collation",
        "coordinates": "orderFrom",
        "geometry": "orderGeometry",
    },
}


def members_of(body: Mapping[str, Any], *, temporal: bool) -> dict[str, Any]:
    """Members named as URL parameters; lists stay lists, `entities` stays a list of selectors."""
    if body.get("type", body.get("@type")) != "Query":
        raise BadRequestData('The body of a query has "type": "Query".')
    if not temporal and "temporalQ" in body:
        raise BadRequestData("temporalQ belongs to /temporal/entityOperations/query.")
    members: dict[str, Any] = {}
    for name, value in body.items():
        if name in _RENAMED:
            members.update(_inner(name, value))
        elif name in _STRINGS:
            members[name] = _string(name, value)
        elif name in _LISTS:
            members[name] = _list(name, value)
        elif name == "entities":
            members["entities"] = [_selector(each) for each in _items(name, value)]
        elif name in ("joinLevel", "splitEntities", "entityMap", "entityMapLifetime"):
            members[name] = value
    return members


def _inner(name: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BadRequestData(f"{name} is an object.")
    inner = {new: value[old] for old, new in _RENAMED[name].items() if old in value}
    if "orderBy" in inner:
        inner["orderBy"] = ",".join(_list("orderBy", inner["orderBy"]))
    return inner


def _selector(value: Any) -> dict[str, Any]:
    """An EntitySelector: a type, and perhaps ids or a pattern; ids win (5.2.33)."""
    if not isinstance(value, dict) or not isinstance(value.get("type"), str):
        raise BadRequestData("Every member of entities is an object with a type.")
    selector: dict[str, Any] = {"type": value["type"]}
    if "id" in value:
        selector["id"] = [value["id"]] if isinstance(value["id"], str) else _list("id", value["id"])
    elif "idPattern" in value:
        selector["idPattern"] = _string("idPattern", value["idPattern"])
    return selector


def _string(name: str, value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise BadRequestData(f"{name} is a string and not empty.")
    return value


def _items(name: str, value: Any) -> list[Any]:
    if not isinstance(value, list) or not value:
        raise BadRequestData(f"{name} is an array and not empty.")
    return value


def _list(name: str, value: Any) -> list[str]:
    items = _items(name, value)
    if not all(isinstance(item, str) and item for item in items):
        raise BadRequestData(f"{name} holds strings only, none of them empty.")
    return items
