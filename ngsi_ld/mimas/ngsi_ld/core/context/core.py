"""The core context (CIM 009 4.4): its versions, its documents, and its terms without a JSON-LD processor."""

from __future__ import annotations

import json
import re
from functools import cache
from importlib.resources import files
from typing import Any, Final

BASE_URL: Final = "https://uri.etsi.org/ngsi-ld/v1/"
CORE_CONTEXT_URL: Final = BASE_URL + "ngsi-ld-core-context-v1.9.jsonld"
DATA_INTEGRITY_URL: Final = "https://w3id.org/security/data-integrity/v2"
DEFAULT_VOCABULARY: Final = "https://uri.etsi.org/ngsi-ld/default-context/"

_CORE_URL = re.compile(
    r"https?://uri\.etsi\.org/ngsi-ld/v1/ngsi-ld-core-context(?P<version>-v1\.[0-9])?\.jsonld", re.ASCII
)
_BUNDLED: Final = {"-v1.3": "ngsi-ld-core-context-v1.3.jsonld", "-v1.4": "ngsi-ld-core-context-v1.4.jsonld"}
_LATEST: Final = "ngsi-ld-core-context-v1.9.jsonld"


def is_core_url(url: str) -> bool:
    """Whether it is the core context: v1.0 to v1.9, or the address without a version."""
    return _CORE_URL.fullmatch(url) is not None


def bundled_document(url: str) -> Any | None:
    """The document that ships with Mimas for this URL, or None; a version that is not kept is served as v1.9.

    Each call gives a document of its own.
    """
    if url == DATA_INTEGRITY_URL:
        return _load("data-integrity-v2.jsonld")
    core = _CORE_URL.fullmatch(url)
    return None if core is None else _load(_BUNDLED.get(core["version"], _LATEST))


@cache
def core_terms() -> dict[str, str]:
    """Each term of the core context with its IRI; `id` and `type` stand for their keywords."""
    context: dict[str, Any] = _load(_LATEST)["@context"]
    simple = {
        term: value if isinstance(value, str) else value["@id"]
        for term, value in context.items()
        if not term.startswith("@")
    }
    return {term: _without_prefix(value, simple) for term, value in simple.items()}


def _without_prefix(value: str, terms: dict[str, str]) -> str:
    prefix, colon, rest = value.partition(":")
    return terms[prefix] + rest if colon and prefix in terms else value


def _load(name: str) -> Any:
    return json.loads((files(__package__) / "data" / name).read_text("utf-8"))
