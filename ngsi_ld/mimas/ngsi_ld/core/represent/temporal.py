"""The temporal evolution of an entity in its formats (CIM 009 4.5.6 to 4.5.9, 4.5.19)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from ..context.term_map import TermMap
from ..instants import format_instant
from ..kinds import VALUE_MEMBER
from ..state import Document, EntityState, HistoryEntry, Instance
from .entity import Renderer
from .formats import concise_instance, targets
from .representation import Representation

TemporalFormat = Literal["normalized", "concise", "temporalValues", "aggregatedValues"]
TimeProperty = Literal["observedAt", "createdAt", "modifiedAt", "deletedAt"]

_SCOPE = "scope"


@dataclass(frozen=True, slots=True)
class Bucket:
    """One period of an aggregation and what each method makes of it."""

    start_at: datetime
    end_at: datetime
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Aggregated:
    """The buckets of one attribute and dataset, oldest first."""

    kind: str
    buckets: Sequence[Bucket]
    dataset_id: str = ""


@dataclass(slots=True)
class TemporalEntity:
    """An entity with the instances that were selected, by stored name (`scope` among them), in their order.

    `aggregates` is there instead of instances when aggregation was asked for.
    """

    id: str
    types: str | list[str]
    instances: dict[str, list[HistoryEntry]] = field(default_factory=dict)
    aggregates: dict[str, list[Aggregated]] = field(default_factory=dict)
    created_at: datetime | None = None
    modified_at: datetime | None = None
    deleted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class TemporalRepresentation:
    """How an evolution is shown; `base` holds members, datasets, language and sysAttrs, not the format."""

    base: Representation = field(default_factory=Representation)
    format: TemporalFormat = "normalized"
    time_property: TimeProperty = "observedAt"


def represent_temporal(entity: TemporalEntity, how: TemporalRepresentation, terms: TermMap) -> Document:
    """The evolution in the asked format with the names of `terms`; `@context` is the caller's to add.

    An attribute is always an array of instances in the normalised and concise formats, also with one alone.
    """
    shown: Document = {
        "id": entity.id,
        "type": terms.compact(entity.types)
        if isinstance(entity.types, str)
        else [terms.compact(each) for each in entity.types],
    }
    shown = {name: value for name, value in shown.items() if how.base.shows(name)}
    if how.format == "aggregatedValues":
        members = {name: _aggregated(each) for name, each in entity.aggregates.items()}
    else:
        members = {name: _evolution(name, each, how, terms) for name, each in entity.instances.items()}
    for name, value in members.items():
        # An attribute whose instances all lie outside a part of the evolution is shown empty (6.3.10).
        if (value or entity.instances.get(name) == []) and how.base.shows(name):
            shown[terms.compact(name)] = value
    if how.base.sys_attrs:
        times = {
            "createdAt": entity.created_at,
            "modifiedAt": entity.modified_at,
            "deletedAt": entity.deleted_at,
        }
        shown |= {name: format_instant(each) for name, each in times.items() if each is not None}
    return shown


def _evolution(
    name: str, entries: Sequence[HistoryEntry], how: TemporalRepresentation, terms: TermMap
) -> Any:
    asked = [each for each in entries if how.base.shows_dataset(each.dataset_id)]
    instances = [(each, _normalised(each, how, terms)) for each in asked]
    if how.format == "temporalValues":
        return _pairs(instances, how.time_property)
    for entry, instance in instances:
        _add_system_members(name, entry, instance, how)
    if how.format == "concise":
        return [concise_instance(instance, alone=False) for _, instance in instances]
    return [instance for _, instance in instances]


def _normalised(entry: HistoryEntry, how: TemporalRepresentation, terms: TermMap) -> Instance:
    """A copy of the instance as it is shown, without system members."""
    plain = Representation(lang=how.base.lang)
    state = EntityState({"value": entry.instance}, entry.created_at, entry.modified_at)
    return dict(Renderer(state, plain, terms).instance(entry.instance))


def _add_system_members(
    name: str, entry: HistoryEntry, instance: Instance, how: TemporalRepresentation
) -> None:
    """Add instanceId and times: all with sysAttrs, else what places the instance in time."""
    if entry.observed_at is not None:
        instance.setdefault("observedAt", format_instant(entry.observed_at))
    if entry.instance_id is not None and name != _SCOPE:  # CIM 009 4.5.6: a scope has times alone
        instance["instanceId"] = entry.instance_id
    for member, time in (("createdAt", entry.created_at), ("modifiedAt", entry.modified_at)):
        if how.base.sys_attrs or how.time_property == member:
            instance[member] = format_instant(time)
    if entry.deleted_at is not None:
        instance["deletedAt"] = format_instant(entry.deleted_at)


def _pairs(instances: Sequence[tuple[HistoryEntry, Instance]], time_property: TimeProperty) -> Any:
    """Value and time of each instance, apart for each dataset and kind (4.5.9)."""
    groups: dict[tuple[str, str], list[list[Any]]] = {}
    for entry, instance in instances:
        pair = [_bare(instance), _time(entry, instance, time_property)]
        groups.setdefault((entry.dataset_id, instance["type"]), []).append(pair)
    shown = [_group(dataset, kind, pairs) for (dataset, kind), pairs in groups.items()]
    return shown[0] if len(shown) == 1 else shown


def _group(dataset: str, kind: str, pairs: list[list[Any]]) -> Document:
    group: Document = {"type": kind, VALUE_MEMBER[kind] + "s": pairs}
    return {**group, "datasetId": dataset} if dataset else group


def _bare(instance: Instance) -> Any:
    kind = instance["type"]
    value = instance[VALUE_MEMBER[kind]]
    if kind in ("LanguageProperty", "VocabProperty", "JsonProperty"):
        return {VALUE_MEMBER[kind]: value}
    return targets(value) if kind == "ListRelationship" else value


def _time(entry: HistoryEntry, instance: Instance, time_property: TimeProperty) -> str:
    """The time of an instance: the property asked for, else what it has."""
    times = {
        "observedAt": entry.observed_at,
        "createdAt": entry.created_at,
        "modifiedAt": entry.modified_at,
        "deletedAt": entry.deleted_at,
    }
    if time_property == "observedAt" and "observedAt" in instance:
        return str(instance["observedAt"])
    return format_instant(times[time_property] or entry.deleted_at or entry.modified_at)


def _aggregated(attributes: Sequence[Aggregated]) -> Any:
    """Value, start and end of each bucket, by method (4.5.19)."""
    shown = []
    for each in attributes:
        methods = dict.fromkeys(method for bucket in each.buckets for method in bucket.values)
        group: Document = {"type": each.kind}
        for method in methods:
            group[method] = [
                [bucket.values[method], format_instant(bucket.start_at), format_instant(bucket.end_at)]
                for bucket in each.buckets
                if method in bucket.values
            ]
        shown.append({**group, "datasetId": each.dataset_id} if each.dataset_id else group)
    return shown[0] if len(shown) == 1 else shown
