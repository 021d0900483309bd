"""How tokens are given: to clients that prove who they are, and never by a URL (MIM6 M1.2, M1.3)."""

from __future__ import annotations

import time
from urllib.parse import parse_qs, urlencode, urlsplit

from ...answer import Answer
from ...probe import REDIRECTS
from ...verdicts import Failure, NotTested, Warn
from .provider import Provider, oidc
from .tokens import Token, parse, verify

BCP = "RFC 9700"
STRANGE = "https://mimas-check.example/back"


@oidc("token.is-given-to-clients", "MIM6-M1.2", clause="RFC 6749, 4.4, 5.1")
def given(provider: Provider) -> None:
    """A client gets a bearer token for its secret, and the answer is kept by no cache."""
    answer = provider.ask_for_token().expect(200)
    body = answer.json_object()
    if not isinstance(body.get("access_token"), str) or str(body.get("token_type", "")).lower() not in (
        "bearer",
        "dpop",
    ):
        raise Failure(f"{answer} without access_token or token_type.", mend="See RFC 6749, 5.1.")
    if "no-store" not in answer.headers.get("cache-control", ""):
        raise Failure(f"{answer} without Cache-Control: no-store.", mend="Send it with every token.")


@oidc("token.wrong-secret-is-refused", ("MIM6-M1.2", "MIM6-R3.1"), clause="RFC 6749, 5.2")
def wrong_secret(provider: Provider) -> None:
    """A client with another secret gets no token."""
    answer = provider.ask_for_token(secret=provider.probe.unique("secret"))
    if answer.status not in (400, 401):
        raise Failure(f"{answer} to a wrong secret.", mend="Answer 401 invalid_client.")


@oidc("token.not-by-get", "MIM6-M1.2", clause="RFC 6749, 3.2")
def not_by_get(provider: Provider) -> None:
    """The token endpoint answers no GET: secrets do not belong into URLs."""
    credential = provider.probe.target.credentials.get("client")
    if credential is None:
        raise NotTested("The target names no credential 'client'.")
    form = {
        "grant_type": "client_credentials",
        "client_id": credential.user,
        "client_secret": provider.probe.secret("client"),
    }
    answer = provider.probe.send("GET", f"{provider.endpoint('token_endpoint')}?{urlencode(form)}", role=None)
    if answer.status < 300:
        raise Failure(f"{answer} to a GET with the secret in the URL.", mend="Answer 405.")


@oidc("token.disabled-client-is-refused", "MIM6-R1.1b", clause="ISO/IEC 27001:2022 A.5.16")
def disabled_client(provider: Provider) -> None:
    """The client `disabled-client` gets no token any more."""
    answer = provider.ask_for_token("disabled-client")
    if answer.status not in (400, 401, 403):
        raise Failure(f"{answer} to a client that was disabled.", mend="Ask for it at the token endpoint.")


@oidc("token.is-signed", ("MIM6-M1.3", "MIM6-R3.1"), clause="RFC 7515; RFC 9068, 4")
def signed(provider: Provider) -> None:
    """An access token that can be read is signed by a published key, for this issuer, and ends."""
    _expect_sound(provider, parse(provider.token()))


def _expect_sound(provider: Provider, token: Token) -> None:
    verify(token, provider.published_keys())
    if token.claims.get("iss") != provider.metadata.get("issuer"):
        raise Failure(
            f"A token says that {token.claims.get('iss')!r} issued it.",
            mend="Name the issuer of the metadata.",
        )
    ends = token.claims.get("exp")
    if not isinstance(ends, int | float) or ends < time.time():
        raise Failure(f"A token ends at {ends!r}.", mend="Give every token an end.")
    if not token.claims.get("aud"):
        raise Failure("A token is for nobody in particular (no `aud`).", mend="Name the API it is for.")


@oidc("token.has-the-profile", "MIM6-M1.2", level="SHOULD", clause="RFC 9068, 2")
def profile(provider: Provider) -> None:
    """An access token that can be read has the type at+jwt and says who, for whom, and which client."""
    token = parse(provider.token())
    missing = {"iss", "exp", "aud", "sub", "client_id", "iat", "jti"} - token.claims.keys()
    if missing or str(token.header.get("typ", "")).lower().removeprefix("application/") != "at+jwt":
        lacking = ", ".join(sorted(missing)) or "nothing"
        raise Warn(
            f"The access token has the type {token.header.get('typ')!r} and lacks {lacking}.",
            mend="Give it the type at+jwt and the claims of RFC 9068, so that no ID token passes for one.",
        )


@oidc("id-token.is-signed", "MIM6-M1.3", clause="OpenID Connect Core 1.0, 3.1.3.7")
def id_token(provider: Provider) -> None:
    """The credential `id-token` is signed by a published key, for this issuer, and ends."""
    token = parse(provider.probe.secret("id-token"))
    _expect_sound(provider, token)
    if not token.claims.get("sub") or "iat" not in token.claims:
        raise Failure("The ID token lacks `sub` or `iat`.", mend="See OpenID Connect Core, 2.")


def _authorize(provider: Provider, **members: str) -> Answer:
    client = provider.probe.option("public-client")
    redirect = provider.probe.option("redirect-uri")
    if not client or not redirect:
        raise NotTested(
            "The target names no `public-client` with its `redirect-uri` (options of the interface)."
        )
    query = {
        "response_type": "code",
        "client_id": client,
        "redirect_uri": redirect,
        "scope": "openid",
        "state": "m",
        **members,
    }
    url = provider.endpoint("authorization_endpoint")
    return provider.probe.send(
        "GET", f"{url}?{urlencode(query)}", headers={"Origin": "https://mimas-check.example"}, role=None
    )


@oidc("authorize.asks-for-a-proof-key", "MIM6-M1.2", clause=f"{BCP}, 2.1.1")
def needs_proof_key(provider: Provider) -> None:
    """A public client without a proof key (PKCE) is answered with an error."""
    answer = _authorize(provider)
    onward = parse_qs(urlsplit(answer.headers.get("location", "")).query)
    if answer.status in REDIRECTS and "error" in onward:
        return
    if answer.status in REDIRECTS and "code" in onward:
        raise Failure(f"{answer} and gives a code without a proof key.", mend="Require code_challenge.")
    if answer.status < 400:
        raise Warn(f"{answer} and goes on without a proof key; what the login would give cannot be seen.")


@oidc("authorize.sends-nobody-elsewhere", "MIM6-M1.2", clause=f"{BCP}, 2.1, 4.11")
def unregistered(provider: Provider) -> None:
    """A redirect URI that is not registered is answered with an error page, and nobody is sent there."""
    challenge = {
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        "code_challenge_method": "S256",
    }
    answer = _authorize(provider, redirect_uri=STRANGE, **challenge)
    if answer.headers.get("location", "").startswith(STRANGE):
        raise Failure(
            f"{answer} and sends to {STRANGE}.", mend="Compare with the registered URIs, letter by letter."
        )
    if answer.status < 300:
        raise Warn(f"{answer} with a page for a redirect URI that is not registered.", mend="Answer 400.")


@oidc("authorize.no-cors", "MIM6-M1.2", clause=f"{BCP}, 2.1")
def no_cors(provider: Provider) -> None:
    """The authorization endpoint is for people: no other origin may read it."""
    answer = _authorize(provider)
    if "access-control-allow-origin" in answer.headers:
        raise Failure(f"{answer} with Access-Control-Allow-Origin.", mend="Switch CORS off there.")
