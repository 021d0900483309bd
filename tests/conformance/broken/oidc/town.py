"""Providers that publish or give what they should not, and APIs that believe too much."""

from __future__ import annotations

from dataclasses import replace

from tests.conformance.servers.breaking import name_of
from tests.conformance.servers.secured_town import town

from mimas.conformance.testing import broken_target


def fault(sentence, caught_by, *, provider=(), guard=(), must_catch=None, verdict="fail"):
    """Declare that provider and guard are wrong in these ways."""

    def broken(target, folder):
        with town(
            folder,
            provider=(provider,) if isinstance(provider, str) else provider,
            guard=(guard,) if isinstance(guard, str) else guard,
        ) as moved:
            yield moved

    broken.__name__ = name_of("oidc", sentence)
    broken.__doc__ = sentence
    names = [f"OIDC.{each}" for each in caught_by.split()]
    broken_target(right="oidc", caught_by=names, must_catch=must_catch, verdict=verdict)(broken)


fault("The issuer is another.", "metadata.issuer-is-the-one-asked token.is-signed", provider="other issuer")
fault("The metadata names no keys.", "metadata.is-complete keys.are-published", provider="no jwks_uri")
fault(
    "The metadata names no token endpoint.",
    "metadata.is-complete metadata.oauth token.is-given-to-clients",
    provider="no token_endpoint",
)
fault("RS256 is not offered.", "metadata.is-complete", provider="no RS256")
fault("An endpoint is without TLS.", "metadata.is-complete", provider="plain endpoint")
fault("OAuth has another issuer than OpenID Connect.", "metadata.oauth", provider="two issuers")
fault("Tokens may be unsigned.", "metadata.no-unsigned-tokens", provider="offers none")
fault("Passwords are given to clients.", "metadata.no-password-grant", provider="offers passwords")
fault("Tokens come in the URL.", "metadata.no-implicit-flow", provider="offers tokens in the url")
fault("Proof keys are plain.", "metadata.pkce", provider="offers plain proofs")
fault("The keys are not there.", "keys.are-published token.is-signed", provider="no keys")
fault("The private half is published.", "keys.are-published", provider="private half")
fault("Keys have no name.", "keys.are-published", provider="nameless keys")
fault("A key is too short.", "keys.are-published", provider="short key")
fault(
    "A credential issuer says not what it issues.",
    "credentials.issuer-metadata",
    provider="half a credential issuer",
    verdict="warn",
)
fault("Tokens are cached.", "token.is-given-to-clients", provider="cached tokens")
fault("Any secret is right.", "token.wrong-secret-is-refused", provider="any secret")
fault("Tokens are given to a GET.", "token.not-by-get", provider="token by get")
fault(
    "A disabled client still gets tokens.",
    "token.disabled-client-is-refused",
    provider=("disabled client", "any secret"),
)
fault(
    "Another key signs than is published.", "token.is-signed id-token.is-signed", provider="another key signs"
)
fault(
    "Tokens are of another issuer.", "token.is-signed id-token.is-signed", provider="tokens of another issuer"
)
fault("Access tokens look like ID tokens.", "token.has-the-profile", provider="plain type", verdict="warn")
fault("Public clients need no proof key.", "authorize.asks-for-a-proof-key", provider="no proof key")
fault("People are sent anywhere.", "authorize.sends-nobody-elsewhere", provider="open redirector")
fault("Other origins may read the login.", "authorize.no-cors", provider="cors")
fault(
    "The API believes unsigned tokens.",
    "api.refuses-unsigned",
    guard="alg none",
    must_catch={"MIM6-R3.1": "alg none accepted"},
)
fault("The API believes the algorithm NONE.", "api.refuses-unsigned-in-capitals", guard="alg NONE")
fault(
    "The API does not look at signatures.",
    "api.refuses-changed-claims api.refuses-own-key",
    guard="signature",
)
fault("The API believes keys it does not know.", "api.refuses-unknown-key", guard="unknown key")
fault("The API believes the key in the token.", "api.refuses-key-in-the-token", guard="key inside")
fault("The API takes the public key for a secret.", "api.refuses-public-key-as-secret", guard="confusion")
fault(
    "The API believes tokens for others.",
    "api.refuses-other-audiences",
    guard="audience",
    must_catch={"MIM6-R3.1": "audience unchecked"},
)
fault("The API believes ID tokens.", "api.refuses-id-tokens", guard=("audience", "type"))
fault(
    "The API believes expired tokens.",
    "api.refuses-expired-tokens",
    guard="time",
    must_catch={"MIM0-C4": "expired token accepted"},
)
fault(
    "Revocation is not seen.",
    "api.sees-revocation",
    guard="revocation",
    must_catch={"MIM6-R1.3": "cached decision outlives revoke"},
)
fault("The provider forgets what was revoked.", "api.sees-revocation", provider="forgets revocation")
fault(
    "The API believes no token of the provider.",
    "api.takes-tokens-of-the-provider",
    provider="another key signs",
)


@broken_target(right="oidc", caught_by="OIDC.metadata.several-identity-providers")
def there_is_one_identity_provider_alone(target, folder):
    """Citizens have no choice of who says who they are."""
    interface = target.interfaces["oidc"]
    options = {**interface.options, "identity-providers": [interface.url]}
    return replace(target, interfaces={**target.interfaces, "oidc": replace(interface, options=options)})
