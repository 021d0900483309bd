"""Writes of a whole entity: create, replace, upsert and delete (CIM 009 5.6.1, 5.6.6, 5.6.8, 5.6.18)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ..errors import AlreadyExists
from ..kinds import ENTITY_MEMBERS, attributes_of, dataset_of, instances_of
from ..operations import CreateEntity, DeleteEntity, ReplaceEntity, UpdateAttributes, UpsertEntity
from ..state import Applied, Change, Document, EntityState, HistoryEntry
from .attributes import update
from .draft import SCOPE, Draft, observed_at, scope_instance


def create(operation: CreateEntity, state: EntityState | None, now: datetime, version: int) -> Applied:
    """A new entity; AlreadyExists when it is there (5.6.1)."""
    if state is not None:
        raise AlreadyExists(
            f"an entity with the id {operation.entity_id} exists already", entityId=operation.entity_id
        )
    return fresh(operation.document, now, version)


def fresh(document: Document, now: datetime, version: int) -> Applied:
    """The state of a new entity. It needs no times: everything is as old as the entity."""
    history: list[HistoryEntry] = []
    change = Change(None, None)
    effects = change.attributes
    for name, value in document.items():
        if name in ENTITY_MEMBERS:
            if name == SCOPE:
                effects[SCOPE, ""] = "created"
                history.append(HistoryEntry(SCOPE, scope_instance(value), now, now, observed_at=now))
            continue
        for instance in value if type(value) is list else (value,):
            dataset = instance.get("datasetId", "")
            effects[name, dataset] = "created"
            history.append(HistoryEntry(name, instance, now, now, dataset, observed_at(instance)))
    change.after = state = EntityState(document, now, now, {}, version)
    return Applied(state, history, change, True)


def replace(operation: ReplaceEntity | UpsertEntity, state: EntityState, now: datetime) -> Applied:
    """The whole content is replaced; createdAt stays, also of attributes that stay (5.6.18)."""
    document = operation.document
    draft = Draft(state, now)
    for name, value in attributes_of(state.document):
        kept = {dataset_of(each) for each in instances_of(document.get(name, []))}
        for instance in instances_of(value):
            if dataset_of(instance) not in kept:
                draft.remove(name, dataset_of(instance))
    for name, value in attributes_of(document):
        for instance in instances_of(value):
            draft.put(name, instance)
    draft.set_scope(document.get(SCOPE))
    draft.document = {"id": operation.entity_id, **document}
    draft.touched = True
    return draft.applied()


def upsert(operation: UpsertEntity, state: EntityState | None, now: datetime, version: int) -> Applied:
    """Create, else replace, else Update Attributes as the mode says (5.6.8)."""
    if state is None:
        return fresh(operation.document, now, version)
    if not operation.update:
        return replace(operation, state, now)
    return update(UpdateAttributes(entity_id=operation.entity_id, fragment=operation.document), state, now)


def delete(operation: DeleteEntity, state: EntityState, now: datetime) -> Applied:
    """The entity is gone; its history ends in tombstones (5.6.6)."""
    draft = Draft(state, now)
    members: dict[str, Any] = state.document
    for name in [SCOPE, *(name for name, _ in attributes_of(members))]:
        draft.remove_all(name)
    return Applied(None, draft.history, Change(state, None, draft.effects))
