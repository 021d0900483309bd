"""What was sent and what came back: a record like HTTP Archive entries, secrets masked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

MASK = "***"
_SECRET_HEADERS = frozenset(
    {"authorization", "proxy-authorization", "cookie", "set-cookie", "x-auth-token", "x-api-key"}
)
_SECRET_IN_TEXT = re.compile(
    r'((?:access_token|refresh_token|id_token|client_secret|password|api_?key)["\']?\s*[=:]\s*["\']?)[^"\'&\s,}]+',
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer. `error` is set when no answer came; bodies are cut at `Evidence.keep`."""

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
        }


@dataclass(slots=True)
class Evidence:
    """The exchanges of one check, in order. Values of `secrets` never get in."""

    secrets: frozenset[str] = frozenset()
    keep: int = 20_000
    exchanges: list[Exchange] = field(default_factory=list)

    def mask_headers(self, headers: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
        """Headers without what only the owner may know."""
        return tuple(
            (name, MASK if name.lower() in _SECRET_HEADERS else self.mask(value)) for name, value in headers
        )

    def mask(self, text: str) -> str:
        """Text without secrets, cut to `keep` characters."""
        for secret in self.secrets:
            text = text.replace(secret, MASK)
        text = _SECRET_IN_TEXT.sub(rf"\g<1>{MASK}", text)
        return text if len(text) <= self.keep else text[: self.keep] + f"... ({len(text)} characters)"


def secrets_of(credentials: Mapping[str, str], environment: Mapping[str, str]) -> frozenset[str]:
    """The values behind the credentials' environment variables."""
    return frozenset(environment[name] for name in credentials.values() if environment.get(name))
