"""Topics of one kind become one pattern: `hall/1/env` and `hall/2/env` are `hall/{hall}/env`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from .guesses import leaves
from .heard import Topic

ALIKE = 0.5  # share of common members that makes two messages of one kind


@dataclass(frozen=True, slots=True)
class Group:
    """Topics of one kind, and the pattern they have."""

    topics: tuple[Topic, ...]
    pattern: str
    names: tuple[str, ...]


def group_topics(topics: Iterable[Topic]) -> list[Group]:
    """The groups of topics whose messages are JSON objects or plain numbers and words."""
    kinds: list[list[Topic]] = []
    for topic in topics:
        if topic.values:
            kind = next((each for each in kinds if _is_alike(topic, each[0])), None)
            if kind is None:
                kinds.append([topic])
            else:
                kind.append(topic)
    return [_group(kind) for kind in kinds]


def _is_alike(one: Topic, other: Topic) -> bool:
    first, second = one.levels, other.levels
    if len(first) != len(second) or (len(first) > 1 and first[0] != second[0]):
        return False
    if isinstance(one.value, dict) != isinstance(other.value, dict):
        return False
    if not isinstance(one.value, dict):
        return first[-1] == second[-1] and type(one.value) is type(other.value)
    left, right = _members(one.value), _members(other.value)
    return len(left & right) >= ALIKE * len(left | right)


def _members(value: Any) -> set[tuple[str | int, ...]]:
    return {path for path, _ in leaves(value)}


def _group(topics: Sequence[Topic]) -> Group:
    levels: list[str] = []
    names: list[str] = []
    for index, found in enumerate(zip(*(topic.levels for topic in topics), strict=True)):
        if len(set(found)) == 1 and not any(sign in found[0] for sign in "+#{}"):
            levels.append(found[0])
            continue
        name = _name(levels[-1] if levels else "", index, names)
        names.append(name)
        levels.append(f"{{{name}}}")
    return Group(tuple(topics), "/".join(levels), tuple(names))


def _name(before: str, index: int, taken: Sequence[str]) -> str:
    """A name for a level: what stands before it, in the singular."""
    word = re.sub(r"[^A-Za-z0-9]", "", before)
    word = word[:-1] if word.endswith("s") and len(word) > 3 else word
    name = word.lower() if word[:1].isalpha() else f"level{index + 1}"
    return f"{name}{index + 1}" if name in (*taken, "topic", "source", "received", "key") else name
