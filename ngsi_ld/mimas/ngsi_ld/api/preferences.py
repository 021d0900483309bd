"""The Prefer header: which version of NGSI-LD a client understands (CIM 009 4.3.6.8, RFC 7240)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from mimas.ngsi_ld.core.represent import downgrade
from mimas.ngsi_ld.core.state import EntityState

from .answers import Header
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


class Downgrade:
    """What a preferred version makes of entities; 203 tells that something was left out."""

    def __init__(self, version: str | None) -> None:
        self._version = version
        self._altered = False

    def apply(self, states: Sequence[EntityState]) -> list[EntityState]:
        """The entities as the version knows them."""
        if self._version is None:
            return list(states)
        older = [replace(each, document=downgrade(each.document, self._version)) for each in states]
        pairs = zip(older, states, strict=True)
        self._altered = any(new.document is not old.document for new, old in pairs)
        return older

    @property
    def status(self) -> int:
        """200, or 203 when an entity was altered."""
        return 203 if self._altered else 200

    @property
    def headers(self) -> list[Header]:
        """Preference-Applied, whenever a version was preferred."""
        if self._version is None:
            return []
        return [(b"preference-applied", f"ngsi-ld={self._version}".encode())]
