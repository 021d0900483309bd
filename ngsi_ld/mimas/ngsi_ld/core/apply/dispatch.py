"""One operation on one entity: which function answers it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from .. import operations as op
from ..errors import ResourceNotFound
from ..query.type_selection import TypeSelection
from ..state import Applied, Document, EntityState
from . import attributes, merge, partial, reading, temporal, whole
from .expiry import drop_expired

_MAY_CREATE: dict[type[op.Operation], Callable[[Any, EntityState | None, datetime, int], Applied]] = {
    op.CreateEntity: whole.create,
    op.UpsertEntity: whole.upsert,
    op.RecordReading: reading.record_reading,
    op.UpsertTemporal: temporal.upsert_temporal,
}
_NEEDS_ENTITY: dict[type[op.Operation], Callable[[Any, EntityState, datetime], Applied]] = {
    op.ReplaceEntity: whole.replace,
    op.DeleteEntity: whole.delete,
    op.AppendAttributes: attributes.append,
    op.UpdateAttributes: attributes.update,
    op.ReplaceAttribute: attributes.replace_attribute,
    op.DeleteAttribute: attributes.delete_attribute,
    op.PurgeAttributes: attributes.purge,
    op.PartialUpdate: partial.partial_update,
    op.MergeEntity: merge.merge,
    op.AppendTemporal: temporal.append_temporal,
}


def apply(operation: op.Operation, state: EntityState | None, now: datetime) -> Applied:
    """The outcome of an operation on the state of its entity, None when it is not there.

    What has expired by `now` counts as gone. The next version is the old one plus one; an entity that is
    new starts with its creation time in microseconds. Raises NgsiLdError, and never changes `state`.
    """
    living = None if state is None else drop_expired(state, now)
    create = _MAY_CREATE.get(type(operation))
    if create is not None:
        version = int(now.timestamp() * 1_000_000) if state is None else state.version + 1
        return create(operation, living, now, version)
    if living is None or not _has_types(living.document, operation.types):
        raise ResourceNotFound(
            f"no entity {operation.entity_id} is known here" + (" with such types" if living else ""),
            entityId=operation.entity_id,
        )
    return _NEEDS_ENTITY[type(operation)](operation, living, now)


def _has_types(document: Document, selection: TypeSelection | None) -> bool:
    if selection is None or selection.any_type:
        return True
    names = document["type"]
    types = {names} if isinstance(names, str) else set(names)
    return any(alternative <= types for alternative in selection.alternatives)
