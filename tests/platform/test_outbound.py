"""The outgoing guard: what it lets out, and that nothing gets past it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from typing import Any

import pytest

from mimas.platform.outbound import OutboundFailed, OutboundGuard, OutboundRefused, fetch, guarded_client


class Answers(BaseHTTPRequestHandler):
    """A server that redirects, answers much, or answers slowly."""

    def do_GET(self) -> None:
        """Do what the path says."""
        if self.path.startswith("/to/"):
            self.send_response(302)
            self.send_header("Location", self.path.removeprefix("/to/"))
            self.end_headers()
            return
        self.send_response(200)
        self.end_headers()
        if self.path == "/slow":
            self.server.released.wait(10)  # type: ignore[attr-defined]
        self.wfile.write(b"x" * (100_000 if self.path == "/much" else 5))

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    server.released = threading.Event()  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server.server_address[1]
    server.released.set()  # type: ignore[attr-defined]
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.8.9.1", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254"),
        *("100.64.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "192.0.2.1"),
        *("::1", "::", "fe80::1", "fc00::1", "fd12::1", "ff02::1", "2001:db8::1"),
        *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "2002:7f00:1::", "64:ff9b::7f00:1"),
    ],
)
def test_private_addresses_are_refused(address: str) -> None:
    """Loopback, private, link-local, multicast and reserved addresses, also inside IPv6 ones."""
    assert not OutboundGuard().allows(ip_address(address))


@pytest.mark.parametrize("address", ["9.9.9.9", "2620:fe::fe", "::ffff:9.9.9.9", "64:ff9b::909:909"])
def test_global_addresses_are_allowed(address: str) -> None:
    """What everybody reaches may be reached."""
    assert OutboundGuard().allows(ip_address(address))


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "017700000001",
        "0",
        "[::1]",
        "[::ffff:7f00:1]",
    ],
)
async def test_no_spelling_of_this_machine_gets_past(host: str, server: int) -> None:
    """Decimal, octal and hexadecimal hosts are judged by the address they become."""
    async with guarded_client(OutboundGuard()) as client:
        with pytest.raises((OutboundRefused, OutboundFailed)):
            await fetch(client, f"http://{host}:{server}/")


@pytest.mark.parametrize("allow", ["localhost", "127.0.0.0/8", "127.0.0.1", "LOCALHOST."])
async def test_allowed_hosts_and_networks_are_reached(allow: str, server: int) -> None:
    """MIMAS_OUTBOUND_ALLOW names hosts, addresses and networks."""
    async with guarded_client(OutboundGuard([allow, "::1"])) as client:
        answer = await fetch(client, f"http://localhost:{server}/")

    assert (answer.status, answer.body) == (200, b"xxxxx")


async def test_a_redirect_is_checked_again(server: int) -> None:
    """A host that may be reached cannot send us to one that may not."""
    async with guarded_client(OutboundGuard(["localhost"])) as client:
        with pytest.raises(OutboundRefused):
            await fetch(client, f"http://localhost:{server}/to/http://127.0.0.1:{server}/")


async def test_redirects_have_an_end(server: int) -> None:
    """A loop of redirects is a failure."""
    loop = f"http://localhost:{server}" + f"/to/http://localhost:{server}" * 8 + "/"
    async with guarded_client(OutboundGuard(["localhost"])) as client:
        with pytest.raises(OutboundFailed, match="redirects"):
            await fetch(client, loop)


async def test_an_answer_that_is_too_long_is_given_up(server: int) -> None:
    """A document is not read beyond the limit."""
    async with guarded_client(OutboundGuard(["localhost"])) as client:
        with pytest.raises(OutboundFailed, match="more than 1000 bytes"):
            await fetch(client, f"http://localhost:{server}/much", max_bytes=1000)


async def test_an_answer_that_takes_too_long_is_given_up(server: int) -> None:
    """The limit is on the whole answer, not on each read."""
    async with guarded_client(OutboundGuard(["localhost"])) as client:
        with pytest.raises(OutboundFailed, match="longer than"):
            await fetch(client, f"http://localhost:{server}/slow", max_seconds=0.2)


@pytest.mark.parametrize(
    "url", ["http://", "ftp://example.org/x", "http://exa mple.org", "http://[::1", "file:///etc/passwd"]
)
async def test_what_is_no_http_url_fails_plainly(url: str) -> None:
    """Whoever chose the URL gets an error, not a crash."""
    async with guarded_client(OutboundGuard()) as client:
        with pytest.raises(OutboundFailed):
            await fetch(client, url)
