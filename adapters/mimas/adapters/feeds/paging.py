"""The pages of an answer, one after another, however the server says where the next one is.

`read_pages` asks, and a `Follow` says what comes after a page: a link in the body, a `Link` header, a page
number, an offset, a cursor. Loops end with an error, and so does an answer without end.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from urllib.parse import urljoin

from ..harvest import Download, Harvest
from ..mapping.scope import Getter
from ..source import SourceError
from .feed import Feed, found, read_json

MAX_PAGES = 10_000
MAX_TOTAL = 4 << 30
_LINK = re.compile(r"<([^>]*)>([^<]*)")
_NEXT = re.compile(r';\s*rel\s*=\s*(?:"([^"]*)"|([^\s;,"]+))', re.IGNORECASE)

Content = TypeVar("Content")


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for."""

    url: str
    params: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Page(Generic[Content]):
    """What came: `number` counts from 0, `size` is how many records were found in it."""

    request: Request
    download: Download
    content: Content
    number: int
    size: int


Follow = Callable[[Page[Any]], Request | None]
"""What to ask for after a page; None when it was the last."""


async def _read_json(download: Download) -> Any:
    return read_json(download)


async def read_pages(
    feed: Feed,
    run: Harvest,
    first: Request,
    follow: Follow,
    *,
    read: Callable[[Download], Awaitable[Content]] = _read_json,
    count: Callable[[Content], int] = lambda content: 1,
    accept: str = "application/json",
    conditional: bool = False,
) -> AsyncIterator[Page[Content]]:
    """Every page from `first` on; SourceError when they lead in a circle or beyond the limits.

    With `conditional` the first is asked for only if it changed: for an answer that is one page.
    """
    request: Request | None = first
    seen: set[tuple[str, tuple[tuple[str, str], ...]]] = set()
    total, before = 0, ""
    limit = feed.options.get("max_pages", MAX_PAGES)
    while request is not None:
        _require_new(feed.name, request, seen, limit)
        download = await feed.fetch(
            run,
            request.url,
            params=request.params or None,
            accept=accept,
            conditional=conditional and len(seen) == 1,
        )
        total += download.path.stat().st_size
        if total > MAX_TOTAL:
            raise SourceError(
                f"{feed.name}: the pages hold more than {MAX_TOTAL} bytes; ask for less at once"
            )
        content = await read(download)
        download.path.unlink(missing_ok=True)
        page = Page(request, download, content, len(seen) - 1, count(content))
        if page.size and download.sha256 == before:
            raise SourceError(f"{feed.name}: {download.url} gives the page before it again; check pages")
        before = download.sha256
        yield page
        request = follow(page)


def _require_new(
    name: str, request: Request, seen: set[tuple[str, tuple[tuple[str, str], ...]]], limit: int
) -> None:
    key = (request.url, tuple(sorted(request.params.items())))
    if key in seen:
        raise SourceError(f"{name}: the pages lead in a circle: {request.url} comes a second time")
    if len(seen) >= limit:
        raise SourceError(f"{name}: there are more than {limit} pages; raise max_pages if that is right")
    seen.add(key)


def follow_link(get: Getter) -> Follow:
    """The next page is the URL at a path of the body, relative or whole."""

    def follow(page: Page[Any]) -> Request | None:
        link = found(get, page.content)
        return Request(urljoin(page.download.url, link)) if isinstance(link, str) and link else None

    return follow


def follow_header(page: Page[Any]) -> Request | None:
    """The next page is in the Link header, with rel="next" (RFC 8288)."""
    link = next_link(page.download.headers.get("link", ""))
    return Request(urljoin(page.download.url, link)) if link else None


def next_link(header: str) -> str | None:
    """The target of rel="next" in a Link header."""
    for target, parameters in _LINK.findall(header):
        relations = [quoted or plain for quoted, plain in _NEXT.findall(parameters)]
        if any("next" in relation.lower().split() for relation in relations):
            return str(target).strip()
    return None


def follow_number(param: str, first: int, total: Callable[[Any], int | None]) -> Follow:
    """The next page has the next number, until one has no records or all of `total` came.

    A page shorter than asked for is not the end: many servers cap the size of their pages.
    """
    came = 0

    def follow(page: Page[Any]) -> Request | None:
        nonlocal came
        came = page.size if page.number == 0 else came + page.size
        if page.size == 0 or _all_came(came, total(page.content)):
            return None
        return Request(page.request.url, {**page.request.params, param: str(first + page.number + 1)})

    return follow


def follow_offset(param: str, total: Callable[[Any], int | None]) -> Follow:
    """The next page begins after all records so far, until one has no records or all of `total` came."""

    def follow(page: Page[Any]) -> Request | None:
        behind = int(page.request.params.get(param, "0")) + page.size
        if page.size == 0 or _all_came(behind, total(page.content)):
            return None
        return Request(page.request.url, {**page.request.params, param: str(behind)})

    return follow


def _all_came(came: int, total: int | None) -> bool:
    return total is not None and came >= total


def follow_cursor(get: Getter, param: str) -> Follow:
    """The next page is named by a word of this one, which is sent as a parameter."""

    def follow(page: Page[Any]) -> Request | None:
        cursor = found(get, page.content)
        if cursor is None or cursor == "" or isinstance(cursor, dict | list | bool):
            return None
        return Request(page.request.url, {**page.request.params, param: str(cursor)})

    return follow


def total_count(content: Any, get: Getter | None) -> int | None:
    """How many records there are by the body's own word."""
    value = found(get, content) if get else None
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
