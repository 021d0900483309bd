"""The writes one entity can see, each with validated content in stored names.

`apply.apply(operation, state, now)` turns each into an `Applied`; the store runs them in order. Fragments
are parsed by `parse`, so an operation holds nothing that the standard forbids; what depends on the stored
state (404, kind changes, simplified fragments) is decided when it is applied.
"""

from __future__ import annotations

from dataclasses import dataclass

from .query.type_selection import TypeSelection
from .state import Document, Instance


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """Any write; `entity_id` says to which entity. `types` narrows it: a mismatch is a 404."""

    entity_id: str
    types: TypeSelection | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateEntity(Operation):
    """POST /entities (5.6.1): AlreadyExists when it is there."""

    document: Document


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplaceEntity(Operation):
    """PUT /entities/{id} (5.6.18): the content is replaced, createdAt stays."""

    document: Document


@dataclass(frozen=True, slots=True, kw_only=True)
class UpsertEntity(Operation):
    """Batch upsert (5.6.8): create, else replace (`update=False`) or Update Attributes (`update=True`)."""

    document: Document
    update: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AppendAttributes(Operation):
    """POST /entities/{id}/attrs (5.6.3) and batch update (5.6.9)."""

    fragment: Document
    overwrite: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateAttributes(Operation):
    """PATCH /entities/{id}/attrs (5.6.2): instances are replaced as a whole, a null deletes."""

    fragment: Document


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeEntity(Operation):
    """PATCH /entities/{id} (5.6.17, 5.5.12): deep merge. `simplified` fragments take the stored kinds."""

    fragment: Document
    simplified: bool = False
    observed_at: str | None = None
    lang: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PartialUpdate(Operation):
    """PATCH /entities/{id}/attrs/{attribute} (5.6.4): only the given members change."""

    attribute: str
    fragment: Instance


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplaceAttribute(Operation):
    """PUT /entities/{id}/attrs/{attribute} (5.6.19): the addressed instance is replaced."""

    attribute: str
    instance: Instance


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteAttribute(Operation):
    """DELETE /entities/{id}/attrs/{attribute} (5.6.5)."""

    attribute: str
    dataset_id: str = ""
    delete_all: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteEntity(Operation):
    """DELETE /entities/{id} (5.6.6)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PurgeAttributes(Operation):
    """One entity's share of DELETE /entities with `keep` or `drop` (5.6.21)."""

    keep: frozenset[str] | None = None
    drop: frozenset[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordReading(Operation):
    """What an adapter measured: created or updated, never blindly.

    Each instance goes into the history under a name made of entity, attribute, dataset, observedAt and
    value, so that a message delivered twice is stored once; an instance whose observedAt is older than
    the stored one goes into the history only and leaves the current value alone. Types are unioned,
    attributes that the document does not name stay.
    """

    document: Document


@dataclass(frozen=True, slots=True, kw_only=True)
class UpsertTemporal(Operation):
    """POST /temporal/entities (5.6.11): the evolution is created, or its instances are added.

    Mimas keeps one store: every instance becomes a history row, and the newest instance of an attribute
    (by observedAt; an instance without one counts as observed now) becomes the current one when there is
    none or when it is not older. `document` maps each attribute to its instances.
    """

    document: Document


@dataclass(frozen=True, slots=True, kw_only=True)
class AppendTemporal(Operation):
    """POST /temporal/entities/{id}/attrs (5.6.12): instances are added, none is overwritten."""

    fragment: Document


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryOperation(Operation):
    """A write to the history alone: the store executes it on its rows, `apply` never sees it.

    The current state stays as it is, also when the history of an attribute or of the whole entity goes:
    what is true now is managed under /entities.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class ModifyInstance(HistoryOperation):
    """PATCH .../attrs/{attribute}/{instanceId} (5.6.14): the instance is replaced, createdAt stays."""

    attribute: str
    instance_id: str
    instance: Instance


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteInstance(HistoryOperation):
    """DELETE .../attrs/{attribute}/{instanceId} (5.6.15)."""

    attribute: str
    instance_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteTemporalAttribute(HistoryOperation):
    """DELETE /temporal/entities/{id}/attrs/{attribute} (5.6.13): 404 only when the attribute has no rows."""

    attribute: str
    dataset_id: str = ""
    delete_all: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteTemporalEntity(HistoryOperation):
    """DELETE /temporal/entities/{id} (5.6.16): all its history."""
