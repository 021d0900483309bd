"""The stored form of an entity, and what one write makes of it.

A *document* is the normalised entity as a plain dict: `id`, `type` (string, or list when there are
several), optionally `scope` and `expiresAt`, then the attributes. An attribute is one instance (dict)
or, when several `datasetId`s are there, a list of instances. Every instance carries its `type` and its
value member (`value`, `object`, `languageMap`, ...). Names are *stored names*: compacted by the core
context alone, so default-context names are short and all others are full IRIs. System members never
stand in a document, with one exception: `expiresAt`, which users give and which merges like content.
No `@context`, no NGSI-LD Null. A document is never changed in place once a state holds it.

*Times* hold what only sysAttrs shows: `{attribute: {dataset: {"c": createdAt, "m": modifiedAt, "s": times}}}`
with datetimes as they are served, `""` for the default dataset and `"s"` for the sub-attributes. An absent
"c" means the entity's createdAt, an absent "m" means the same as "c": a fresh entity needs no times at all.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

Document = dict[str, Any]
Instance = dict[str, Any]
Times = dict[str, Any]

NGSI_LD_NULL = "urn:ngsi-ld:null"
DEFAULT_DATASET = ""

Effect = Literal["created", "updated", "deleted"]


@dataclass(slots=True)
class EntityState:
    """One entity as it is kept. `version` grows by one with each write (see `store`)."""

    document: Document
    created_at: datetime
    modified_at: datetime
    times: Times = field(default_factory=dict)
    version: int = 0

    @property
    def id(self) -> str:
        """The entity's URI."""
        return str(self.document["id"])


@dataclass(slots=True)
class HistoryEntry:
    """One attribute instance as it was: a row of the temporal evolution.

    `attribute` is a stored name (or `scope`), `instance` the normalised instance at that time. A deletion
    has `deleted_at` set and an instance whose value is the NGSI-LD Null. `instance_id` is a URI when the
    writer chose one (a repeated delivery finds its own row again), else the store makes one.
    """

    attribute: str
    instance: Instance
    modified_at: datetime
    created_at: datetime
    dataset_id: str = DEFAULT_DATASET
    observed_at: datetime | None = None
    deleted_at: datetime | None = None
    instance_id: str | None = None


@dataclass(slots=True)
class Change:
    """What one write did to one entity, as subscriptions see it.

    `attributes` maps (stored name, dataset) to the effect, only where the value really changed
    (CIM 009 5.8.6: a member updated with a different value).
    """

    before: EntityState | None
    after: EntityState | None
    attributes: dict[tuple[str, str], Effect] = field(default_factory=dict)

    @property
    def entity_id(self) -> str:
        """The URI of the entity that changed."""
        state = self.after or self.before
        assert state is not None
        return state.id


@dataclass(slots=True)
class Applied:
    """The outcome of one operation on one entity.

    `state` is what to keep (None: the entity is gone), `changed` is false when nothing is to be written.
    `not_updated` maps stored attribute names to the reason (an UpdateResult's notUpdated).
    """

    state: EntityState | None
    history: list[HistoryEntry] = field(default_factory=list)
    change: Change | None = None
    created: bool = False
    changed: bool = True
    updated: list[str] = field(default_factory=list)
    not_updated: dict[str, str] = field(default_factory=dict)
    delete_history: bool = False
