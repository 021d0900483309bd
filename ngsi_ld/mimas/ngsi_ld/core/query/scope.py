"""Scope queries (CIM 009 4.19): `/Madrid/+/ParkB`, `/CompanyA/#`, `(/a;/b)|/c`, `/#`.

A leading slash that is missing is tolerated (two printed examples lack it), as is `/#` inside parentheses.
Stored scopes may lack it too; `/Madrid` and `Madrid` are the same scope here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from ..errors import TooComplexQuery
from .limits import MAX_DEPTH, MAX_TERMS
from .scanner import Scanner

_LEVEL = re.compile(r"\+|[^\W\d_]\w*")


@dataclass(frozen=True, slots=True)
class ScopePattern:
    """One scope: its levels, `+` for any one level; `subtree` takes in everything below.

    No levels at all is `/#`: any scope.
    """

    levels: tuple[str, ...]
    subtree: bool = False

    def matches(self, scope: str) -> bool:
        """True when the stored scope is meant."""
        levels = scope.removeprefix("/").split("/")
        if len(levels) < len(self.levels) or (len(levels) > len(self.levels) and not self.subtree):
            return False
        return all(mine in ("+", theirs) for mine, theirs in zip(self.levels, levels, strict=False))

    def __str__(self) -> str:
        return "/" + "/".join((*self.levels, "#") if self.subtree else self.levels)


@dataclass(frozen=True, slots=True)
class ScopeQuery:
    """Any of the alternatives, each a conjunction of patterns."""

    alternatives: tuple[tuple[ScopePattern, ...], ...]

    def matches(self, scopes: tuple[str, ...]) -> bool:
        """True for an entity that has these scopes."""
        return any(
            all(any(pattern.matches(scope) for scope in scopes) for pattern in patterns)
            for patterns in self.alternatives
        )

    def __str__(self) -> str:
        texts = (";".join(str(pattern) for pattern in patterns) for patterns in self.alternatives)
        return "|".join(
            f"({text})" if len(patterns) > 1 else text
            for text, patterns in zip(texts, self.alternatives, strict=True)
        )


def document_scopes(document: dict[str, Any]) -> tuple[str, ...]:
    """The scopes of a stored document: none, one or several."""
    scopes = document.get("scope", ())
    return (scopes,) if isinstance(scopes, str) else tuple(scopes)


def parse_scope_query(text: Any) -> ScopeQuery:
    """Return the query that `text` describes."""
    scanner = Scanner(text, "scopeQ")
    alternatives = [_alternative(scanner)]
    count = len(alternatives[0])
    while scanner.take(",") or scanner.take("|"):
        alternatives.append(_alternative(scanner))
        count += len(alternatives[-1])
        if count > MAX_TERMS:
            raise TooComplexQuery(f"scopeQ has more than {MAX_TERMS} scopes")
    if not scanner.at_end:
        hint = ": write (/a;/b) for entities in both scopes" if scanner.peek() == ";" else ""
        scanner.fail(f"unexpected {scanner.peek()!r}{hint}")
    return ScopeQuery(tuple(alternatives))


def _alternative(scanner: Scanner) -> tuple[ScopePattern, ...]:
    if not scanner.take("("):
        return (_pattern(scanner),)
    patterns = [_pattern(scanner)]
    while scanner.take(";"):
        patterns.append(_pattern(scanner))
        if len(patterns) > MAX_TERMS:
            raise TooComplexQuery(f"scopeQ has more than {MAX_TERMS} scopes")
    scanner.expect(")")
    return tuple(patterns)


def _pattern(scanner: Scanner) -> ScopePattern:
    scanner.take("/")
    levels: list[str] = []
    while not scanner.take("#"):
        levels.append(scanner.match(_LEVEL) or scanner.fail("expected a level of a scope"))
        if len(levels) > MAX_DEPTH:
            raise TooComplexQuery(f"a scope in scopeQ has more than {MAX_DEPTH} levels")
        if not scanner.take("/"):
            return ScopePattern(tuple(levels))
    return ScopePattern(tuple(levels), subtree=True)
