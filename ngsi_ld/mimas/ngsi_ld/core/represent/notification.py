"""Entities in notifications: what was deleted, and what was there before (CIM 009 5.8.6, 4.5.2.2)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from ..context.term_map import TermMap
from ..instants import format_instant
from ..kinds import VALUE_MEMBER, attributes_of, dataset_of, instances_of, null_value
from ..state import NGSI_LD_NULL, Change, Document, EntityState, Instance
from .entity import Decorate, Renderer, coerced
from .formats import concise_instance
from .representation import Representation


def represent_change(
    change: Change,
    how: Representation,
    terms: TermMap,
    *,
    show_changes: bool = False,
    bare_null: bool = False,
    decorate: Decorate | None = None,
) -> Document:
    """The entity after a change that left it there, with nulls for the attributes that are gone.

    A deleted attribute is an object with a null value in the normalised format, as 5.5.4 has it. `bare_null`
    is the choice of 5.8.6: the bare null string unless datasetId, system attributes or a previous value must
    be told.
    """
    after = change.after
    assert after is not None
    extras = _previous(change, terms) if show_changes else None
    shown = Renderer(after, how, terms, decorate, extras).entity()
    if change.before is not None:
        at, left = after.modified_at, after.document
        gone = _Deletions(change.before, how, terms, at, show_changes, bare_null, left)
        for name, datasets in _deleted(change).items():
            gone.add(shown, name, datasets)
    return shown


def represent_deletion(
    change: Change,
    how: Representation,
    terms: TermMap,
    deleted_at: datetime,
    *,
    show_changes: bool = False,
    attributes: frozenset[str] = frozenset(),
) -> Document:
    """The entity that a change deleted: deletedAt, beside it nulls for `attributes`.

    With `show_changes` every attribute is told, with what it was.
    """
    before = change.before
    assert before is not None
    types = before.document["type"]
    shown: Document = {
        "id": before.id,
        "type": terms.compact(types) if type(types) is str else [terms.compact(each) for each in types],
    }
    if show_changes or attributes:
        gone = _Deletions(before, how, terms, deleted_at, show_changes, bare_null=False)
        for name, value in attributes_of(before.document):
            if show_changes or name in attributes:
                gone.add(shown, name, {dataset_of(each) for each in instances_of(value)})
    if how.sys_attrs:
        shown["createdAt"] = format_instant(before.created_at)
        shown["modifiedAt"] = format_instant(before.modified_at)
    shown["deletedAt"] = format_instant(deleted_at)
    return shown


def previous_member(kind: str) -> str:
    """The member that holds a former value: `previousValue`, `previousObject` and so on."""
    member = VALUE_MEMBER[kind]
    return "previous" + member[0].upper() + member[1:]


def _deleted(change: Change) -> dict[str, set[str]]:
    """The datasets of the instances that a change deleted, by attribute."""
    deleted: dict[str, set[str]] = {}
    for (name, dataset), effect in change.attributes.items():
        if effect == "deleted":
            deleted.setdefault(name, set()).add(dataset)
    return deleted


def _previous(change: Change, terms: TermMap) -> dict[tuple[str, str], Instance]:
    """The former values of the attributes that a change updated; never of those it created."""
    if change.before is None:
        return {}
    found: dict[tuple[str, str], Instance] = {}
    for name, value in attributes_of(change.before.document):
        for instance in instances_of(value):
            if change.attributes.get((name, dataset_of(instance))) == "updated":
                found[name, dataset_of(instance)] = _previous_of(instance, terms)
    return found


def _previous_of(instance: Instance, terms: TermMap) -> Instance:
    kind = instance["type"]
    value = instance[VALUE_MEMBER[kind]]
    return {previous_member(kind): coerced(value, terms) if kind == "VocabProperty" else value}


class _Deletions:
    """Adds what was deleted to an entity that is shown."""

    def __init__(
        self,
        before: EntityState,
        how: Representation,
        terms: TermMap,
        deleted_at: datetime,
        show_changes: bool,
        bare_null: bool,
        after: Document | None = None,
    ) -> None:
        self._after = after or {}
        self._before = before
        self._how = how
        self._terms = terms
        self._deleted_at = deleted_at
        self._show_changes = show_changes
        self._bare_null = bare_null or how.format != "normalized"

    def add(self, shown: Document, attribute: str, datasets: set[str]) -> None:
        """Add nulls for the instances of these datasets, beside the instances that are left."""
        how = self._how
        value = self._before.document.get(attribute)
        if value is None or attribute == "scope" or not how.shows(attribute):
            return
        nulls = [
            self._null(attribute, each)
            for each in instances_of(value)
            if dataset_of(each) in datasets and how.shows_dataset(dataset_of(each))
        ]
        name = self._terms.compact(attribute)
        if how.format == "simplified":
            if nulls:
                gone = [dataset_of(each) for each in instances_of(value) if dataset_of(each) in datasets]
                shown[name] = self._simplified(attribute, shown.get(name), filter(how.shows_dataset, gone))
            return
        left = instances_of(shown[name]) if name in shown else []
        if not left and len(nulls) > 1 and not (self._show_changes or how.sys_attrs):
            nulls = [self._whole(instances_of(value)[0])]
        both = [*left, *nulls]
        if both:
            shown[name] = both if len(both) > 1 else both[0]

    def _simplified(self, attribute: str, left: Any, gone: Iterable[str]) -> Any:
        """The null alone when nothing is left, else by dataset (4.5.4) beside what is left."""
        present = instances_of(self._after[attribute]) if attribute in self._after else []
        names = [dataset_of(each) for each in present if self._how.shows_dataset(dataset_of(each))]
        if not names:
            return NGSI_LD_NULL
        values = left["dataset"] if len(names) > 1 else {names[0] or "@none": left}
        return {"dataset": values | {each or "@none": NGSI_LD_NULL for each in gone}}

    def _whole(self, instance: Instance) -> Any:
        """The null of an attribute all of whose instances are gone: no dataset has to be told apart."""
        kind = instance["type"]
        null: Instance = {"type": kind, VALUE_MEMBER[kind]: null_value(kind)}
        return NGSI_LD_NULL if self._bare_null else null

    def _null(self, attribute: str, instance: Instance) -> Any:
        how, kind, dataset = self._how, instance["type"], dataset_of(instance)
        if self._bare_null and not (dataset or how.sys_attrs or self._show_changes):
            return NGSI_LD_NULL
        null: Instance = {"type": kind, VALUE_MEMBER[kind]: null_value(kind)}
        if dataset:
            null["datasetId"] = dataset
        if self._show_changes:
            null |= _previous_of(instance, self._terms)
        if how.sys_attrs:
            times = (self._before.times.get(attribute) or {}).get(dataset) or {}
            created = times.get("c") or format_instant(self._before.created_at)
            null["createdAt"] = created
            null["modifiedAt"] = times.get("m") or created
            null["deletedAt"] = format_instant(self._deleted_at)
        return concise_instance(null, alone=False) if how.format == "concise" else null
