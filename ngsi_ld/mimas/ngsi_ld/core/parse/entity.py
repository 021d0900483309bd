"""Entities and their fragments: input in any form to documents in stored names (CIM 009 4.5.1, 5.2.4)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from ..context import TermMap
from ..errors import BadRequestData
from ..instants import require_instant
from ..names import is_scope, require_uri, shown
from ..state import NGSI_LD_NULL, Document, Instance
from .instance import GEO_PROPERTIES, parse_attribute_value, parse_instance
from .members import NOT_ATTRIBUTES
from .rules import Rules, refuse
from .simplified import copy_simplified

_OWN: Final = {
    **{name: name for name in ("id", "type", "scope", "expiresAt", "@context")},
    **{name: name for name in ("createdAt", "modifiedAt", "deletedAt")},
    "@id": "id",
    "@type": "type",
}
_SYSTEM: Final = ("createdAt", "modifiedAt", "deletedAt")


def parse_entity(body: Any, terms: TermMap) -> Document:
    """A complete entity, normalised, concise or mixed."""
    rules = Rules(terms)
    return _document(body, rules, _attribute(rules), complete=True)


def parse_fragment(
    body: Any, terms: TermMap, *, nulls: bool, simplified: bool = False, merge: bool | None = None
) -> Document:
    """A fragment of an entity (CIM 009 5.4): id and type may be absent.

    Without `nulls` (append) every attribute is complete. With them an attribute may be the NGSI-LD Null or
    hold it as its value. `merge` (default: as `nulls`) allows what only a merge may say: attributes without
    a value and nulls inside values; Update Attributes replaces instances, so it passes False. `simplified`
    leaves bare values as they are for `apply`, which knows the stored kinds.
    """
    merging = nulls if merge is None else merge
    rules = Rules(terms, nulls=nulls, partial=merging, inside=merging)
    return _document(body, rules, _simplified(rules) if simplified else _attribute(rules), complete=False)


def parse_attribute(body: Any, terms: TermMap, attribute: str, *, nulls: bool) -> Instance:
    """The body of a partial update (`nulls`) or of a replaced attribute; `attribute` is a stored name.

    A wrapper `{attribute: {...}}` is taken off. A partial update reads every object as a fragment.
    """
    rules = Rules(terms, nulls=nulls, partial=nulls)
    path = terms.compact(attribute)
    body = _unwrapped(body, attribute, path, rules)
    geo = attribute in GEO_PROPERTIES
    if type(body) is dict:
        return parse_instance(body, path, rules, geo)
    if type(body) is list or nulls:
        refuse(path, f"the body must be one attribute as a JSON object, not {shown(body)}.")
    instance: Instance = parse_attribute_value(body, path, rules, geo)
    return instance


def _unwrapped(body: Any, attribute: str, path: str, rules: Rules) -> Any:
    if type(body) is not dict:
        return body
    body = {name: value for name, value in body.items() if name != "@context"}
    if len(body) == 1:
        ((name, value),) = body.items()
        if name not in _OWN and name not in NOT_ATTRIBUTES and rules.terms.expand(name) == attribute:
            return value
    return body


AttributeParser = Callable[[str, str, Any], Any]


def _attribute(rules: Rules) -> AttributeParser:
    def parse(stored: str, name: str, value: Any) -> Any:
        geo = stored in GEO_PROPERTIES
        if type(value) is dict:
            return parse_instance(value, name, rules, geo)
        return parse_attribute_value(value, name, rules, geo)

    return parse


def _simplified(rules: Rules) -> AttributeParser:
    return lambda stored, name, value: copy_simplified(value, name, rules)


def _document(body: Any, rules: Rules, parse: AttributeParser, *, complete: bool) -> Document:
    own, attributes = split_members(body, rules, parse)
    document: Document = {}
    if complete or "id" in own:
        document["id"] = require_uri(own.get("id"), 'The "id" of an entity')
    if complete or "type" in own:
        document["type"] = parse_types(own.get("type"), rules.terms)
    if "scope" in own:
        document["scope"] = parse_scope(own["scope"], rules)
    if "expiresAt" in own:
        document["expiresAt"] = _expiry(own["expiresAt"], rules)
    document.update(attributes)
    return document


def split_members(body: Any, rules: Rules, parse: AttributeParser) -> tuple[dict[str, Any], dict[str, Any]]:
    """The members of its own that an entity has, and its attributes, parsed and by stored name."""
    if type(body) is not dict:
        raise BadRequestData(f"An entity must be a JSON object, not {shown(body)}.")
    own: dict[str, Any] = {}
    attributes: dict[str, Any] = {}
    stored_name = rules.terms.expand_name
    for name, value in body.items():
        stored = _OWN.get(name) or stored_name(name)
        if stored in attributes or (stored in own and own[stored] != value):
            raise BadRequestData(
                f"{shown(name)} is given twice, under two names for one IRI ({shown(stored)})."
            )
        if stored in _OWN:
            own[stored] = value
        elif stored in NOT_ATTRIBUTES:
            refuse(
                name, "is a member of attributes in the core @context and cannot name an attribute (4.5.1)."
            )
        else:
            attributes[stored] = parse(stored, name, value)
    for name in _SYSTEM:
        if name in own and type(own[name]) is not str:
            refuse(name, f"is set by the system and is a plain text, not {shown(own[name])}: remove it.")
    return own, attributes


def parse_types(value: Any, terms: TermMap) -> Any:
    """The type of an entity, or the list of several, in stored names."""
    if type(value) is str and value != NGSI_LD_NULL:
        return _type_name(value, terms)
    names = value if type(value) is list and value else [value]
    for name in names:
        if type(name) is not str or name == NGSI_LD_NULL:
            raise BadRequestData(f'The "type" of an entity must be one or several names, not {shown(name)}.')
    stored = [_type_name(name, terms) for name in names]
    distinct = list(dict.fromkeys(stored))
    return distinct if len(distinct) > 1 else distinct[0]


def _type_name(name: str, terms: TermMap) -> str:
    stored = terms.expand_name(name)
    if stored in ("id", "type"):  # keywords of JSON-LD, which name nothing
        raise BadRequestData(f"{shown(name)} cannot be the type of an entity.")
    return stored


def parse_scope(value: Any, rules: Rules) -> Any:
    """The scope of an entity (CIM 009 4.18): one or several, or the NGSI-LD Null where it deletes."""
    if value == NGSI_LD_NULL and rules.nulls:
        return NGSI_LD_NULL
    scopes = value if type(value) is list and value else [value]
    for scope in scopes:
        if not is_scope(scope):
            refuse(
                "scope",
                "each level starts with a letter and goes on with letters, digits or '_', "
                f"as in /Madrid/Gardens, unlike {shown(scope)}.",
            )
    distinct = list(dict.fromkeys(scopes))
    return distinct if len(distinct) > 1 else distinct[0]


def _expiry(value: Any, rules: Rules) -> str:
    return NGSI_LD_NULL if value == NGSI_LD_NULL and rules.nulls else require_instant(value, "expiresAt")
