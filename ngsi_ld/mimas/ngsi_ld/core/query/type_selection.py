"""Entity type selection (CIM 009 4.17): `A,B`, `A|B`, `(A;B)`, `(A;B)|C`, `*`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TypeSelection:
    """Any of the alternatives, each a set of stored type names an entity must all have.

    `any_type` is `*`: every entity matches.
    """

    alternatives: tuple[frozenset[str], ...] = ()
    any_type: bool = False
