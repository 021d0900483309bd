"""Signs a report with Ed25519: a detached JWS (RFC 7515, RFC 8037) over canonical JSON (RFC 8785)."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

SUFFIX = ".jws"
_WITHOUT = 'Signatures need the extra: pip install "mimas[reports]"'


class SignatureError(Exception):
    """The report is not signed by that key, or was changed after it was signed."""


class SigningUnavailable(Exception):
    """The package that signs is not installed, or the key cannot be used."""


def new_key(path: Path) -> str:
    """Write a new private key (PEM, readable by its owner alone); gives the thumbprint of the public one."""
    serialization, ed25519 = _cryptography()
    key = ed25519.Ed25519PrivateKey.generate()
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    try:
        path.touch(mode=0o600, exist_ok=False)
        path.write_bytes(pem)
    except OSError as error:
        raise SigningUnavailable(f"{path} cannot be written: {error.strerror}") from error
    return thumbprint(_jwk(key.public_key()))


def sign(report: dict[str, Any], key: Path) -> str:
    """The detached JWS of a report."""
    private = _private_key(key)
    jwk = _jwk(private.public_key())
    header = {"alg": "EdDSA", "typ": "mimas-report+jws", "kid": thumbprint(jwk), "jwk": jwk}
    protected = _encode(canonical(header))
    signature = private.sign(f"{protected}.{_encode(canonical(report))}".encode())
    return f"{protected}..{_encode(signature)}"


def verify(report: dict[str, Any], jws: str, *, key: Path | None = None) -> str:
    """The thumbprint of the key that signed; SignatureError when the signature does not hold.

    Without `key` this says only that the report is unchanged since somebody with that thumbprint signed it.
    """
    from cryptography.exceptions import InvalidSignature

    protected, jwk, signature = _parts(jws)
    public = _public_key(key) if key else _from_jwk(jwk)
    if key and _jwk(public) != jwk:
        raise SignatureError(f"The report was signed by another key ({thumbprint(jwk)}).")
    try:
        public.verify(signature, f"{protected}.{_encode(canonical(report))}".encode())
    except InvalidSignature as error:
        raise SignatureError("The report was changed after it was signed.") from error
    return thumbprint(jwk)


def thumbprint(jwk: dict[str, str]) -> str:
    """The JWK thumbprint (RFC 7638)."""
    return _encode(hashlib.sha256(canonical({name: jwk[name] for name in ("crv", "kty", "x")})).digest())


def canonical(value: Any) -> bytes:
    """JSON with one form for each value (RFC 8785)."""
    return _canonical(value).encode()


def _canonical(value: Any) -> str:
    if isinstance(value, dict):
        members = sorted(value.items(), key=lambda item: item[0].encode("utf-16-be"))
        return "{" + ",".join(f"{_canonical(name)}:{_canonical(each)}" for name, each in members) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(_canonical, value)) + "]"
    if isinstance(value, float):
        return _number(value)
    return json.dumps(value, ensure_ascii=False)


def _number(value: float) -> str:
    """A number as ECMAScript writes it."""
    if value != value or value in (float("inf"), float("-inf")):
        raise ValueError("JSON has no such number")
    if value == int(value) and abs(value) < 1e21:
        return str(int(value))
    digits, _, exponent = repr(value).partition("e")
    if not exponent:
        return digits
    power = int(exponent)
    if -7 < power < 0:
        return f"{value:.{len(digits.replace('.', '').lstrip('-')) - 1 - power}f}"
    return f"{digits}e{power:+d}"


def _parts(jws: str) -> tuple[str, dict[str, str], bytes]:
    try:
        protected, payload, signature = jws.strip().split(".")
        header = json.loads(_decode(protected))
        jwk = {name: str(header["jwk"][name]) for name in ("crv", "kty", "x")}
        if header["alg"] != "EdDSA" or payload or jwk["crv"] != "Ed25519" or jwk["kty"] != "OKP":
            raise ValueError("another kind of signature")
        return protected, jwk, _decode(signature)
    except (ValueError, KeyError, TypeError) as error:
        raise SignatureError(f"The signature cannot be read: {error}") from error


def _private_key(path: Path) -> Ed25519PrivateKey:
    serialization, ed25519 = _cryptography()
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise SigningUnavailable(f"{path} is no private key in PEM: {error}") from error
    if not isinstance(key, ed25519.Ed25519PrivateKey):
        raise SigningUnavailable(f"{path} is no Ed25519 key; `mimas report key` makes one.")
    return cast("Ed25519PrivateKey", key)


def _public_key(path: Path) -> Ed25519PublicKey:
    """The public key of a PEM file, also when that holds the private one."""
    serialization, ed25519 = _cryptography()
    try:
        text = path.read_bytes()
        if b"PRIVATE KEY" in text:
            return _private_key(path).public_key()
        key = serialization.load_pem_public_key(text)
    except (OSError, ValueError) as error:
        raise SigningUnavailable(f"{path} is no public key in PEM: {error}") from error
    if not isinstance(key, ed25519.Ed25519PublicKey):
        raise SigningUnavailable(f"{path} is no Ed25519 key.")
    return cast("Ed25519PublicKey", key)


def public_pem(path: Path) -> str:
    """The public key of a private one, as PEM: what a buyer needs to verify."""
    serialization, _ = _cryptography()
    pem: bytes = (
        _private_key(path)
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    return pem.decode()


def _from_jwk(jwk: dict[str, str]) -> Ed25519PublicKey:
    _, ed25519 = _cryptography()
    try:
        key: Ed25519PublicKey = ed25519.Ed25519PublicKey.from_public_bytes(_decode(jwk["x"]))
    except ValueError as error:
        raise SignatureError(f"The key in the signature is none: {error}") from error
    return key


def _jwk(key: Ed25519PublicKey) -> dict[str, str]:
    return {"kty": "OKP", "crv": "Ed25519", "x": _encode(key.public_bytes_raw())}


def _cryptography() -> tuple[Any, Any]:
    try:
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ed25519
    except ModuleNotFoundError as error:
        raise SigningUnavailable(_WITHOUT) from error
    return serialization, ed25519


def _encode(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
