"""A fault of any right HTTP service, declared in a line or two."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from urllib.parse import unquote

from mimas.conformance.http_server import Received, Reply
from mimas.conformance.testing import Forward, broken_server
from mimas.conformance.testing.broken import MustCatch

Change = Callable[[Received, Forward], Reply]
When = Callable[[Received], bool]


def name_of(prefix: str, sentence: str) -> str:
    """A name for the fault that a sentence describes."""
    return f"{prefix}_" + re.sub(r"[^a-z0-9]+", "_", sentence.lower()).strip("_")


def faults_of(right: str) -> Callable[..., None]:
    """Declares faults of one right target: `fault(sentence, caught_by, when, then)`."""

    def fault(
        sentence: str,
        caught_by: str | Iterable[str],
        when: When,
        then: Change,
        *,
        must_catch: MustCatch | None = None,
        verdict: str = "fail",
    ) -> None:
        def answer(received: Received, forward: Forward) -> Reply:
            return then(received, forward) if when(received) else forward(received)

        answer.__name__ = name_of(right.replace("-", "_"), sentence)
        answer.__doc__ = sentence
        broken_server(
            right=right,
            caught_by=caught_by.split() if isinstance(caught_by, str) else caught_by,
            must_catch=must_catch,
            verdict=verdict,
        )(answer)

    return fault


def on(methods: str, pattern: str) -> When:
    """Requests of these methods (`*` for all) whose path with its query has the pattern."""
    wanted = re.compile(pattern)

    def picks(received: Received) -> bool:
        return methods in ("*", received.method) and bool(wanted.search(unquote(received.path)))

    return picks


def anonymous(received: Received) -> bool:
    """Whether nobody says who they are."""
    return "authorization" not in received.headers
