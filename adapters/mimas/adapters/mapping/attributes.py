"""Attributes of the entities: Property, Relationship, GeoProperty and LanguageProperty from declarations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..messages import MessageRejected
from .expressions import SOURCES, compile_expression, describe_expression
from .problems import MappingProblem, Place
from .scope import MISSING, Getter, Scope
from .steps import Reading, compile_steps
from .templates import Template, compile_template

MAX_TARGETS = 10_000

Instance = dict[str, Any]
Builder = Callable[[Scope], Instance | None]


@dataclass(frozen=True, slots=True)
class Rising:
    """The declaration `monotonic`: the value of this attribute never falls."""

    tolerance: float
    restart_below: float | None


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute: `build` gives its normalised instance, None when there is no value."""

    name: str
    build: Builder
    rising: Rising | None = None


def compile_attribute(
    name: str, declaration: Any, reading: Reading, place: Place, *, observed: bool = True
) -> Attribute:
    """The attribute `name`; a plain string is the path of a Property's value.

    `observed` says whether the record's time is put on it unless the declaration says otherwise.
    """
    if isinstance(declaration, str):
        declaration = {"path": declaration}
    build = _compile_kind(declaration, reading, place)
    wrap = _compile_members({"observed": observed} | declaration, reading, place)
    rising = _compile_rising(declaration.get("monotonic"))
    return Attribute(name, _compose(build, wrap), rising)


def _compose(build: Builder, wrap: Callable[[Scope, Instance], None]) -> Builder:
    def composed(scope: Scope) -> Instance | None:
        instance = build(scope)
        if instance is not None:
            wrap(scope, instance)
        return instance

    return composed


def _compile_kind(declaration: Mapping[str, Any], reading: Reading, place: Place) -> Builder:
    kinds = [kind for kind in _KINDS if kind in declaration]
    origins = [name for name in SOURCES if name in declaration]
    if len(kinds) > 1 or (kinds and origins):
        raise MappingProblem(
            place, f"{' and '.join((*kinds, *origins))} exclude each other", "keep one of them"
        )
    return (
        _KINDS[kinds[0]](declaration, reading, place)
        if kinds
        else _compile_property(declaration, reading, place)
    )


def _compile_property(declaration: Mapping[str, Any], reading: Reading, place: Place) -> Builder:
    get = compile_expression(declaration, place)
    steps = compile_steps(declaration, reading, describe_expression(declaration), place)
    run, unit_code = steps.run, steps.unit_code
    frame = {"type": "Property", "value": None} | ({"unitCode": unit_code} if unit_code else {})

    def build(scope: Scope) -> Instance | None:
        value = run(get(scope))
        if value is MISSING:
            return None
        instance = frame.copy()
        instance["value"] = value
        return instance

    return build


def _compile_structure(declaration: Mapping[str, Any], reading: Reading, place: Place) -> Builder:
    """A Property whose value is an object: one power for each phase, the parts of an address."""
    at = (*place, "members")
    members = {
        name: _compile_value(each, reading, (*at, name)) for name, each in declaration["members"].items()
    }
    unit_code = (
        compile_steps({"unit": declaration["unit"]}, reading, "", place).unit_code
        if "unit" in declaration
        else None
    )

    def build(scope: Scope) -> Instance | None:
        value = {name: found for name, get in members.items() if (found := get(scope)) is not MISSING}
        if not value:
            return None
        return {"type": "Property", "value": value} | ({"unitCode": unit_code} if unit_code else {})

    return build


def _compile_value(declaration: Any, reading: Reading, place: Place) -> Getter:
    if isinstance(declaration, str):
        declaration = {"path": declaration}
    get = compile_expression(declaration, place)
    run = compile_steps(declaration, reading, describe_expression(declaration), place).run
    return lambda scope: run(get(scope))


def _compile_relationship(declaration: Mapping[str, Any], reading: Reading, place: Place) -> Builder:
    content = declaration["relationship"]
    if isinstance(content, dict) and "each" in content:
        return _compile_each(content, (*place, "relationship"))
    several = isinstance(content, list)
    targets = [
        _compile_target(each, (*place, "relationship")) for each in (content if several else [content])
    ]

    def build(scope: Scope) -> Instance | None:
        found = [target for each in targets if (target := each(scope))]
        if not found:
            return None
        return {"type": "Relationship", "object": found if several else found[0]}

    return build


def _compile_each(content: Mapping[str, Any], place: Place) -> Builder:
    """A Relationship to a thing, or all things of a list, in the record; {each} stands for it in `id`.

    Unlike a plain template it may have nothing to point at: then there is no Relationship.
    """
    get = compile_expression(content["each"], (*place, "each"))
    spot = describe_expression(content["each"])
    target = compile_template(content["id"], (*place, "id"), encode=True)

    def build(scope: Scope) -> Instance | None:
        items = get(scope)
        if items is MISSING or items is None or items in ("", []):
            return None
        several = items if isinstance(items, list) else [items]
        if len(several) > MAX_TARGETS:
            raise MessageRejected("value", spot, f"has more than {MAX_TARGETS} items")
        ids = [
            target(Scope(scope.record, scope.payload, scope.variables | {"each": each})) for each in several
        ]
        return {"type": "Relationship", "object": list(dict.fromkeys(ids)) if several is items else ids[0]}

    return build


def _compile_target(content: Any, place: Place) -> Callable[[Scope], str | None]:
    if isinstance(content, str):
        return compile_template(content, place, encode=True)
    get = compile_expression(content, place)
    spot = describe_expression(content)

    def target(scope: Scope) -> str | None:
        value = get(scope)
        if value is MISSING or value is None or value == "":
            return None
        if not isinstance(value, str):
            raise MessageRejected("value", spot, "is not the id of an entity")
        return value

    return target


def _compile_geo(declaration: Mapping[str, Any], reading: Reading, place: Place) -> Builder:
    content, at = declaration["geo"], (*place, "geo")
    if "longitude" in content:
        longitude = _compile_coordinate(content["longitude"], reading, 180, (*at, "longitude"))
        latitude = _compile_coordinate(content["latitude"], reading, 90, (*at, "latitude"))
        return lambda scope: _point(longitude(scope), latitude(scope))
    get = compile_expression(content, at)

    def build(scope: Scope) -> Instance | None:
        value = get(scope)
        return None if value is MISSING or value is None else {"type": "GeoProperty", "value": value}

    return build


def _compile_coordinate(content: Any, reading: Reading, limit: float, place: Place) -> Getter:
    declaration = {"path": content} if isinstance(content, str) else content
    return _compile_value(
        {"type": "number", "range": {"min": -limit, "max": limit}} | declaration, reading, place
    )


def _point(longitude: Any, latitude: Any) -> Instance | None:
    if longitude is MISSING or latitude is MISSING:
        return None
    if longitude == 0 and latitude == 0:
        return None  # "null island": what a receiver without a fix reports
    return {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [longitude, latitude]}}


def _compile_language(declaration: Mapping[str, Any], reading: Reading, place: Place) -> Builder:
    at = (*place, "languages")
    languages = {
        tag: _compile_value(
            {"type": "text"} | ({"path": each} if isinstance(each, str) else each), reading, (*at, tag)
        )
        for tag, each in declaration["languages"].items()
    }

    def build(scope: Scope) -> Instance | None:
        found = {tag: text for tag, get in languages.items() if (text := get(scope)) is not MISSING}
        return {"type": "LanguageProperty", "languageMap": found} if found else None

    return build


_KINDS: dict[str, Callable[[Mapping[str, Any], Reading, Place], Builder]] = {
    "relationship": _compile_relationship,
    "geo": _compile_geo,
    "languages": _compile_language,
    "members": _compile_structure,
}


def _compile_members(
    declaration: Mapping[str, Any], reading: Reading, place: Place
) -> Callable[[Scope, Instance], None]:
    """What every kind may carry: datasetId, observedAt of the record, and sub-attributes."""
    dataset: Template | None = (
        compile_template(declaration["dataset"], (*place, "dataset"), encode=True)
        if "dataset" in declaration
        else None
    )
    observed = declaration["observed"]
    parts = [
        compile_attribute(name, each, reading, (*place, "attributes", name), observed=False)
        for name, each in declaration.get("attributes", {}).items()
    ]

    if dataset is None and not parts:
        return _put_time if observed else _put_nothing

    def wrap(scope: Scope, instance: Instance) -> None:
        if observed and (moment := scope.variables.get("observedAt")) is not None:
            instance["observedAt"] = moment
        if dataset is not None:
            instance["datasetId"] = dataset(scope)
        for part in parts:
            built = part.build(scope)
            if built is not None:
                instance[part.name] = built

    return wrap


def _put_time(scope: Scope, instance: Instance) -> None:
    if (moment := scope.variables.get("observedAt")) is not None:
        instance["observedAt"] = moment


def _put_nothing(_scope: Scope, _instance: Instance) -> None:
    """Neither time nor anything else belongs to the instance."""


def _compile_rising(declaration: Any) -> Rising | None:
    if not declaration:
        return None
    if declaration is True:
        return Rising(0.0, None)
    return Rising(float(declaration.get("tolerance", 0.0)), declaration.get("restart_below"))
