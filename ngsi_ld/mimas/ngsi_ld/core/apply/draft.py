"""One write in progress: it copies what it touches, keeps the times and notes the history and the effects."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from ..instants import format_instant
from ..kinds import INSTANCE_MEMBERS, VALUE_MEMBER, dataset_of, instances_of, null_value
from ..state import NGSI_LD_NULL, Applied, Change, Document, Effect, EntityState, HistoryEntry, Instance
from .equality import same
from .times import Entry, created_entry, revised_entry

SCOPE = "scope"


def observed_at(instance: Instance) -> datetime | None:
    """The observedAt of an instance as a time; `parse` has checked it."""
    text = instance.get("observedAt")
    return datetime.fromisoformat(text) if text else None


def scope_instance(scope: Any) -> Instance:
    """The temporal form of a scope: a Property (CIM 009 4.5.6)."""
    return {"type": "Property", "value": scope}


class Draft:
    """The next state of an entity while it is being made. Nothing that `before` holds is changed."""

    def __init__(self, before: EntityState, now: datetime) -> None:
        self.before = before
        self.now = now
        self.now_text = format_instant(now)
        self.document: Document = before.document.copy()
        self.times = before.times.copy()
        self._modified: Entry = {"m": self.now_text}
        self.touched = False
        self.history: list[HistoryEntry] = []
        self.effects: dict[tuple[str, str], Effect] = {}
        self.updated: dict[str, None] = {}
        self.not_updated: dict[str, str] = {}

    def find(self, attribute: str, dataset: str) -> Instance | None:
        """The instance the attribute has for a dataset now."""
        value = self.document.get(attribute)
        if type(value) is dict:
            return value if value.get("datasetId", "") == dataset else None
        for instance in value if type(value) is list else ():
            if type(instance) is dict and instance.get("datasetId", "") == dataset:
                return instance
        return None

    def put(self, attribute: str, instance: Instance) -> None:
        """Add an instance, or let it take the place of the one of its dataset."""
        self.exchange(attribute, self.find(attribute, dataset_of(instance)), instance)

    def exchange(
        self, attribute: str, old: Instance | None, instance: Instance, instance_id: str | None = None
    ) -> None:
        """Let an instance take the place of what `find` has found for its dataset."""
        dataset = dataset_of(instance)
        value = self.document.get(attribute)
        if value is None or value is old:
            self.document[attribute] = instance
        elif old is None:
            self.document[attribute] = [*instances_of(value), instance]
        else:
            self.document[attribute] = [instance if each is old else each for each in value]
        entry = self._keep_time(attribute, dataset, old, instance)
        if old is None or not _differ_in_expiry_alone(old, instance):
            self._record(attribute, dataset, instance, entry, instance_id)
        self._note(attribute, dataset, old, instance)

    def remove(self, attribute: str, dataset: str) -> bool:
        """Take an instance away and leave a tombstone in the history; false when it is not there."""
        old = self.find(attribute, dataset)
        if old is None:
            return False
        left = [each for each in instances_of(self.document[attribute]) if each is not old]
        if left:
            self.document[attribute] = left if len(left) > 1 else left[0]
        else:
            del self.document[attribute]
        entry = self._forget_time(attribute, dataset)
        self._bury(attribute, old, entry)
        self._note(attribute, dataset, old, None)
        return True

    def remove_all(self, attribute: str) -> bool:
        """Take every instance of an attribute away, or the scope."""
        if attribute == SCOPE:
            return self.set_scope(None)
        datasets = [dataset_of(each) for each in instances_of(self.document.get(attribute, []))]
        for dataset in datasets:
            self.remove(attribute, dataset)
        return bool(datasets)

    def set_scope(self, scope: Any | None) -> bool:
        """Replace the scope, or take it away with None; false when that changes nothing."""
        old = self.document.get(SCOPE)
        if same(old, scope):
            return False
        self._note(SCOPE, "", old, scope)
        if scope is None:
            del self.document[SCOPE]
            self._bury(SCOPE, scope_instance(old), {})
        else:
            self.document[SCOPE] = scope
            self._record(SCOPE, "", scope_instance(scope), {}, None)
            # CIM 009 4.5.6: observedAt of a scope is a copy of its modifiedAt
            self.history[-1].observed_at = self.now
        return True

    def set_expiry(self, expires_at: str | None) -> None:
        """Set the entity's expiresAt, or lift it; no history (CIM 009 4.22)."""
        if expires_at is None or expires_at == NGSI_LD_NULL:
            self.touched |= self.document.pop("expiresAt", None) is not None
        else:
            self.touched = True
            self.document["expiresAt"] = expires_at

    def add_types(self, types: Any) -> None:
        """Add entity types that are not there yet, behind those that are (CIM 009 4.16)."""
        here = self.document["type"]
        if here == types:
            return
        merged = list(dict.fromkeys((*_names(here), *_names(types))))
        if len(merged) > len(_names(here)):
            self.touched = True
            self.document["type"] = merged

    def record_late(self, attribute: str, instance: Instance, instance_id: str | None) -> None:
        """Note an instance in the history alone."""
        dataset = dataset_of(instance)
        entry = (self.times.get(attribute) or {}).get(dataset) or {}
        self._record(attribute, dataset, instance, entry, instance_id)

    def applied(self) -> Applied:
        """The outcome. With history alone the state is the old one under the next version."""
        if not self.touched and not self.history:
            return Applied(
                self.before, changed=False, updated=list(self.updated), not_updated=self.not_updated
            )
        before = self.before
        if not self.touched:
            kept = EntityState(
                before.document, before.created_at, before.modified_at, before.times, before.version + 1
            )
            return Applied(kept, self.history, updated=list(self.updated), not_updated=self.not_updated)
        state = EntityState(self.document, before.created_at, self.now, self.times, before.version + 1)
        change = Change(before, state, self.effects)
        return Applied(state, self.history, change, updated=list(self.updated), not_updated=self.not_updated)

    def _note(self, attribute: str, dataset: str, old: Any, new: Any) -> None:
        self.touched = True
        self.updated[attribute] = None
        if old is None:
            self.effects[attribute, dataset] = "created"
        elif new is None:
            self.effects[attribute, dataset] = "deleted"
        elif not same(old, new):
            self.effects[attribute, dataset] = "updated"

    def _record(
        self, attribute: str, dataset: str, instance: Instance, entry: Entry, instance_id: str | None
    ) -> None:
        observed, created = observed_at(instance), self._created_at(entry)
        self.history.append(
            HistoryEntry(attribute, instance, self.now, created, dataset, observed, None, instance_id)
        )

    def _bury(self, attribute: str, old: Instance, entry: Entry) -> None:
        kind = old["type"]
        dataset = dataset_of(old)
        tombstone = {"type": kind, VALUE_MEMBER[kind]: null_value(kind)}
        if dataset:
            tombstone["datasetId"] = dataset
        created = self._created_at(entry)
        self.history.append(
            HistoryEntry(attribute, tombstone, self.now, created, dataset, deleted_at=self.now)
        )

    def _created_at(self, entry: Entry) -> datetime:
        created = entry.get("c")
        return self.before.created_at if created is None else datetime.fromisoformat(created)

    def _keep_time(self, attribute: str, dataset: str, old: Instance | None, new: Instance) -> Entry:
        entries = self.times.get(attribute)
        kept = entries.get(dataset) if entries else None
        if old is None:
            entry = created_entry(new, self.now_text)
        elif not kept and new.keys() <= INSTANCE_MEMBERS:
            entry = self._modified  # entries are never changed, so attributes may share one
        else:
            entry = revised_entry(old, new, kept or {}, self.now_text)
        self.times[attribute] = {**entries, dataset: entry} if entries else {dataset: entry}
        return entry

    def _forget_time(self, attribute: str, dataset: str) -> Entry:
        entries = self.times.get(attribute) or {}
        left = {name: entry for name, entry in entries.items() if name != dataset}
        if left:
            self.times[attribute] = left
        else:
            self.times.pop(attribute, None)
        entry: Entry = entries.get(dataset) or {}
        return entry


def _names(types: str | Iterable[str]) -> list[str]:
    return [types] if isinstance(types, str) else list(types)


def _differ_in_expiry_alone(old: Instance, new: Instance) -> bool:
    if old.get("expiresAt") == new.get("expiresAt"):
        return False
    return same({**old, "expiresAt": None}, {**new, "expiresAt": None})
