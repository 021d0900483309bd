"""Simplified fragments of a merge: the stored kind says what a bare value means (CIM 009 5.6.17, 4.5.4)."""

from __future__ import annotations

from typing import Any

from ..errors import BadRequestData
from ..kinds import VALUE_MEMBER
from ..parse.geometry import is_geometry
from ..state import NGSI_LD_NULL, Instance
from .draft import Draft

_WRAPPED = {"languageMap": "LanguageProperty", "vocab": "VocabProperty", "json": "JsonProperty"}


def normalised(attribute: str, value: Any, draft: Draft, lang: str | None) -> list[Any]:
    """The fragments, one for each dataset, that a simplified member stands for."""
    if type(value) is dict and value.keys() == {"dataset"}:
        return [
            _instance(attribute, each, "" if dataset == "@none" else dataset, draft, lang)
            for dataset, each in value["dataset"].items()
        ]
    return [_instance(attribute, value, "", draft, lang)]


def _instance(attribute: str, value: Any, dataset: str, draft: Draft, lang: str | None) -> Instance:
    old = draft.find(attribute, dataset) or draft.find(attribute, "")
    kind = _kind(value) if old is None else old["type"]
    member = VALUE_MEMBER[kind]
    bare = value[member] if type(value) is dict and value.keys() == {member} != {"value"} else value
    if bare != NGSI_LD_NULL:
        bare = _fitting(attribute, kind, bare, lang)
    instance = {"type": kind, member: bare}
    return {**instance, "datasetId": dataset} if dataset else instance


def _kind(value: Any) -> str:
    """The kind of a bare value where nothing is stored."""
    if type(value) is dict:
        if len(value) == 1 and next(iter(value)) in _WRAPPED:
            return _WRAPPED[next(iter(value))]
        if is_geometry(value):
            return "GeoProperty"
    return "Property"


def _fitting(attribute: str, kind: str, value: Any, lang: str | None) -> Any:
    """The value in the shape of the stored kind; what does not fit would change the kind: refused."""
    if kind == "LanguageProperty" and lang is not None and _is_text(value):
        return {lang: value}
    fits = {
        "Property": _kind(value) in ("Property", "GeoProperty"),
        "GeoProperty": _kind(value) == "GeoProperty",
        "Relationship": _is_text(value),
        "LanguageProperty": type(value) is dict,
        "VocabProperty": _is_text(value),
        "JsonProperty": type(value) in (dict, list),
        "ListProperty": type(value) is list,
        "ListRelationship": type(value) is list,
    }[kind]
    if not fits:
        hint = " (give the lang parameter for a bare text)" if kind == "LanguageProperty" else ""
        raise BadRequestData(
            f"{attribute} is a {kind} and this value would change that{hint}", attributeName=attribute
        )
    if kind == "ListRelationship":
        return [each if type(each) is dict else {"object": each} for each in value]
    return value


def _is_text(value: Any) -> bool:
    return type(value) is str or (type(value) is list and all(type(each) is str for each in value))
