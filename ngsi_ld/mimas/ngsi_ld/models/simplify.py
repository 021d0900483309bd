"""Normalised attributes as plain values: what the Smart Data Models describe (CIM 009 4.5.4)."""

from __future__ import annotations

from typing import Any

_VALUE_MEMBERS = {
    "Property": "value",
    "GeoProperty": "value",
    "Relationship": "object",
    "LanguageProperty": "languageMap",
    "VocabProperty": "vocab",
    "JsonProperty": "json",
    "ListProperty": "valueList",
    "ListRelationship": "objectList",
}


def simplify_instance(instance: dict[str, Any]) -> Any:
    """The plain value of one attribute instance; typed values such as DateTime lose their wrapping."""
    value = instance.get(_VALUE_MEMBERS.get(instance.get("type", ""), "value"))
    if isinstance(value, dict):
        if "@value" in value:
            return value["@value"]
        if len(value) == 1 and "object" in value:
            return value["object"]
    if isinstance(value, list) and instance["type"] == "ListRelationship":
        return [each["object"] if isinstance(each, dict) else each for each in value]
    return value


def simplify_attribute(content: Any) -> Any:
    """The plain value of an attribute; several relationship instances become a list of their objects."""
    if isinstance(content, list):
        instances = [each for each in content if isinstance(each, dict)]
        if all(each.get("type") == "Relationship" for each in instances):
            return [simplify_instance(each) for each in instances]
        default = next((each for each in instances if "datasetId" not in each), instances[0])
        return simplify_instance(default)
    return simplify_instance(content)
