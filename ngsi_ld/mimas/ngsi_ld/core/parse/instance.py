"""One attribute, of an entity or of another attribute: its kind and its instances (CIM 009 4.5)."""

from __future__ import annotations

from typing import Any, Final

from ..kinds import VALUE_MEMBER, VALUE_MEMBERS, is_deletion
from ..names import shown
from ..state import NGSI_LD_NULL, Instance
from .geometry import is_geometry, parse_geometry
from .kind_values import parse_kind_value
from .members import MEMBERS, NOT_ATTRIBUTES, OMIT, PLAIN_MEMBERS, parse_member, quick_member
from .rules import MAX_DEPTH, Rules, refuse
from .values import copy_value

GEO_PROPERTIES: Final = frozenset({"location", "observationSpace", "operationSpace"})
_KIND_OF_MEMBER: Final = {member: kind for kind, member in reversed(VALUE_MEMBER.items())}
_CORE_MEMBERS: Final = NOT_ATTRIBUTES | VALUE_MEMBERS
_BARE: Final = "bare"
_PROOF: Final = ".ngsildproof"


def parse_attribute_value(value: Any, path: str, rules: Rules, geo: bool = False, depth: int = 0) -> Any:
    """What stands under the name of an attribute: an instance, a list of several, or the NGSI-LD Null.

    `geo` says that it must be a GeoProperty.
    """
    kind = type(value)
    if kind is dict:
        return parse_instance(value, path, rules, geo, depth)
    if kind is list and any(_is_instance(each) for each in value):
        return _several(value, path, rules, geo, depth)
    if value == NGSI_LD_NULL and rules.nulls:
        return NGSI_LD_NULL
    return _bare(value, path, rules, geo)


def parse_instance(body: Any, path: str, rules: Rules, geo: bool = False, depth: int = 0) -> Instance:
    """One instance from its normalised, concise or bare form."""
    if depth > MAX_DEPTH:
        refuse(path, f"sub-attributes are nested deeper than {MAX_DEPTH} levels.")
    kind = body.get("type")
    if type(kind) is not str or kind not in VALUE_MEMBER:
        kind = _inferred_kind(body, path, rules)
        if kind == _BARE:
            return _bare(body, path, rules, geo)
        if geo and kind == "Property" and "type" not in body and "@type" not in body:
            kind = "GeoProperty"
    if geo and kind != "GeoProperty" and kind is not None:
        refuse(path, f"must be a GeoProperty, not a {kind} (4.7.1).")
    instance = _members(body, kind, path, rules, depth)
    if instance is None:
        return parse_instance(_renamed(body, path, rules), path, rules, geo, depth)
    if rules.partial:
        return _without_guess(instance, body)
    if VALUE_MEMBER[instance["type"]] not in instance or path.endswith(_PROOF):
        _require_complete(instance, path)
    return instance


def _without_guess(fragment: Instance, body: dict[str, Any]) -> Instance:
    """A concise null says nothing of the kind: it deletes a Property and a GeoProperty alike."""
    if fragment.get("value") == NGSI_LD_NULL and "type" not in body and "@type" not in body:
        del fragment["type"]
    return fragment


def _members(body: dict[str, Any], kind: str | None, path: str, rules: Rules, depth: int) -> Instance | None:
    """The members of an instance, parsed; None when the @context has other names for core members."""
    instance: Instance = {}
    wanted = ""
    if kind is not None:
        instance["type"] = kind
        wanted = VALUE_MEMBER[kind]
    for name, value in body.items():
        if name == "type" or name == "@type":
            continue
        if kind is not None and name == wanted:
            # The usual reading, a finite number, goes the short way.
            if type(value) is float and kind == "Property" and value - value == 0:
                instance[name] = value
            else:
                instance[name] = parse_kind_value(kind, value, f"{path}.{name}", rules)
        elif name in MEMBERS:
            parsed = quick_member(name, value, kind) if type(value) is str else None
            if parsed is None:
                parsed = parse_member(name, value, kind, f"{path}.{name}", rules)
            if parsed is not OMIT:
                instance[name] = parsed
        elif not _add(instance, name, value, path, rules, depth):
            return None
    return instance


def _add(instance: Instance, name: str, value: Any, path: str, rules: Rules, depth: int) -> bool:
    """Add a sub-attribute, unless the name stands for a core member."""
    if name in VALUE_MEMBERS:
        kind = instance.get("type", "fragment without a type")
        refuse(path, f'a {kind} cannot have "{name}": an attribute has one value member, that of its type.')
    stored = rules.terms.expand_name(name)
    if stored in _CORE_MEMBERS:
        return False
    if stored in instance:
        refuse(path, f"{name} is given twice, under two names for one IRI.")
    parsed = parse_attribute_value(value, f"{path}.{name}", rules, depth=depth + 1)
    if rules.nulls and not rules.partial:
        parsed = _without_deletions(parsed)
    if parsed is not None:
        instance[stored] = parsed
    return True


def _require_complete(instance: Instance, path: str) -> None:
    kind = instance["type"]
    if VALUE_MEMBER[kind] not in instance:
        refuse(path, f'a {kind} needs "{VALUE_MEMBER[kind]}".')
    if path.endswith(_PROOF) and (kind != "Property" or type(instance["value"]) is not dict):
        refuse(path, "must be a Property whose value is a proof object.")


def _inferred_kind(body: dict[str, Any], path: str, rules: Rules) -> str | None:
    """The kind of a concise attribute (4.5.2.3), `_BARE` for a bare value, None where it is not said."""
    declared = body.get("type", body.get("@type"))
    if declared is not None:
        return _declared_kind(declared, body, path, rules)
    members = [name for name in body if name in VALUE_MEMBERS]
    if len(members) > 1:
        refuse(path, f"an attribute has one value: keep one of {', '.join(sorted(members))}.")
    if not members:
        return _kind_without_value(body, path, rules)
    if members == ["value"] and is_geometry(body["value"]):
        return "GeoProperty"
    return _KIND_OF_MEMBER[members[0]]


def _declared_kind(declared: Any, body: dict[str, Any], path: str, rules: Rules) -> str:
    if is_geometry(body) or "@value" in body:
        return _BARE
    kind = rules.terms.expand(declared) if type(declared) is str and declared[:1] != "@" else None
    if kind not in VALUE_MEMBER:
        refuse(
            path,
            f"the type of an attribute is one of {', '.join(VALUE_MEMBER)}, not {shown(declared)}; "
            'an object that has a "type" of its own goes into "value" (4.5.2.3).',
        )
    return str(kind)


def _kind_without_value(body: dict[str, Any], path: str, rules: Rules) -> str | None:
    plain = [name for name in body if name in PLAIN_MEMBERS]
    if rules.partial and (plain or not rules.inside or any(map(_is_normalised, body.values()))):
        return None
    if plain and "@value" not in body:
        refuse(path, f'has {plain[0]} and no value: add "value", "object" or the value member of its kind.')
    if "@context" in body:
        parse_member("@context", None, None, f"{path}.@context", rules)
    return _BARE


def _bare(value: Any, path: str, rules: Rules, geo: bool) -> Instance:
    """The Property or GeoProperty that a bare value stands for (CIM 009 4.5.2.3)."""
    if geo or is_geometry(value):
        return {"type": "GeoProperty", "value": parse_geometry(value, path)}
    return {"type": "Property", "value": copy_value(value, path, rules.inside)}


def _is_normalised(value: Any) -> bool:
    kind = value.get("type") if type(value) is dict else None
    return type(kind) is str and VALUE_MEMBER.get(kind) in value


def _is_instance(value: Any) -> bool:
    """Whether an element of an array is an instance of an attribute rather than a bare value."""
    if type(value) is not dict:
        return False
    kind = value.get("type", value.get("@type"))
    return (type(kind) is str and kind in VALUE_MEMBER) or not VALUE_MEMBERS.isdisjoint(value)


def _several(values: list[Any], path: str, rules: Rules, geo: bool, depth: int) -> Any:
    """Instances that their datasetId tells apart; one without is the default (CIM 009 4.5.5)."""
    instances = []
    datasets = set()
    for place, each in enumerate(values):
        if type(each) is not dict:
            refuse(path, f"an array of instances holds objects only, not {shown(each)}.")
        instance = parse_instance(each, f"{path}[{place}]", rules, geo=geo, depth=depth)
        dataset = instance.get("datasetId", "")
        if dataset in datasets and not rules.temporal:
            refuse(
                path,
                f"two instances have the datasetId {shown(dataset)}."
                if dataset
                else "only one instance can be the default one: give the others a datasetId (a URI).",
            )
        datasets.add(dataset)
        instances.append(instance)
    return instances if len(instances) > 1 or rules.temporal else instances[0]


def _renamed(body: dict[str, Any], path: str, rules: Rules) -> dict[str, Any]:
    """The body with core members under their core names, where the @context has other names for them."""
    renamed: dict[str, Any] = {}
    for name, value in body.items():
        stored = name if name in _CORE_MEMBERS else rules.terms.expand_name(name)
        target = stored if stored in _CORE_MEMBERS else name
        if target in renamed:
            refuse(path, f"{target} is given twice, under two names for one IRI.")
        renamed[target] = value
    return renamed


def _without_deletions(parsed: Any) -> Any:
    """A sub-attribute of an instance that is replaced as a whole: what is to be deleted is just not there."""
    if type(parsed) is list:
        kept = [each for each in parsed if not is_deletion(each)]
        return kept if len(kept) > 1 else kept[0] if kept else None
    return None if is_deletion(parsed) else parsed
