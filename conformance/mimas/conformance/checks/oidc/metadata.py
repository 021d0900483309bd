"""What the provider publishes of itself (MIM6 M1.2 to M1.4)."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from ...verdicts import Failure, NotApplicable, NotTested, Warn
from .provider import DISCOVERY, Provider, is_secure, is_test_bench, oidc
from .tokens import public_key

BOTH = ("MIM6-M1.3", "MIM6-M1.2")
REQUIRED = (
    "issuer", "authorization_endpoint", "jwks_uri", "response_types_supported", "subject_types_supported",
    "id_token_signing_alg_values_supported",
)  # fmt: skip
ENDPOINTS = (
    "authorization_endpoint",
    "token_endpoint",
    "jwks_uri",
    "userinfo_endpoint",
    "revocation_endpoint",
)
PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "k"})
BCP = "RFC 9700"


@oidc("metadata.issuer-is-the-one-asked", BOTH, clause=f"{DISCOVERY}, 4.3")
def issuer(provider: Provider) -> None:
    """`issuer` is, letter by letter, the URL under which the metadata was asked for, with https."""
    said = provider.metadata.get("issuer")
    if said not in (provider.issuer, f"{provider.issuer}/"):
        raise Failure(f"The issuer is {said!r}, asked for was {provider.issuer}.", mend="Make them the same.")
    parts = urlsplit(str(said))
    if parts.query or parts.fragment:
        raise Failure(f"The issuer {said} has a query or a fragment.")
    if not is_secure(str(said)):
        problem = f"The issuer {said} is without TLS."
        raise (
            Warn(f"{problem} (test profile)")
            if is_test_bench(str(said))
            else Failure(problem, mend="Use https.")
        )


@oidc("metadata.is-complete", "MIM6-M1.3", clause=f"{DISCOVERY}, 3")
def complete(provider: Provider) -> None:
    """The metadata has all that is required, RS256 among the algorithms, and https endpoints."""
    metadata = provider.metadata
    missing = [name for name in REQUIRED if not metadata.get(name)]
    only_implicit = set(_list(metadata.get("response_types_supported"))) <= {
        "id_token",
        "id_token token",
        "token",
    }
    if not only_implicit and not metadata.get("token_endpoint"):
        missing.append("token_endpoint")
    if missing:
        raise Failure(f"The metadata lacks {', '.join(missing)}.", mend="Publish them.")
    if not set(_list(metadata["subject_types_supported"])) <= {"public", "pairwise"}:
        raise Failure(f"subject_types_supported is {metadata['subject_types_supported']}.")
    if "RS256" not in _list(metadata["id_token_signing_alg_values_supported"]):
        raise Failure("id_token_signing_alg_values_supported lacks RS256.", mend="Offer it.")
    for name in [each for each in ENDPOINTS if each in metadata]:
        url = provider.endpoint(name)
        if not is_secure(url) and not is_test_bench(url):
            raise Failure(f"{name} is {url}, without TLS.", mend="Use https.")


@oidc("metadata.oauth", "MIM6-M1.2", level="SHOULD", clause="RFC 8414, 2, 3")
def oauth(provider: Provider) -> None:
    """Metadata of OAuth, where it is offered, names the same issuer and the endpoints."""
    answer = provider.probe.send(
        "GET", provider.oauth_url(), headers={"Accept": "application/json"}, role=None
    )
    if answer.status == 404:
        raise NotApplicable(f"{answer.url} is not there; the metadata of OpenID Connect is.")
    metadata = answer.expect(200).json_object()
    if metadata.get("issuer") != provider.metadata.get("issuer"):
        raise Failure(
            f"{answer} with the issuer {metadata.get('issuer')!r}.", mend="Name one issuer in both."
        )
    missing = {"response_types_supported", "token_endpoint"} - metadata.keys()
    if missing:
        raise Failure(f"{answer} without {', '.join(sorted(missing))}.", mend="Publish them.")


@oidc("metadata.no-unsigned-tokens", ("MIM6-M1.3", "MIM6-R3.1"), clause=f"{DISCOVERY}, 3; {BCP}")
def no_none(provider: Provider) -> None:
    """`none` is among no algorithms that the provider offers for tokens."""
    for name, value in provider.metadata.items():
        if (
            name.endswith("signing_alg_values_supported")
            and "none" in _list(value)
            and "request_object" not in name
        ):
            raise Failure(f"{name} offers `none`.", mend="Sign every token.")


@oidc("metadata.no-password-grant", "MIM6-M1.2", clause=f"{BCP}, 2.4")
def no_password(provider: Provider) -> None:
    """The grant `password` is not offered."""
    if "password" in _list(provider.metadata.get("grant_types_supported")):
        raise Failure("grant_types_supported offers `password`.", mend="Switch it off.")


@oidc("metadata.no-implicit-flow", "MIM6-M1.2", level="SHOULD", clause=f"{BCP}, 2.1.2")
def no_implicit(provider: Provider) -> None:
    """No response type gives an access token in the URL."""
    types = [
        each
        for each in _list(provider.metadata.get("response_types_supported"))
        if "token" in str(each).split()
    ]
    if types:
        raise Failure(f"response_types_supported offers {types}.", mend="Offer `code` alone.")


@oidc("metadata.pkce", "MIM6-M1.2", clause=f"{BCP}, 2.1.1; RFC 7636")
def pkce(provider: Provider) -> None:
    """Proof keys (PKCE) with S256 are offered."""
    if "S256" not in _list(provider.metadata.get("code_challenge_methods_supported")):
        raise Failure("code_challenge_methods_supported lacks S256.", mend="Offer and publish S256.")


@oidc("keys.are-published", ("MIM6-M1.3", "MIM6-R2.1"), clause="RFC 7517, 4; NIST SP 800-131A")
def keys(provider: Provider) -> None:
    """jwks_uri has the public keys that sign, each with kid, at least 2048 bits, and no private half."""
    known = set()
    for jwk in provider.published_keys():
        name = jwk.get("kid")
        if PRIVATE & jwk.keys():
            raise Failure(
                f"The key {name!r} is published with its private half.", mend="Withdraw it at once."
            )
        if not name or name in known:
            raise Failure("Two keys have the same `kid`, or one has none.", mend="Name every key.")
        known.add(name)
        if jwk.get("kty") not in ("RSA", "EC"):
            continue
        try:
            size = public_key(jwk).key_size
        except (ValueError, KeyError) as error:
            raise Failure(f"The key {name!r} is none: {error}") from error
        if size < (2048 if jwk["kty"] == "RSA" else 256):
            raise Failure(f"The key {name!r} has {size} bits.", mend="Make a longer one.")


@oidc("credentials.issuer-metadata", "MIM6-M1.4", level="MAY", clause="OpenID4VCI 1.0, 12.2")
def credential_issuer(provider: Provider) -> None:
    """A credential issuer publishes who it is, where credentials come from, and which there are."""
    parts = urlsplit(provider.issuer)
    name = "/.well-known/openid-credential-issuer"
    places = (f"{parts.scheme}://{parts.netloc}{name}{parts.path}", f"{provider.issuer}{name}")
    for place in dict.fromkeys(places):
        answer = provider.probe.send("GET", place, headers={"Accept": "application/json"}, role=None)
        if answer.status == 404:
            continue
        metadata = answer.expect(200).json_object()
        wanted = {"credential_issuer", "credential_endpoint", "credential_configurations_supported"}
        if wanted - metadata.keys():
            raise Failure(f"{answer} without {', '.join(sorted(wanted - metadata.keys()))}.")
        return
    raise NotApplicable("The provider is no credential issuer.")


@oidc("metadata.several-identity-providers", "MIM4-C03", level="SHOULD", clause="OIDC, EUDI wallet")
def several(provider: Provider) -> None:
    """There is more than one identity provider (option `identity-providers`), each with its metadata."""
    others: list[Any] = provider.probe.option("identity-providers", [])
    if not others:
        raise NotTested("The target names no `identity-providers` beside this one.")
    for other in others:
        url = f"{str(other).rstrip('/')}/.well-known/openid-configuration"
        found = provider.probe.fetch(url, accept="application/json").expect(200).json_object()
        if str(found.get("issuer", "")).rstrip("/") != str(other).rstrip("/"):
            raise Failure(f"{other} says that it is {found.get('issuer')!r}.")
    if {str(each).rstrip("/") for each in others} <= {provider.issuer}:
        raise Failure("There is one identity provider alone.", mend="Let citizens choose.")


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
