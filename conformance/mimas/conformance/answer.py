"""An answer of the target, and the few ways to read it that many checks share."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

import httpx
import orjson

from .verdicts import Failure

_LINK = re.compile(r'<([^>]*)>((?:\s*;\s*[^\s=;,]+\s*(?:=\s*(?:"[^"]*"|[^",;\s]*))?)*)')
_PARAMETER = re.compile(r';\s*([^\s=;,]+)\s*=\s*(?:"([^"]*)"|([^",;\s]*))')


@dataclass(frozen=True, slots=True)
class Link:
    """One link of a `Link` header (RFC 8288); `href` is absolute, `relations` are the words of `rel`."""

    href: str
    relations: frozenset[str]
    parameters: dict[str, str]


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer of the target; `body` is at most the limit long."""

    status: int
    headers: httpx.Headers
    body: bytes
    url: str
    method: str = "GET"

    def __str__(self) -> str:
        return f"{self.method} {self.url} answers {self.status}"

    @property
    def media_type(self) -> str:
        """The Content-Type without its parameters, in lower case; empty when there is none."""
        content_type: str = self.headers.get("content-type", "")
        return content_type.partition(";")[0].strip().lower()

    @property
    def text(self) -> str:
        """The body as UTF-8, whatever cannot be read replaced."""
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """The body parsed as JSON; a body that is none is the target's Failure."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError as error:
            raise Failure(
                f"{self} with a body that is not JSON: {self.text[:80]!r} ({error})",
                mend="Send JSON when the Content-Type says JSON.",
            ) from error

    def json_object(self) -> dict[str, Any]:
        """The body as a JSON object; anything else is the target's Failure."""
        value = self.json()
        if not isinstance(value, dict):
            raise Failure(f"{self} with {type(value).__name__} where a JSON object is due.")
        return value

    def json_array(self) -> list[Any]:
        """The body as a JSON array; anything else is the target's Failure."""
        value = self.json()
        if not isinstance(value, list):
            raise Failure(f"{self} with {type(value).__name__} where a JSON array is due.")
        return value

    def expect(self, *statuses: int, mend: str | None = None) -> Answer:
        """This answer when its status is one of `statuses`; the target's Failure when it is another."""
        if self.status in statuses:
            return self
        wanted = " or ".join(map(str, statuses))
        raise Failure(f"{self}, expected {wanted}: {self.text[:200]!r}", mend=mend)

    @property
    def links(self) -> list[Link]:
        """The links of all `Link` headers."""
        found = []
        for header in self.headers.get_list("link"):
            for href, rest in _LINK.findall(header):
                parameters = {
                    name.lower(): quoted or plain for name, quoted, plain in _PARAMETER.findall(rest)
                }
                relations = frozenset(parameters.get("rel", "").split())
                found.append(Link(urljoin(self.url, href), relations, parameters))
        return found

    def link(self, relation: str) -> str | None:
        """Where the first link of this relation leads; None when there is none."""
        return next((each.href for each in self.links if relation in each.relations), None)
