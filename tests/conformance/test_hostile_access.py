"""Targets that mean harm or are broken beyond sense end in a clear verdict, in time, never in a pass."""

from __future__ import annotations

import itertools
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from tests.conformance.servers.certificates import authority, write_pair
from tests.conformance.servers.secured import secured, server_context

from mimas.conformance.catalogue import load_catalogue
from mimas.conformance.checks import all_checks
from mimas.conformance.http_server import Received, Reply
from mimas.conformance.runner import Run, Runner
from mimas.conformance.session import Session
from mimas.conformance.target import Credential, Interface, Limits, Target
from mimas.conformance.testing import serving
from mimas.conformance.verdicts import Verdict

JSON = {"Content-Type": "application/json"}
BODY = b'{"issuer": 1, "keys": 2, "openapi": "3.1.0", "paths": {"/x": {"get": {}}}, "items": [{"id": 1}]}'
IMPATIENT = Limits(
    requests_per_second=2000, concurrency=16, timeout=0.4, max_bytes=2_000_000, check_seconds=4
)
ENVIRONMENT = {"HOSTILE_TOKEN": "hostile-token-value", "HOSTILE_CLIENT": "hostile-client-secret"}
CREDENTIALS = {
    **{role: Credential("HOSTILE_TOKEN") for role in ("token", "reader", "expired", "disabled", "id-token")},
    "client": Credential("HOSTILE_CLIENT", scheme="oauth2", user="app"),
    "other-client": Credential("HOSTILE_CLIENT", scheme="oauth2", user="other"),
    "device": Credential("HOSTILE_CLIENT", scheme="basic", user="device"),
}
MECHANISMS = ("openapi-rest", "oidc")


@contextmanager
def raw(talk: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server that does with each connection what `talk` does."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        ends = threading.Event()

        def one(connection: socket.socket) -> None:
            with connection:
                try:
                    talk(connection)
                except OSError:
                    return

        def serve() -> None:
            while not ends.is_set():
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                threading.Thread(target=one, args=(connection,), daemon=True).start()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            ends.set()
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


def stalls(connection: socket.socket) -> None:
    """Takes the connection and says nothing."""
    connection.recv(1)
    time.sleep(2)


def endless_headers(connection: socket.socket) -> None:
    """Headers without end."""
    connection.recv(4096)
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    for number in itertools.count():
        connection.sendall(b"X-More-%d: %s\r\n" % (number, b"x" * 1000))


def drips(connection: socket.socket) -> None:
    """A byte now and then, of what begins like TLS."""
    connection.recv(4096)
    for byte in itertools.chain(b"\x16\x03\x03\x40\x00", itertools.repeat(2, 30)):
        connection.sendall(bytes([byte]))
        time.sleep(0.05)


def garbage(connection: socket.socket) -> None:
    """No protocol at all."""
    connection.recv(4096)
    connection.sendall(b"\xff\x00" * 500)


def huge() -> Iterator[bytes]:
    """100 MB of a JSON that begins well."""
    yield b'{"issuer": "x", "keys": ["'
    yield from itertools.repeat(b"x" * 100_000, 1000)


ANSWERS: dict[str, Callable[[Received], Reply]] = {
    "always 200": lambda _: Reply(200, BODY, JSON),
    "always an empty 200": lambda _: Reply(200),
    "always 400": lambda _: Reply(400, b'{"title": "no"}', {"Content-Type": "application/problem+json"}),
    "always 401": lambda _: Reply(401, b"{}", {**JSON, "WWW-Authenticate": 'Bearer realm="x"'}),
    "a plain web site": lambda _: Reply(
        200, b"<html><script>alert(1)</script>", {"Content-Type": "text/html"}
    ),
    "a redirect loop": lambda received: Reply(302, b"", {"Location": received.path}),
    "a redirect to itself and on": lambda received: Reply(307, b"", {"Location": f"{received.path}x"}),
    "100 MB": lambda _: Reply(200, b"", JSON, stream=huge()),
    "deep JSON": lambda _: Reply(200, b"[" * 100_000, JSON),
    "a list of lists": lambda _: Reply(200, b"[[[1], 2], 3]", JSON),
    "a YAML that unfolds": lambda _: Reply(200, BOMB, {"Content-Type": "application/yaml"}),
}
BOMB = (
    "openapi: 3.1.0\na0: &a0 [x, x]\n"
    + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 60))
    + "paths: {/x: {get: {x: *a59}}}\n"
).encode()
CONNECTIONS = {"stalls": stalls, "endless headers": endless_headers, "drips": drips, "garbage": garbage}


def run(target: Target, *mechanisms: str) -> Run:
    """All checks of these mechanisms against a target that may not be harmed back."""
    wanted = replace(target, credentials=CREDENTIALS, limits=IMPATIENT, writes="anything")
    session = Session(wanted, environment=ENVIRONMENT)
    try:
        checks = [
            each for each in all_checks() if each.mechanism in mechanisms and not each.id.startswith("OGC")
        ]
        return Runner(session, strict=True).run(load_catalogue().requirements, checks)
    finally:
        session.close()


def wrong(found: Run) -> dict[str, str]:
    """Checks that passed, and those that broke by themselves."""
    return {
        each.check.id: each.message
        for each in found.checks
        if each.verdict is Verdict.PASS or "The check itself broke" in each.message
    }


@pytest.mark.parametrize("name", ANSWERS)
def test_a_hostile_service_never_passes(name: str) -> None:
    """Whatever it answers, no check of REST or OpenID Connect passes or breaks, and the run ends."""
    began = time.monotonic()
    with serving(ANSWERS[name]) as url:
        interfaces = {each: Interface(each, url) for each in MECHANISMS}
        found = run(Target("hostile", interfaces), *MECHANISMS)

    assert wrong(found) == {}
    assert found.verdict in (Verdict.FAIL, Verdict.ERROR)
    assert time.monotonic() - began < 25


@pytest.mark.parametrize("name", CONNECTIONS)
def test_a_hostile_listener_never_passes(name: str) -> None:
    """What is no HTTP, no TLS and no MQTT ends in a verdict, not in a hang."""
    with raw(CONNECTIONS[name]) as port:
        interfaces = {
            "tls": Interface("tls", f"https://127.0.0.1:{port}"),
            "mqtt": Interface("mqtt", f"mqtts://127.0.0.1:{port}"),
            "oidc": Interface("oidc", f"http://127.0.0.1:{port}"),
        }
        found = run(Target("hostile", interfaces), *interfaces)

    assert wrong(found) == {}


def test_a_certificate_for_another_name_ends_the_run(tmp_path: Path) -> None:
    """Nothing passes over a connection to somebody else but what is said of TLS itself."""
    context = server_context(write_pair(tmp_path, names=("other.example",)))
    with secured(lambda _: Reply(200, BODY, JSON), context) as url:
        interfaces = {each: Interface(each, url) for each in ("openapi-rest", "oidc", "tls")}
        target = Target("hostile", interfaces, ca_file=authority().write(tmp_path / "ca.pem"))
        found = run(target, *interfaces)

    passed = set(wrong(found))
    assert all(each.startswith("TLS.") for each in passed)
    assert "TLS.certificate.name" not in passed
    assert found.verdict in (Verdict.FAIL, Verdict.ERROR)


def test_hostile_servers_are_many_at_once() -> None:
    """The limit of silence holds for each origin alone."""
    with ExitStack() as stack:
        urls = [stack.enter_context(serving(ANSWERS[name])) for name in ("always 400", "a redirect loop")]
        found = run(
            Target(
                "two",
                {"openapi-rest": Interface("openapi-rest", urls[0]), "oidc": Interface("oidc", urls[1])},
            ),
            *MECHANISMS,
        )

    assert wrong(found) == {}
