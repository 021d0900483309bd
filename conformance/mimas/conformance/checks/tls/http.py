"""HTTP around TLS: Strict-Transport-Security, plain ports, and clients that must show a certificate."""

from __future__ import annotations

import re
import ssl
from urllib.parse import urlsplit, urlunsplit

from ...answer import Answer
from ...listener import is_this_machine
from ...probe import REDIRECTS, Probe
from ...verdicts import Failure, NoAnswer, NotApplicable, NotTested
from ..declaration import check
from .handshake import Listener, listeners, look_at, unverified

_MAX_AGE = re.compile(r'max-age="?(\d+)', re.IGNORECASE)


@check(
    "TLS.http.strict-transport-security",
    requirement="MIM6-R2.1",
    mechanism="tls",
    level="SHOULD",
    clause="RFC 6797, 6.1",
)
def hsts(probe: Probe) -> None:
    """Answers over https carry Strict-Transport-Security with a max-age above zero."""
    for listener in _http(probe):
        answer = probe.send("GET", listener.url, role=None)
        said = answer.headers.get("strict-transport-security", "")
        age = _MAX_AGE.search(said)
        if age is None or int(age[1]) == 0:
            raise Failure(
                f"{answer} with Strict-Transport-Security {said!r}.",
                mend="Send Strict-Transport-Security: max-age=31536000.",
            )


@check(
    "TLS.plain.no-data",
    requirement=("MIM6-R2.1", "MIM4-C12"),
    mechanism="tls",
    clause="RFC 9110, 4.2.2; ISO/IEC 27001:2022 A.8.24",
)
def plain(probe: Probe) -> None:
    """Without TLS nothing is served: the plain port is closed, or sends on to https."""
    _refuse_plain_interfaces(probe)
    for listener in _http(probe):
        look_at(probe, listener)  # where no TLS is spoken, silence in plain says nothing
        for url in _plain_urls(probe, listener):
            answer = _asked(probe, url)
            if answer is not None and not _sends_on(answer) and answer.status < 400:
                raise Failure(
                    f"{answer} without TLS.", mend="Close the plain port, or answer 308 with the https URL."
                )


def _refuse_plain_interfaces(probe: Probe) -> None:
    for interface in probe.target.interfaces.values():
        parts = urlsplit(interface.url)
        if parts.scheme in ("http", "mqtt", "ws") and not is_this_machine(parts.hostname or ""):
            raise Failure(
                f"The {interface.mechanism} interface is at {interface.url}, without TLS.",
                mend="Serve it with TLS, and name that URL in the target.",
            )


def _plain_urls(probe: Probe, listener: Listener) -> list[str]:
    """The same port without TLS, and the one next door: the option `plain-port`, or 80 beside 443."""
    path = urlsplit(listener.url).path or "/"
    beside = probe.option("plain-port", 80 if listener.port == 443 else None)
    ports = [listener.port, *([int(beside)] if beside else [])]
    return [urlunsplit(("http", f"{_bracketed(listener.host)}:{port}", path, "", "")) for port in ports]


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _asked(probe: Probe, url: str) -> Answer | None:
    """The answer without TLS; None where nobody answers, as it should be."""
    try:
        return probe.send("GET", url, role=None)
    except NoAnswer as error:
        if "nothing whole within" in error.message:
            raise NoAnswer(f"{url} takes the connection and says nothing.") from error
        return None


def _sends_on(answer: Answer) -> bool:
    return answer.status in REDIRECTS and answer.headers.get("location", "").startswith("https://")


@check(
    "TLS.client.certificate-is-asked-for",
    requirement="MIM6-R3.1",
    mechanism="tls",
    clause="RFC 8446, 4.4.2.4",
)
def client_certificate(probe: Probe) -> None:
    """A listener for devices with certificates serves nobody without one (option `client-certificate`)."""
    if not probe.option("client-certificate"):
        raise NotApplicable(
            "The target does not say that clients show certificates (`client-certificate: true`)."
        )
    for listener in listeners(probe):
        heard = _talk_without_certificate(probe, listener)
        probe.saw("TLS without a client's certificate", listener.url, heard or "refused")
        if heard:
            raise Failure(
                f"{listener.url} answers a client without a certificate.",
                mend="Require a certificate in the handshake.",
            )


def _talk_without_certificate(probe: Probe, listener: Listener) -> str:
    """What the listener says to somebody without a certificate; empty when it refuses.

    In TLS 1.3 the refusal comes only at the first read after the handshake.
    """
    try:
        with (
            probe.connect(listener.host, listener.port) as plain,
            unverified().wrap_socket(plain, server_hostname=listener.host) as secured,
        ):
            secured.sendall(f"GET / HTTP/1.1\r\nHost: {listener.host}\r\nConnection: close\r\n\r\n".encode())
            return secured.recv(200).decode("latin-1")
    except TimeoutError as error:
        raise NoAnswer(f"{listener.url} says nothing within {probe.limits.timeout:g} s.") from error
    except (ssl.SSLError, ConnectionError):
        return ""


def _http(probe: Probe) -> list[Listener]:
    found = [each for each in listeners(probe) if each.is_http]
    if not found:
        raise NotTested("No listener of the target speaks HTTP.")
    return found
