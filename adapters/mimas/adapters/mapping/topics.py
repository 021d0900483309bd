"""Topic patterns: `meters/{building}/{meter}` subscribes to `meters/+/+` and names the levels."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl

from .problems import MappingProblem, Place

_VARIABLE = re.compile(r"\{([A-Za-z][A-Za-z0-9_]*)\}")


@dataclass(frozen=True, slots=True)
class TopicPattern:
    """A topic filter whose levels may have names."""

    filter: str
    levels: tuple[str, ...]
    names: tuple[tuple[int, str], ...]
    open_end: bool

    def match(self, topic: str) -> dict[str, str] | None:
        """The named levels of `topic`, None when it does not fit."""
        levels = topic.split("/")
        wanted = len(self.levels)
        if len(levels) < wanted or (len(levels) > wanted and not self.open_end):
            return None
        for pattern, level in zip(self.levels, levels, strict=False):
            if pattern not in ("+", level):
                return None
        return {name: levels[index] for index, name in self.names}


@dataclass(frozen=True, slots=True)
class TopicPatterns:
    """The topic patterns of one source; the first that fits names the levels."""

    patterns: tuple[TopicPattern, ...]

    @property
    def filters(self) -> list[str]:
        """What to subscribe to."""
        return [pattern.filter for pattern in self.patterns]

    def match(self, topic: str) -> dict[str, str] | None:
        """The named levels of `topic`, None when it fits no pattern."""
        for pattern in self.patterns:
            found = pattern.match(topic)
            if found is not None:
                return found
        return None


@dataclass(frozen=True, slots=True)
class FilePattern:
    """A file name such as `{building}-{meter}.csv`; `*` stands for anything."""

    glob: str
    expression: re.Pattern[str]

    def match(self, place: str) -> dict[str, str] | None:
        """The named parts of the file in `place` (`file` or `file:line`), None when it does not fit."""
        name = place.rsplit("/", 1)[-1]
        found = self.expression.fullmatch(name) or self.expression.fullmatch(name.rpartition(":")[0])
        return found.groupdict() if found else None


@dataclass(frozen=True, slots=True)
class QueryPattern:
    """Parameters of an address that become variables: those of `?meter=E-1` that the mapping names."""

    names: frozenset[str]

    def match(self, place: str) -> dict[str, str]:
        """The parameters that are there."""
        return {name: value for name, value in parse_qsl(place) if name in self.names}


def compile_file_name(pattern: str, place: Place) -> FilePattern:
    """Parse `pattern`: the name of a file without folders, with at most five open places."""
    pieces = re.split(r"(\{[A-Za-z][A-Za-z0-9_]*\}|\*)", pattern)
    names = [piece[1:-1] for piece in pieces if piece.startswith("{")]
    if len(pieces) > 11 or "/" in pattern or len(set(names)) < len(names):
        raise MappingProblem(
            place, f"{pattern!r} is not a file name pattern", "e.g. {building}-{meter}.csv or *.csv"
        )
    text = "".join(_file_piece(piece) for piece in pieces)
    glob = "".join("*" if piece.startswith("{") else piece for piece in pieces)
    return FilePattern(glob, re.compile(text))


def _file_piece(piece: str) -> str:
    if piece == "*":
        return "[^/]*"
    return f"(?P<{piece[1:-1]}>[^/]+?)" if piece.startswith("{") else re.escape(piece)


def compile_topics(declared: str | Sequence[str], place: Place) -> TopicPatterns:
    """Parse one pattern, or several."""
    if isinstance(declared, str):
        return TopicPatterns((compile_topic(declared, place),))
    return TopicPatterns(tuple(compile_topic(each, (*place, index)) for index, each in enumerate(declared)))


def compile_topic(pattern: str, place: Place) -> TopicPattern:
    """Parse `pattern`; a level is text, `+`, `{name}`, or `#` at the end."""
    shared, levels = _split_shared(pattern.split("/"))
    open_end = levels[-1] == "#"
    if open_end:
        levels = levels[:-1]
    kept: list[str] = []
    names: list[tuple[int, str]] = []
    for index, level in enumerate(levels):
        variable = _VARIABLE.fullmatch(level)
        if variable:
            names.append((index, variable[1]))
        elif level != "+" and any(sign in level for sign in "{}+#"):
            raise MappingProblem(
                place, f"{level!r} is not a topic level", "write text, + or {name} between the slashes"
            )
        kept.append("+" if variable else level)
    if len({name for _, name in names}) < len(names):
        raise MappingProblem(place, "two levels have the same name", "give each level its own name")
    text = "/".join([*shared, *kept, *(["#"] if open_end else [])])
    return TopicPattern(text, tuple(kept), tuple(names), open_end)


def _split_shared(levels: list[str]) -> tuple[list[str], list[str]]:
    """`$share/group/` belongs to the subscription, not to the topic (MQTT 5, 4.8.2)."""
    return (levels[:2], levels[2:]) if levels[0] == "$share" and len(levels) > 2 else ([], levels)
