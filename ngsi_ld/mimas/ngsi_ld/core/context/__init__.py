"""The @context: term maps, how they are built, and the core context that ships with Mimas."""

from .build import build_term_map, referenced_urls
from .core import CORE_CONTEXT_URL, DATA_INTEGRITY_URL, bundled_document, core_terms, is_core_url
from .term_map import CORE_TERM_MAP, TermMap, iri_to_stored, stored_to_iri

__all__ = [
    "CORE_CONTEXT_URL",
    "CORE_TERM_MAP",
    "DATA_INTEGRITY_URL",
    "TermMap",
    "build_term_map",
    "bundled_document",
    "core_terms",
    "iri_to_stored",
    "is_core_url",
    "referenced_urls",
    "stored_to_iri",
]
