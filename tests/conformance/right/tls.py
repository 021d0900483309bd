"""A right TLS server, signed by an authority of the tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.conformance.servers.certificates import authority, write_pair
from tests.conformance.servers.secured import hello, secured, server_context

from mimas.conformance.http_server import Received, Reply
from mimas.conformance.target import Target
from mimas.conformance.testing import serving, target_of


@pytest.fixture(scope="session")
def right_tls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """An https server with HSTS, whose plain port sends on to it."""
    folder = tmp_path_factory.mktemp("tls")
    trusted = authority().write(folder / "ca.pem")
    pair = write_pair(folder)
    with secured(hello, server_context(pair)) as url:

        def send_on(received: Received) -> Reply:
            return Reply(308, b"", {"Location": url + received.path})

        with serving(send_on) as plain:
            port = int(plain.rpartition(":")[2])
            yield target_of("tls", url, ca_file=trusted, interface={"options": {"plain-port": port}})


@pytest.fixture(scope="session")
def right_client_certificates(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """A listener that wants to see certificates of its clients."""
    folder = tmp_path_factory.mktemp("mtls")
    trusted = authority().write(folder / "ca.pem")
    context = server_context(write_pair(folder), client_authority=trusted)
    with secured(hello, context) as url:
        yield target_of("tls", url, ca_file=trusted, interface={"options": {"client-certificate": True}})
