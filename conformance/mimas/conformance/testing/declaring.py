"""Faults in a line or two, for any right target behind the proxy."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

from ..http_server import Received, Reply
from .broken import MustCatch, broken_server
from .serving import Forward

Change = Callable[[Received, Forward], Reply]
When = Callable[[Received], bool]
Declare = Callable[..., None]


def faults_of(right: str, prefix: str) -> Declare:
    """A function that declares faults of this right target; ids in `caught_by` go without the prefix.

    It takes a sentence, ids separated by blanks, which requests are broken (`asked`) and how (`says`, ...).
    """

    def fault(
        sentence: str,
        caught_by: str,
        when: When,
        then: Change,
        *,
        must_catch: MustCatch | None = None,
        verdict: str = "fail",
        right: str = right,
    ) -> None:
        def answer(received: Received, forward: Forward) -> Reply:
            return then(received, forward) if when(received) else forward(received)

        answer.__name__ = re.sub(r"[^a-z0-9]+", "_", f"{right} {sentence}".lower()).strip("_")
        answer.__doc__ = sentence
        broken_server(
            right=right,
            caught_by=[f"{prefix}{each}" for each in caught_by.split()],
            must_catch=must_catch,
            verdict=verdict,
        )(answer)

    return fault


def asked(pattern: str, *, having: str | Iterable[str] = "", lacking: str = "") -> When:
    """Requests whose path matches, whose query has all these texts and has not that one."""
    wanted = [having] if isinstance(having, str) else list(having)

    def picks(received: Received) -> bool:
        path, _, query = received.path.partition("?")
        query = unquote(query)
        return (
            bool(re.fullmatch(pattern, unquote(path)))
            and all(each in query for each in wanted)
            and not (lacking and lacking in query)
        )

    return picks


def changed(change: Callable[[Any], Any]) -> Change:
    """JSON bodies of successes are changed, in place or to what `change` returns."""

    def breaks(received: Received, forward: Forward) -> Reply:
        reply = forward(received)
        if reply.status >= 300 or reply.body.lstrip()[:1] not in (b"{", b"["):
            return reply
        value = reply.json()
        new = change(value)
        return reply.with_json(value if new is None else new)

    return breaks


def rewritten(old: str, new: str) -> Change:
    """A text of the body is another, wherever it stands; `old` is a regular expression."""

    def breaks(received: Received, forward: Forward) -> Reply:
        reply = forward(received)
        text = reply.body.decode("utf-8", "replace")
        return replace(reply, body=re.sub(old, new, text, flags=re.DOTALL).encode())

    return breaks


def asking(old: str, new: str) -> Change:
    """The request is taken for another, `old` (a regular expression) in its path and query replaced."""

    def breaks(received: Received, forward: Forward) -> Reply:
        return forward(replace(received, path=re.sub(old, new, unquote(received.path)).replace(" ", "%20")))

    return breaks
