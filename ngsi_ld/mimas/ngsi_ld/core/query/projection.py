"""Attribute projection (CIM 009 4.21): `attrs`, `pick` and `omit`, with `rel{a,b}` for linked entities."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from ..errors import BadRequestData, TooComplexQuery
from .limits import MAX_LINKS, MAX_TERMS
from .scanner import Scanner, name_text

ENTITY_MEMBERS = frozenset({"id", "type", "scope"})


@dataclass(frozen=True, slots=True)
class Projection:
    """Stored names (`id`, `type` and `scope` too), some with what is wanted of the entities they link to."""

    names: frozenset[str]
    linked: tuple[tuple[str, Projection], ...] = ()

    def of_linked(self, relationship: str) -> Projection | None:
        """What `relationship{...}` says about linked entities, None when it says nothing."""
        return dict(self.linked).get(relationship)

    @property
    def whole(self) -> frozenset[str]:
        """The names that are meant as a whole: not those that are only entered by braces."""
        return self.names - {name for name, _ in self.linked}

    @property
    def depth(self) -> int:
        """How many relationships the deepest part follows: 0 without linked entities."""
        return max((1 + inner.depth for _, inner in self.linked), default=0)

    def __str__(self) -> str:
        inner = dict(self.linked)
        texts = (
            name_text(name) + (f"{{{inner[name]}}}" if name in inner else "") for name in sorted(self.names)
        )
        return ",".join(texts)


def parse_projection(text: Any, what: str, expand: Callable[[str], str]) -> Projection:
    """Return the projection of a `pick` or `omit` (`what` names it in complaints); lists are joined."""
    scanner = Scanner(_joined(text, what), what)
    projection = _Parser(scanner, expand).parse(0)
    if not scanner.at_end:
        scanner.fail(f"unexpected {scanner.peek()!r}")
    return projection


def parse_attribute_list(text: Any, what: str, expand: Callable[[str], str]) -> frozenset[str]:
    """Return the attribute names of an `attrs`: no entity members, nothing about linked entities."""
    projection = parse_projection(text, what, expand)
    if projection.linked:
        raise BadRequestData(f"{what} cannot speak of linked entities")
    wrong = sorted(projection.names & ENTITY_MEMBERS)
    if wrong:
        raise BadRequestData(f"{what}: {wrong[0]} is not an attribute")
    return projection.names


def check_projections(pick: Projection | None, omit: Projection | None, attrs: Iterable[str] | None) -> None:
    """Refuse `attrs` beside the others, and a member that is both picked and omitted (CIM 009 4.21)."""
    if attrs and (pick or omit):
        raise BadRequestData("attrs cannot be combined with pick or omit")
    if pick is None or omit is None:
        return
    both = sorted(pick.names & omit.whole)
    if both:
        raise BadRequestData(f"{both[0]} is both picked and omitted")


def _joined(text: Any, what: str) -> str:
    if isinstance(text, list | tuple) and text and all(isinstance(each, str) for each in text):
        return ",".join(text)
    if not isinstance(text, str) or not text:
        raise BadRequestData(f"{what} must name something")
    return text


class _Parser:
    def __init__(self, scanner: Scanner, expand: Callable[[str], str]) -> None:
        self.scanner = scanner
        self.expand = expand
        self.count = 0

    def parse(self, depth: int) -> Projection:
        if depth > MAX_LINKS:
            raise TooComplexQuery(f"{self.scanner.what} follows more than {MAX_LINKS} relationships")
        linked: dict[str, Projection] = {}
        names = {self.element(depth, linked)}
        while self.scanner.take(",") or self.scanner.take("|"):
            position = self.scanner.position
            name = self.element(depth, linked)
            if name in names:
                self.scanner.fail(f"{name} is named twice", position)
            names.add(name)
        return Projection(frozenset(names), tuple(sorted(linked.items())))

    def element(self, depth: int, linked: dict[str, Projection]) -> str:
        self.count += 1
        if self.count > MAX_TERMS:
            raise TooComplexQuery(f"{self.scanner.what} names more than {MAX_TERMS} members")
        name = self.expand(self.scanner.name(what="a member's name"))
        if self.scanner.take("{"):
            linked[name] = self.parse(depth + 1)
            self.scanner.expect("}")
        return name
