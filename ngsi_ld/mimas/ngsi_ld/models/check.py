"""Check stored documents against the compact descriptions of their models.

A model says what key-values look like, so an attribute is simplified before it is checked. Types that no
model describes pass: a city may have its own. An attribute that the model does not know passes too, with a
warning, because the models are open; a name close to a known one is taken for a misspelling.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from typing import Any, Literal

from .catalogue import AttributeModel, find_model, local_name
from .simplify import simplify_attribute
from .values import ValueCheck, compile_check

Mode = Literal["off", "warn", "reject"]
Severity = Literal["warning", "error"]

_NOT_ATTRIBUTES = frozenset({"id", "type", "scope", "expiresAt", "createdAt", "modifiedAt", "@context"})
# CIM 009 4.7.1: the geometries every entity may have, whatever its model says.
_ALWAYS_KNOWN = frozenset({"location", "observationSpace", "operationSpace"})


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that does not fit the model: where, why, and how to mend it. An error stops the document."""

    attribute: str
    reason: str
    mend: str
    severity: Severity = "error"

    def __str__(self) -> str:
        return f"{self.attribute}: {self.reason}; {self.mend}"


@dataclass(frozen=True, slots=True)
class _Compiled:
    name: str
    attributes: dict[str, tuple[AttributeModel, ValueCheck]]
    required: tuple[str, ...]


def check(document: dict[str, Any], mode: Mode = "warn", *, complete: bool = True) -> list[Finding]:
    """Return what does not fit; in mode `warn` nothing is an error, in mode `off` nothing is looked at.

    `complete=False` is for documents that carry only some attributes, such as one reading of a meter.
    """
    if mode == "off":
        return []
    types = document.get("type", "")
    model = _compile((types,) if isinstance(types, str) else tuple(types))
    if model is None:
        return []
    findings = _check_attributes(model, document)
    if complete:
        findings += _check_required(model, document)
    if mode == "warn":
        return [Finding(each.attribute, each.reason, each.mend, "warning") for each in findings]
    return findings


@lru_cache(maxsize=512)
def _compile(types: tuple[str, ...]) -> _Compiled | None:
    """The models of all types together: known is what one of them knows, required what any requires."""
    models = [model for name in types if (model := find_model(name)) is not None]
    if not models:
        return None
    attributes = {name: each for model in models for name, each in model.attributes.items()}
    return _Compiled(
        name=" and ".join(model.name for model in models),
        attributes={name: (each, compile_check(each)) for name, each in attributes.items()},
        required=tuple(dict.fromkeys(name for model in models for name in model.required)),
    )


def _check_attributes(model: _Compiled, document: dict[str, Any]) -> list[Finding]:
    findings: list[Finding] = []
    for stored, content in document.items():
        if stored in _NOT_ATTRIBUTES:
            continue
        name = local_name(stored) if ":" in stored else stored
        known = model.attributes.get(name)
        if known is None:
            if name not in _ALWAYS_KNOWN:
                findings.append(_unknown(model.name, name))
            continue
        attribute, check_value = known
        for finding in _check_kinds(attribute, content):
            findings.append(finding)
        value = simplify_attribute(content)
        if attribute.is_list and attribute.names_entities and isinstance(value, str):
            value = [value]  # one relationship is a list of one: NGSI-LD has no other way to say it
        if (fault := check_value(value)) is not None:
            findings.append(Finding(name, *fault))
    return findings


def _check_kinds(attribute: AttributeModel, content: Any) -> list[Finding]:
    instances = content if isinstance(content, list) else (content,)
    findings = []
    for instance in instances:
        kind = instance.get("type")
        if kind != attribute.kind and not _may_be(attribute, kind):
            findings.append(_wrong_kind(attribute, kind))
        unit = instance.get("unitCode")
        if unit is not None and attribute.unit is not None and unit != attribute.unit:
            findings.append(_other_unit(attribute, unit))
    return findings


def _may_be(attribute: AttributeModel, kind: str | None) -> bool:
    if attribute.kind == "Property":
        if kind == "Relationship":
            # The models call some references Property: a Relationship says the same and more.
            return attribute.names_entities
        return kind not in (None, "GeoProperty", "Relationship", "ListRelationship")
    return kind == "ListRelationship" and attribute.kind == "Relationship" and attribute.is_list


def _wrong_kind(attribute: AttributeModel, kind: str | None) -> Finding:
    member = "object" if attribute.kind == "Relationship" else "value"
    return Finding(
        attribute.name,
        f"it is a {kind} where the model has a {attribute.kind}",
        f'write {{"type": "{attribute.kind}", "{member}": ...}}',
        "warning",  # the schemas describe key-values: the kind stands in their prose only
    )


def _other_unit(attribute: AttributeModel, unit: str) -> Finding:
    return Finding(
        attribute.name,
        f"its unit is {unit} where the model expects {attribute.unit}",
        f"convert the value to {attribute.unit}, or tell the readers of your data",
        "warning",
    )


@lru_cache(maxsize=4096)
def _unknown(model: str, name: str) -> Finding:
    known = {name for each in model.split(" and ") for name in _known_names(each)}
    close = get_close_matches(name, known, n=1, cutoff=0.75)
    mend = f"did you mean {close[0]}?" if close else "check the spelling; if it is your own, ignore this"
    return Finding(name, f"{model} has no such attribute", mend, "warning")


def _known_names(model_name: str) -> frozenset[str]:
    model = find_model(model_name)
    return frozenset(model.attributes) if model is not None else frozenset()


def _check_required(model: _Compiled, document: dict[str, Any]) -> list[Finding]:
    missing = [name for name in model.required if name not in document]
    if missing:
        present = {local_name(stored) for stored in document}
        missing = [name for name in missing if name not in present]
    return [Finding(name, f"{model.name} cannot do without it", "add it") for name in missing]
