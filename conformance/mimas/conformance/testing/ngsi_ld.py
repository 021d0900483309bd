"""Ways to break an NGSI-LD broker, so that a fault of it is declared in a line or two."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

import httpx
import orjson

from ..http_server import Received, Reply
from .broken import MustCatch, broken_server
from .serving import Forward

Change = Callable[[Received, Forward], Reply]
When = Callable[[Received], bool]
JSON = {"Content-Type": "application/json"}
BASE = "/ngsi-ld/v1"
HOOK = "/mimas-check-hook/"


def fault(
    sentence: str,
    caught_by: str,
    when: When,
    then: Change,
    *,
    must_catch: MustCatch | None = None,
    verdict: str = "fail",
) -> None:
    """Declare that requests which `when` picks are done as `then` says.

    `caught_by` lists ids of checks, separated by blanks and without their `NGSI-LD.`
    """

    def answer(received: Received, forward: Forward) -> Reply:
        return then(received, forward) if when(received) else forward(received)

    answer.__name__ = re.sub(r"[^a-z0-9]+", "_", sentence.lower()).strip("_")
    answer.__doc__ = sentence
    broken_server(
        right="ngsi-ld",
        caught_by=[f"NGSI-LD.{each}" for each in caught_by.split()],
        must_catch=must_catch,
        verdict=verdict,
    )(answer)


# -- which requests


def on(methods: str, path: str, *, having: str = "") -> When:
    """Requests of these methods to a resource (`{}` is a step of its path) with this text in URL or body."""
    pattern = re.compile(re.escape(path).replace(r"\{\}", "[^/]+"))

    def picks(received: Received) -> bool:
        place = urlsplit(received.path)
        return (
            received.method in methods.split()
            and bool(pattern.fullmatch(place.path.removeprefix(BASE)))
            and having in unquote(received.path) + received.body.decode()
        )

    return picks


def either(*several: When) -> When:
    """What any of them picks."""
    return lambda received: any(each(received) for each in several)


def lacking(when: When, text: str) -> When:
    """What `when` picks, but for requests with this text in query or body."""
    return lambda received: when(received) and text not in unquote(received.path) + received.body.decode()


# -- what happens to the request


def without(*names: str) -> Change:
    """These query parameters are overlooked."""
    return lambda received, forward: forward(
        _asking(received, lambda name, value: name not in names and value)
    )


def rewritten(name: str, change: Callable[[str], str]) -> Change:
    """The value of a query parameter is taken for another."""

    def of(each: str, value: str) -> str:
        return change(value) if each == name else value

    return lambda received, forward: forward(_asking(received, of))


def sending(change: Callable[[Any], Any]) -> Change:
    """The body of the request is taken for another."""
    return lambda received, forward: forward(_with_body(received, change))


def headers_without(*names: str) -> Change:
    """These headers of the request are overlooked."""

    def breaks(received: Received, forward: Forward) -> Reply:
        kept = {name: value for name, value in received.headers.items() if name not in names}
        return forward(replace(received, headers=kept))

    return breaks


# -- what happens to the answer


def says(status: int, value: Any = None, **headers: str) -> Change:
    """The request is not looked at; the answer is always this."""
    body = value if isinstance(value, bytes) else b"" if value is None else orjson.dumps(value)
    sent = {
        **(JSON if value is not None else {}),
        **{name.replace("_", "-"): each for name, each in headers.items()},
    }
    return lambda _, __: Reply(status, body, sent)


def problem(status: int, name: str) -> Change:
    """The request is refused by a problem of NGSI-LD."""
    kind = f"https://uri.etsi.org/ngsi-ld/errors/{name}"
    return says(status, {"type": kind, "title": name, "detail": "because"})


def status(number: int) -> Change:
    """What is asked is done, and answered with another status."""
    return lambda received, forward: replace(forward(received), status=number)


def edited(change: Callable[[Any], Any]) -> Change:
    """The body of the answer is another."""

    def breaks(received: Received, forward: Forward) -> Reply:
        reply = forward(received)
        return reply.with_json(change(reply.json())) if reply.body else reply

    return breaks


def with_header(name: str, value: str | None) -> Change:
    """A header of the answer is another, or missing."""
    return lambda received, forward: forward(received).with_header(name, value)


def labelled(media_type: str) -> Change:
    """The answer has another Content-Type."""
    return with_header("Content-Type", media_type)


# -- what needs a memory


def from_nth(number: int, change: Change) -> Change:
    """Only the requests from the `number`th on are broken."""
    seen: list[Received] = []

    def breaks(received: Received, forward: Forward) -> Reply:
        seen.append(received)
        return change(received, forward) if len(seen) >= number else forward(received)

    return breaks


def cached() -> Change:
    """The first answer to a request is given for ever."""
    known: dict[str, Reply] = {}

    def breaks(received: Received, forward: Forward) -> Reply:
        return known.setdefault(received.path, forward(received))

    return breaks


# -- what happens to notifications


def notified(change: Callable[[Received, int], Received | None]) -> tuple[When, Change]:
    """Notifications of new subscriptions pass through `change`, with their number; None swallows one."""
    count: dict[str, int] = {}

    def picks(received: Received) -> bool:
        return received.path.startswith(HOOK) or on("POST", "/subscriptions")(received)

    def breaks(received: Received, forward: Forward) -> Reply:
        if received.path.startswith(HOOK):
            return _passed_on(received, change, count)
        hook = received.headers["host"].replace("127.0.0.1", "localhost")
        return forward(_with_body(received, lambda body: _hooked(body, f"http://{hook}{HOOK}")))

    return picks, breaks


def _hooked(body: Any, hook: str) -> Any:
    endpoint = body["notification"]["endpoint"]
    moved = {**endpoint, "uri": hook + quote(endpoint["uri"], safe="")}
    return {**body, "notification": {**body["notification"], "endpoint": moved}}


def _passed_on(
    received: Received, change: Callable[[Received, int], Received | None], count: dict[str, int]
) -> Reply:
    place = unquote(received.path.removeprefix(HOOK))
    count[place] = count.get(place, 0) + 1
    changed = change(received, count[place])
    if changed is not None:
        left_out = ("host", "connection", "content-length")
        headers = {name: value for name, value in changed.headers.items() if name not in left_out}
        httpx.request(changed.method, place, headers=headers, content=changed.body, trust_env=False)
    return Reply(200)


def _asking(received: Received, change: Callable[[str, str], str | bool]) -> Received:
    place = urlsplit(received.path)
    pairs = [(name, change(name, value)) for name, value in parse_qsl(place.query, keep_blank_values=True)]
    query = urlencode([(name, value) for name, value in pairs if value is not False])
    return replace(received, path=place.path + (f"?{query}" if query else ""))


def _with_body(received: Received, change: Callable[[Any], Any]) -> Received:
    try:
        value = orjson.loads(received.body)
    except orjson.JSONDecodeError:
        return received
    body = orjson.dumps(change(value))
    return replace(received, body=body, headers={**received.headers, "content-length": str(len(body))})
