"""From an @context to a term map (CIM 009 4.4, 5.5.7): the only place that calls PyLD.

Choices where the standard leaves one: a scoped context in a term definition is refused (5.5.7: should);
the core context counts as present before the user's too, so that a user context may use `ngsi-ld:` and
terms without `@id`; a term is shown for its IRI whatever its `@type`, `@language` or `@container`, since a
name has no value to look at - what a JSON-LD processor prefers for a node object is preferred here as well.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import urljoin

from ..errors import BadRequestData, LdContextNotAvailable
from ..names import shown
from .core import DATA_INTEGRITY_URL, DEFAULT_VOCABULARY, bundled_document, core_terms, is_core_url
from .term_map import CORE_TERM_MAP, TermMap

MAX_PARTS: Final = 256
MAX_DEPTH: Final = 16
_USABLE_KEYWORDS: Final = ("@id", "@type")


def referenced_urls(value: Any, base: str = "") -> list[str]:
    """The remote contexts that a context value names, in order; those that ship with Mimas are left out.

    A downloaded document may name others: ask again with its `@context`, and its own URL as `base`.
    """
    urls = []
    for part in _elements(value):
        named = part if isinstance(part, str) else part.get("@import") if isinstance(part, dict) else None
        if isinstance(named, str) and not _is_bundled(url := urljoin(base, named)) and url not in urls:
            urls.append(url)
    return urls


def build_term_map(value: Any, documents: Mapping[str, Any]) -> TermMap:
    """The term map of a context value; `documents` holds what `referenced_urls` asked for, by URL.

    BadRequestData when the context is not valid, LdContextNotAvailable when a document is missing.
    """
    parts = list(_Flattening(documents).parts(value, "", ()))
    last_null = max((place for place, part in enumerate(parts) if part is None), default=-1)
    contexts = [part for part in parts[last_null + 1 :] if part]
    if not contexts:
        return CORE_TERM_MAP
    terms = _process(contexts)
    mapped = TermMap(
        {term: _iri(mapping) for term, mapping in terms.items()},
        {term: mapping["@id"] for term, mapping in terms.items() if mapping and mapping["_prefix"]},
        _preferred(terms),
    )
    return CORE_TERM_MAP if mapped.is_core else mapped


class _Flattening:
    """Takes a context value apart into its objects; None is a null, which resets what stood before."""

    def __init__(self, documents: Mapping[str, Any]) -> None:
        self._documents = documents
        self._count = 0

    def parts(self, value: Any, base: str, within: tuple[str, ...]) -> Iterator[dict[str, Any] | None]:
        for part in _elements(value):
            self._count += 1
            if self._count > MAX_PARTS:
                raise BadRequestData(f"The @context is made of more than {MAX_PARTS} parts.")
            if isinstance(part, str):
                yield from self._remote(urljoin(base, part), within)
            elif isinstance(part, dict):
                yield self._with_import(part, base)
            elif part is None:
                yield None
            else:
                raise BadRequestData(
                    f"The @context must be a URL, an object, or an array of these, and holds {shown(part)}."
                )

    def _remote(self, url: str, within: tuple[str, ...]) -> Iterator[dict[str, Any] | None]:
        if is_core_url(url):
            return
        if url in within:
            raise BadRequestData(f"The @context {url} refers to itself.", context=url)
        context = self._context_of(url)
        if url == DATA_INTEGRITY_URL:
            context = {term: _without_scope(definition) for term, definition in context.items()}
        yield from self.parts(context, url, (*within, url))

    def _with_import(self, part: dict[str, Any], base: str) -> dict[str, Any]:
        """The object with what it imports below it (JSON-LD 1.1, 4.1.9), free of scoped contexts."""
        if "@import" in part:
            url = urljoin(base, part["@import"]) if isinstance(part["@import"], str) else ""
            imported = self._context_of(url)
            if not isinstance(imported, dict) or "@import" in imported:
                raise BadRequestData(f"What the @context imports from {url} must be one object.", context=url)
            part = {**imported, **{name: each for name, each in part.items() if name != "@import"}}
        for term, definition in part.items():
            if term == "@context" or (isinstance(definition, dict) and "@context" in definition):
                raise BadRequestData(
                    f"The @context holds a scoped context at {shown(term)}, which NGSI-LD does not allow "
                    "(5.5.7): define its terms at the top level.",
                    term=term,
                )
        return part

    def _context_of(self, url: str) -> Any:
        document = self._documents.get(url)
        if document is None:
            document = bundled_document(url)
        if document is None:
            raise LdContextNotAvailable(f"The @context {shown(url)} has not been loaded.", context=url)
        if not isinstance(document, dict) or "@context" not in document:
            raise BadRequestData(f"The document at {url} has no @context.", context=url)
        return document["@context"]


def _process(contexts: list[dict[str, Any]]) -> Mapping[str, Any]:
    """The term definitions that PyLD makes of the contexts, one after the other."""
    from pyld import jsonld  # late: a process that serves the core context alone never loads it
    from pyld.context_resolver import ContextResolver

    options = {
        "processingMode": "json-ld-1.1",
        "base": "",
        "contextResolver": ContextResolver({}, _no_loader),
    }
    processor = jsonld.JsonLdProcessor()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # terms that look like keywords: ignored, as JSON-LD demands
            active = processor.process_context({}, None, options)
            for context in (_SEED, *contexts):
                active = processor.process_context(active, _digestible(context, active), options)
    except jsonld.JsonLdError as error:
        raise BadRequestData(f"The @context is not valid JSON-LD: {_reason(error)}") from None
    except (LookupError, TypeError, ValueError, AttributeError, RecursionError):
        raise BadRequestData(
            "The @context is not valid JSON-LD: a definition has an impossible shape."
        ) from None
    mappings: Mapping[str, Any] = active["mappings"]
    return {term: mapping for term, mapping in mappings.items() if term[:1] != "@"}


_SEED: Final = {"@vocab": DEFAULT_VOCABULARY} | {name: core_terms()[name] for name in ("ngsi-ld", "geojson")}


def _preferred(terms: Mapping[str, Any]) -> dict[str, str]:
    """The term to show for each IRI: as JSON-LD 1.1 prefers for a node object, then the shortest."""
    best: dict[str, tuple[int, int, int, str]] = {}
    for term, mapping in terms.items():
        iri = _iri(mapping)
        if iri is None:
            continue
        rank = (*_rank(mapping), len(term), term)
        if iri not in best or rank < best[iri]:
            best[iri] = rank
    return {iri: rank[3] for iri, rank in best.items()}


def _rank(mapping: Mapping[str, Any]) -> tuple[int, int]:
    container = mapping.get("@container") or []
    kind = mapping.get("@type")
    if kind not in (None, "@id", "@none") or container not in ([], ["@set"]):
        return (2, 0)
    if kind is None and ("@language" in mapping or "@direction" in mapping):
        return (2, 0)
    return (0 if container else 1, 0 if kind == "@id" else 1)


def _iri(mapping: Mapping[str, Any] | None) -> str | None:
    """The IRI of a definition; None when it is null, reversed, or a keyword other than @id and @type."""
    iri = None if mapping is None or mapping["reverse"] else mapping["@id"]
    return None if iri is None or (iri[0] == "@" and iri not in _USABLE_KEYWORDS) else str(iri)


def _elements(value: Any, depth: int = 0) -> Iterator[Any]:
    if isinstance(value, list):
        if depth > MAX_DEPTH:
            raise BadRequestData(f"The @context nests arrays deeper than {MAX_DEPTH} levels.")
        for each in value:
            yield from _elements(each, depth + 1)
    else:
        yield value


def _is_bundled(url: str) -> bool:
    return url == DATA_INTEGRITY_URL or is_core_url(url)


def _without_scope(definition: Any) -> Any:
    if isinstance(definition, dict):
        return {name: each for name, each in definition.items() if name != "@context"}
    return definition


def _digestible(context: dict[str, Any], active: Mapping[str, Any]) -> dict[str, Any]:
    """The context without what says nothing but makes PyLD stumble: nulls for what is unset, unprotected."""
    return {
        name: each
        for name, each in context.items()
        if not (name == "@protected" and each is False)
        and (each is not None or name not in ("@vocab", "@language", "@direction") or name in active)
    }


def _no_loader(url: str, options: Any) -> Any:
    raise ValueError(f"{url} must not be loaded")


def _reason(error: Any) -> str:
    term = (error.details or {}).get("term")
    return f"{error.args[0]}" + (f" (term {shown(term)})" if term else "")
