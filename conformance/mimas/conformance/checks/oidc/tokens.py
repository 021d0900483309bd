"""JSON Web Tokens as they are, and as somebody would forge them."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from ...verdicts import CheckError, Failure, NotTested

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

_HASHES = {"256": "SHA256", "384": "SHA384", "512": "SHA512"}


@dataclass(frozen=True, slots=True)
class Token:
    """A signed token, taken apart."""

    header: Mapping[str, Any]
    claims: Mapping[str, Any]
    signed: bytes
    signature: bytes

    @property
    def algorithm(self) -> str:
        """What its header says it is signed with."""
        return str(self.header.get("alg", ""))


def parse(text: str) -> Token:
    """The parts of a token; NotTested when it is opaque, and so cannot be looked into."""
    parts = text.split(".")
    try:
        header, claims = (orjson.loads(decode(each)) for each in parts[:2])
        signature = decode(parts[2])
    except (ValueError, IndexError):
        raise NotTested("The token is opaque: only its issuer can look into it.") from None
    if not isinstance(header, dict) or not isinstance(claims, dict):
        raise NotTested("The token is opaque: only its issuer can look into it.")
    return Token(header, claims, f"{parts[0]}.{parts[1]}".encode(), signature)


def decode(text: str) -> bytes:
    """Base64url without padding."""
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error as error:
        raise ValueError(str(error)) from error


def encode(value: Any) -> str:
    """Bytes, or a value as JSON, in base64url without padding."""
    raw = value if isinstance(value, bytes) else orjson.dumps(value)
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def verify(token: Token, keys: Iterable[Mapping[str, Any]]) -> None:
    """Return when one of the keys (JWK) signed the token; the target's Failure otherwise."""
    algorithm = token.algorithm
    if algorithm[:2] not in ("RS", "PS", "ES") or algorithm[2:] not in _HASHES:
        raise Failure(
            f"A token is signed with {algorithm or 'nothing'!r}.", mend="Sign with RS256, PS256 or ES256."
        )
    kid = token.header.get("kid")
    fitting = [each for each in keys if kid is None or each.get("kid") == kid]
    if not fitting:
        raise Failure(
            f"A token names the key {kid!r}, which jwks_uri does not have.", mend="Publish every key."
        )
    if not any(_signed_by(token, each) for each in fitting):
        raise Failure("No published key has signed the token.", mend="Publish the keys that sign.")


def _signed_by(token: Token, jwk: Mapping[str, Any]) -> bool:
    try:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
        from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
    except ImportError as error:
        raise CheckError('Verifying tokens needs: pip install "mimas[reports]"') from error
    digest = getattr(hashes, _HASHES[token.algorithm[2:]])()
    try:
        public = public_key(jwk)
        if isinstance(public, rsa.RSAPublicKey):
            pss = padding.PSS(padding.MGF1(digest), digest.digest_size)
            public.verify(
                token.signature,
                token.signed,
                pss if token.algorithm[0] == "P" else padding.PKCS1v15(),
                digest,
            )
        else:
            half = len(token.signature) // 2
            numbers = (int.from_bytes(token.signature[:half]), int.from_bytes(token.signature[half:]))
            public.verify(encode_dss_signature(*numbers), token.signed, ec.ECDSA(digest))
    except (InvalidSignature, ValueError, KeyError):
        return False
    return True


def public_key(jwk: Mapping[str, Any]) -> Any:
    """The public key of a JWK (RFC 7518, 6); ValueError or KeyError when it is none."""
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    if jwk["kty"] == "RSA":
        return rsa.RSAPublicNumbers(_number(jwk["e"]), _number(jwk["n"])).public_key()
    curves = {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1(), "P-521": ec.SECP521R1()}
    if jwk["kty"] != "EC" or jwk["crv"] not in curves:
        raise ValueError(f"the key type {jwk['kty']!r} is not known")
    return ec.EllipticCurvePublicNumbers(
        _number(jwk["x"]), _number(jwk["y"]), curves[jwk["crv"]]
    ).public_key()


def _number(text: str) -> int:
    return int.from_bytes(decode(text))


# -- forging


def own_key() -> RSAPrivateKey:
    """A key that the issuer has never seen."""
    try:
        from cryptography.hazmat.primitives.asymmetric import rsa
    except ImportError as error:
        raise CheckError('Forging tokens needs: pip install "mimas[reports]"') from error
    return rsa.generate_private_key(65537, 2048)


def unsigned(token: Token, algorithm: str = "none") -> str:
    """The same claims, signed by nobody."""
    header = {**token.header, "alg": algorithm}
    return f"{encode(header)}.{encode(dict(token.claims))}."


def tampered(token: Token) -> str:
    """Other claims under the old signature."""
    claims = {**token.claims, "sub": "mimas-check", "scope": "admin"}
    return f"{encode(dict(token.header))}.{encode(claims)}.{encode(token.signature)}"


def signed_with(token: Token, key: RSAPrivateKey, **header: Any) -> str:
    """The same claims, signed by our own key."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    head = {
        name: value for name, value in {**token.header, "alg": "RS256", **header}.items() if value is not None
    }
    signed = f"{encode(head)}.{encode(dict(token.claims))}"
    return f"{signed}.{encode(key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def with_public_key_as_secret(token: Token, jwk: Mapping[str, Any]) -> str:
    """The same claims under HS256, its secret the text of the issuer's public key."""
    from cryptography.hazmat.primitives import serialization

    secret = public_key(jwk).public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    signed = f"{encode({**token.header, 'alg': 'HS256'})}.{encode(dict(token.claims))}"
    return f"{signed}.{encode(hmac.new(secret, signed.encode(), hashlib.sha256).digest())}"


def jwk_of(key: RSAPrivateKey) -> dict[str, str]:
    """The public half of our own key."""
    numbers = key.public_key().public_numbers()
    return {
        "kty": "RSA",
        "n": encode(numbers.n.to_bytes((numbers.n.bit_length() + 7) // 8)),
        "e": encode(numbers.e.to_bytes(3)),
    }
