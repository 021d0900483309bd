"""An authority of the tests, and certificates of every kind that it, or somebody else, signs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.x509.oid import NameOID

DAY = timedelta(days=1)
HERE = ("127.0.0.1", "localhost")
Key = CertificateIssuerPrivateKeyTypes


@dataclass(frozen=True)
class Authority:
    """Who signs."""

    certificate: x509.Certificate
    key: Key

    def write(self, path: Path) -> str:
        """Its certificate as PEM, to be trusted."""
        path.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))
        return str(path)


def _name(word: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, word)])


@cache
def rsa_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    """Made once a run; that takes long."""
    return rsa.generate_private_key(65537, bits)


def authority(word: str = "Mimas tests") -> Authority:
    """An authority with a key of its own."""
    return _authority(word)


@cache
def _authority(word: str) -> Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    return Authority(_signed(word, word, key.public_key(), key, is_authority=True), key)


def _signed(subject, issuer, public, key, *, is_authority=False, names=(), begins=-1, ends=90):  # type: ignore[no-untyped-def]
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name(issuer))
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + begins * DAY)
        .not_valid_after(now + ends * DAY)
        .add_extension(x509.BasicConstraints(is_authority, None), critical=True)
    )
    if names:
        alternatives = [_general(each) for each in names]
        builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
    return builder.sign(key, hashes.SHA256())


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def write_pair(
    folder: Path,
    *,
    names: tuple[str, ...] = HERE,
    begins: int = -1,
    ends: int = 90,
    signed_by: str | None = "Mimas tests",
    key: Key | None = None,
) -> Path:
    """A PEM file with certificate and key; `signed_by` None signs itself. Days count from today."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    if signed_by is None:
        certificate = _signed(
            "server", "server", key.public_key(), key, names=names, begins=begins, ends=ends
        )
    else:
        signer = authority(signed_by)
        certificate = _signed(
            "server", signed_by, key.public_key(), signer.key, names=names, begins=begins, ends=ends
        )
    path = folder / f"pair-{x509.random_serial_number()}.pem"
    path.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return path
