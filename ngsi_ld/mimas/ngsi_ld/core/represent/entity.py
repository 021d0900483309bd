"""One entity as a consumer asked for it (CIM 009 4.5.1, 4.5.4, 6.3.11)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..context.term_map import TermMap
from ..instants import format_instant
from ..kinds import ENTITY_MEMBERS, dataset_of, instances_of
from ..state import Document, EntityState, Instance, Times
from .formats import concise_instance, simplified_attribute, simplified_instance
from .language import in_language
from .representation import Representation

Decorate = Callable[[str, Instance, Instance], Any]

# Members that are shown as they are stored. expiresAt is not among them: it needs sysAttrs.
_OPAQUE = frozenset(
    {"type", "value", "object", "languageMap", "json", "valueList", "objectList"}
    | {"observedAt", "unitCode", "datasetId", "lang", "instanceId", "entityIdSealed"}
)
_COERCED = frozenset({"vocab", "objectType", "valueType", "entityTypeSealed"})
_NO_TIMES: Times = {}


def represent_entity(state: EntityState, how: Representation, terms: TermMap) -> Document:
    """The entity in the asked format with the names of `terms`; `@context` is the caller's to add.

    The outcome may share parts with the state: change nothing below its first level.
    """
    if how.is_plain and terms.is_core:
        return _stored(state.document)
    return Renderer(state, how, terms).entity()


def _stored(document: Document) -> Document:
    """The document of the state, whose expiresAt members are not shown."""
    shown: Document = {}
    for name, value in document.items():
        if type(value) is dict:
            shown[name] = value if value.keys() <= _OPAQUE else _unexpiring(value)
        elif type(value) is list and name not in ENTITY_MEMBERS:
            shown[name] = [_unexpiring(each) for each in value]
        elif name != "expiresAt":
            shown[name] = value
    return shown


def _unexpiring(instance: Instance) -> Instance:
    shown: Instance = {}
    for name, value in instance.items():
        if name in _OPAQUE or name in _COERCED:
            shown[name] = value
        elif name != "expiresAt":
            several = type(value) is list
            shown[name] = [_unexpiring(each) for each in value] if several else _unexpiring(value)
    return shown


def coerced(value: Any, terms: TermMap) -> Any:
    """A value that is compacted as a name: a VocabProperty's, an objectType, a valueType (4.5.20)."""
    if type(value) is list:
        return [coerced(each, terms) for each in value]
    return terms.compact_iri(value) if type(value) is str else value


class Renderer:
    """Shows one entity.

    `decorate` may add to what is shown of an instance (linked entities); `extras` holds members that
    instances get before they are formatted (previous values), by attribute and dataset.
    """

    __slots__ = ("_compact", "_created", "_decorate", "_extras", "_how", "_state", "_terms")

    def __init__(
        self,
        state: EntityState,
        how: Representation,
        terms: TermMap,
        decorate: Decorate | None = None,
        extras: Mapping[tuple[str, str], Instance] | None = None,
    ) -> None:
        self._state = state
        self._how = how
        self._terms = terms
        self._compact = terms.compact
        self._decorate = decorate
        self._extras = extras
        self._created = format_instant(state.created_at) if how.sys_attrs else ""

    def entity(self) -> Document:
        """The entity, its own members first."""
        how, compact, times = self._how, self._compact, self._state.times
        everything = how.pick is None and how.omit is None and how.attrs is None
        shown: Document = {}
        for name, value in self._state.document.items():
            if not (everything or how.shows(name)):
                continue
            if name not in ENTITY_MEMBERS:
                attribute = self._attribute(name, value, times.get(name) or _NO_TIMES)
                if attribute is not None:
                    shown[compact(name)] = attribute
            elif name == "type":
                shown[name] = compact(value) if type(value) is str else [compact(each) for each in value]
            elif name != "expiresAt":
                shown[name] = value
        if how.sys_attrs:
            self._add_system_members(shown)
        return shown

    def instance(self, instance: Instance) -> Instance:
        """One instance alone, normalised."""
        return self._normalised(instance, _NO_TIMES)

    def _add_system_members(self, shown: Document) -> None:
        members = {
            "createdAt": self._created,
            "modifiedAt": format_instant(self._state.modified_at),
            "expiresAt": self._state.document.get("expiresAt"),
        }
        for name, value in members.items():
            if value is not None and (self._how.pick is None or name in self._how.pick):
                shown[name] = value

    def _attribute(self, name: str, value: Any, times: Times) -> Any | None:
        """An attribute in the asked format, None when none of its instances is asked for."""
        how = self._how
        if type(value) is dict and not how.dataset_ids:
            return self._only(name, value, times.get(dataset_of(value)) or _NO_TIMES)
        instances = [each for each in instances_of(value) if how.shows_dataset(dataset_of(each))]
        if not instances:
            return None
        if len(instances) == 1:
            return self._only(name, instances[0], times.get(dataset_of(instances[0])) or _NO_TIMES)
        shown = [
            self._instance(name, each, times.get(dataset_of(each)) or _NO_TIMES, alone=False)
            for each in instances
        ]
        return simplified_attribute(instances, shown) if how.format == "simplified" else shown

    def _only(self, name: str, instance: Instance, times: Times) -> Any:
        return self._instance(name, instance, times, alone=True)

    def _instance(self, name: str, instance: Instance, times: Times, *, alone: bool) -> Any:
        how = self._how
        shown = self._normalised(instance, times)
        if self._extras and (extra := self._extras.get((name, dataset_of(instance)))):
            shown = {**shown, **extra}
        if how.format == "concise":
            shown = concise_instance(shown, alone=alone)
        elif how.format == "simplified":
            shown = simplified_instance(shown)
        return shown if self._decorate is None else self._decorate(name, instance, shown)

    def _normalised(self, instance: Instance, times: Times) -> Instance:
        how = self._how
        if how.lang is not None and "languageMap" in instance:
            instance = in_language(instance, how.lang)
        if not how.sys_attrs and instance.keys() <= _OPAQUE:
            return instance
        shown: Instance = {}
        below = times.get("s") or _NO_TIMES
        for name, value in instance.items():
            if name in _OPAQUE:
                shown[name] = value
            elif name in _COERCED:
                shown[name] = coerced(value, self._terms)
            elif name != "expiresAt":
                if how.format != "simplified":
                    shown[self._compact(name)] = self._below(value, below.get(name) or _NO_TIMES)
            elif how.sys_attrs:
                shown[name] = value
        if how.sys_attrs:
            created = times.get("c") or self._created
            shown["createdAt"] = created
            shown["modifiedAt"] = times.get("m") or created
        return shown

    def _below(self, value: Any, times: Times) -> Any:
        """A sub-attribute; datasetId and projection speak of attributes alone."""
        instances = instances_of(value)
        alone = len(instances) == 1
        shown = []
        for each in instances:
            normalised = self._normalised(each, times.get(dataset_of(each)) or _NO_TIMES)
            is_concise = self._how.format == "concise"
            shown.append(concise_instance(normalised, alone=alone) if is_concise else normalised)
        return shown[0] if alone else shown
