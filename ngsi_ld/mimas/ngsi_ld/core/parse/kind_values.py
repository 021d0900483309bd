"""The value member of each kind of attribute: checked, copied, names expanded (CIM 009 4.5.2 to 4.5.24)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from ..kinds import null_value
from ..names import is_uri, shown
from ..state import NGSI_LD_NULL
from .geometry import parse_geometry
from .rules import Rules, refuse
from .values import copy_raw, copy_value, refuse_null, require_text

# RFC 5646 without its finer points, or the default language.
_LANGUAGE: Final = re.compile(r"[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*|@none", re.ASCII)


def parse_kind_value(kind: str, value: Any, path: str, rules: Rules) -> Any:
    """What stands in the value member of this kind, as it is stored."""
    if rules.nulls and value == null_value(kind):
        return null_value(kind)
    return _PARSERS[kind](value, path, rules)


def _any_value(value: Any, path: str, rules: Rules) -> Any:
    return copy_value(value, path, rules.inside)


def _geometry(value: Any, path: str, rules: Rules) -> Any:
    if value == NGSI_LD_NULL:
        refuse_null(path)
    return parse_geometry(value, path)


def _object(value: Any, path: str, rules: Rules) -> Any:
    if type(value) is list and value:
        return [_uri(each, path) for each in value]
    return _uri(value, path)


def _uri(value: Any, path: str) -> str:
    if value == NGSI_LD_NULL:
        refuse_null(path)
    if not is_uri(value):
        refuse(path, f"must be a URI or an array of URIs such as urn:ngsi-ld:Building:1, not {shown(value)}.")
    return str(value)


def _object_list(value: Any, path: str, rules: Rules) -> list[Any]:
    if type(value) is not list:
        refuse(path, f'must be an array of URIs or of {{"object": URI}}, not {shown(value)}.')
    return [{"object": _uri(_listed(each, path), path)} for each in value]


def _listed(each: Any, path: str) -> Any:
    if type(each) is not dict:
        return each
    if each.keys() != {"object"}:
        refuse(path, f'each object holds "object" and nothing else, not {shown(each)}.')
    return each["object"]


def _language_map(value: Any, path: str, rules: Rules) -> dict[str, Any]:
    if type(value) is not dict or not value:
        refuse(
            path, f'must map languages to texts, such as {{"en": "yes", "cs": "ano"}}, not {shown(value)}.'
        )
    return {_language(tag, path): _in_language(each, f"{path}.{tag}", rules) for tag, each in value.items()}


def _language(tag: Any, path: str) -> str:
    if not isinstance(tag, str) or _LANGUAGE.fullmatch(tag) is None:
        refuse(
            path, f"{shown(tag)} is no language tag: use tags such as en or cs-CZ, or @none for the default."
        )
    return tag


def _in_language(value: Any, path: str, rules: Rules) -> Any:
    if type(value) is list:
        return [_text(each, path) for each in value]
    return NGSI_LD_NULL if value == NGSI_LD_NULL and rules.inside else _text(value, path)


def _text(value: Any, path: str) -> str:
    if value == NGSI_LD_NULL:
        refuse_null(path)
    if type(value) is not str:
        refuse(path, f"must be a text or an array of texts, not {shown(value)}.")
    return require_text(value, path)


def coerced_names(value: Any, path: str, rules: Rules) -> Any:
    """Text that the core context coerces with @vocab, as stored names: one, or an array of them."""
    if type(value) is list and value:
        return [rules.terms.expand(_text(each, path)) for each in value]
    return rules.terms.expand(_text(value, path))


def _json(value: Any, path: str, rules: Rules) -> Any:
    if value == NGSI_LD_NULL:
        refuse_null(path)
    if type(value) is not dict and not (type(value) is list and all(type(each) is dict for each in value)):
        refuse(path, f"must be a JSON object or an array of objects, not {shown(value)}.")
    return copy_raw(value, path)


def _value_list(value: Any, path: str, rules: Rules) -> list[Any]:
    if type(value) is not list:
        refuse(path, f"must be an array, not {shown(value)}.")
    return [copy_value(each, path) for each in value]


_PARSERS: Final[dict[str, Callable[[Any, str, Rules], Any]]] = {
    "Property": _any_value,
    "GeoProperty": _geometry,
    "Relationship": _object,
    "LanguageProperty": _language_map,
    "VocabProperty": coerced_names,
    "JsonProperty": _json,
    "ListProperty": _value_list,
    "ListRelationship": _object_list,
}
