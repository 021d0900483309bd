"""Downloads of a run: through the guard, at a declared rate, resumed when they break, never too large."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mimas.adapters.harvest import Download
from mimas.adapters.source import SourceError

from ..outbound import OutboundGuard, OutboundRefused, guarded_client
from .declaration import DownloadLimits

if TYPE_CHECKING:
    import httpx

logger = logging.getLogger(__name__)

BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})
FIRST_DELAY = 0.5
LONGEST_DELAY = 60.0
LONGEST_RETRY_AFTER = 300.0


class _Again(Exception):
    """The attempt failed in a way that may pass; `after` is how long the server asks to wait."""

    def __init__(self, reason: str, after: float | None = None) -> None:
        super().__init__(reason)
        self.after = after


@dataclass(slots=True)
class _Request:
    """What is asked for, and what of it is there already."""

    method: str
    url: httpx.URL
    headers: dict[str, str]
    content: bytes | None
    path: Path
    size: int = 0
    validator: str | None = None
    digest: Any = field(default_factory=hashlib.sha256)

    def begin(self) -> None:
        """From the first byte again."""
        self.size = 0
        self.digest = hashlib.sha256()
        self.path.write_bytes(b"")


class Downloader:
    """Fetches for one run, into files of its folder."""

    def __init__(self, guard: OutboundGuard, limits: DownloadLimits, folder: Path) -> None:
        self._guard = guard
        self._limits = limits
        self._folder = folder
        self._client: httpx.AsyncClient | None = None
        self._places = asyncio.Semaphore(limits.concurrency)
        self._next_at = 0.0
        self._number = 0
        self.bytes = 0
        self.requests = 0

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.aclose()

    async def fetch(
        self, url: str, headers: Mapping[str, str], params: Mapping[str, str] | None, body: bytes | None
    ) -> Download | None:
        """The body of a 200, None for 304; SourceError when it cannot be had."""
        import httpx

        if not url.startswith(("http://", "https://")):
            raise SourceError(f"{url} is no http or https URL")
        self._number += 1
        try:
            whole = httpx.URL(url, params=params) if params else httpx.URL(url)
        except httpx.InvalidURL as error:
            raise SourceError(f"{url} is no URL: {error}") from error
        path = self._folder / f"download-{self._number}"
        request = _Request("POST" if body is not None else "GET", whole, dict(headers), body, path)
        try:
            async with self._places, asyncio.timeout(self._limits.seconds):
                return await self._persist(request)
        except TimeoutError as error:
            raise SourceError(
                f"{url} takes longer than {self._limits.seconds:g} s (see download.seconds)"
            ) from error

    async def _persist(self, request: _Request) -> Download | None:
        """Try until it is there, later and later, as often as is declared."""
        delay = FIRST_DELAY
        for attempt in range(1, self._limits.attempts + 1):
            await self._wait_for_turn()
            try:
                return await self._attempt(request)
            except _Again as failure:
                if attempt == self._limits.attempts:
                    raise SourceError(
                        f"{request.url} cannot be had after {attempt} attempts: {failure}"
                    ) from failure
                if failure.after is not None and failure.after > LONGEST_RETRY_AFTER:
                    raise SourceError(
                        f"{request.url}: {failure}, and asks to come back in {failure.after:.0f} s"
                    ) from failure
                pause = failure.after if failure.after is not None else delay * random.uniform(0.8, 1.2)  # noqa: S311
                logger.info("%s: %s; again in %.1f s", request.url.host, failure, pause)
                await asyncio.sleep(pause)
                delay = min(delay * 2, LONGEST_DELAY)
        raise AssertionError("there is at least one attempt")

    async def _wait_for_turn(self) -> None:
        now = time.monotonic()
        turn = max(now, self._next_at)
        self._next_at = turn + 1 / self._limits.rate
        if turn > now:
            await asyncio.sleep(turn - now)

    async def _attempt(self, request: _Request) -> Download | None:
        import httpx

        headers = dict(request.headers)
        if request.size and request.validator is not None:
            headers |= {"range": f"bytes={request.size}-", "if-range": request.validator}
        else:
            request.begin()
        self.requests += 1
        try:
            async with self._open().stream(
                request.method, request.url, headers=headers, content=request.content
            ) as answer:
                return await self._take(request, answer)
        except OutboundRefused as error:
            raise SourceError(str(error)) from error
        except httpx.TooManyRedirects as error:
            raise SourceError(f"{request.url} redirects too often") from error
        except httpx.TimeoutException as error:
            raise _Again(f"no byte for {self._limits.stall:g} s") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise _Again(str(error) or type(error).__name__) from error

    async def _take(self, request: _Request, answer: httpx.Response) -> Download | None:
        if answer.status_code == 304:
            return None
        if answer.status_code in BUSY:
            raise _Again(f"answers {answer.status_code}", _retry_after(answer))
        if answer.status_code == 200:
            request.begin()
            request.validator = _resumable(answer)
        elif answer.status_code == 416 or (answer.status_code == 206 and not _continues(request, answer)):
            request.validator = None
            raise _Again("cannot go on where it broke off")
        elif answer.status_code != 206:
            raise SourceError(f"{request.url} answers {answer.status_code} {answer.reason_phrase}")
        await self._write(request, answer)
        media_type = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
        return Download(
            str(answer.url),
            request.path,
            media_type,
            answer.charset_encoding,
            {name.lower(): value for name, value in answer.headers.items()},
            request.digest.hexdigest(),
        )

    async def _write(self, request: _Request, answer: httpx.Response) -> None:
        announced = answer.headers.get("content-length", "")
        if announced.isdecimal() and request.size + int(announced) > self._limits.max_bytes:
            raise self._too_large(request)
        with request.path.open("ab") as file:
            async for chunk in answer.aiter_bytes():
                request.size += len(chunk)
                self.bytes += len(chunk)
                if request.size > self._limits.max_bytes:
                    raise self._too_large(request)
                file.write(chunk)
                request.digest.update(chunk)

    def _too_large(self, request: _Request) -> SourceError:
        return SourceError(
            f"{request.url} is larger than {self._limits.max_bytes} bytes (see download.max_bytes)"
        )

    def _open(self) -> httpx.AsyncClient:
        if self._client is None:
            self._client = guarded_client(
                self._guard,
                timeout=self._limits.stall,
                follow_redirects=True,
                headers={"user-agent": self._limits.user_agent},
            )
        return self._client


def _resumable(answer: httpx.Response) -> str | None:
    """What tells that the rest belongs to the same body (RFC 9110, 13.1.5); None: begin again."""
    if answer.headers.get("accept-ranges") != "bytes" or "content-encoding" in answer.headers:
        return None
    etag = answer.headers.get("etag", "")
    return etag if etag and not etag.startswith("W/") else None


def _continues(request: _Request, answer: httpx.Response) -> bool:
    """Say whether a partial answer begins where we have come to."""
    return bool(request.size) and answer.headers.get("content-range", "").startswith(f"bytes {request.size}-")


def _retry_after(answer: httpx.Response) -> float | None:
    """Seconds until the server wants to be asked again: a number or a date (RFC 9110, 10.2.3)."""
    text = answer.headers.get("retry-after", "").strip()
    if text.isdecimal():
        return float(text)
    try:
        return max(0.0, (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return None
