"""HTTP servers with TLS, as right or as wrong as a test wants it."""

from __future__ import annotations

import socket
import ssl
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mimas.conformance.http_server import Answering, HttpServer, Received, Reply

HSTS = {"Strict-Transport-Security": "max-age=31536000"}


def hello(_: Received) -> Reply:
    """What the right server says."""
    return Reply(200, b'{"status": "ok"}', {"Content-Type": "application/json", **HSTS})


def server_context(
    pair: Path,
    *,
    ciphers: str | None = None,
    lowest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2,
    highest: ssl.TLSVersion = ssl.TLSVersion.MAXIMUM_SUPPORTED,
    client_authority: str | None = None,
) -> ssl.SSLContext:
    """A server's side of TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers(ciphers or "ECDHE+AESGCM:ECDHE+CHACHA20")
    context.load_cert_chain(pair)
    if client_authority:
        context.load_verify_locations(client_authority)
        context.verify_mode = ssl.CERT_REQUIRED
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = lowest
        context.maximum_version = highest
    return context


@contextmanager
def secured(answering: Answering, context: ssl.SSLContext) -> Iterator[str]:
    """An https server on loopback; gives its base URL. Handshakes take place on the caller's own thread."""
    server = HttpServer(answering)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    server.start()
    try:
        yield server.url.replace("http://", "https://")
    finally:
        server.end()


def closed_port() -> int:
    """A port of this machine at which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def is_open(port: int) -> bool:
    """Whether somebody listens at a port of this machine."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
