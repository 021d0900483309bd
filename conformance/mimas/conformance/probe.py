"""What a check gets: a polite, recording, limited way to the target, and a place for what it must undo."""

from __future__ import annotations

import socket
import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
import orjson

from .answer import Answer
from .evidence import SHORTEST_SECRET, Evidence, Exchange, secrets_in
from .http_server import Answering, Received, Reply
from .listener import Inbox
from .session import Request, Session, basic_pair, origin_of
from .target import Interface, Limits, Sample, Target
from .verdicts import CheckError, NoAnswer, NotTested

USER_AGENT = "mimas-check"
REDIRECTS = frozenset({301, 302, 303, 307, 308})


@dataclass
class Probe:
    """One check's view of the target. All calls go through `send` or `fetch`, which keep them as evidence."""

    session: Session
    mechanism: str
    check_id: str
    evidence: Evidence
    facts: dict[str, Any] = field(default_factory=dict)
    _undo: list[Callable[[], None]] = field(default_factory=list)
    _inboxes: list[Inbox] = field(default_factory=list)
    _names: int = 0
    _cleaning: bool = False
    _ends: float = 0.0

    def __post_init__(self) -> None:
        self._ends = time.monotonic() + self.limits.check_seconds

    # -- what is known of the target

    @property
    def target(self) -> Target:
        """The whole target: what it claims, allows and offers."""
        return self.session.target

    @property
    def interface(self) -> Interface:
        """The interface under check; checks of documents and samples have none."""
        return self.target.interfaces[self.mechanism]

    @property
    def limits(self) -> Limits:
        """The target's limits."""
        return self.target.limits

    def option(self, name: str, default: Any = None) -> Any:
        """A value the target gives under `options` of the interface."""
        return self.interface.options.get(name, default)

    def secret(self, role: str) -> str:
        """The secret of a role; NotTested when the target names none."""
        secret = self.session.secret(role)
        if secret is None:
            raise NotTested(f"The target names no credential {role!r}, or its environment variable is empty.")
        return secret

    def keep_secret(self, value: str) -> str:
        """The value, which from now on is masked in all evidence of the run: a token that was just issued."""
        if len(value) >= SHORTEST_SECRET:
            self.session.keep_secret(value)
            self.evidence.secrets |= {value}
        return value

    def sample_files(self) -> tuple[Sample, ...]:
        """The sample files the target offers; NotTested when there are none."""
        if not self.target.samples:
            raise NotTested("The target offers no sample files.")
        return self.target.samples

    def read_file(self, path: Path) -> bytes:
        """A file the user offers; one that cannot be read, or is too large, is a CheckError."""
        try:
            if path.stat().st_size > self.limits.max_bytes:
                raise CheckError(f"{path.name} is larger than {self.limits.max_bytes} bytes.")
            return path.read_bytes()
        except OSError as error:
            raise CheckError(f"{path} cannot be read: {error.strerror}") from error

    def document(self, name: str) -> bytes:
        """A document offered as evidence, from its file or its URL; NotTested when it is not offered."""
        place = self.target.documents.get(name)
        if place is None:
            raise NotTested(f"The target offers no document {name!r}.")
        if urlsplit(place).scheme in ("http", "https"):
            return self.fetch(place).expect(200).body
        return self.read_file(Path(place))

    # -- calls

    def url(self, path: str) -> str:
        """`path` below the interface's base URL; absolute URLs stay as they are."""
        if urlsplit(path).scheme:
            return path
        return f"{self.interface.url}/{path.lstrip('/')}" if path else self.interface.url

    def get(self, path: str, **headers: str) -> Answer:
        """GET; header names with underscores instead of hyphens."""
        return self.send("GET", path, headers=_with_hyphens(headers))

    def read(self, path: str, **headers: str) -> Answer:
        """GET that the whole run sends only once: for what does not change (landing page, description)."""
        request = self._request("GET", path, _with_hyphens(headers), None, "token")
        key = (request.url, tuple(sorted(request.headers.items())))
        answer, exchange = self.session.read_once(key, lambda: self._exchange(request))
        self.evidence.add(exchange)
        return _answered(answer, exchange)

    def send(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes | str | None = None,
        json: Any = None,
        role: str | None = "token",
    ) -> Answer:
        """One request and its whole answer; a redirect is an answer. None within the limits is NoAnswer.

        `role` names the credential that goes along, only to the interface's own origin; None sends none.
        """
        body = orjson.dumps(json) if json is not None else content
        sent = dict(headers or {})
        if json is not None and not any(name.lower() == "content-type" for name in sent):
            sent["Content-Type"] = "application/json"
        request = self._request(method, path, sent, body, role)
        answer, exchange = self._exchange(request)
        self.evidence.add(exchange)
        return _answered(answer, exchange)

    def fetch(self, url: str, *, accept: str = "*/*", redirects: int = 5) -> Answer:
        """GET of something that an answer or the user points to, wherever it is.

        Without credentials; each hop passes the guard and is kept as evidence; a loop is a CheckError.
        """
        seen: list[str] = []
        while len(seen) <= redirects:
            answer = self.send("GET", url, headers={"Accept": accept}, role=None)
            seen.append(url)
            if answer.status not in REDIRECTS or "location" not in answer.headers:
                return answer
            url = urljoin(url, answer.headers["location"])
            if url in seen:
                raise CheckError(f"{seen[0]} redirects in a loop by way of {url}.")
        raise CheckError(f"{seen[0]} redirects more than {redirects} times.")

    def connect(self, host: str, port: int) -> socket.socket:
        """A TCP connection to something that is no HTTP, past the guard and at the pace of the run.

        Its timeout is that of one answer. ConnectionError when nobody listens there, NoAnswer otherwise.
        """
        if self.session.stop.is_set():
            raise NotTested("The run was stopped.")
        return self.session.connect(host, port)

    def saw(self, said: str, place: str, heard: str, *, error: str | None = None) -> None:
        """Keep an exchange that is no HTTP as evidence: what was done (one word first), where, what came."""
        word, _, rest = said.partition(" ")
        exchange = Exchange(
            started=datetime.now(UTC),
            milliseconds=0.0,
            method=word,
            url=self.evidence.mask(place),
            request_body=self.evidence.mask(rest) if rest else None,
            response_body=self.evidence.mask(heard),
            error=self.evidence.mask(error) if error else None,
        )
        self.evidence.add(exchange)

    # -- writing

    def unique(self, word: str = "thing") -> str:
        """A word that no other check and no other run uses."""
        self._names += 1
        place = f"{zlib.crc32(self.check_id.encode()):08x}"
        return f"mimas-check-{self.session.run_id}-{place}-{word}{self._names}"

    def leave_clean(self, undo: Callable[[], None]) -> None:
        """Remember what removes something this check is about to write; run last-in first-out, always."""
        self._undo.append(undo)

    def delete_afterwards(self, path: str, *, headers: Mapping[str, str] | None = None) -> None:
        """Remember to DELETE `path`; that it is gone already is as good."""

        def delete() -> None:
            answer = self.send("DELETE", path, headers=headers)
            if answer.status not in (200, 202, 204, 404, 410):
                raise CheckError(f"{answer.url} could not be removed: {answer.status}")

        self.leave_clean(delete)

    def clean_up(self) -> list[str]:
        """Undo all writes; what could not be undone is said, not hidden."""
        failures = []
        self._cleaning = True  # a stopped run and an overdue check still clean up
        while self._undo:
            try:
                self._undo.pop()()
            except Exception as error:  # whatever it is, the others must still be undone
                failures.append(str(error))
        for inbox in self._inboxes:
            assert self.session.listener
            self.session.listener.close_inbox(inbox)
        return failures

    # -- listening and remembering

    def listen(self, answering: Answering | None = None) -> Inbox:
        """A URL that the target can call, open until the check ends; what comes in is kept as evidence.

        `answering` makes it a context source, or an endpoint that fails.
        """
        listener = self.session.listener
        if listener is None:
            raise NotTested("There is no listener that the target can call; see --listener.")
        inbox = listener.open(lambda received: self._heard(received, answering))
        self._inboxes.append(inbox)
        return inbox

    def note(self, name: str, value: Any) -> None:
        """Keep a fact in the report, for people and for a later run that gets this one as --baseline."""
        self.facts[name] = value

    def earlier(self, name: str) -> Any:
        """What this check noted in the run given as --baseline; NotTested without one."""
        if self.session.baseline is None:
            raise NotTested("There is no earlier run to compare with; give its JSON report as --baseline.")
        for entry in self.session.baseline.get("checks", ()):
            if entry.get("id") == self.check_id and name in entry.get("facts", {}):
                return entry["facts"][name]
        raise NotTested(f"The earlier run has no {name!r} of this check.")

    # -- inside

    def _request(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        content: bytes | str | None,
        role: str | None,
    ) -> Request:
        url = self.url(path)
        sent = {"User-Agent": USER_AGENT, "Accept-Encoding": "identity", **headers}
        if self._is_own(url):
            sent = {**self._own_headers(role), **sent}
        return Request(method, url, sent, content.encode() if isinstance(content, str) else content)

    def _is_own(self, url: str) -> bool:
        own = self.target.interfaces.get(self.mechanism)
        return own is not None and origin_of(url) == origin_of(own.url)

    def _own_headers(self, role: str | None) -> dict[str, str]:
        headers = {}
        if self.mechanism == "ngsi-ld" and self.target.tenant:
            headers["NGSILD-Tenant"] = self.target.tenant
        secret = self.session.secret(role) if role else None
        if role and secret:
            credential = self.target.credentials[role]
            if credential.scheme == "bearer":
                headers["Authorization"] = f"Bearer {secret}"
            elif credential.scheme == "basic":
                headers["Authorization"] = f"Basic {basic_pair(credential.user, secret)}"
            elif credential.scheme == "header":
                headers[credential.header] = secret
        return headers

    def _exchange(self, request: Request) -> tuple[Answer | None, Exchange]:
        if not self._cleaning and self.session.stop.is_set():
            raise NotTested("The run was stopped.")
        if not self._cleaning and time.monotonic() > self._ends:
            raise CheckError(f"The check went on for more than {self.limits.check_seconds:g} s.")
        started, clock = datetime.now(UTC), time.perf_counter()
        answer: Answer | None = None
        problem: str | None = None
        try:
            answer = self.session.exchange(request)
            for secret in secrets_in(answer.headers.multi_items(), answer.body):
                self.keep_secret(secret)
        except NoAnswer as error:
            problem = error.message
        return answer, self._record(request, answer, problem, started, time.perf_counter() - clock)

    def _record(
        self,
        request: Request,
        answer: Answer | None,
        problem: str | None,
        started: datetime,
        seconds: float,
    ) -> Exchange:
        mask = self.evidence.mask
        return Exchange(
            started=started,
            milliseconds=seconds * 1000,
            method=request.method,
            url=mask(request.url),
            request_headers=self.evidence.mask_headers(request.headers.items()),
            request_body=mask(request.body.decode("utf-8", "replace")) if request.body is not None else None,
            status=answer.status if answer else None,
            response_headers=self.evidence.mask_headers(answer.headers.multi_items()) if answer else (),
            response_body=mask(answer.body.decode("utf-8", "replace")) if answer else None,
            error=mask(problem) if problem else None,
        )

    def _heard(self, received: Received, answering: Answering | None) -> Reply:
        reply = answering(received) if answering else Reply(200)
        request = Request(received.method, f"listener:/{received.path}", received.headers, received.body)
        said = Answer(reply.status, httpx.Headers(dict(reply.headers)), reply.body, request.url)
        exchange = self._record(request, said, None, received.at, 0.0)
        self.evidence.add(replace(exchange, incoming=True))
        return reply


def _answered(answer: Answer | None, exchange: Exchange) -> Answer:
    if answer is None:
        raise NoAnswer(exchange.error or "no answer")
    return answer


def _with_hyphens(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}
