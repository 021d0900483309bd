"""What the names in a JSON-LD document mean under its @context, and which mean nothing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rdflib.plugins.shared.jsonld.context import Context

from ..verdicts import Failure


class TermMap:
    """An @context whose remote parts are written out (`Contexts`), as a map of terms."""

    def __init__(self, context: Any) -> None:
        try:
            self._context = Context(context)
        except (RecursionError, ValueError, TypeError, AttributeError, KeyError) as error:
            reason = " ".join(str(error).split())[:120] or type(error).__name__
            raise Failure(f"The @context cannot be read as one: {reason}") from error

    def expand(self, name: str) -> str | None:
        """The IRI of a term or compact IRI; None when expansion drops it."""
        if name.startswith("@"):
            return name
        found = self._context.expand(name)
        return found if found and (":" in found or found.startswith("@")) else None

    @property
    def terms(self) -> dict[str, str | None]:
        """Every term that the context defines, with its IRI; None where it is defined away."""
        return {
            name: term.id if isinstance(term.id, str) else None for name, term in self._context.terms.items()
        }


def expand_names(names: Iterable[str], terms: TermMap) -> dict[str, str | None]:
    """Each name with its IRI, or None where it is dropped."""
    return {name: terms.expand(name) for name in dict.fromkeys(names)}
