"""The temporal representation as input: each attribute is a list of instances (CIM 009 4.5.6 to 4.5.9)."""

from __future__ import annotations

from typing import Any, Final

from ..context import TermMap
from ..instants import require_instant
from ..kinds import instances_of
from ..names import require_uri, shown
from ..state import Document, Instance
from .entity import parse_scope, parse_types, split_members
from .instance import GEO_PROPERTIES, parse_attribute_value, parse_instance
from .rules import Rules, refuse

_SERIES: Final = {
    "Property": ("values", "value"),
    "GeoProperty": ("values", "value"),
    "Relationship": ("objects", "object"),
    "LanguageProperty": ("languageMaps", "languageMap"),
    "VocabProperty": ("vocabs", "vocab"),
    "JsonProperty": ("jsons", "json"),
    "ListProperty": ("valueLists", "valueList"),
    "ListRelationship": ("objectLists", "objectList"),
}


def parse_temporal_entity(body: Any, terms: TermMap) -> Document:
    """An EntityTemporal (CIM 009 5.2.20): each attribute, and scope, is a list of instances."""
    return _temporal(body, terms, complete=True)


def parse_temporal_fragment(body: Any, terms: TermMap) -> Document:
    """A fragment of an EntityTemporal: id and type may be absent."""
    return _temporal(body, terms, complete=False)


def _temporal(body: Any, terms: TermMap, *, complete: bool) -> Document:
    rules = Rules(terms, temporal=True)
    own, attributes = split_members(
        body, rules, lambda stored, name, value: _instances(value, name, rules, geo=stored in GEO_PROPERTIES)
    )
    document: Document = {}
    if complete or "id" in own:
        document["id"] = require_uri(own.get("id"), 'The "id" of an entity')
    if complete or "type" in own:
        document["type"] = parse_types(own.get("type"), terms)
    if "scope" in own:
        document["scope"] = _scope(own["scope"], rules)
    if "expiresAt" in own:
        document["expiresAt"] = require_instant(own["expiresAt"], "expiresAt")
    document.update(attributes)
    return document


def _instances(value: Any, path: str, rules: Rules, *, geo: bool) -> list[Instance]:
    given = value if type(value) is list and value and all(type(each) is dict for each in value) else [value]
    instances: list[Instance] = []
    for each in given:
        series = _series(each)
        if series is None:
            instances.extend(instances_of(parse_attribute_value(each, path, rules, geo)))
        else:
            instances.extend(_of_series(each, *series, path, rules, geo))
    return instances


def _series(body: Any) -> tuple[str, str] | None:
    """The member that holds a series in the simplified temporal form, and the value member it stands for."""
    if type(body) is not dict:
        return None
    kind = body.get("type")
    names = [_SERIES[kind]] if type(kind) is str and kind in _SERIES else list(_SERIES.values())
    return next((pair for pair in names if pair[0] in body and pair[1] not in body), None)


def _of_series(
    body: dict[str, Any], plural: str, member: str, path: str, rules: Rules, geo: bool
) -> list[Instance]:
    """The instances of `[[value, time], ...]` (CIM 009 4.5.9)."""
    pairs = body[plural]
    if type(pairs) is not list or not all(type(pair) is list and len(pair) == 2 for pair in pairs):
        refuse(path, f'"{plural}" must be an array of [value, time] pairs, not {shown(pairs)}.')
    rest = {name: value for name, value in body.items() if name != plural}
    return [
        parse_instance({**rest, member: value, "observedAt": time}, path, rules, geo) for value, time in pairs
    ]


def _scope(value: Any, rules: Rules) -> Any:
    """A scope given plain, or its instances, whose value is a scope each (CIM 009 4.5.6)."""
    given = value if type(value) is list else [value]
    if not any(type(each) is dict for each in given):
        return parse_scope(value, rules)
    instances = _instances(value, "scope", rules, geo=False)
    for instance in instances:
        if instance["type"] != "Property" or instance.keys() - {"type", "value", "observedAt"}:
            refuse("scope", "a scope is a Property that has value and observedAt only (4.5.6).")
        instance["value"] = parse_scope(instance["value"], rules)
    return instances
