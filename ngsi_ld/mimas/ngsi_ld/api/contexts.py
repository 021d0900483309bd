"""From the @context of a request to a term map, and back to what an answer carries.

A context travels as a Link (a URL) or in the body (anything). Term maps are cached in the process under
the context's canonical text; documents are cached in a table that all workers share, so that a context
survives the loss of the network. A worker is told when another one changes a document (`forget_all`), and
every few seconds of use it asks, for what it may have missed.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import Counter, OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

import orjson

from mimas.ngsi_ld.core.context import (
    CORE_CONTEXT_URL,
    CORE_TERM_MAP,
    TermMap,
    build_term_map,
    is_core_url,
    referenced_urls,
)
from mimas.ngsi_ld.core.errors import BadRequestData, LdContextNotAvailable
from mimas.ngsi_ld.store.contexts import CACHED, IMPLICIT, ContextStore, StoredContext

from .answers import Header
from .links import context_value
from .problems import BASE

CONTEXTS_PATH = BASE + "/jsonldContexts/"
HEURISTIC_LIFETIME = timedelta(days=1)
RECHECK_SECONDS = 5.0
COUNT_SECONDS = 0.02
MAX_DOCUMENTS = 32


@dataclass(frozen=True, slots=True)
class Fetched:
    """A downloaded document; header names are in lower case."""

    body: bytes
    headers: Mapping[str, str]


class ContextFetch(Protocol):
    """Downloads a remote context, or raises LdContextNotAvailable."""

    async def __call__(self, url: str) -> Fetched:
        """The document at `url`."""


@dataclass(frozen=True, slots=True)
class RequestContext:
    """The context of one request: `value` is what ld+json answers carry, `url` what json answers link.

    `url` is None as long as an inline context has not been hosted.
    """

    terms: TermMap
    value: Any
    url: str | None
    link: Header | None


def _linked(terms: TermMap, value: Any, url: str) -> RequestContext:
    return RequestContext(terms, value, url, (b"link", context_value(url)))


CORE_CONTEXT = _linked(CORE_TERM_MAP, CORE_CONTEXT_URL, CORE_CONTEXT_URL)


@dataclass(slots=True)
class _Entry:
    context: RequestContext
    stamps: dict[str, datetime]
    fresh_until: float


class ContextResolver:
    """Resolves contexts with two caches: term maps in the process, documents in the table."""

    def __init__(
        self,
        store: ContextStore,
        fetch: ContextFetch,
        *,
        default_url: str | None = None,
        cache_size: int = 512,
    ) -> None:
        self._store = store
        self._fetch = fetch
        self._default_url = default_url
        self._cache_size = cache_size
        self._entries: OrderedDict[bytes, _Entry] = OrderedDict()
        self._uses: Counter[str] = Counter()
        self._building: dict[bytes, asyncio.Task[_Entry]] = {}
        self._counting: asyncio.Task[None] | None = None
        self._counted_at = -COUNT_SECONDS

    async def default(self) -> RequestContext:
        """The context of a request that names none (CIM 009 5.5.5)."""
        return CORE_CONTEXT if self._default_url is None else await self.from_url(self._default_url)

    async def from_url(self, url: str) -> RequestContext:
        """The context a Link header names."""
        return CORE_CONTEXT if is_core_url(url) else await self.from_value(url)

    async def from_value(self, value: Any) -> RequestContext:
        """The context of a body."""
        value = _without_core(value)
        if value == []:
            return CORE_CONTEXT
        key = _canonical(value)
        entry = self._entries.get(key)
        if entry is None or not await self._is_fresh(entry):
            entry = await self._build_once(key, value)
        self._entries.move_to_end(key)
        self._uses.update(entry.stamps.keys())
        self._count_now_and_then()
        return entry.context

    async def hosted(self, context: RequestContext, base_url: str) -> RequestContext:
        """The same context with a URL that a json answer can link (CIM 009 6.3.6)."""
        if context.link is not None:
            return context
        body = _canonical({"@context": context.value})
        context_id = hashlib.sha256(body).hexdigest()[:32]
        if await self._store.find(context_id) is None:
            await self._store.save(
                StoredContext(context_id, None, IMPLICIT, body.decode(), datetime.now(UTC))
            )
        return _linked(context.terms, context.value, base_url + CONTEXTS_PATH + context_id)

    async def reload(self, stored: StoredContext) -> None:
        """Download a cached context again; LdContextNotAvailable keeps the old one (CIM 009 5.13.5)."""
        assert stored.url is not None
        try:
            await self._download(stored.url)
        except BadRequestData as error:
            raise LdContextNotAvailable(error.detail) from None
        self._entries.clear()

    async def forget(self, stored: StoredContext) -> bool:
        """Delete it from the table and from this worker's cache."""
        self._entries.clear()
        self._uses.pop(stored.id, None)
        return await self._store.delete(stored.id)

    def forget_all(self, context_id: str) -> None:
        """Another worker changed a document: what was built of it here may be wrong; its uses are over."""
        self._entries.clear()
        self._uses.pop(context_id, None)

    def note_use(self, stored: StoredContext) -> None:
        """Count that a context was served."""
        self._uses[stored.id] += 1
        self._count_now_and_then()

    async def count_uses(self) -> None:
        """Write what was counted since the last time."""
        if self._uses:
            uses, self._uses = self._uses, Counter()
            await self._store.count_uses(uses, datetime.now(UTC))

    async def close(self) -> None:
        """Let the counting end."""
        if self._counting is not None:
            await asyncio.gather(self._counting, return_exceptions=True)

    def _count_now_and_then(self) -> None:
        """Write the uses at once, within limits, so that other workers tell them too."""
        at_rest = self._counting is None or self._counting.done()
        if self._uses and at_rest and time.monotonic() > self._counted_at + COUNT_SECONDS:
            self._counted_at = time.monotonic()
            self._counting = asyncio.create_task(self.count_uses())
            self._counting.add_done_callback(lambda done: done.cancelled() or done.exception())

    async def _is_fresh(self, entry: _Entry) -> bool:
        if time.monotonic() < entry.fresh_until:
            return True
        await self.count_uses()
        if entry.stamps and await self._store.stamps(list(entry.stamps)) != entry.stamps:
            return False
        entry.fresh_until = time.monotonic() + RECHECK_SECONDS
        return True

    async def _build_once(self, key: bytes, value: Any) -> _Entry:
        """Requests that come with the same unknown context wait for one build."""
        task = self._building.get(key)
        if task is None:
            task = asyncio.create_task(self._build(value))
            self._building[key] = task
            task.add_done_callback(lambda _: self._building.pop(key, None))
        entry = await asyncio.shield(task)
        self._entries[key] = entry
        while len(self._entries) > self._cache_size:
            self._entries.popitem(last=False)
        return entry

    async def _build(self, value: Any) -> _Entry:
        documents: dict[str, Any] = {}
        stamps: dict[str, datetime] = {}
        waiting = referenced_urls(value)
        while waiting:
            url = waiting.pop()
            if url in documents:
                continue
            if len(documents) >= MAX_DOCUMENTS:
                raise BadRequestData(f"The @context refers to more than {MAX_DOCUMENTS} documents.")
            stored = await self._document(url)
            stamps[stored.id] = stored.created_at
            documents[url] = orjson.loads(stored.body)
            waiting.extend(referenced_urls(documents[url]["@context"], url))
        terms = build_term_map(value, documents)
        return _Entry(_with_terms(terms, value), stamps, time.monotonic() + RECHECK_SECONDS)

    async def _document(self, url: str) -> StoredContext:
        own = await self._own_document(url)
        if own is not None:
            return own
        stored = await self._store.find(url)
        if stored is not None and (stored.expires_at is None or stored.expires_at > datetime.now(UTC)):
            return stored
        try:
            return await self._download(url)
        except LdContextNotAvailable:
            if stored is None:
                raise
            return stored

    async def _own_document(self, url: str) -> StoredContext | None:
        """A context that this broker hosts is not fetched from itself."""
        path = urlsplit(url).path
        if not path.startswith(CONTEXTS_PATH):
            return None
        stored = await self._store.find(unquote(path.removeprefix(CONTEXTS_PATH)).strip("/"))
        return stored if stored is not None and stored.kind != CACHED else None

    async def _download(self, url: str) -> StoredContext:
        fetched = await self._fetch(url)
        require_context_document(fetched.body, url)
        now = datetime.now(UTC)
        stored = StoredContext(
            hashlib.sha256(url.encode()).hexdigest()[:32],
            url,
            CACHED,
            fetched.body.decode(),
            now,
            now + lifetime(fetched.headers, now),
        )
        await self._store.save(stored)
        return stored


def require_context_document(body: bytes, url: str) -> Any:
    """The parsed document of a remote context; BadRequestData when it is none (CIM 009 5.5.6)."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise BadRequestData(f"What {url} answers is not JSON.", context=url) from None
    if not isinstance(document, dict) or "@context" not in document:
        raise BadRequestData(f"What {url} answers has no @context.", context=url)
    return document


def lifetime(headers: Mapping[str, str], now: datetime) -> timedelta:
    """How long a download stays fresh (CIM 009 6.3.16, RFC 9111): s-maxage, max-age, Expires, or a day."""
    directives = dict(
        part.strip().lower().partition("=")[::2] for part in headers.get("cache-control", "").split(",")
    )
    if "no-store" in directives or "no-cache" in directives:
        return timedelta(0)
    for name in ("s-maxage", "max-age"):
        if directives.get(name, "").strip('"').isdigit():
            return timedelta(seconds=min(int(directives[name].strip('"')), 10**9))
    if "expires" in headers:
        try:
            return max(parsedate_to_datetime(headers["expires"]) - now, timedelta(0))
        except (TypeError, ValueError):
            return timedelta(0)
    return HEURISTIC_LIFETIME


def _with_terms(terms: TermMap, value: Any) -> RequestContext:
    return (
        _linked(terms, value, value) if isinstance(value, str) else RequestContext(terms, value, None, None)
    )


def _without_core(value: Any) -> Any:
    """The user's part: the core context is implied, and one element needs no array (CIM 009 5.5.7)."""
    parts = value if isinstance(value, list) else [value]
    rest = [part for part in parts if not (isinstance(part, str) and is_core_url(part))]
    return rest[0] if len(rest) == 1 else rest


def _canonical(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
