"""Servers that fool, refuse or wear one down: each interface of geodata ends in clear verdicts there."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.conformance.servers.certificate import self_signed, serving_tls

from mimas.conformance.catalogue import load_catalogue
from mimas.conformance.checks import all_checks
from mimas.conformance.discovery import discover
from mimas.conformance.http_server import Answering, Received, Reply
from mimas.conformance.runner import Run, Runner
from mimas.conformance.session import Session
from mimas.conformance.target import Interface, Limits, Target
from mimas.conformance.testing import serving
from mimas.conformance.verdicts import Verdict

MECHANISMS = ("ogcapi-features", "ogcapi-processes", "wfs", "sensorthings", "algorithm-register")
HTML, JSON = {"Content-Type": "text/html; charset=utf-8"}, {"Content-Type": "application/json"}
TOWN = b"<!doctype html><html><title>Our town</title><h1>Welcome</h1><a href='/news'>News</a></html>"
WORDS = b"<html><body>WFS_Capabilities FeatureCollection Things conformsTo links</body></html>"
BEGINNING = b'{"links": [], "conformsTo": [], "value": [{"name": "Things"}], "collections": ['


def web_site(received: Received) -> Reply:
    """A plain web site: a page, and 404 for the rest."""
    return (
        Reply(200, TOWN, HTML) if received.path in ("/", "/news") else Reply(404, b"<h1>Not found</h1>", HTML)
    )


def redirects(received: Received) -> Reply:
    """Two pages that send on to each other."""
    return Reply(302, b"", {"Location": "/b" if received.path == "/a" else "/a"})


def hangs(_: Received) -> Reply:
    """Nothing comes for longer than anybody waits."""
    time.sleep(0.5)
    return Reply(200)


def half_dead(_: Received) -> Reply:
    """A promising beginning, then a byte now and then."""
    return Reply(200, stream=itertools.chain([BEGINNING], _drops()), headers=JSON)


def _drops() -> Iterator[bytes]:
    while True:
        time.sleep(0.02)
        yield b" "


HOSTILE: dict[str, Answering] = {
    "a plain web site": web_site,
    "200 and HTML for everything": lambda _: Reply(200, TOWN, HTML),
    "200 and HTML with the right words": lambda _: Reply(200, WORDS, HTML),
    "200 and the right words as XML": lambda _: Reply(200, WORDS, {"Content-Type": "text/xml"}),
    "200 and an empty object for everything": lambda _: Reply(200, b"{}", JSON),
    "200 and nested lists": lambda _: Reply(200, b"[" * 50_000, JSON),
    "200 and numbers where objects are due": lambda _: Reply(200, b'{"links": [1], "value": [2]}', JSON),
    "400 for everything": lambda _: Reply(400, b'{"title": "no"}', JSON),
    "404 for everything": lambda _: Reply(404, b"{}", JSON),
    "500 for everything": lambda _: Reply(500, b"oops", {}),
    "hangs": hangs,
    "half dead": half_dead,
    "endless body": lambda _: Reply(200, stream=itertools.repeat(BEGINNING), headers=JSON),
    "redirect loop": redirects,
}


def checked(target: Target) -> Run:
    """A run of all checks of these interfaces."""
    session = Session(target, environment={})
    checks = [each for each in all_checks() if each.mechanism in target.interfaces]
    named = {name for each in checks for name in each.requirements}
    requirements = [each for each in load_catalogue().requirements if each.id in named]
    try:
        return Runner(session).run(requirements, checks)
    finally:
        session.close()


def claiming(url: str) -> Target:
    """A target that claims every interface at one URL, and lets everything be written."""
    limits = Limits(requests_per_second=2000, timeout=0.2, max_bytes=300_000, check_seconds=5.0)
    interfaces = {each: Interface(each, url) for each in MECHANISMS}
    return Target("hostile", interfaces, writes="anything", limits=limits)


def expect_clear(run: Run) -> None:
    """No pass, no crash, and the run is not conformant."""
    passed = [each.check.id for each in run.checks if each.verdict is Verdict.PASS]
    crashed = {each.check.id: each.message for each in run.checks if "itself broke" in each.message}

    assert (passed, crashed) == ([], {})
    assert run.verdict in (Verdict.FAIL, Verdict.ERROR)
    assert {each.mechanism for each in run.contacts if each.verdict is not Verdict.PASS} == set(MECHANISMS)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_server_ends_in_clear_verdicts(name: str) -> None:
    """Never in a pass, a crash or a hang, whichever interface is claimed there."""
    started = time.monotonic()
    with serving(HOSTILE[name]) as url:
        run = checked(claiming(url))

    expect_clear(run)
    assert time.monotonic() - started < 20


def test_a_wrong_certificate_ends_in_errors_that_name_it(tmp_path: Path) -> None:
    """Nobody's data are read over a connection that could be somebody else's."""
    with serving_tls(web_site, *self_signed(tmp_path)) as url:
        run = checked(claiming(url))

    expect_clear(run)
    assert all("certificate verify failed" in each.message.lower() for each in run.contacts)


@pytest.mark.parametrize(
    "name", [each for each in HOSTILE if each not in ("hangs", "half dead", "endless body")]
)
def test_nothing_is_discovered_on_a_hostile_server(name: str) -> None:
    """`mimas check URL` claims none of these interfaces there."""
    with serving(HOSTILE[name]) as url:
        assert not set(discover(url, environment={}).interfaces) & set(MECHANISMS)


@contextmanager
def _silent_port() -> Iterator[str]:
    """A port nobody listens on any more."""
    with serving(web_site) as url:
        pass
    yield url


def test_a_dead_server_ends_in_errors() -> None:
    """Each check says that nothing answers."""
    with _silent_port() as url:
        run = checked(claiming(url))

    expect_clear(run)
    assert run.verdict is Verdict.ERROR
