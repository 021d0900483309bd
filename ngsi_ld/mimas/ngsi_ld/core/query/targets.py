"""What a path of `q` speaks of in an entity: one target for each attribute instance (CIM 009 4.9)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ..state import DEFAULT_DATASET, EntityState, Instance, Times
from .literals import Scalar, Temporal
from .q_tree import SYSTEM_INSTANTS, Path


@dataclass(frozen=True, slots=True)
class Target:
    """The values of one instance, by how they compare.

    `plain` values are compared as they are, an array by what it contains; `names` (of relationships and
    vocabularies) only for equality; `texts` are those of a languageMap, each for itself.
    """

    plain: tuple[Any, ...] = ()
    names: tuple[Any, ...] = ()
    texts: tuple[str, ...] = ()
    vocabulary: str | None = None
    exists: bool = True

    def candidates(self, literal: Scalar) -> Iterator[Any]:
        """What may equal `literal`: values, elements of arrays, what typed values (`@value`) hold, texts."""
        for value in self.plain:
            for item in value if isinstance(value, list) else (value,):
                yield from _untyped(item)
        if isinstance(literal, str):
            yield from self.texts

    def singles(self, literal: Scalar) -> Iterator[Any]:
        """What has an order to `literal`: values that are no arrays, and texts."""
        for value in self.plain:
            if not isinstance(value, list):
                yield value.get("@value") if isinstance(value, dict) else value
        if isinstance(literal, str):
            yield from self.texts

    def strings(self) -> Iterator[str]:
        """What a pattern is looked for in."""
        for value in self.singles(""):
            if isinstance(value, str):
                yield value
        if self.vocabulary is not None:
            yield self.vocabulary


def _untyped(item: Any) -> Iterator[Any]:
    if not isinstance(item, dict):
        yield item
    elif "@value" in item:
        yield from _listed(item["@value"])


def targets(state: EntityState, path: Path) -> Iterator[Target]:
    """The targets of `path`, each of which exists; none when nothing is there."""
    member = path.plain_member
    for instance, times in instances(state, path.instances):
        if member in SYSTEM_INSTANTS:
            yield Target(plain=(_system_instant(state, path, member, times),))
        elif member is not None:
            if member in instance:
                yield Target(plain=(instance[member],))
        else:
            target = _target(instance, path.members)
            if target.exists:
                yield target


def instances(state: EntityState, names: tuple[str, ...]) -> Iterator[tuple[Instance, Times]]:
    """The attribute instances at the end of `names`, each with its times; without names the entity itself."""
    found: list[tuple[Instance, Times]] = [(state.document, {"s": state.times})]
    for name in names:
        found = [each for owner, times in found for each in _instances_of(owner, times, name)]
    yield from found


def _instances_of(owner: Instance, times: Times, name: str) -> Iterator[tuple[Instance, Times]]:
    known = times.get("s", {}).get(name, {})
    for instance in _listed(owner.get(name)):
        if isinstance(instance, dict):
            yield instance, known.get(instance.get("datasetId", DEFAULT_DATASET), {})


def _system_instant(state: EntityState, path: Path, member: str, times: Times) -> Temporal:
    if not path.instances:
        return _temporal(state.created_at if member == "createdAt" else state.modified_at)
    created = times.get("c")
    known = created if member == "createdAt" else times.get("m", created)
    return _temporal(datetime.fromisoformat(known) if known is not None else state.created_at)


def _temporal(instant: datetime) -> Temporal:
    return Temporal("DateTime", instant.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z")


def _target(instance: Instance, members: tuple[str, ...]) -> Target:
    languages = instance.get("languageMap", {})
    if members == ("*",):
        return Target(texts=_texts(languages.values()), exists=bool(languages))
    if members:
        plain = tuple(_inside(instance, members))
        spoken = [languages[members[0]]] if len(members) == 1 and members[0] in languages else []
        return Target(plain, texts=_texts(spoken), exists=bool(plain or spoken))
    plain = tuple(instance[key] for key in ("value", "json", "valueList") if key in instance)
    vocabulary = instance.get("vocab")
    return Target(
        plain,
        names=tuple(_names(instance)),
        texts=_texts(languages.values()),
        vocabulary=vocabulary if isinstance(vocabulary, str) else None,
    )


def _inside(instance: Instance, members: tuple[str, ...]) -> Iterator[Any]:
    """The members' values within a compound value: those of objects only, as ECMAScript has it."""
    for key in ("value", "json"):
        value: Any = instance.get(key)
        for member in members:
            if not isinstance(value, dict) or member not in value:
                break
            value = value[member]
        else:
            yield value


def _names(instance: Instance) -> Iterator[Any]:
    for key in ("object", "vocab", "objectList"):
        for item in _listed(instance.get(key)):
            yield item.get("object") if isinstance(item, dict) else item


def _texts(values: Any) -> tuple[str, ...]:
    return tuple(text for value in values for text in _listed(value) if isinstance(text, str))


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def related_ids(state: EntityState, relationship: str) -> set[str]:
    """The entities that a relationship of `state` points to."""
    found = {name for instance, _ in instances(state, (relationship,)) for name in _related(instance)}
    return {name for name in found if isinstance(name, str)}


def _related(instance: Instance) -> Iterator[Any]:
    for key in ("object", "objectList"):
        for item in _listed(instance.get(key)):
            yield from _listed(item.get("object") if isinstance(item, dict) else item)
