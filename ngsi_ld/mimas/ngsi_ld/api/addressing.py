"""What the path and `type` of a request address."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from mimas.ngsi_ld.core.context import TermMap
from mimas.ngsi_ld.core.errors import BadRequestData
from mimas.ngsi_ld.core.names import require_name, require_uri
from mimas.ngsi_ld.core.query.type_selection import TypeSelection, parse_type_selection

from .exchange import Exchange
from .problems import BASE


def entity_id(exchange: Exchange) -> str:
    """The entity's URI; anything else is BadRequestData."""
    return require_uri(exchange.path["entityId"], "The entity id")


def attribute_name(exchange: Exchange, terms: TermMap) -> str:
    """The stored name of the attribute in the path."""
    return terms.expand(require_name(exchange.path["attrId"], "The attribute name"))


def selected_types(exchange: Exchange, terms: TermMap) -> TypeSelection | None:
    """The entity types that `type` asks for (CIM 009 4.17)."""
    text = exchange.query.get("type")
    return None if text is None else parse_type_selection(text, terms.expand)


def require_same_id(body: dict[str, Any], target: str) -> None:
    """A fragment may repeat the id of its target but not name another (CIM 009 5.4)."""
    named = body.get("id", body.get("@id", target))
    if named != target:
        raise BadRequestData(f"The body is about {named!r}, the path about {target!r}.")


def entity_path(entity_id: str, *, temporal: bool = False) -> str:
    """The relative path of an entity, for Location."""
    middle = "/temporal/entities/" if temporal else "/entities/"
    return BASE + middle + quote(entity_id, safe=":@!$'()*,;=-._~")
