"""Names in one @context: term, prefix:name or IRI to the stored name, and back (CIM 009 5.5.7).

A *stored name* is the name under the core context alone: short for the core's terms and for what its
`@vocab` holds, otherwise the full IRI. The core context always wins, so its terms are the same in every map.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from ..errors import BadRequestData
from ..names import require_name, shown
from .core import DEFAULT_VOCABULARY, core_terms

_REMEMBERED: Final = 20_000  # names outside the context that one map keeps before it starts anew
_CORE: Final = core_terms()
_CORE_IRIS: Final = {iri: term for term, iri in _CORE.items()}
_CORE_PREFIXES: Final = {term: iri for term, iri in _CORE.items() if iri[-1] in "/#"}
_SAME: Final = {term: term for term in _CORE}
_ABSOLUTE: Final = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.\-]*|_):\S*")


def iri_to_stored(iri: str) -> str:
    """The stored name of an IRI."""
    term = _CORE_IRIS.get(iri)
    if term is not None:
        return term
    if iri.startswith(DEFAULT_VOCABULARY):
        name = iri[len(DEFAULT_VOCABULARY) :]
        if name and ":" not in name and name[0] != "@" and name not in _CORE:
            return name
    return iri


def stored_to_iri(stored: str) -> str:
    """The full IRI (FQN) of a stored name."""
    term = _CORE.get(stored)
    if term is not None:
        return term
    return stored if ":" in stored or stored[:1] == "@" else DEFAULT_VOCABULARY + stored


class TermMap:
    """The names of one @context; immutable for its users, and cheap: a dictionary look-up a name.

    `terms` are the user's terms with their IRIs (None where a name is not allowed: mapped to null, to a
    keyword or reversed), `prefixes` those that may stand before a colon, `compact_terms` the term to show
    for an IRI. Without any of them only the core context applies.
    """

    __slots__ = (
        "_compact",
        "_expand",
        "_prefixes",
        "_seen_compact",
        "_seen_expand",
        "_seen_names",
        "_terms",
        "is_core",
    )

    def __init__(
        self,
        terms: Mapping[str, str | None] | None = None,
        prefixes: Mapping[str, str] | None = None,
        compact_terms: Mapping[str, str] | None = None,
    ) -> None:
        self._terms = {term: iri for term, iri in (terms or {}).items() if term not in _CORE}
        self._prefixes = {term: iri for term, iri in (prefixes or {}).items() if term not in _CORE}
        self.is_core: bool = not self._terms
        usable = {term: iri_to_stored(iri) for term, iri in self._terms.items() if iri is not None}
        self._expand = {**usable, **_SAME, "@id": "id", "@type": "type"}
        self._compact = {iri_to_stored(iri): term for iri, term in (compact_terms or {}).items()} | _SAME
        self._seen_expand: dict[str, str] = {}
        self._seen_compact: dict[str, str] = {}
        self._seen_names: dict[str, str] = {}

    def expand(self, name: str) -> str:
        """The stored name; BadRequestData when the @context makes the name unusable."""
        stored = self._expand.get(name) or self._seen_expand.get(name)
        if stored is None:
            stored = _remember(self._seen_expand, name, self._expand_anew(name))
        return stored

    def expand_name(self, name: str) -> str:
        """The stored name of a type or attribute in a body, whose name must be allowed (CIM 009 4.6.2)."""
        stored = self._seen_names.get(name)
        if stored is None:
            checked = name if name[:1] == "@" else require_name(name, f"The name {shown(name)}")
            stored = _remember(self._seen_names, name, self.expand(checked))
        return stored

    def expand_iri(self, name: str) -> str:
        """The full IRI (FQN) of a name."""
        return stored_to_iri(self.expand(name))

    def compact(self, stored: str) -> str:
        """The name of a stored name in this context: a term, else short or prefix:name, else the full IRI."""
        if self.is_core:
            return stored
        name = self._compact.get(stored) or self._seen_compact.get(stored)
        if name is None:
            name = _remember(self._seen_compact, stored, self._compact_anew(stored))
        return name

    def compact_iri(self, iri: str) -> str:
        """The text of an @vocab-coerced value (VocabProperty, objectType, valueType): IRI or stored name."""
        return self.compact(iri_to_stored(iri))

    def _expand_anew(self, name: str) -> str:
        if name in self._terms:
            raise BadRequestData(
                f"The @context gives {shown(name)} no IRI (it is null, a keyword or reversed), "
                "so it cannot name anything here."
            )
        if name[:1] == "@" or not name:
            raise BadRequestData(f"{shown(name)} is no name: names do not start with '@'.")
        prefix, colon, rest = name.partition(":")
        if not rest.startswith("//"):
            base = self._prefixes.get(prefix) or _CORE_PREFIXES.get(prefix)
            if colon and base is not None:
                return iri_to_stored(base + rest)
        return iri_to_stored(name if _ABSOLUTE.fullmatch(name) else DEFAULT_VOCABULARY + name)

    def _compact_anew(self, stored: str) -> str:
        if ":" not in stored and stored not in self._terms:
            return stored
        iri = stored_to_iri(stored)
        names = [
            name
            for prefix, base in (
                self._prefixes | _CORE_PREFIXES
            ).items()  # the core's as well: as JSON-LD has it
            if iri.startswith(base)
            and iri != base
            and (name := f"{prefix}:{iri[len(base) :]}") not in self._terms
        ]
        return min(names, key=lambda name: (len(name), name), default=iri)


def _remember(memory: dict[str, str], key: str, value: str) -> str:
    if len(memory) >= _REMEMBERED:
        memory.clear()
    memory[key] = value
    return value


CORE_TERM_MAP: Final = TermMap()
