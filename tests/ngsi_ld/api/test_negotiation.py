"""Accept and Content-Type."""

from __future__ import annotations

import pytest

from mimas.ngsi_ld.api.negotiation import (
    DOCUMENT,
    ENTITIES,
    GEO_JSON,
    JSON,
    LD_JSON,
    choose,
    media_type_of,
    wants_problem_json,
)


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        (b"", JSON),
        (b"*/*", JSON),
        (b"application/*", JSON),
        (b"application/ld+json", LD_JSON),
        (b"application/ld+json, application/json", JSON),
        (b"application/ld+json, application/json;q=0.9", LD_JSON),
        (b"application/json;q=0, */*", LD_JSON),
        (b"application/geo+json;q=0.5, application/ld+json;q=0.4", GEO_JSON),
        (b"text/html", None),
        (b"text/html, */*;q=0.1", JSON),
        (b"application/json;q=0", None),
        (b"APPLICATION/LD+JSON ; Q=1", LD_JSON),
    ],
)
def test_choice(accept: bytes, chosen: str | None) -> None:
    """Weights decide, then the order json, ld+json, geo+json (6.3.4)."""
    assert choose(accept, ENTITIES) == chosen


def test_geojson_is_not_offered_elsewhere() -> None:
    """Only entities come as GeoJSON."""
    assert choose(b"application/geo+json", DOCUMENT) is None


@pytest.mark.parametrize(
    ("content_type", "media_type"),
    [
        (b"application/json", JSON),
        (b"application/json; charset=UTF-8", JSON),
        (b"application/json; charset=latin-1", None),
        (b" Application/LD+JSON;profile=x", LD_JSON),
        (b"", ""),
    ],
)
def test_media_type(content_type: bytes, media_type: str | None) -> None:
    """Parameters do not change the media type, but only UTF-8 is read (4.6.1)."""
    assert media_type_of(content_type) == media_type


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        (b"application/problem+json", True),
        (b"application/json, application/problem+json", False),
        (b"application/json;q=0.5, application/problem+json", True),
        (b"*/*", False),
    ],
)
def test_problem_json(accept: bytes, wanted: bool) -> None:
    """Problem details have their own media type only for clients that name it."""
    assert wants_problem_json(accept) is wanted
