"""A proxy that remembers: a real product is slow, and what nobody changed it says again."""

from __future__ import annotations

from collections.abc import Callable

from mimas.conformance.http_server import Received, Reply
from mimas.conformance.testing import Forward

_OTHERS = ("host", "connection", "user-agent")


def remembering(
    answer: Callable[[Received, Forward], Reply] = lambda received, forward: forward(received),
) -> Callable[[Received, Forward], Reply]:
    """Answers to GET are kept until anything else is asked."""
    known: dict[object, Reply] = {}

    def says(received: Received, forward: Forward) -> Reply:
        if received.method != "GET":
            known.clear()
            return answer(received, forward)
        headers = {name: value for name, value in received.headers.items() if name not in _OTHERS}
        key = (received.path, tuple(sorted(headers.items())))
        if key not in known:
            known[key] = answer(received, forward)
        return known[key]

    return says
