"""A small OpenID provider and the guard of an API that believes it; each can be wrong in named ways."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
import uuid
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import orjson
from cryptography.hazmat.primitives import serialization

from mimas.conformance.checks.oidc.tokens import Token, jwk_of, parse, public_key, signed_with, verify
from mimas.conformance.http_server import Received, Reply
from mimas.conformance.verdicts import Outcome

from .certificates import rsa_key
from .rest_service import unauthorized

JSON = {"Content-Type": "application/json"}
AUDIENCE = "https://api.town.example"
CLIENTS = {"app": "secret-of-the-app", "other": "secret-of-the-other-app"}
BACK = "https://app.town.example/back"
HOUR = 3600


class Provider:
    """Answers as a provider at `issuer`; `wrong` names what it does wrong."""

    def __init__(self, *wrong: str) -> None:
        self.issuer = ""
        self.wrong = frozenset(wrong)
        self.revoked: set[str] = set()
        self._key = rsa_key()
        self.jwk = {**jwk_of(self._key), "kid": "key-1", "use": "sig", "alg": "RS256"}

    def __call__(self, received: Received) -> Reply:
        """One request."""
        path = urlsplit(received.path).path
        if path == "/.well-known/openid-configuration":
            return _json(self._metadata())
        if path in ("/.well-known/oauth-authorization-server", "/.well-known/openid-credential-issuer"):
            return self._other_metadata(path)
        if path == "/jwks":
            return self._jwks()
        if path == "/token":
            return self._token(received)
        if path == "/revoke" and received.method == "POST":
            form = parse_qs(received.body.decode())
            if "forgets revocation" not in self.wrong:
                self.revoked.add(form["token"][0])
            return Reply(200)
        if path == "/authorize":
            return self._authorize(parse_qs(urlsplit(received.path).query))
        return _json({"error": "not_found"}, 404)

    def _metadata(self) -> dict[str, Any]:
        issuer = "https://elsewhere.example" if "other issuer" in self.wrong else self.issuer
        metadata: dict[str, Any] = {
            "issuer": issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "revocation_endpoint": f"{self.issuer}/revoke",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "grant_types_supported": ["authorization_code", "client_credentials"],
            "code_challenge_methods_supported": ["S256"],
        }
        changes: dict[str, dict[str, Any]] = {
            "offers none": {"id_token_signing_alg_values_supported": ["RS256", "none"]},
            "offers passwords": {"grant_types_supported": ["password"]},
            "offers tokens in the url": {"response_types_supported": ["code", "token"]},
            "offers plain proofs": {"code_challenge_methods_supported": ["plain"]},
            "no RS256": {"id_token_signing_alg_values_supported": ["ES256"]},
            "plain endpoint": {"token_endpoint": "http://login.example/token"},
        }
        for name, members in changes.items():
            metadata |= members if name in self.wrong else {}
        for name in ("jwks_uri", "token_endpoint"):
            if f"no {name}" in self.wrong:
                del metadata[name]
        return metadata

    def _other_metadata(self, path: str) -> Reply:
        if path.endswith("openid-credential-issuer"):
            known = {"credential_issuer": self.issuer, "credential_endpoint": f"{self.issuer}/credential"}
            more = (
                {}
                if "half a credential issuer" in self.wrong
                else {"credential_configurations_supported": {}}
            )
            return _json({**known, **more})
        metadata = self._metadata()
        issuer = f"{self.issuer}/oauth" if "two issuers" in self.wrong else metadata["issuer"]
        return _json({**metadata, "issuer": issuer})

    def _jwks(self) -> Reply:
        if "no keys" in self.wrong:
            return _json({}, 404)
        keys: list[dict[str, Any]] = [dict(self.jwk)]
        if "private half" in self.wrong:
            keys[0]["d"] = "AAAA"
        if "nameless keys" in self.wrong:
            del keys[0]["kid"]
        if "short key" in self.wrong:
            keys.append({**jwk_of(rsa_key(1024)), "kid": "short"})
        return _json({"keys": keys})

    def _token(self, received: Received) -> Reply:
        query = parse_qs(urlsplit(received.path).query)
        if received.method != "POST" and "token by get" not in self.wrong:
            return _json({"error": "invalid_request"}, 405)
        client, secret = self._client(received, query)
        known = CLIENTS.get(client) == secret or "any secret" in self.wrong
        if client == "gone" and "disabled client" not in self.wrong:
            known = False
        if not known:
            return _json({"error": "invalid_client"}, 401)
        audience = AUDIENCE if client == "app" else "https://other.town.example"
        token = self.issue("at+jwt", aud=audience, client_id=client)
        caching = {} if "cached tokens" in self.wrong else {"Cache-Control": "no-store"}
        answer = {"access_token": token, "token_type": "Bearer", "expires_in": HOUR}
        return Reply(200, orjson.dumps(answer), {**JSON, **caching})

    def _client(self, received: Received, query: dict[str, list[str]]) -> tuple[str, str]:
        scheme, _, rest = received.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "basic":
            client, _, secret = base64.b64decode(rest).decode().partition(":")
            return client, secret
        return query.get("client_id", [""])[0], query.get("client_secret", [""])[0]

    def issue(self, kind: str, **claims: Any) -> str:
        """A signed token."""
        now = int(time.time())
        kind = "JWT" if "plain type" in self.wrong else kind
        known = {
            "iss": self.issuer,
            "sub": "somebody",
            "iat": now,
            "exp": now + HOUR,
            "jti": uuid.uuid4().hex,
        }
        if "tokens of another issuer" in self.wrong:
            known["iss"] = "https://elsewhere.example"
        token = Token({"typ": kind, "kid": "key-1"}, {**known, **claims}, b"", b"")
        return signed_with(token, rsa_key(2049) if "another key signs" in self.wrong else self._key)

    def _authorize(self, query: dict[str, list[str]]) -> Reply:
        back = query["redirect_uri"][0]
        if back != BACK and "open redirector" not in self.wrong:
            return Reply(400, b"unknown", {"Content-Type": "text/html"})
        cors = {"Access-Control-Allow-Origin": "*"} if "cors" in self.wrong else {}
        if "code_challenge" not in query and "no proof key" not in self.wrong:
            onward = {"error": "invalid_request", "state": query["state"][0]}
        else:
            onward = {"code": "a-secret-authorization-code", "state": query["state"][0]}
        return Reply(302, b"", {"Location": f"{back}?{urlencode(onward)}", **cors})


class Guard:
    """Who asks an API, by tokens of a provider; `wrong` names what it does not look at."""

    def __init__(self, provider: Provider, *wrong: str) -> None:
        self._provider = provider
        self._wrong = frozenset(wrong)

    def __call__(self, received: Received) -> str:
        """The role; Problem for whoever may not enter."""
        scheme, _, text = received.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            raise unauthorized("Send a token.")
        try:
            token = parse(text)
            self._look_at(token)
        except Outcome as error:
            raise unauthorized(error.message, "invalid_token") from error
        if text in self._provider.revoked and "revocation" not in self._wrong:
            raise unauthorized("The token was revoked.", "invalid_token")
        return "token"

    def _look_at(self, token: Token) -> None:
        if not self._is_believed(token):
            verify(token, [self._provider.jwk])
        claims = token.claims
        checks = {
            "issuer": claims.get("iss") == self._provider.issuer,
            "audience": claims.get("aud") == AUDIENCE,
            "type": token.header.get("typ") == "at+jwt",
            "time": isinstance(claims.get("exp"), int) and claims["exp"] > time.time(),
        }
        for name, holds in checks.items():
            if not holds and name not in self._wrong:
                raise unauthorized(f"Another {name} than expected.", "invalid_token")

    def _is_believed(self, token: Token) -> bool:
        """What a guard that is wrong believes without the issuer's signature."""
        if "signature" in self._wrong or "everything" in self._wrong:
            return token.algorithm == "RS256" or "everything" in self._wrong
        if token.algorithm.lower() == "none":
            return f"alg {token.algorithm}" in self._wrong
        if token.algorithm == "HS256" and "confusion" in self._wrong:
            secret = public_key(self._provider.jwk).public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
            )
            return hmac.compare_digest(
                hmac.new(secret, token.signed, hashlib.sha256).digest(), token.signature
            )
        if "jwk" in token.header and "key inside" in self._wrong:
            verify(token, [token.header["jwk"]])
            return True
        return "kid" in token.header and token.header["kid"] != "key-1" and "unknown key" in self._wrong


def _json(value: Any, status: int = 200) -> Reply:
    return Reply(status, orjson.dumps(value), JSON)
