"""The endpoint: who may push, how much, in which form; 2xx only after the commit."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from starlette.types import Receive, Scope, Send

from mimas.ngsi_ld.api.answers import Answer, json_answer
from mimas.ngsi_ld.api.exchange import read_headers
from mimas.ngsi_ld.api.json_body import BodyReader
from mimas.ngsi_ld.api.problems import error_answer, problem_answer
from mimas.ngsi_ld.core.errors import NgsiLdError
from mimas.ngsi_ld.store.database import Database
from mimas.ngsi_ld.store.writer import Writer

from ..access.middleware import PUSHED as PREFIX
from ..access.tokens import Tokens
from .keys import SourceKeys, key_of, may_push

if TYPE_CHECKING:
    from .sources import PushedSource, PushedSources

MAX_REFUSALS = 20  # told in the answer; all of them are in the quarantine
_FORM = "application/x-www-form-urlencoded"
_TITLES = {
    400: "Bad request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not found",
    405: "Method not allowed",
    415: "Unsupported media type",
    503: "The service is not available now",
}

logger = logging.getLogger(__name__)
Headers = dict[bytes, bytes]


class _Problem(Exception):
    """A request that is answered with a problem document."""

    def __init__(self, status: int, detail: str, *headers: tuple[bytes, bytes]) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers


class PushEndpoint:
    """Answers `/ingest/{source}`; the mapping engine is loaded with the first request."""

    def __init__(
        self, folders: Sequence[Path], models: Any, database: Database, writer: Writer, tokens: Tokens
    ) -> None:
        self._folders = folders
        self._models = models
        self._database = database
        self._writer = writer
        self._keys = SourceKeys(tokens)
        self._sources: PushedSources | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        headers = read_headers(scope["headers"])
        try:
            answer = await self._answer(scope, headers, receive)
        except _Problem as problem:
            answer = _render(problem, scope, headers)
        except NgsiLdError as error:
            answer = error_answer(error, scope["path"], headers.get(b"accept", b""))
        await answer.send(send, with_body=scope["method"] != "HEAD")

    async def report(self, worker: str) -> None:
        """Keep the counts of this process where the console finds them."""
        if self._sources is not None:
            await self._sources.report(worker)

    async def _answer(self, scope: Scope, headers: Headers, receive: Receive) -> Answer:
        if scope["method"] != "POST":
            raise _Problem(405, "Readings are pushed with POST.", (b"allow", b"POST"))
        pushed = await self._find(scope["path"].removeprefix(PREFIX))
        await self._require_key(headers, pushed)
        _require_form(headers, pushed)
        raw = await BodyReader(receive, pushed.source.file.mapping.dialect.max_bytes).read()
        if not raw.strip():
            raise _Problem(400, "The body is empty.")
        return _tell(await pushed.take(_message(scope, headers, pushed, raw)))

    async def _find(self, name: str) -> PushedSource:
        from .sources import PushedSources, SourceBroken

        if self._sources is None:
            self._sources = PushedSources(self._folders, self._models, self._database, self._writer)
        try:
            pushed = await self._sources.find(name)
        except SourceBroken:
            raise _Problem(
                503,
                f"The source {name!r} has mistakes; `mimas adapters list` tells whoever runs the platform.",
                (b"retry-after", b"60"),
            ) from None
        if pushed is None:
            raise _Problem(
                404, f"There is no enabled source {name[:100]!r} that takes what is pushed (source: http)."
            )
        return pushed

    async def _require_key(self, headers: Headers, pushed: PushedSource) -> None:
        key = key_of(headers)
        challenge = (b"www-authenticate", b'Bearer realm="mimas"')
        name = pushed.source.name
        if key is None:
            raise _Problem(
                401,
                f"Send the source's key (Authorization: Bearer ...); `mimas adapters key {name}` makes one.",
                challenge,
            )
        token = await self._keys.find(key)
        if token is None:
            raise _Problem(401, "The key is unknown or has been revoked.", challenge)
        if not may_push(token, name, pushed.tenant):
            raise _Problem(403, f"The key is not for the source {name!r}.")


def _require_form(headers: Headers, pushed: PushedSource) -> None:
    encoding = headers.get(b"content-encoding", b"identity").decode("latin-1").lower()
    if encoding != "identity":
        raise _Problem(
            415, f"The body is encoded as {encoding}: send it as it is.", (b"accept-encoding", b"identity")
        )
    essence = headers.get(b"content-type", b"").decode("latin-1").partition(";")[0].strip().lower()
    allowed = pushed.source.media_types()
    if not essence or essence in allowed:
        return
    if essence.endswith("+json") and "application/json" in allowed:
        return
    hint = " That is what curl sends unless told otherwise." if essence == _FORM else ""
    raise _Problem(
        415,
        f"The source {pushed.source.name!r} takes {' or '.join(allowed)}, not {essence}.{hint}",
        (b"accept-post", ", ".join(allowed).encode()),
    )


def _message(scope: Scope, headers: Headers, pushed: PushedSource, raw: bytes) -> Any:
    from mimas.adapters.messages import Message

    try:
        query = dict(parse_qsl(scope["query_string"].decode("ascii"), max_num_fields=50))
    except ValueError:
        raise _Problem(400, "The query is not percent-encoded UTF-8 or has too many parameters.") from None
    key = headers.get(b"idempotency-key", b"").decode("latin-1")[:200]
    return Message(pushed.source.name, pushed.source.place_of(query), raw, datetime.now(UTC), key=key)


def _tell(taken: Any) -> Answer:
    """200 when everything is taken, 202 when something waits in the quarantine."""
    body: dict[str, Any] = {
        "accepted": taken.accepted,
        "skipped": taken.skipped,
        "repeated": taken.repeated,
        "quarantined": len(taken.refusals),
    }
    if taken.refusals:
        body["refusals"] = [
            {"stage": each.stage, "place": each.place, "reason": each.reason, "mend": each.mend}
            for each in (refusal.rejection for refusal in taken.refusals[:MAX_REFUSALS])
        ]
    return json_answer(body, status=202 if taken.refusals else 200)


def _render(problem: _Problem, scope: Scope, headers: Headers) -> Answer:
    document = {
        "type": "about:blank",
        "title": _TITLES[problem.status],
        "status": problem.status,
        "detail": problem.detail,
    }
    return problem_answer(document, scope["path"], headers.get(b"accept", b""), *problem.headers)
