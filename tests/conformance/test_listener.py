"""The listener and the small server behind it."""

from __future__ import annotations

import threading

import httpx
import pytest

from mimas.conformance.checking import Manner, open_listener
from mimas.conformance.http_server import Reply
from mimas.conformance.listener import Listener
from mimas.conformance.target import Interface, Target


def test_each_inbox_hears_its_own(listener: Listener) -> None:
    """Any method, path and query; elsewhere is 404."""
    first, second = listener.open(), listener.open(lambda received: Reply(503))
    answers = [
        httpx.put(f"{first.url}/a?b=1", content=b"x", trust_env=False).status_code,
        httpx.post(second.url, content=iter([b"chunk", b"ed"]), trust_env=False).status_code,
        httpx.get(f"{listener.url}/nobody", trust_env=False).status_code,
    ]

    assert answers == [200, 503, 404]
    assert [(each.method, each.path, each.body) for each in first.received] == [("PUT", "/a?b=1", b"x")]
    assert second.received[0].body == b"chunked"


def test_waiting_ends_with_what_came(listener: Listener) -> None:
    """As soon as there is enough, or when the time is over."""
    inbox = listener.open()
    threading.Timer(0.05, lambda: httpx.post(inbox.url, json={"n": 1}, trust_env=False)).start()

    assert [each.json() for each in inbox.wait(1, seconds=5)] == [{"n": 1}]
    assert len(inbox.wait(2, seconds=0.05)) == 1
    assert inbox.wait(1, seconds=0.0, where=lambda received: received.method == "PUT") == []


def test_a_closed_inbox_is_not_there(listener: Listener) -> None:
    """What a target still sends is refused."""
    inbox = listener.open()
    listener.close_inbox(inbox)

    assert httpx.post(inbox.url, trust_env=False).status_code == 404


def test_the_public_url_is_what_the_target_is_told() -> None:
    """Behind a proxy that keeps or removes its prefix."""
    listener = Listener(public_url="https://checker.example/hook")
    inbox = listener.open()
    port = listener._server.server_address[1]
    path = inbox.url.removeprefix("https://checker.example")
    status = httpx.post(f"http://127.0.0.1:{port}{path}", trust_env=False).status_code
    listener.close()

    assert (inbox.url.startswith("https://checker.example/hook/"), status) == (True, 200)


@pytest.mark.parametrize(
    ("url", "there"),
    [("http://127.0.0.1:1", True), ("http://localhost:1", True), ("https://broker.example", False)],
)
def test_there_is_a_listener_only_where_the_target_can_call_it(url: str, there: bool) -> None:
    """Elsewhere the user says where."""
    listener = open_listener(Target("x", {"ngsi-ld": Interface("ngsi-ld", url)}), Manner())
    if listener:
        listener.close()

    assert (listener is not None) is there
