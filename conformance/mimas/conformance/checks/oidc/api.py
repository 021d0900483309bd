"""The API behind the provider: it believes the right tokens, and no others (MIM6 R3.1, R1.3)."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import urlencode

from ...answer import Answer
from ...session import basic_pair
from ...verdicts import Failure, NotApplicable, NotTested
from ..security.surface import Route, Surface, ask, restricted, surface_of
from .provider import FORM, Provider, oidc
from .tokens import Token, jwk_of, own_key, parse, signed_with, tampered, unsigned, with_public_key_as_secret

ATTACKED = ("MIM6-R3.1",)
A_8_5 = "ISO/IEC 27001:2022 A.8.5"
BEARER = "RFC 6750, 3.1"


class Api:
    """The routes that a token of the provider opens."""

    def __init__(self, provider: Provider) -> None:
        interfaces = provider.probe.target.interfaces
        mechanism = next((each for each in ("openapi-rest", "ngsi-ld") if each in interfaces), None)
        if mechanism is None:
            raise NotTested(
                "The target has no openapi-rest or ngsi-ld interface that takes the provider's tokens."
            )
        self.provider = provider
        self.surface: Surface = surface_of(replace(provider.probe, mechanism=mechanism))

    def routes(self, token: str) -> list[Route]:
        """Restricted routes that this token opens; NotTested when it opens none."""
        found = [each for each in restricted(self.surface) if self.ask(each, token).status < 300][:3]
        if not found:
            raise NotTested(
                "A right token opens no restricted route of the API, so a refusal would say nothing."
            )
        return found

    def ask(self, route: Route, token: str) -> Answer:
        """One request with a token."""
        return ask(self.surface, route, role=None, Authorization=f"Bearer {token}")

    def expect_refused(self, forged: str, what: str, right: str) -> None:
        """Every route that the right token opens refuses the forged one."""
        self.provider.probe.keep_secret(forged)
        for route in self.routes(right):
            answer = self.ask(route, forged)
            if answer.status < 400:
                raise Failure(
                    f"{answer} to {what}.", mend="Verify signature, issuer, audience, type and time."
                )
            if answer.status >= 500:
                raise Failure(f"{answer} to {what}: a crash is no refusal.", mend="Answer 401.")


@oidc("api.takes-tokens-of-the-provider", "MIM6-M1.2", clause="RFC 6750, 2.1")
def takes(provider: Provider) -> None:
    """A token of the provider opens a restricted route of the API."""
    api, token = Api(provider), provider.token()
    answers = [api.ask(each, token) for each in restricted(api.surface)]
    if not any(each.status < 300 for each in answers):
        raise Failure(f"{answers[0] if answers else 'The API'}: the provider's token opens nothing.")


def _attack(name: str, what: str, forge: Callable[[Provider, Token], str], clause: str) -> None:
    """Declare that the API refuses a forged token."""

    def check(provider: Provider) -> None:
        right = provider.token()
        Api(provider).expect_refused(forge(provider, parse(right)), what, right)

    check.__doc__ = f"The API refuses {what}."
    oidc(f"api.refuses-{name}", ATTACKED, clause=f"{A_8_5}; {clause}")(check)


def _by_unknown_key(provider: Provider, token: Token) -> str:
    return signed_with(token, own_key(), kid=provider.probe.unique("key"))


def _by_own_key(provider: Provider, token: Token) -> str:
    return signed_with(token, own_key())


def _with_key_inside(provider: Provider, token: Token) -> str:
    key = own_key()
    return signed_with(token, key, kid=None, jwk=jwk_of(key))


def _confused(provider: Provider, token: Token) -> str:
    jwk = next((each for each in provider.published_keys() if each.get("kty") == "RSA"), None)
    if jwk is None:
        raise NotApplicable("The provider has no RSA key whose text could be taken for a secret.")
    return with_public_key_as_secret(token, jwk)


_attack(
    "unsigned", "a token that nobody signed (alg none)", lambda _, token: unsigned(token), "RFC 8725, 3.1"
)
_attack(
    "unsigned-in-capitals",
    "a token with the algorithm `NONE`",
    lambda _, token: unsigned(token, "NONE"),
    "RFC 8725, 3.1",
)
_attack(
    "changed-claims",
    "changed claims under the old signature",
    lambda _, token: tampered(token),
    "RFC 7515, 5.2",
)
_attack(
    "unknown-key", "a token signed by a key that the issuer does not have", _by_unknown_key, "RFC 7515, 5.2"
)
_attack("own-key", "a token under the issuer's key id, signed by another key", _by_own_key, "RFC 7515, 5.2")
_attack("key-in-the-token", "a token that brings its own key", _with_key_inside, "RFC 8725, 3.5")
_attack("public-key-as-secret", "HS256 with the text of the public key as secret", _confused, "RFC 8725, 2.1")


@oidc("api.refuses-other-audiences", ATTACKED, clause=f"{A_8_5}; RFC 9700, 2.3")
def other_audience(provider: Provider) -> None:
    """The API refuses a token of the same issuer that is meant for another API (client `other-client`)."""
    other = provider.token("other-client")
    Api(provider).expect_refused(other, "a token meant for another API", provider.token())


@oidc("api.refuses-id-tokens", ATTACKED, clause=f"{A_8_5}; RFC 9068, 5")
def refuses_id_token(provider: Provider) -> None:
    """The API refuses an ID token (credential `id-token`): it says who somebody is, not what they may do."""
    Api(provider).expect_refused(provider.probe.secret("id-token"), "an ID token", provider.token())


@oidc("api.refuses-expired-tokens", ("MIM6-R3.1", "MIM0-C4"), clause=f"{A_8_5}; {BEARER}")
def refuses_expired(provider: Provider) -> None:
    """The API refuses the credential `expired`, a token of the provider whose time is over."""
    Api(provider).expect_refused(provider.probe.secret("expired"), "an expired token", provider.token())


@oidc("api.sees-revocation", "MIM6-R1.3", clause="RFC 7009; ISO/IEC 27001:2022 A.5.18")
def revocation(provider: Provider) -> None:
    """A token that is revoked opens nothing after the stated time (option `revocation-seconds`, 5)."""
    if "revocation_endpoint" not in provider.metadata:
        raise NotTested("The provider publishes no revocation_endpoint.")
    api, token = Api(provider), provider.token()
    route = api.routes(token)[0]
    credential = provider.probe.target.credentials["client"]
    pair = basic_pair(credential.user, provider.probe.secret("client"))
    provider.probe.send(
        "POST",
        provider.endpoint("revocation_endpoint"),
        headers={"Authorization": f"Basic {pair}", "Content-Type": FORM},
        content=urlencode({"token": token, "token_type_hint": "access_token"}),
        role=None,
    ).expect(200)
    began, seconds = time.monotonic(), float(provider.probe.option("revocation-seconds", 5))
    while True:
        answer = api.ask(route, token)
        passed = time.monotonic() - began
        if answer.status in (401, 403):
            provider.probe.note("seconds until refused", round(passed, 1))
            return
        if passed > seconds:
            raise Failure(
                f"{answer}, {seconds:g} s after the token was revoked.",
                mend="Ask for revocation, or keep tokens so short that they end by themselves.",
            )
        provider.probe.session.stop.wait(0.2)
