"""The tree of a `q` filter (CIM 009 4.9). `q` makes it of text, `match` and `store.q_sql` read it.

A term speaks of one target, found by a `Path` and, for linked entities, at the end of a relationship.
Where an attribute has several instances, any of them may match.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from types import UnionType
from typing import Literal

from .literals import Range, Scalar, literal_text
from .posix_regex import Pattern
from .scanner import name_text

Order = Literal[">", ">=", "<", "<="]

# Members of an attribute (or of an entity) that are values themselves, not attributes (CIM 009 4.5.1, 4.8).
INSTANTS = frozenset({"createdAt", "modifiedAt", "deletedAt", "observedAt", "expiresAt"})
SYSTEM_INSTANTS = frozenset({"createdAt", "modifiedAt"})
PLAIN_MEMBERS = INSTANTS | {"unitCode", "datasetId", "instanceId", "valueType", "objectType", "lang"}
ENTITY_MEMBERS = frozenset({"id", "scope", "createdAt", "modifiedAt", "deletedAt", "expiresAt"})


@dataclass(frozen=True, slots=True)
class Path:
    """`a.b[c.d]`: stored names of an attribute and its sub-attributes, then members inside its value.

    The last name may be a non-reified member such as `observedAt`. `("*",)` as members stands for every
    language of a languageMap.
    """

    names: tuple[str, ...]
    members: tuple[str, ...] = ()

    @property
    def plain_member(self) -> str | None:
        """The non-reified member the path ends in, if it does."""
        last = self.names[-1]
        return last if last in (PLAIN_MEMBERS if len(self.names) > 1 else ENTITY_MEMBERS) else None

    @property
    def instances(self) -> tuple[str, ...]:
        """The names that lead to attribute instances."""
        return self.names[:-1] if self.plain_member else self.names

    def __str__(self) -> str:
        names = ".".join(name_text(name) for name in self.names)
        return f"{names}[{'.'.join(self.members)}]" if self.members else names


@dataclass(frozen=True, slots=True)
class Exists:
    """`temperature`: the target is there, whatever its value."""

    path: Path


@dataclass(frozen=True, slots=True)
class Equals:
    """`a==1`, `a=="x","y"`, `a==1..5`: equals, lies within or (an array) contains any; `!=` when negated."""

    path: Path
    values: tuple[Scalar | Range, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Compares:
    """`temperature>20`: a single value of the same data type, in this order to it."""

    path: Path
    order: Order
    value: Scalar


@dataclass(frozen=True, slots=True)
class Matches:
    """`name~="^Park"`: a string in which the pattern is found; `!~=` when negated."""

    path: Path
    pattern: Pattern
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Not:
    """`!temperature`: there is no such target (an extension seen in the public test suite)."""

    operand: Exists | Linked


@dataclass(frozen=True, slots=True)
class Linked:
    """`sensor{Device:humidity}>40`: an entity pointed to, of one of the types, meets the term."""

    relationship: str
    types: tuple[str, ...]
    term: Term


@dataclass(frozen=True, slots=True)
class And:
    """`a;b`: every operand holds."""

    operands: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """`a|b`: some operand holds."""

    operands: tuple[Node, ...]


Term = Exists | Equals | Compares | Matches | Linked
Node = And | Or | Not | Term


def terms(node: Node) -> Iterator[Term]:
    """Every term of the tree, from left to right."""
    if isinstance(node, And | Or):
        for each in node.operands:
            yield from terms(each)
    elif isinstance(node, Not):
        yield node.operand
    else:
        yield node


def attribute_names(node: Node) -> frozenset[str]:
    """The stored names of the attributes asked for; system members do not narrow (CIM 009 5.7.2.4)."""
    firsts = (each.relationship if isinstance(each, Linked) else each.path.names[0] for each in terms(node))
    return frozenset(firsts) - ENTITY_MEMBERS


def linked_depth(node: Node) -> int:
    """How many relationships the deepest term follows: 0 without linked entities."""
    return max((_depth(term) for term in terms(node)), default=0)


def _depth(term: Term) -> int:
    return 1 + _depth(term.term) if isinstance(term, Linked) else 0


def to_text(node: Node) -> str:
    """The filter as text that parses to the same tree, in stored names."""
    match node:
        case And(operands):
            return ";".join(_grouped(each, And | Or) for each in operands)
        case Or(operands):
            return "|".join(_grouped(each, Or) for each in operands)
        case Not(operand):
            return "!" + to_text(operand)
    path, comparison = _term_text(node)
    return path + comparison


def _grouped(node: Node, kinds: type | UnionType) -> str:
    return f"({to_text(node)})" if isinstance(node, kinds) else to_text(node)


def _term_text(term: Term) -> tuple[str, str]:
    match term:
        case Exists(path):
            return str(path), ""
        case Equals(path, values, negated):
            return str(path), ("!=" if negated else "==") + ",".join(_value_text(value) for value in values)
        case Compares(path, order, value):
            return str(path), order + literal_text(value)
        case Matches(path, pattern, negated):
            return str(path), ("!~=" if negated else "~=") + literal_text(pattern.text)
        case Linked(relationship, types, inner):
            path_text, comparison = _term_text(inner)
            hint = ",".join(name_text(each) for each in types) + ":" if types else ""
            return f"{name_text(relationship)}{{{hint}{path_text}}}", comparison


def _value_text(value: Scalar | Range) -> str:
    if isinstance(value, Range):
        return f"{literal_text(value.low)}..{literal_text(value.high)}"
    return literal_text(value)
