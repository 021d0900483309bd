"""Simplified fragments (CIM 009 4.5.4): bare values, left bare until the stored kinds are known."""

from __future__ import annotations

from typing import Any

from ..names import is_uri, shown
from ..state import NGSI_LD_NULL
from .geometry import is_geometry, parse_geometry
from .kind_values import coerced_names, parse_kind_value
from .rules import Rules, refuse
from .values import copy_value


def copy_simplified(value: Any, path: str, rules: Rules) -> Any:
    """A copy of a simplified attribute; `dataset` holds several, wrapped kinds are checked."""
    if type(value) is dict and value.keys() == {"dataset"} and type(value["dataset"]) is dict:
        return {
            "dataset": {
                _dataset(key, path): _single(each, path, rules) for key, each in value["dataset"].items()
            }
        }
    return _single(value, path, rules)


def _dataset(key: Any, path: str) -> str:
    if key != "@none" and not is_uri(key):
        refuse(path, f'a dataset is named by a URI, or "@none" for the default one, not {shown(key)}.')
    return str(key)


def _single(value: Any, path: str, rules: Rules) -> Any:
    if value == NGSI_LD_NULL and rules.nulls:
        return NGSI_LD_NULL
    if type(value) is dict and len(value) == 1:
        ((member, each),) = value.items()
        if member == "vocab":
            return {member: coerced_names(each, path, rules)}
        if member == "languageMap":
            return {member: parse_kind_value("LanguageProperty", each, path, rules)}
        if member == "json":
            return {member: parse_kind_value("JsonProperty", each, path, rules)}
    return parse_geometry(value, path) if is_geometry(value) else copy_value(value, path, rules.inside)
