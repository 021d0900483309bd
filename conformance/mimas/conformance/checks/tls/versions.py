"""Which versions and ciphers a listener agrees to.

A client that may not offer an old version sees it refused by every server: these handshakes lower the
security level of the local OpenSSL first, and what it cannot offer even then was not tested.
"""

from __future__ import annotations

import ssl

from ...probe import Probe
from ...verdicts import CheckError, Failure
from ..declaration import check
from .handshake import EVERY_CIPHER, OLD, Listener, listeners, shake, unverified

NAMES = {
    ssl.TLSVersion.TLSv1: "TLS 1.0",
    ssl.TLSVersion.TLSv1_1: "TLS 1.1",
    ssl.TLSVersion.TLSv1_2: "TLS 1.2",
    ssl.TLSVersion.TLSv1_3: "TLS 1.3",
}
# As OpenSSL calls them: without encryption, without a certificate, with ciphers that are broken.
BROKEN = ("eNULL", "aNULL", "RC4", "3DES")
BY_RSA_ALONE = "aRSA+kRSA"


@check(
    "TLS.versions.1-3-is-offered",
    requirement="MIM6-M1.1",
    mechanism="tls",
    level="SHOULD",
    clause="RFC 8446",
)
def newest(probe: Probe) -> None:
    """A client that speaks TLS 1.3 alone is served."""
    for listener in listeners(probe):
        version = ssl.TLSVersion.TLSv1_3
        done = shake(probe, listener, unverified(None, version, version), NAMES[version])
        if done.refused:
            raise Failure(f"{listener.url} refuses TLS 1.3: {done.refused}.", mend="Switch TLS 1.3 on.")


@check(
    "TLS.versions.old-ones-are-refused",
    requirement=("MIM6-M1.1", "MIM6-R2.1"),
    mechanism="tls",
    level="SHOULD",
    clause="RFC 8996",
)
def old(probe: Probe) -> None:
    """A client that speaks TLS 1.0 or 1.1 alone is refused; 1.2 may stay."""
    for listener in listeners(probe):
        for version in OLD:
            context = unverified(EVERY_CIPHER, version, version)
            if not shake(probe, listener, context, NAMES[version]).refused:
                raise Failure(
                    f"{listener.url} still agrees to {NAMES[version]}.", mend="Allow TLS 1.2 and 1.3 alone."
                )


@check(
    "TLS.ciphers.no-broken-ones",
    requirement="MIM6-R2.1",
    mechanism="tls",
    clause="RFC 9325, 4.1; RFC 7465",
)
def broken_ciphers(probe: Probe) -> None:
    """Ciphers without encryption or certificate, RC4 and triple DES are refused in TLS 1.2."""
    for listener in listeners(probe):
        tried = [_accepts(probe, listener, each) for each in BROKEN]
        if all(each is None for each in tried):
            raise CheckError(
                "This machine's OpenSSL can offer none of the broken ciphers: nothing was tested."
            )
        for group, accepted in zip(BROKEN, tried, strict=True):
            if accepted:
                raise Failure(f"{listener.url} agrees to {accepted} ({group}).", mend="Switch it off.")


@check(
    "TLS.ciphers.forward-secrecy",
    requirement="MIM6-R2.1",
    mechanism="tls",
    level="SHOULD",
    clause="RFC 9325, 4.1",
)
def forward_secrecy(probe: Probe) -> None:
    """Key exchange by RSA alone is refused in TLS 1.2: a stolen key must not open what was recorded."""
    for listener in listeners(probe):
        accepted = _accepts(probe, listener, BY_RSA_ALONE)
        if accepted is None:
            raise CheckError("This machine's OpenSSL cannot offer key exchange by RSA: nothing was tested.")
        if accepted:
            raise Failure(f"{listener.url} agrees to {accepted}.", mend="Allow ECDHE suites alone.")


def _accepts(probe: Probe, listener: Listener, group: str) -> str | None:
    """The cipher of the group that it takes; empty when it refuses, None when we cannot offer any."""
    version = ssl.TLSVersion.TLSv1_2
    try:
        context = unverified(f"{group}:@SECLEVEL=0", version, version)
        done = shake(probe, listener, context, f"TLS 1.2 with {group}")
    except (ssl.SSLError, CheckError):
        return None
    return "" if done.refused else done.cipher
