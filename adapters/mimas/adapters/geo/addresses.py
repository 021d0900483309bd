"""URLs of services: parameters added to what a URL already has."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit


def with_parameters(url: str, parameters: Mapping[str, str | int | None]) -> str:
    """The URL with these parameters; names are told apart without regard to case, as OGC services do."""
    parts = urlsplit(url)
    given = {name.lower() for name, value in parameters.items() if value is not None}
    kept = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair[0].lower() not in given]
    added = [(name, str(value)) for name, value in parameters.items() if value is not None]
    return urlunsplit(parts._replace(query=urlencode(kept + added)))
