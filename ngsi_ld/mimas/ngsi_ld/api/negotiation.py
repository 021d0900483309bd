"""Media types in requests and answers (CIM 009 6.3.3 and 6.3.4)."""

from __future__ import annotations

from functools import lru_cache

JSON = "application/json"
LD_JSON = "application/ld+json"
GEO_JSON = "application/geo+json"
MERGE_PATCH = "application/merge-patch+json"
PROBLEM_JSON = "application/problem+json"

# The order is the preference of the server where a client has none.
DOCUMENT = (JSON, LD_JSON)
ENTITIES = (JSON, LD_JSON, GEO_JSON)


@lru_cache(maxsize=512)
def choose(accept: bytes, offers: tuple[str, ...]) -> str | None:
    """The best of `offers` for an Accept header, or None when the client takes none of them.

    The most specific range that names an offer decides its weight; `q=0` removes it (RFC 9110 12.5.1).
    """
    ranges = _parse_ranges(accept)
    if not ranges:
        return offers[0]
    weighted = [(_weight(offer, ranges), -position, offer) for position, offer in enumerate(offers)]
    weight, _, offer = max(weighted)
    return offer if weight > 0 else None


def wants_problem_json(accept: bytes) -> bool:
    """Whether a client names application/problem+json itself."""
    return PROBLEM_JSON.encode() in accept and choose(accept, (JSON, PROBLEM_JSON)) == PROBLEM_JSON


@lru_cache(maxsize=512)
def media_type_of(content_type: bytes) -> str | None:
    """The media type of a Content-Type header; None when its charset is not UTF-8."""
    essence, _, rest = content_type.decode("latin-1").partition(";")
    for parameter in rest.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset" and value.strip(' "').lower() not in ("utf-8", "utf8"):
            return None
    return essence.strip().lower()


def _parse_ranges(accept: bytes) -> list[tuple[str, float]]:
    ranges = []
    for part in accept.decode("latin-1").split(","):
        essence, *parameters = part.split(";")
        if essence.strip():
            ranges.append((essence.strip().lower(), _quality(parameters)))
    return ranges


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "q":
            try:
                return min(max(float(value), 0.0), 1.0)
            except ValueError:
                return 0.0
    return 1.0


def _weight(offer: str, ranges: list[tuple[str, float]]) -> float:
    kind = offer.partition("/")[0] + "/*"
    for wanted in (offer, kind, "*/*"):
        for essence, quality in ranges:
            if essence == wanted:
                return quality
    return 0.0
