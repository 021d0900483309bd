"""Writes of whole attributes: append, update, replace, delete, purge (CIM 009 5.6.2, .3, .5, .19, .21)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ..errors import BadRequestData, ResourceNotFound
from ..kinds import attributes_of, dataset_of, instances_of, is_deletion
from ..operations import (
    AppendAttributes,
    DeleteAttribute,
    PurgeAttributes,
    ReplaceAttribute,
    UpdateAttributes,
)
from ..state import NGSI_LD_NULL, Applied, Document, EntityState
from .draft import SCOPE, Draft


def append(operation: AppendAttributes, state: EntityState, now: datetime) -> Applied:
    """Absent instances are added, present ones replaced unless `overwrite` is off (5.6.3)."""
    draft = Draft(state, now)
    fragment = operation.fragment
    add_members(draft, fragment)
    if SCOPE in fragment:
        draft.set_scope(fragment[SCOPE] if operation.overwrite else _joined(state.document, fragment[SCOPE]))
    for name, value in attributes_of(fragment):
        for instance in instances_of(value):
            if operation.overwrite or draft.find(name, dataset_of(instance)) is None:
                draft.put(name, instance)
            else:
                draft.not_updated[name] = "it is there already and noOverwrite was asked for"
    return draft.applied()


def update(operation: UpdateAttributes, state: EntityState, now: datetime) -> Applied:
    """Instances are replaced as a whole or added, a null deletes; scope only where there is one (5.6.2)."""
    draft = Draft(state, now)
    fragment = operation.fragment
    add_members(draft, fragment)
    if SCOPE in fragment and SCOPE in state.document:
        draft.set_scope(None if fragment[SCOPE] == NGSI_LD_NULL else fragment[SCOPE])
    elif SCOPE in fragment:
        draft.not_updated[SCOPE] = "the entity has no scope that could be replaced"
    for name, value in attributes_of(fragment):
        for instance in instances_of(value):
            if is_deletion(instance):
                delete_instance(draft, name, instance)
            else:
                draft.put(name, instance)
    return draft.applied()


def replace_attribute(operation: ReplaceAttribute, state: EntityState, now: datetime) -> Applied:
    """The addressed instance is replaced; it must be there (5.6.19)."""
    refuse_scope(operation.attribute)
    draft = Draft(state, now)
    require_instance(draft, operation.attribute, dataset_of(operation.instance))
    draft.put(operation.attribute, operation.instance)
    return draft.applied()


def delete_attribute(operation: DeleteAttribute, state: EntityState, now: datetime) -> Applied:
    """One instance, or all of them, or the scope; it must be there (5.6.5)."""
    draft = Draft(state, now)
    name = operation.attribute
    if operation.delete_all or name == SCOPE:
        removed = draft.remove_all(name)
    else:
        removed = draft.remove(name, operation.dataset_id)
    if not removed:
        raise _no_instance(draft, name, operation.dataset_id)
    return draft.applied()


def purge(operation: PurgeAttributes, state: EntityState, now: datetime) -> Applied:
    """`drop` deletes these attributes, `keep` all others; scope only when it is dropped by name (5.6.21)."""
    draft = Draft(state, now)
    present = [name for name, _ in attributes_of(state.document)]
    if operation.keep is not None:
        doomed = [name for name in present if name not in operation.keep]
    else:
        doomed = [name for name in (SCOPE, *present) if name in (operation.drop or ())]
    for name in doomed:
        draft.remove_all(name)
    return draft.applied()


def delete_instance(draft: Draft, attribute: str, instance: Any) -> None:
    """Obey a null in a fragment; nothing happens when there is nothing to delete (5.5.8)."""
    draft.remove(attribute, dataset_of(instance) if type(instance) is dict else "")


def require_instance(draft: Draft, attribute: str, dataset: str) -> dict[str, Any]:
    """The addressed instance, or ResourceNotFound (5.6.4, 5.6.19)."""
    instance = draft.find(attribute, dataset)
    if instance is None:
        raise _no_instance(draft, attribute, dataset)
    return instance


def refuse_scope(attribute: str) -> None:
    """`scope` is not an attribute one can update in part or replace (5.6.4, 5.6.19)."""
    if attribute == SCOPE:
        raise BadRequestData("scope cannot be updated here: send it with PATCH or POST to the entity's attrs")


def _no_instance(draft: Draft, attribute: str, dataset: str) -> ResourceNotFound:
    which = (
        f"instance of {attribute} with the datasetId {dataset}"
        if dataset
        else f"attribute {attribute} (default instance)"
    )
    return ResourceNotFound(f"the entity {draft.before.id} has no {which}")


def add_members(draft: Draft, fragment: Document) -> None:
    """Take over the types and the expiresAt of a fragment."""
    if "type" in fragment:
        draft.add_types(fragment["type"])
    if "expiresAt" in fragment:
        draft.set_expiry(fragment["expiresAt"])


def _joined(document: Document, scope: Any) -> Any:
    scopes = [*instances_of(document.get(SCOPE, [])), *instances_of(scope)]
    distinct = list(dict.fromkeys(scopes))
    return distinct if len(distinct) > 1 else distinct[0]
