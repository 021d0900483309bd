"""The members of an instance besides its value and sub-attributes (CIM 009 4.5.2.2 and its siblings)."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

from ..instants import is_instant, require_instant
from ..names import is_uri, shown
from ..state import NGSI_LD_NULL
from .kind_values import coerced_names
from .rules import Rules, refuse
from .values import refuse_null, require_text

OMIT: Final = object()

_OWN_OUTPUT: Final = {
    "Property": {"previousValue"},
    "GeoProperty": {"previousValue"},
    "Relationship": {"previousObject", "entity"},
    "LanguageProperty": {"previousLanguageMap"},
    "VocabProperty": {"previousVocab"},
    "JsonProperty": {"previousJson"},
    "ListProperty": {"previousValueList"},
    "ListRelationship": {"previousObjectList", "entityList"},
}
_OUTPUT: Final = frozenset[str]().union(*_OWN_OUTPUT.values())
_LONG: Final = 200
_WITH_UNIT: Final = ("Property", "GeoProperty", "ListProperty")
_RELATIONSHIPS: Final = ("Relationship", "ListRelationship")


@lru_cache(maxsize=4096)
def quick_member(name: str, value: str, kind: str | None) -> str | None:
    """The member as it is stored when that is soon told; None leaves it to `parse_member`.

    An entity tends to repeat its observedAt and units, so this remembers.
    """
    if len(value) > _LONG or value == NGSI_LD_NULL:
        return None
    if name == "unitCode":
        return value if kind in _WITH_UNIT and value.isascii() and value.isprintable() and value else None
    if name in ("observedAt", "expiresAt"):
        return value if value[-1:] == "Z" and "," not in value and is_instant(value) else None
    return value if name == "datasetId" and is_uri(value) else None


def parse_member(name: str, value: Any, kind: str | None, path: str, rules: Rules) -> Any:
    """The member as it is stored, or OMIT when it is not: what only a system may say is ignored (5.2.5).

    `kind` is None in a fragment that does not say it.
    """
    if value == NGSI_LD_NULL and name in _DELETABLE and rules.nulls:
        return NGSI_LD_NULL if rules.partial else OMIT
    return MEMBERS[name](name, value, kind, path, rules)


def _dataset(name: str, value: Any, kind: str | None, path: str, rules: Rules) -> Any:
    if value == "@none":
        return OMIT
    if value == NGSI_LD_NULL:
        refuse(path, "a datasetId cannot be deleted: delete the instance and create another one.")
    if not is_uri(value):
        refuse(path, f'must be a URI, or "@none" for the default instance, not {shown(value)}.')
    return value


def _instant(name: str, value: Any, kind: str | None, path: str, rules: Rules) -> Any:
    if value == NGSI_LD_NULL:
        refuse_null(path)
    return require_instant(value, path)


def _unit_code(name: str, value: Any, kind: str | None, path: str, rules: Rules) -> Any:
    if kind is not None and kind not in _WITH_UNIT:
        refuse(path, f"a {kind} has no unit: remove unitCode.")
    if type(value) is not str or not value:
        refuse(path, f"must be a UN/CEFACT common code such as CEL or KWH, not {shown(value)}.")
    if value == NGSI_LD_NULL:
        refuse_null(path)
    return require_text(value, path)


def _value_type(name: str, value: Any, kind: str | None, path: str, rules: Rules) -> Any:
    if kind in _RELATIONSHIPS:
        refuse(path, f"a {kind} has no value: remove valueType.")
    if type(value) is not str:
        refuse(path, f"must be the name of a datatype, not {shown(value)}.")
    stored = coerced_names(value, path, rules)
    if kind == "LanguageProperty" and stored != "langString":
        refuse(path, "the values of a LanguageProperty are langString: remove valueType.")
    return stored


def _object_type(name: str, value: Any, kind: str | None, path: str, rules: Rules) -> Any:
    if kind is not None and kind not in _RELATIONSHIPS:
        refuse(path, f"a {kind} has no object: remove objectType.")
    return coerced_names(value, path, rules)


def _sealed(name: str, value: Any, kind: str | None, path: str, rules: Rules) -> Any:
    if path.split(".")[-2:-1] != ["ngsildproof"]:
        refuse(path, "stands only in a Property called ngsildproof.")
    if type(value) is not str:
        refuse(path, f"must be a text, not {shown(value)}.")
    if name == "entityTypeSealed":
        return coerced_names(value, path, rules)
    return require_text(value, path)


def _system(name: str, value: Any, kind: str | None, path: str, rules: Rules) -> Any:
    if type(value) is not str:
        refuse(path, f"is set by the system and is a plain text, not {shown(value)}: remove it.")
    return OMIT


def _output(name: str, value: Any, kind: str | None, path: str, rules: Rules) -> Any:
    if kind is not None and name not in _OWN_OUTPUT[kind]:
        refuse(path, f"cannot stand in a {kind}: remove it.")
    return OMIT


def _forbidden(name: str, value: Any, kind: str | None, path: str, rules: Rules) -> Any:
    if name == "@context":
        refuse(path, "an attribute has no @context of its own: move its terms to the @context of the entity.")
    refuse(path, "an attribute has no id: use datasetId to tell instances apart.")


_DELETABLE: Final = frozenset({"observedAt", "expiresAt", "unitCode", "valueType", "objectType"})
MEMBERS: Final[dict[str, Callable[[str, Any, str | None, str, Rules], Any]]] = {
    "datasetId": _dataset,
    "observedAt": _instant,
    "expiresAt": _instant,
    "unitCode": _unit_code,
    "valueType": _value_type,
    "objectType": _object_type,
    "entityIdSealed": _sealed,
    "entityTypeSealed": _sealed,
    "@context": _forbidden,
    "id": _forbidden,
    "@id": _forbidden,
    **dict.fromkeys(("createdAt", "modifiedAt", "deletedAt", "instanceId", "lang"), _system),
    **dict.fromkeys(_OUTPUT, _output),
}
# Core terms that are members without a type of their own: never names of attributes (CIM 009 4.5.1).
NOT_ATTRIBUTES: Final = frozenset(MEMBERS) | {"type", "@type"}
PLAIN_MEMBERS: Final = _DELETABLE | {"datasetId"}
