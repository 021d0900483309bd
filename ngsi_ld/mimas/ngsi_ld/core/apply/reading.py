"""What an adapter measured: delivered twice it is stored once, delivered late it is history only."""

from __future__ import annotations

from datetime import datetime
from hashlib import blake2b

import orjson

from ..kinds import VALUE_MEMBER, attributes_of, dataset_of
from ..operations import RecordReading
from ..state import Applied, EntityState, Instance
from .draft import SCOPE, Draft
from .equality import same
from .whole import fresh


def record_reading(
    operation: RecordReading, state: EntityState | None, now: datetime, version: int
) -> Applied:
    """Create the entity, or let newer instances take the place of older ones; types are unioned."""
    document = operation.document
    if state is None:
        applied = fresh(document, now, version)
        for entry in applied.history:
            entry.instance_id = instance_id(operation.entity_id, entry.attribute, entry.instance)
        return applied
    draft = Draft(state, now)
    _add_members(draft, operation)
    for name, value in attributes_of(document):
        for instance in value if type(value) is list else (value,):
            _record(draft, name, instance)
    return draft.applied()


def instance_id(entity_id: str, attribute: str, instance: Instance) -> str | None:
    """The name a reading has in the history: the same reading, the same name. None without observedAt."""
    observed = instance.get("observedAt")
    if observed is None:
        return None
    value = instance[VALUE_MEMBER[instance["type"]]]
    facts = [entity_id, attribute, dataset_of(instance), observed, value]
    digest = blake2b(orjson.dumps(facts, option=orjson.OPT_SORT_KEYS), digest_size=16).hexdigest()
    return f"urn:ngsi-ld:Instance:{digest[:8]}-{digest[8:12]}-5{digest[13:16]}-a{digest[17:20]}-{digest[20:]}"


def _record(draft: Draft, attribute: str, instance: Instance) -> None:
    name = instance_id(draft.before.id, attribute, instance)
    old = draft.find(attribute, dataset_of(instance))
    if old is None or not (_is_older(instance, old) or same(instance, old)):
        draft.exchange(attribute, old, instance, name)
    elif name is not None:  # late, or delivered again: the store finds the row under its name
        draft.record_late(attribute, instance, name)


def _is_older(instance: Instance, than: Instance) -> bool:
    mine, theirs = instance.get("observedAt"), than.get("observedAt")
    if mine is None or theirs is None:
        return False
    if len(mine) == len(theirs):
        return bool(mine < theirs)
    return datetime.fromisoformat(mine) < datetime.fromisoformat(theirs)


def _add_members(draft: Draft, operation: RecordReading) -> None:
    document = operation.document
    draft.add_types(document["type"])
    if SCOPE in document:
        draft.set_scope(document[SCOPE])
    if "expiresAt" in document and document["expiresAt"] != draft.document.get("expiresAt"):
        draft.set_expiry(document["expiresAt"])
