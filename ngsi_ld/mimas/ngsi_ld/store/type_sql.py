"""Type selections as SQL conditions."""

from __future__ import annotations

from typing import Any

from ..core.query.type_selection import TypeSelection
from .sql import all_of, any_of, bind


def compile_types(selection: TypeSelection, parameters: list[Any], alias: str = "entity") -> str:
    """Return the condition on `types`; each type for itself, as the partial indexes know it."""
    if selection.any_type:
        return "TRUE"
    return any_of(
        all_of(f"{alias}.types @> ARRAY[{bind(parameters, name, 'text')}]" for name in sorted(alternative))
        for alternative in selection.alternatives
    )
