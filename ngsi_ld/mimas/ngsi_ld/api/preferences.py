"""The Prefer header: which version of NGSI-LD a client understands (CIM 009 4.3.6.8, RFC 7240)."""

from __future__ import annotations

import re
from functools import lru_cache

from .exchange import Exchange

_VERSION = re.compile(
    r'(?:^|[,;])\s*ngsi-ld\s*=\s*"?(\d{1,3}\.\d{1,3})(?:\.\d{1,3})?"?\s*(?=[,;]|$)', re.IGNORECASE
)
_BODY = re.compile(r'(?:^|[,;])\s*body\s*=\s*"?json"?\s*(?=[,;]|$)', re.IGNORECASE)


@lru_cache(maxsize=256)
def preferred_version(prefer: bytes) -> str | None:
    """The `major.minor` of `Prefer: ngsi-ld=...`."""
    found = _VERSION.search(prefer.decode("latin-1"))
    return found.group(1) if found else None


def wants_link_in_geojson(exchange: Exchange) -> bool:
    """Whether GeoJSON is to be without @context, which then is linked (6.3.6)."""
    prefer = exchange.headers.get(b"prefer")
    return bool(prefer and _BODY.search(prefer.decode("latin-1")))


def version_of(exchange: Exchange) -> str | None:
    """The version a client prefers."""
    prefer = exchange.headers.get(b"prefer")
    return preferred_version(prefer) if prefer else None
