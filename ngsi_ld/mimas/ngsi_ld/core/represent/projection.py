"""The attribute projection language of `pick` and `omit` (CIM 009 4.21)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from ..errors import BadRequestData

_MAX_DEPTH = 20
_TOKEN = re.compile(r"[,|{}]|[^,|{}]+")


@dataclass(frozen=True, slots=True)
class Projection:
    """Member names in stored form; `linked` says for a relationship which members of its targets."""

    names: frozenset[str] = frozenset()
    linked: Mapping[str, Projection] = field(default_factory=dict)

    @property
    def depth(self) -> int:
        """How many levels of linked entities it speaks of: a greater joinLevel is no fault, a smaller is."""
        return max((1 + each.depth for each in self.linked.values()), default=0)


def parse_projection(text: str, expand: Callable[[str], str]) -> Projection:
    """The projection of `a,b|rel{c,d}`; BadRequestData when a member is empty or a brace is alone."""
    tokens = iter([*_TOKEN.findall(text), "end"])
    projection, last = _parse(tokens, expand, 0)
    if last != "end":
        raise BadRequestData(f"the projection has a }} too many: {text[:100]}")
    return projection


def _parse(tokens: Iterator[str], expand: Callable[[str], str], depth: int) -> tuple[Projection, str]:
    if depth > _MAX_DEPTH:
        raise BadRequestData(f"the projection is nested deeper than {_MAX_DEPTH} levels")
    names: set[str] = set()
    linked: dict[str, Projection] = {}
    while True:
        name = next(tokens).strip()
        if name in ("", ",", "|", "{", "}", "end"):
            raise BadRequestData("the projection has an empty member: give names separated by commas")
        stored = expand(name)
        names.add(stored)
        after = next(tokens)
        if after == "{":
            linked[stored], closing = _parse(tokens, expand, depth + 1)
            if closing != "}":
                raise BadRequestData("the projection has a { without its }")
            after = next(tokens)
        if after in ("}", "end"):
            return Projection(frozenset(names), linked), after
        if after not in (",", "|"):
            raise BadRequestData(f"the projection has {after[:100]!r} where a comma belongs")
