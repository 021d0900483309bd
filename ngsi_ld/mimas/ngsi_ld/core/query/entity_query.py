"""One query for entities, parsed and in stored names: what api hands to store."""

from __future__ import annotations

from dataclasses import dataclass, field

from .geo import GeoQuery
from .ordering import OrderTerm
from .q import Node
from .scope import ScopeQuery
from .temporal import TemporalQuery
from .type_selection import TypeSelection


@dataclass(frozen=True, slots=True)
class Selector:
    """One of several EntitySelectors (CIM 009 5.2.33); what is given must all hold."""

    types: TypeSelection
    ids: tuple[str, ...] = ()
    id_pattern: str | None = None


@dataclass(frozen=True, slots=True)
class EntityQuery:
    """Which entities (CIM 009 5.7.2): every member that is given narrows the answer.

    `attributes` are stored names of which at least one must be there; `dataset_ids` keeps only entities
    having such an instance. `selectors`, unless empty, are alternatives of which one must hold; `types` then
    is the union of theirs. `temporal` belongs to temporal queries only. `entity_map` is the URI of an entity
    map: only the entities it lists are looked at (5.5.14).
    """

    types: TypeSelection | None = None
    ids: tuple[str, ...] = ()
    id_pattern: str | None = None
    attributes: frozenset[str] = frozenset()
    q: Node | None = None
    geo: GeoQuery | None = None
    scope: ScopeQuery | None = None
    dataset_ids: frozenset[str] = frozenset()
    ordering: tuple[OrderTerm, ...] = ()
    collation: str | None = None
    temporal: TemporalQuery | None = None
    entity_map: str | None = None
    selectors: tuple[Selector, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """A slice of a result. `after` is the key it starts behind: deep pages cost what first ones do."""

    limit: int = 20
    offset: int = 0
    count: bool = False
    after: str | None = field(default=None)
