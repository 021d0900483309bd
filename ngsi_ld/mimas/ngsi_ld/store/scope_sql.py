"""Scope queries as SQL conditions over `scopes`, which may be null."""

from __future__ import annotations

from typing import Any

from ..core.query.scope import ScopePattern, ScopeQuery
from .sql import all_of, any_of, bind


def compile_scope(query: ScopeQuery, parameters: list[Any], alias: str = "entity") -> str:
    """Return the condition; scopes without wildcards are searched in a way that an index serves."""
    return any_of(
        all_of(_condition(pattern, parameters, alias) for pattern in patterns)
        for patterns in query.alternatives
    )


def _condition(pattern: ScopePattern, parameters: list[Any], alias: str) -> str:
    if not pattern.levels:
        return f"(coalesce(cardinality({alias}.scopes), 0) > 0)"
    path = "/".join(pattern.levels)
    if not pattern.subtree and "+" not in pattern.levels:
        return f"coalesce({alias}.scopes && {bind(parameters, ['/' + path, path], 'text[]')}, FALSE)"
    # Levels are letters, digits and underscores, so they can stand in a pattern as they are.
    levels = "/".join("[^/]+" if level == "+" else level for level in pattern.levels)
    expression = f"^/?{levels}{'(/.*)?' if pattern.subtree else ''}$"
    found = bind(parameters, expression, "text")
    return f"EXISTS (SELECT FROM unnest({alias}.scopes) AS s(v) WHERE s.v ~ {found})"
