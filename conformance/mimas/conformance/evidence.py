"""What was sent and what came back: a record like HTTP Archive entries, secrets masked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote

import orjson

MASK = "***"
_SECRET_HEADERS = frozenset(
    {"authorization", "proxy-authorization", "cookie", "set-cookie", "x-auth-token", "x-api-key"}
)
_SECRET_MEMBERS = (
    "access_token",
    "refresh_token",
    "id_token",
    "registration_access_token",
    "client_secret",
    "client_assertion",
    "code_verifier",
    "password",
    "passwd",
    "api_key",
    "apikey",
)
_SECRET_IN_TEXT = re.compile(
    rf'((?:{"|".join(_SECRET_MEMBERS)})["\']?\s*[=:]\s*["\']?|[?&#;]code=)[^"\'&\s,}}]+',
    re.IGNORECASE,
)
_LONGEST_SECRET = 8_000
SHORTEST_SECRET = 8  # shorter values stand in too many other words


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer. `error` is set when no answer came; bodies are cut at `Evidence.keep`.

    `incoming` marks what the target sent to the checker's own listener.
    """

    started: datetime
    milliseconds: float
    method: str
    url: str
    request_headers: tuple[tuple[str, str], ...] = ()
    request_body: str | None = None
    status: int | None = None
    response_headers: tuple[tuple[str, str], ...] = ()
    response_body: str | None = None
    error: str | None = None
    incoming: bool = False

    def to_har(self) -> dict[str, Any]:
        """The exchange as an entry of an HTTP Archive (HAR 1.2) log."""
        return {
            "startedDateTime": self.started.isoformat(),
            "time": round(self.milliseconds, 3),
            "request": {
                "method": self.method,
                "url": self.url,
                "headers": [{"name": name, "value": value} for name, value in self.request_headers],
                **({"postData": {"text": self.request_body}} if self.request_body is not None else {}),
            },
            "response": {
                "status": self.status or 0,
                "headers": [{"name": name, "value": value} for name, value in self.response_headers],
                "content": {"text": self.response_body or ""},
            },
            **({"_error": self.error} if self.error else {}),
            **({"_direction": "incoming"} if self.incoming else {}),
        }


@dataclass(slots=True)
class Evidence:
    """The exchanges of one check, in order. Values of `secrets` never get in.

    `cut` counts exchanges beyond `most`, which are not kept.
    """

    secrets: frozenset[str] = frozenset()
    keep: int = 8_000
    most: int = 40
    exchanges: list[Exchange] = field(default_factory=list)
    cut: int = 0

    def add(self, exchange: Exchange) -> None:
        """Keep an exchange, unless there are too many already."""
        if len(self.exchanges) < self.most:
            self.exchanges.append(exchange)
        else:
            self.cut += 1

    def mask_headers(self, headers: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
        """Headers without what only the owner may know."""
        return tuple(
            (name, MASK if name.lower() in _SECRET_HEADERS else self.mask(value)) for name, value in headers
        )

    def mask(self, text: str) -> str:
        """Text without secrets, cut to `keep` characters; of a huge one only the beginning is looked at."""
        length = len(text)
        text = text[: self.keep + 2 * _LONGEST_SECRET]
        for secret in self.secrets:
            text = text.replace(secret, MASK)
        text = _SECRET_IN_TEXT.sub(rf"\g<1>{MASK}", text)
        if length > self.keep + 2 * _LONGEST_SECRET:
            text = text[:-_LONGEST_SECRET]  # a secret that was cut in two is not known as one
        return text if len(text) <= self.keep else text[: self.keep] + f"... ({length} characters)"

    def mask_value(self, value: Any) -> Any:
        """The same for text anywhere inside a value; keys and values alike."""
        if isinstance(value, str):
            return self.mask(value)
        if isinstance(value, dict):
            return {self.mask_value(name): self.mask_value(each) for name, each in value.items()}
        if isinstance(value, list | tuple):
            return [self.mask_value(each) for each in value]
        return value


def secrets_in(headers: Iterable[tuple[str, str]], body: bytes) -> set[str]:
    """What an answer gives that only its receiver may know: tokens of a JSON object, values of cookies."""
    found = set()
    for name, value in headers:
        if name.lower() == "set-cookie":
            found.add(value.partition(";")[0].partition("=")[2])
    if b"_token" in body[:100_000] and body.lstrip()[:1] == b"{":
        try:
            members = orjson.loads(body)
        except orjson.JSONDecodeError:
            members = {}
        found |= {
            value for name, value in members.items() if name in _SECRET_MEMBERS and isinstance(value, str)
        }
    return {value for value in found if len(value) >= SHORTEST_SECRET}


def secrets_of(variables: Iterable[str], environment: Mapping[str, str]) -> frozenset[str]:
    """The values of these environment variables, as they are and as they travel in a URL."""
    values = {environment[name] for name in variables if environment.get(name)}
    return frozenset(values | {quote(each, safe="") for each in values})
