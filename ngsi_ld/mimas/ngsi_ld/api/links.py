"""The Link header: the @context of a request, and pages before and after (RFC 8288)."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import urlencode

from mimas.ngsi_ld.core.errors import BadRequestData

CONTEXT_REL = "http://www.w3.org/ns/json-ld#context"

_LINK = re.compile(r"<([^>]*)>([^<]*)")
_PARAMETER = re.compile(r""";\s*([!#$&+\-.^_`|~0-9A-Za-z]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s;,"]+))""")


@lru_cache(maxsize=1024)
def context_link(header: bytes) -> str | None:
    """The URL of the JSON-LD context a Link header names, or None.

    More than one is an error: which of them counts cannot be told (JSON-LD 1.1 6.2).
    """
    found = []
    for target, rest in _LINK.findall(header.decode("latin-1")):
        parameters = {name.lower(): a or b or c for name, a, b, c in _PARAMETER.findall(rest)}
        if CONTEXT_REL in parameters.get("rel", "").split():
            found.append(target.strip())
    if len(found) > 1:
        raise BadRequestData("The Link header names more than one JSON-LD context.", contexts=found)
    return found[0] if found else None


def context_value(url: str) -> bytes:
    """The Link value that names `url` as the context of an answer (CIM 009 6.3.6)."""
    return f'<{url}>; rel="{CONTEXT_REL}"; type="application/ld+json"'.encode()


def page_value(path: str, parameters: dict[str, str], relation: str, media_type: str) -> bytes:
    """The Link value of another page; `type` stays the media type of the iteration (CIM 009 6.3.10)."""
    return f'<{path}?{urlencode(parameters)}>; rel="{relation}"; type="{media_type}"'.encode("latin-1")
