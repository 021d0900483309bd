"""Entities of one record: id, type, attributes, and the counters to check."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mimas.ngsi_ld.core.context import TermMap
from mimas.ngsi_ld.core.errors import NgsiLdError
from mimas.ngsi_ld.core.parse import parse_entity

from ..messages import CounterReading, MappedRecord, MessageRejected
from .attributes import Attribute, Instance, compile_attribute
from .conditions import Condition, compile_conditions
from .paths import compile_path
from .problems import MappingProblem, Place
from .scope import Getter, Scope
from .steps import Reading
from .templates import Template, compile_template

MAX_OTHERS = 100


@dataclass(frozen=True, slots=True)
class EntityPlan:
    """How one entity is built from a record."""

    label: str
    type: str | list[str]
    id: Template
    attributes: tuple[Attribute, ...]
    when: Condition | None
    static: bool
    others: Getter | None
    excluded: frozenset[str]
    terms: TermMap
    provenance: Mapping[str, Instance]

    def add_to(self, record: MappedRecord, scope: Scope, moment: datetime | None) -> None:
        """Build the entity and put it into `record`; MessageRejected when it cannot be."""
        if self.when is not None and not self.when(scope):
            return
        body: dict[str, Any] = {"id": self.id(scope), "type": self.type}
        for attribute in self.attributes:
            instance = attribute.build(scope)
            if instance is None:
                continue
            body[attribute.name] = instance
            if attribute.rising is not None and moment is not None:
                record.counters.append(_counter(body["id"], attribute, instance, moment))
        if self.others is not None:
            self._add_others(body, scope)
        if len(body) == 2 and not self.static:
            return  # no attribute had a value: there is nothing to record
        for name, instance in self.provenance.items():
            body.setdefault(name, dict(instance))
        (record.static if self.static else record.documents).append(_parse(body, self.terms, self.label))

    def _add_others(self, body: dict[str, Any], scope: Scope) -> None:
        """Every further member of the record becomes a Property under its own name."""
        assert self.others is not None
        members = self.others(scope)
        if not isinstance(members, dict):
            raise MessageRejected("value", self.label, "there are no members to take over", "check others:")
        if len(members) > MAX_OTHERS:
            raise MessageRejected("value", self.label, f"more than {MAX_OTHERS} members")
        observed_at = scope.variables.get("observedAt")
        for name, value in members.items():
            if name in self.excluded or name in body or value is None:
                continue
            body[name] = {"type": "Property", "value": value}
            if observed_at is not None:
                body[name]["observedAt"] = observed_at


def compile_entity(
    label: str,
    declaration: Mapping[str, Any],
    reading: Reading,
    terms: TermMap,
    place: Place,
    provenance: Mapping[str, Instance] | None = None,
) -> EntityPlan:
    """The plan for the entity declared under `label`."""
    kind = declaration["type"]
    static = bool(declaration.get("static", False))
    attributes = tuple(
        compile_attribute(name, each, reading, (*place, "attributes", name), observed=not static)
        for name, each in declaration.get("attributes", {}).items()
        if each is not None
    )
    others = declaration.get("others")
    if isinstance(others, str):
        others = {"path": others}
    if not attributes and not others:
        raise MappingProblem((*place, "attributes"), "the entity has no attributes", "add one, or others:")
    return EntityPlan(
        label,
        kind,
        compile_template(declaration["id"], (*place, "id"), encode=True),
        attributes,
        compile_conditions(declaration["when"], (*place, "when")) if "when" in declaration else None,
        static,
        compile_path(others.get("path", "@"), (*place, "others")) if others else None,
        frozenset(others.get("except", ()) if others else ()) | {"id", "type", "@context"},
        terms,
        {
            name: each
            for name, each in (provenance or {}).items()
            if name not in declaration.get("attributes", {})
        },
    )


def _counter(
    entity_id: str, attribute: Attribute, instance: dict[str, Any], moment: datetime
) -> CounterReading:
    assert attribute.rising is not None
    return CounterReading(
        entity_id,
        attribute.name,
        instance["value"],
        moment,
        attribute.rising.tolerance,
        attribute.rising.restart_below,
    )


def _parse(body: dict[str, Any], terms: TermMap, label: str) -> dict[str, Any]:
    try:
        return parse_entity(body, terms)
    except NgsiLdError as error:
        raise MessageRejected(
            "entity", label, error.detail, "NGSI-LD does not allow it: check the mapping"
        ) from error
    except RecursionError as error:
        raise MessageRejected("entity", label, "it is nested too deeply") from error
