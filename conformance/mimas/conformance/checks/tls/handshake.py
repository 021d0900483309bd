"""One TLS handshake with a listener, and what it showed: a version, a certificate, or a refusal."""

from __future__ import annotations

import ssl
import threading
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from urllib.parse import urlsplit

from ...probe import Probe
from ...verdicts import CheckError, Failure, NoAnswer

PORTS = {"https": 443, "mqtts": 8883, "ssl": 8883, "wss": 443, "tls": 443}
OLD = (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1)
EVERY_CIPHER = "ALL:COMPLEMENTOFALL:@SECLEVEL=0"
_LOCAL = frozenset({"NO_CIPHERS_AVAILABLE", "NO_PROTOCOLS_AVAILABLE", "NO_CIPHER_MATCH", "INTERNAL_ERROR"})
_NO_TLS = frozenset(
    {"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG", "RECORD_LAYER_FAILURE"}
)
_making = threading.Lock()


@dataclass(frozen=True, slots=True)
class Listener:
    """Somewhere the product listens for TLS."""

    url: str
    host: str
    port: int

    @property
    def is_http(self) -> bool:
        """Whether HTTP is spoken inside."""
        return urlsplit(self.url).scheme == "https"


@dataclass(frozen=True, slots=True)
class Handshake:
    """What came of a handshake. `certificate` is the server's own (DER); `refused` says how it said no."""

    version: str | None = None
    cipher: str | None = None
    certificate: bytes | None = None
    refused: str | None = None


def listeners(probe: Probe) -> Iterator[Listener]:
    """The interface's own listener, and those of its option `listeners`."""
    for url in [probe.interface.url, *probe.option("listeners", [])]:
        parts = urlsplit(url)
        try:
            port = parts.port or PORTS.get(parts.scheme)
        except ValueError:
            port = None
        if not parts.hostname or port is None:
            raise CheckError(
                f"{url!r} is no TLS listener: write https://, mqtts:// or tls:// with host and port."
            )
        yield Listener(url, parts.hostname, port)


def shake(probe: Probe, listener: Listener, context: ssl.SSLContext, offer: str) -> Handshake:
    """One handshake; `offer` says in the evidence what the client offered.

    A refusal by the server is a result. CheckError when this machine's OpenSSL could not even offer it,
    Failure when no TLS is spoken there, NoAnswer when nothing comes.
    """
    place = f"tls://{listener.host}:{listener.port}"
    try:
        with probe.connect(listener.host, listener.port) as plain:
            done = _shake(plain, context, listener.host)
    except TimeoutError as error:
        probe.saw(f"TLS {offer}", place, "", error="no handshake within the time")
        raise NoAnswer(f"{place} ends no handshake within {probe.limits.timeout:g} s.") from error
    except ssl.SSLCertVerificationError as error:
        probe.saw(f"TLS {offer}", place, "", error=error.verify_message)
        raise
    except ssl.SSLError as error:
        done = _refusal(probe, place, offer, error)
    except OSError as error:
        if isinstance(error, ConnectionRefusedError):
            raise NoAnswer(f"Nobody listens at {place}.") from error
        done = Handshake(refused=f"connection closed ({type(error).__name__})")
    probe.saw(f"TLS {offer}", place, done.refused or f"{done.version}, {done.cipher}")
    return done


def _shake(plain: ssl.socket.socket, context: ssl.SSLContext, host: str) -> Handshake:  # type: ignore[name-defined]
    with context.wrap_socket(plain, server_hostname=host) as secured:
        cipher = secured.cipher()
        certificate = secured.getpeercert(binary_form=True)
        return Handshake(secured.version(), cipher[0] if cipher else None, certificate)


def _refusal(probe: Probe, place: str, offer: str, error: ssl.SSLError) -> Handshake:
    reason = error.reason or str(error)
    if reason in _LOCAL:
        probe.saw(f"TLS {offer}", place, "", error=f"this machine cannot offer it: {reason}")
        raise CheckError(f"This machine's OpenSSL cannot offer {offer} ({reason}), so nothing was tested.")
    if reason in _NO_TLS:
        probe.saw(f"TLS {offer}", place, "", error=reason)
        raise Failure(f"{place} does not speak TLS ({reason}).", mend="Listen with TLS there.")
    if "ALERT" in reason or "EOF" in reason or reason == "UNSUPPORTED_PROTOCOL":
        return Handshake(refused=reason.lower().replace("_", " "))
    probe.saw(f"TLS {offer}", place, "", error=reason)
    raise CheckError(f"The handshake with {place} broke off for a reason that says nothing: {reason}.")


@cache
def unverified(
    ciphers: str | None = None,
    lowest: ssl.TLSVersion | None = None,
    highest: ssl.TLSVersion | None = None,
) -> ssl.SSLContext:
    """A client that takes any certificate, and offers just these ciphers and versions."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with _making, warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of old versions: that is what is looked for
        if ciphers:
            context.set_ciphers(ciphers)
        if lowest:
            context.minimum_version = lowest
        if highest:
            context.maximum_version = highest
    return context


def look_at(probe: Probe, listener: Listener) -> Handshake:
    """An ordinary handshake that takes any certificate; Failure when the server refuses even that."""
    done = shake(probe, listener, unverified(), "with any certificate")
    if done.refused:
        raise Failure(f"{listener.url} refuses an ordinary TLS handshake: {done.refused}.")
    return done
