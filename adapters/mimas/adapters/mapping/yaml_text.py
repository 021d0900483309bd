"""YAML as mappings use it: plain data, line numbers kept, nothing that surprises.

Only the plain types of JSON come out of it: `no` and `on` stay text, a date stays text, `010` is text
and not eight. Duplicate keys, aliases, tags and files above 256 KiB are refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable
from typing import Any

import yaml

from .problems import MappingError, Place, Problem

MAX_BYTES = 256 * 1024
MAX_DEPTH = 40

Lines = dict[Place, int]


class _Loader(yaml.SafeLoader):
    """The safe loader with YAML 1.2's plain scalars."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - as PyYAML declares it

    _depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """Refuse aliases, as a small file must not unfold into a large one, and bottomless nesting."""
        if self.check_event(yaml.AliasEvent):
            self._refuse("aliases are not allowed")
        self._depth += 1
        if self._depth > MAX_DEPTH:
            self._refuse("it is nested too deeply")
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def _refuse(self, reason: str) -> None:
        mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
        raise yaml.constructor.ConstructorError(None, None, reason, mark)


_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"true|false"), list("tf"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"~|null|"), ["~", "n", ""])
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"-?(0|[1-9][0-9]*)"), list("-0123456789"))
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?"),
    list("-0123456789"),
)
# PyYAML matches at the start only; a whole match is meant.
for _resolvers in _Loader.yaml_implicit_resolvers.values():
    _resolvers[:] = [(tag, re.compile(f"(?:{pattern.pattern})$")) for tag, pattern in _resolvers]


def read_yaml(text: bytes, name: str) -> tuple[Any, Lines]:
    """The data in `text` and the line on which each place stands; MappingError when it cannot be read."""
    if len(text) > MAX_BYTES:
        raise MappingError(
            name, [Problem((), f"the file is larger than {MAX_BYTES // 1024} KiB", "split it")]
        )
    try:
        node = _Loader(text.decode("utf-8-sig")).get_single_node()
    except UnicodeDecodeError as error:
        raise MappingError(
            name, [Problem((), f"byte {error.start} is not UTF-8", "save it as UTF-8")]
        ) from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        raise MappingError(
            name, [Problem((), str(error.problem), "check this line and its indentation", line)]
        ) from error
    except yaml.YAMLError as error:
        raise MappingError(name, [Problem((), f"this is not YAML: {error}")]) from error
    lines: Lines = {}
    problems: list[Problem] = []
    data = _construct(node, (), lines, problems) if node is not None else None
    if problems:
        raise MappingError(name, problems)
    return data, lines


def _number(text: str) -> int | float:
    return float(text) if len(text) > 19 or not text.lstrip("-").isdecimal() else int(text)


_SCALARS: dict[str, Callable[[str], Any]] = {
    "str": str,
    "bool": lambda text: text == "true",
    "null": lambda _: None,
    "int": _number,
    "float": _number,
}


def _construct(node: yaml.Node, place: Place, lines: Lines, problems: list[Problem]) -> Any:
    lines[place] = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        return _construct_object(node, place, lines, problems)
    if isinstance(node, yaml.SequenceNode):
        return [_construct(each, (*place, index), lines, problems) for index, each in enumerate(node.value)]
    return _construct_scalar(node, place, lines, problems)


def _construct_object(
    node: yaml.MappingNode, place: Place, lines: Lines, problems: list[Problem]
) -> dict[Hashable, Any]:
    found: dict[Hashable, Any] = {}
    for key_node, value_node in node.value:
        key = str(key_node.value) if isinstance(key_node, yaml.ScalarNode) else "?"
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode):
            problems.append(Problem(place, "a key must be plain text", line=line))
        elif key in found:
            problems.append(Problem((*place, key), "the key stands twice", "remove one of the two", line))
        found[key] = _construct(value_node, (*place, key), lines, problems)
        lines[*place, key] = line
    return found


def _construct_scalar(node: yaml.Node, place: Place, lines: Lines, problems: list[Problem]) -> Any:
    try:
        return _SCALARS[node.tag.removeprefix("tag:yaml.org,2002:")](str(node.value))
    except (KeyError, ValueError, OverflowError):
        problems.append(Problem(place, f"{node.tag} is not plain data", "leave the tag out", lines[place]))
        return None
