"""The certificate of a listener: its chain, its name, how long it holds, how strong its key is."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from functools import cache
from ipaddress import ip_address
from typing import TYPE_CHECKING

from ...probe import Probe
from ...transport import new_trust
from ...verdicts import CheckError, Failure, Warn
from ..declaration import check
from .handshake import Listener, listeners, look_at, shake

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

RENEW_BEFORE = timedelta(days=14)  # our choice: time enough for somebody to notice
REQUIREMENTS = ("MIM6-R2.1", "MIM4-C12")
_WEAK_HASHES = frozenset({"md5", "sha1"})


def certificate_of(probe: Probe, listener: Listener) -> Certificate:
    """The server's own certificate."""
    try:
        from cryptography import x509
    except ImportError as error:
        raise CheckError('Reading certificates needs: pip install "mimas[reports]"') from error
    der = look_at(probe, listener).certificate
    if der is None:
        raise Failure(f"{listener.url} shows no certificate.")
    try:
        return x509.load_der_x509_certificate(der)
    except ValueError as error:
        raise Failure(f"The certificate of {listener.url} cannot be read: {error}") from error


@check(
    "TLS.certificate.chain",
    requirement=REQUIREMENTS,
    mechanism="tls",
    clause="RFC 5280, 6; ISO/IEC 27001:2022 A.8.24",
)
def chain(probe: Probe) -> None:
    """The certificate is signed by an authority that is trusted, and holds today."""
    context = _verifying(probe.target.ca_file)
    for listener in listeners(probe):
        try:
            done = shake(probe, listener, context, "with a verified chain")
        except ssl.SSLCertVerificationError as error:
            raise Failure(
                f"The certificate of {listener.url} is not to be trusted: {error.verify_message}.",
                mend="Have it signed by a public authority and send the whole chain, or name the PEM file of "
                "your own authority as `ca_file` in the target.",
            ) from error
        if done.refused:
            raise Failure(f"{listener.url} refuses an ordinary TLS handshake: {done.refused}.")


@cache
def _verifying(ca_file: str | None) -> ssl.SSLContext:
    """As the checker's own calls verify, but for the name: that has a check of its own."""
    context = new_trust(ca_file)
    context.check_hostname = False
    return context


@check("TLS.certificate.name", requirement=REQUIREMENTS, mechanism="tls", clause="RFC 9525, 6")
def name(probe: Probe) -> None:
    """The certificate is made out to the name under which the listener is called."""
    for listener in listeners(probe):
        names = _names(certificate_of(probe, listener))
        if not any(_fits(each, listener.host) for each in names):
            raise Failure(
                f"The certificate of {listener.url} is for {', '.join(names) or 'nobody'}.",
                mend=f"Have {listener.host} among its subject alternative names.",
            )


def _names(certificate: Certificate) -> list[str]:
    from cryptography import x509

    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return [
        *found.get_values_for_type(x509.DNSName),
        *map(str, found.get_values_for_type(x509.IPAddress)),
    ]


def _fits(name: str, host: str) -> bool:
    """A wildcard stands for exactly the first label (RFC 9525, 6.3)."""
    if _is_address(host) or _is_address(name):
        return _is_address(name) and _is_address(host) and ip_address(name) == ip_address(host)
    name, host = name.lower().rstrip("."), host.lower().rstrip(".")
    if name.startswith("*."):
        return host.partition(".")[2] == name[2:] and name.count(".") > 1
    return name == host


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


@check("TLS.certificate.expiry", requirement=REQUIREMENTS, mechanism="tls", clause="RFC 5280, 4.1.2.5")
def expiry(probe: Probe) -> None:
    """The certificate holds today, and for the next 14 days."""
    now = datetime.now(UTC)
    for listener in listeners(probe):
        certificate = certificate_of(probe, listener)
        ends = certificate.not_valid_after_utc
        probe.note(f"expires {listener.host}:{listener.port}", ends.isoformat())
        if not certificate.not_valid_before_utc <= now <= ends:
            begins = certificate.not_valid_before_utc
            raise Failure(
                f"The certificate of {listener.url} holds from {begins:%Y-%m-%d} to {ends:%Y-%m-%d}.",
                mend="Renew it, and let a program do so in future.",
            )
        if ends - now < RENEW_BEFORE:
            raise Warn(f"The certificate of {listener.url} ends on {ends:%Y-%m-%d}.", mend="Renew it now.")


@check(
    "TLS.certificate.key",
    requirement=REQUIREMENTS,
    mechanism="tls",
    level="SHOULD",
    clause="NIST SP 800-131A; RFC 9155",
)
def key(probe: Probe) -> None:
    """The key has at least 2048 bits (RSA) or 256 bits (elliptic curve), and no SHA-1 or MD5 signature."""
    for listener in listeners(probe):
        certificate = certificate_of(probe, listener)
        weakness = _weakness(certificate)
        if weakness:
            raise Failure(f"The certificate of {listener.url} {weakness}.", mend="Have a new one made.")


def _weakness(certificate: Certificate) -> str | None:
    from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa

    public = certificate.public_key()
    if isinstance(public, rsa.RSAPublicKey | dsa.DSAPublicKey) and public.key_size < 2048:
        return f"has a key of {public.key_size} bits"
    if isinstance(public, ec.EllipticCurvePublicKey) and public.curve.key_size < 256:
        return f"has a key of {public.curve.key_size} bits"
    used = certificate.signature_hash_algorithm
    if used is not None and used.name in _WEAK_HASHES:
        return f"is signed with {used.name.upper()}"
    return None
