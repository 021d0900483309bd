"""Entity type selection (CIM 009 4.17): `A,B`, `A|B`, `(A;B)`, `(A;B)|C`, `*`."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from ..errors import TooComplexQuery
from .limits import MAX_TERMS
from .scanner import Scanner, name_text


@dataclass(frozen=True, slots=True)
class TypeSelection:
    """Any of the alternatives, each a set of stored type names an entity must all have.

    `any_type` is `*`: every entity matches.
    """

    alternatives: tuple[frozenset[str], ...] = ()
    any_type: bool = False

    def matches(self, types: Collection[str]) -> bool:
        """True when an entity of these types is selected."""
        return self.any_type or any(each.issubset(types) for each in self.alternatives)

    def __str__(self) -> str:
        return "*" if self.any_type else "|".join(_alternative_text(each) for each in self.alternatives)


def document_types(document: dict[str, Any]) -> tuple[str, ...]:
    """The types of a stored document, one or several."""
    types = document.get("type", ())
    return (types,) if isinstance(types, str) else tuple(types)


def parse_type_selection(text: Any, expand: Callable[[str], str]) -> TypeSelection:
    """Return the selection that `text` describes; a conjunction needs its parentheses.

    Parentheses around a disjunction, `(A|B)`, are not of the grammar but harmless and in use.
    """
    scanner = Scanner(text, "the type selection")
    if scanner.text == "*":
        return TypeSelection(any_type=True)
    alternatives = _group(scanner, expand)
    while scanner.take(",") or scanner.take("|"):
        alternatives += _group(scanner, expand)
        if len(alternatives) > MAX_TERMS:
            raise TooComplexQuery(f"the type selection has more than {MAX_TERMS} alternatives")
    if not scanner.at_end:
        hint = ": write (A;B) for entities of both types" if scanner.peek() == ";" else ""
        scanner.fail(f"unexpected {scanner.peek()!r}{hint}")
    return TypeSelection(tuple(alternatives))


def _group(scanner: Scanner, expand: Callable[[str], str]) -> list[frozenset[str]]:
    """One name, a conjunction in parentheses, or a disjunction in parentheses."""
    in_parentheses = scanner.take("(")
    names = [expand(scanner.name(what="an entity type"))]
    if not in_parentheses:
        return [frozenset(names)]
    separators = ";" if scanner.peek() == ";" else ",|"
    while any(scanner.take(each) for each in separators):
        names.append(expand(scanner.name(what="an entity type")))
    scanner.expect(")")
    return [frozenset(names)] if separators == ";" else [frozenset({name}) for name in names]


def _alternative_text(names: frozenset[str]) -> str:
    texts = [name_text(name) for name in sorted(names)]
    return texts[0] if len(texts) == 1 else f"({';'.join(texts)})"
