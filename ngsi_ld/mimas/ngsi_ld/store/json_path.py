"""The terms of `q` as SQL/JSON paths (in lax mode) over a document or over one attribute instance.

A path is always bound as a parameter; names and values stand in it as JSON literals. In lax mode a comparison
looks into an array, which is what `==` wants, so an order or a pattern first asks for the type. A comparison
of different types is *unknown* and never an error: what one row holds cannot fail the query for another.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from ..core.query.literals import Range, Scalar, Temporal, data_type
from ..core.query.posix_regex import Pattern
from ..core.query.q_tree import Path

_TYPED = '."@value"'


def instances(names: tuple[str, ...]) -> str:
    """The path to all instances at the end of `names`; without names the document itself."""
    return "$" + "".join(member(name) for name in names)


def member(name: str) -> str:
    """The accessor of one member."""
    return "." + json.dumps(name, ensure_ascii=False)


def _literal(value: Scalar) -> str:
    assert not isinstance(value, Temporal)
    return json.dumps(value, ensure_ascii=False)


def leaves(path: Path) -> Leaves:
    """Where the targets of `path` are within an instance."""
    plain = path.plain_member
    if plain is not None:
        return Leaves((("", f"@{member(plain)}"),))
    if path.members == ("*",):
        return Leaves((), texts=('@."languageMap".*',))
    if path.members:
        spoken = (f'@."languageMap"{member(path.members[0])}',) if len(path.members) == 1 else ()
        return Leaves(tuple(_inside(root, path.members) for root in ("value", "json")), texts=spoken)
    return Leaves(
        tuple(("", f"@{member(root)}") for root in ("value", "json", "valueList")),
        names=('@."object"', '@."vocab"', '@."objectList"', '@."objectList"."object"'),
        texts=('@."languageMap".*',),
        vocabulary=True,
    )


def _inside(root: str, members: tuple[str, ...]) -> tuple[str, str]:
    """A member within a compound value, and the guard that only objects are entered."""
    leaf = f"@{member(root)}"
    guards = []
    for each in members:
        guards.append(f'{leaf}.type() == "object" && ')
        leaf += member(each)
    return "".join(guards), leaf


@dataclass(frozen=True, slots=True)
class Leaves:
    """Where the values of one instance (`@`) are.

    `plain` are expressions with the guards that must hold first, `names` those that know only equality,
    `texts` those of a languageMap. `vocabulary` says that a VocabProperty counts, and that the target of
    any instance exists.
    """

    plain: tuple[tuple[str, str], ...]
    names: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    vocabulary: bool = False

    def exist(self) -> str:
        """The target is there."""
        if self.vocabulary:
            return "(1 == 1)"
        found = [f"({guard}exists({leaf}))" for guard, leaf in self.plain]
        return _any([*found, *(f"exists({text})" for text in self.texts)])

    def equal(self, value: Scalar | Range) -> str:
        """Something equals the value or lies within the range."""
        if isinstance(value, Range):
            return self._within(value)
        literal = _literal(value)
        found = [
            f"({guard}({leaf} == {literal} || {leaf}{_TYPED} == {literal}))" for guard, leaf in self.plain
        ]
        if isinstance(value, str):
            found += [f"{leaf} == {literal}" for leaf in (*self.names, *self.texts)]
        return _any(found)

    def _within(self, value: Range) -> str:
        inside = f"? (@ >= {_literal(value.low)} && @ <= {_literal(value.high)})"
        found = [
            f"({guard}(exists({leaf} {inside}) || exists({leaf}{_TYPED} {inside})))"
            for guard, leaf in self.plain
        ]
        if isinstance(value.low, str):
            found += [f"exists({text} {inside})" for text in self.texts]
        return _any(found)

    def compare(self, order: str, value: Scalar) -> str:
        """A single value of the same type is in this order to the value."""
        kind, test = data_type(value), f"{order} {_literal(value)}"
        found = [_typed(guard, leaf, kind, test) for guard, leaf in self.plain]
        return _any([*found, *(f"{text} {test}" for text in self.texts if kind == "string")])

    def match(self, pattern: Pattern) -> str:
        """The pattern is found in a single string."""
        return self._strings(f'like_regex {json.dumps(pattern.postgres)} flag "s"')

    def hold_string(self) -> str:
        """There is a string that a pattern could be looked for in."""
        return self._strings(None)

    def _strings(self, test: str | None) -> str:
        found = [_typed(guard, leaf, "string", test) for guard, leaf in self.plain]
        found += [
            f"{text} {test}" if test else f'exists({text} ? (@.type() == "string"))' for text in self.texts
        ]
        return _any([*found, *([_of_type('@."vocab"', "string", test)] if self.vocabulary else [])])


def _typed(guard: str, leaf: str, kind: str, test: str | None) -> str:
    """The single value, or what a typed value holds, is of this kind and passes the test."""
    inside = f'({leaf}.type() == "object" && {_of_type(leaf + _TYPED, kind, test)})'
    return f"({guard}({_of_type(leaf, kind, test)} || {inside}))"


def _of_type(leaf: str, kind: str, test: str | None) -> str:
    right_type = f'{leaf}.type() == "{kind}"'
    return f"({right_type} && {leaf} {test})" if test else f"({right_type})"


def _any(conditions: list[str]) -> str:
    return f"({' || '.join(conditions)})" if conditions else "(1 == 2)"
