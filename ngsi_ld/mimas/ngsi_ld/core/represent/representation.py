"""What a consumer asked for: format, members, instances, language (CIM 009 4.5, 4.15, 4.21)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from ..query.projection import Projection

Format = Literal["normalized", "concise", "simplified"]
_NONE = "@none"


@dataclass(frozen=True, slots=True)
class Representation:
    """How an entity is to be shown; every name is a stored name.

    `attrs` keeps id, type and scope, `pick` keeps only what it lists (id, type and scope among it), `omit`
    drops what it lists. `dataset_ids` names the default instance `@none`. `linked` holds the projections
    of linked entities by relationship: those of `pick`, or those of `omit` when `omit` is given.
    """

    format: Format = "normalized"
    sys_attrs: bool = False
    pick: frozenset[str] | None = None
    omit: frozenset[str] | None = None
    attrs: frozenset[str] | None = None
    dataset_ids: frozenset[str] = frozenset()
    lang: str | None = None
    geometry_property: str = "location"
    linked: Mapping[str, Projection] = field(default_factory=dict)

    @classmethod
    def of(
        cls, *, pick: Projection | None = None, omit: Projection | None = None, **others: object
    ) -> Representation:
        """A representation with parsed projections; what `omit` enters by braces is not omitted itself."""
        how = cls(**others)  # type: ignore[arg-type]
        if pick is not None:
            return replace(how, pick=pick.names, linked=dict(pick.linked))
        if omit is not None:
            return replace(how, omit=omit.whole, linked=dict(omit.linked))
        return how

    @property
    def is_plain(self) -> bool:
        """Whether the stored document can be shown as it is, but for names and expiresAt."""
        return self.format == "normalized" and not (
            self.sys_attrs
            or self.dataset_ids
            or self.lang
            or self.pick is not None
            or self.omit is not None
            or self.attrs is not None
        )

    def shows(self, member: str) -> bool:
        """Whether a member of the entity is to be shown."""
        if self.pick is not None and member not in self.pick:
            return False
        if self.omit is not None and member in self.omit:
            return False
        return self.attrs is None or member in self.attrs or member in ("id", "type", "scope")

    def shows_dataset(self, dataset: str) -> bool:
        """Whether the instances of a dataset are to be shown (4.5.5)."""
        return not self.dataset_ids or (dataset or _NONE) in self.dataset_ids

    def for_linked(self, relationship: str) -> Representation:
        """How the targets of a relationship are to be shown: the same, with the projection meant for them."""
        projection = self.linked.get(relationship)
        bare = replace(self, pick=None, omit=None, attrs=None, linked={})
        if projection is None:
            return bare
        if self.omit is not None:
            return replace(bare, omit=projection.whole, linked=dict(projection.linked))
        return replace(bare, pick=projection.names, linked=dict(projection.linked))
