"""Linked entity retrieval: entities that relationships point to, inline or flat (CIM 009 4.5.23).

Who reads the database goes level by level: `next_level` names what to fetch, until joinLevel is reached or
nothing is left; then `embed` or `flatten` show it. Ids on the way from the first entity and those of
containedBy are never entered again, so no loop can arise.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from ..context.term_map import TermMap
from ..kinds import attributes_of, dataset_of, instances_of
from ..state import Document, EntityState, Instance
from .entity import Decorate, Renderer, represent_entity
from .formats import targets
from .representation import Representation


def linked_ids(document: Document, how: Representation) -> dict[str, str]:
    """The targets of the relationships that are shown, each with the first relationship that leads there."""
    found: dict[str, str] = {}
    for name, value in attributes_of(document):
        if how.shows(name):
            for instance in instances_of(value):
                if how.shows_dataset(dataset_of(instance)):
                    for target in _targets_of(instance):
                        found.setdefault(target, name)
    return found


def next_level(
    entities: Iterable[tuple[Document, Representation]], seen: Collection[str]
) -> dict[str, Representation]:
    """What the entities of one level link to and nobody has seen: the ids to fetch, and how to show them."""
    wanted: dict[str, Representation] = {}
    for document, how in entities:
        for target, relationship in linked_ids(document, how).items():
            if target not in seen and target not in wanted:
                wanted[target] = how.for_linked(relationship)
    return wanted


def embed(
    state: EntityState,
    how: Representation,
    terms: TermMap,
    linked: Mapping[str, EntityState],
    level: int,
    contained_by: frozenset[str] = frozenset(),
) -> Document:
    """The entity with its linked ones inline, `level` levels deep (4.5.23.2).

    Relationships get `entity`, ListRelationships `entityList`; in the simplified format the entity takes
    the place of its URI (4.5.4). A target that is not in `linked` stays a URI.
    """
    return Renderer(state, how, terms, inliner(state.id, how, terms, linked, level, contained_by)).entity()


def inliner(
    entity_id: str,
    how: Representation,
    terms: TermMap,
    linked: Mapping[str, EntityState],
    level: int,
    contained_by: frozenset[str] = frozenset(),
) -> Decorate | None:
    """What adds linked entities to the relationships of an entity, None when no level is left."""
    if level < 1:
        return None
    visited = contained_by | {entity_id}

    def show(target: str, name: str) -> Document | None:
        if target in visited or target not in linked:
            return None
        return embed(linked[target], how.for_linked(name), terms, linked, level - 1, visited)

    def decorate(name: str, instance: Instance, shown: Any) -> Any:
        if "object" not in instance and "objectList" not in instance:
            return shown
        if how.format == "simplified":
            return _replaced(shown, lambda target: show(target, name))
        entities = [entity for target in _targets_of(instance) if (entity := show(target, name)) is not None]
        if not entities:
            return shown
        if "objectList" in instance:
            return {**shown, "entityList": entities}
        return {**shown, "entity": entities if type(instance["object"]) is list else entities[0]}

    return decorate


def flatten(
    entities: Iterable[tuple[EntityState, Representation]],
    linked: Iterable[tuple[EntityState, Representation]],
    terms: TermMap,
) -> list[Document]:
    """The linking entities and behind them the linked ones, each id once (4.5.23.3)."""
    shown: dict[str, Document] = {}
    for state, how in (*entities, *linked):
        if state.id not in shown:
            shown[state.id] = represent_entity(state, how, terms)
    return list(shown.values())


def _targets_of(instance: Instance) -> list[str]:
    objects = targets(instance.get("object", instance.get("objectList", [])))
    return [objects] if type(objects) is str else list(objects)


def _replaced(shown: Any, show: Any) -> Any:
    if type(shown) is list:
        return [show(target) or target for target in shown]
    return show(shown) or shown
