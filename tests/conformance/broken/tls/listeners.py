"""Listeners that are wrong in their certificate, their versions or their ciphers, or say things in plain."""

from __future__ import annotations

import ssl
from dataclasses import replace

from tests.conformance.servers.certificates import rsa_key, write_pair
from tests.conformance.servers.secured import hello, secured, server_context

from mimas.conformance.http_server import Reply
from mimas.conformance.testing import broken_target, serving


def at(target, url, **options):
    """The target with another listener."""
    interface = target.interfaces["tls"]
    moved = replace(interface, url=url, options={**interface.options, **options})
    return replace(target, interfaces={"tls": moved})


def fault(
    sentence, caught_by, *, right="tls", answering=hello, pair=None, must_catch=None, verdict="fail", **how
):
    """Declare that a listener with this certificate (`pair`) and these settings (`how`) is broken."""

    def broken(target, folder):
        context = server_context(write_pair(folder, **(pair or {})), **how)
        with secured(answering, context) as url:
            yield at(target, url)

    broken.__name__ = "tls_" + "_".join(
        sentence.lower().rstrip(".").replace(",", "").replace("-", " ").split()
    )
    broken.__doc__ = sentence
    broken_target(right=right, caught_by=caught_by, must_catch=must_catch, verdict=verdict)(broken)


fault(
    "The certificate has expired.",
    ["TLS.certificate.chain", "TLS.certificate.expiry"],
    pair={"begins": -90, "ends": -1},
)
fault(
    "The certificate holds from tomorrow.",
    ["TLS.certificate.chain", "TLS.certificate.expiry"],
    pair={"begins": 1},
)
fault("The certificate ends in a week.", "TLS.certificate.expiry", pair={"ends": 7}, verdict="warn")
fault(
    "The server signed its certificate itself.",
    "TLS.certificate.chain",
    pair={"signed_by": None},
    must_catch={"MIM6-R2.1": "self-signed accepted silently"},
)
fault("An authority signed that nobody knows.", "TLS.certificate.chain", pair={"signed_by": "Elsewhere"})
fault("The certificate is for another name.", "TLS.certificate.name", pair={"names": ("other.example",)})
fault(
    "The certificate is for a wildcard of the top level.",
    "TLS.certificate.name",
    pair={"names": ("*.0.0.1",)},
)
fault("The certificate names nobody.", "TLS.certificate.name", pair={"names": ()})
fault("The key has 1024 bits.", "TLS.certificate.key", pair={"key": rsa_key(1024)}, ciphers="ALL:@SECLEVEL=0")
fault(
    "TLS 1.0 is accepted.",
    "TLS.versions.old-ones-are-refused",
    pair={"key": rsa_key()},
    ciphers="ALL:@SECLEVEL=0",
    lowest=ssl.TLSVersion.TLSv1,
    highest=ssl.TLSVersion.TLSv1,
    must_catch={"MIM6-M1.1": "TLS 1.0 accepted"},
)
fault(
    "TLS 1.1 is accepted.",
    "TLS.versions.old-ones-are-refused",
    pair={"key": rsa_key()},
    ciphers="ALL:@SECLEVEL=0",
    lowest=ssl.TLSVersion.TLSv1_1,
)
fault("TLS 1.3 is not offered.", "TLS.versions.1-3-is-offered", highest=ssl.TLSVersion.TLSv1_2)
for cipher in ("eNULL", "aNULL"):
    fault(
        f"Ciphers of the group {cipher} are accepted.",
        "TLS.ciphers.no-broken-ones",
        pair={"key": rsa_key()},
        ciphers=f"{cipher}:@SECLEVEL=0",
    )
fault(
    "RSA alone exchanges the key.",
    "TLS.ciphers.forward-secrecy",
    pair={"key": rsa_key()},
    ciphers="kRSA:@SECLEVEL=0",
)
fault(
    "Strict-Transport-Security is missing.",
    "TLS.http.strict-transport-security",
    answering=lambda received: hello(received).with_header("Strict-Transport-Security", None),
)
fault(
    "Strict-Transport-Security is switched off.",
    "TLS.http.strict-transport-security",
    answering=lambda received: hello(received).with_header("Strict-Transport-Security", "max-age=0"),
)
fault(
    "Clients without a certificate are served.",
    "TLS.client.certificate-is-asked-for",
    right="client-certificates",
)


@broken_target(right="tls", caught_by="TLS.plain.no-data", must_catch={"MIM6-R2.1": "HTTP serves data"})
def the_plain_port_serves_data(target, folder):
    """The plain port serves what the secure one does."""
    with serving(hello) as plain:
        yield at(target, target.interfaces["tls"].url, **{"plain-port": int(plain.rpartition(":")[2])})


@broken_target(right="tls", caught_by="TLS.plain.no-data")
def an_interface_is_plain(target, folder):
    """Another interface of the product is called without TLS."""
    plain = replace(target.interfaces["tls"], mechanism="ngsi-ld", url="http://broker.example")
    return replace(target, interfaces={**target.interfaces, "ngsi-ld": plain})


@broken_target(right="tls", caught_by="TLS.plain.no-data")
def the_plain_port_sends_elsewhere_in_plain(target, folder):
    """The plain port sends on to another plain URL, and so to data in the end."""
    with serving(lambda received: Reply(302, b"", {"Location": "http://town.example/"})) as plain:
        yield at(target, target.interfaces["tls"].url, **{"plain-port": int(plain.rpartition(":")[2])})
