"""The provider under check: its metadata, its keys, and the tokens it gives to the target's clients."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from ...answer import Answer
from ...listener import is_this_machine
from ...probe import Probe
from ...session import basic_pair
from ...verdicts import CheckError, Failure, NotTested
from ..declaration import Level, Needs, check

DISCOVERY = "OpenID Connect Discovery 1.0"
FORM = "application/x-www-form-urlencoded"


def oidc(
    name: str,
    requirement: str | Iterable[str],
    *,
    level: Level = "MUST",
    clause: str | None = None,
    needs: Iterable[Needs] = (),
) -> Callable[[Callable[[Provider], None]], Callable[[Provider], None]]:
    """Declare a check of a provider; its id is `OIDC.` and the name."""

    def declare(function: Callable[[Provider], None]) -> Callable[[Provider], None]:
        @functools.wraps(function)
        def run(probe: Probe) -> None:
            try:
                function(Provider(probe))
            except (AttributeError, IndexError, KeyError, TypeError) as error:
                # What a check takes apart is the provider's answers.
                raise Failure(
                    f"An answer has another shape than is due ({type(error).__name__}: {error})."
                ) from error

        check(
            f"OIDC.{name}", requirement=requirement, mechanism="oidc", level=level, clause=clause, needs=needs
        )(run)
        return function

    return declare


class Provider:
    """One check's view of the provider."""

    def __init__(self, probe: Probe) -> None:
        self.probe = probe
        self.issuer = probe.interface.url

    @functools.cached_property
    def metadata(self) -> Mapping[str, Any]:
        """What it publishes at the issuer, with `/.well-known/openid-configuration` appended."""
        answer = self.probe.read(".well-known/openid-configuration", Accept="application/json")
        return answer.expect(200).json_object()

    def endpoint(self, name: str) -> str:
        """An endpoint of the metadata; Failure where it is missing or no URL."""
        url = self.metadata.get(name)
        if not isinstance(url, str) or urlsplit(url).scheme not in ("http", "https"):
            raise Failure(f"The metadata of {self.issuer} has no {name}.", mend=f"Publish {name}.")
        return url

    def oauth_url(self) -> str:
        """Where RFC 8414 puts the metadata: inserted between host and path."""
        parts = urlsplit(self.issuer)
        place = f"/.well-known/oauth-authorization-server{parts.path.rstrip('/')}"
        return urlunsplit((parts.scheme, parts.netloc, place, "", ""))

    def published_keys(self) -> list[Mapping[str, Any]]:
        """The keys at jwks_uri."""
        answer = self.probe.fetch(self.endpoint("jwks_uri"), accept="application/json").expect(200)
        keys = answer.json_object().get("keys")
        if not isinstance(keys, list) or not keys or not all(isinstance(each, dict) for each in keys):
            raise Failure(f"{answer} without `keys`.", mend="Publish the public keys that sign.")
        return keys

    # -- tokens

    def ask_for_token(self, role: str = "client", *, secret: str | None = None, **members: str) -> Answer:
        """The answer of the token endpoint to a client (a credential of the scheme `oauth2`)."""
        credential = self.probe.target.credentials.get(role)
        if credential is None or credential.scheme != "oauth2" or not credential.user:
            raise NotTested(
                f"The target names no credential {role!r} of the scheme `oauth2` with its `user`."
            )
        pair = basic_pair(credential.user, secret or self.probe.secret(role))
        form = {"grant_type": "client_credentials", **self._wanted(), **members}
        return self.probe.send(
            "POST",
            self.endpoint("token_endpoint"),
            headers={"Authorization": f"Basic {pair}", "Content-Type": FORM, "Accept": "application/json"},
            content=urlencode(form),
            role=None,
        )

    def _wanted(self) -> dict[str, str]:
        options = {name: self.probe.option(name) for name in ("scope", "audience", "resource")}
        return {name: str(value) for name, value in options.items() if value}

    def token(self, role: str = "client") -> str:
        """An access token for a client; CheckError when it gets none."""
        answer = self.ask_for_token(role)
        token = answer.json_object().get("access_token") if answer.status == 200 else None
        if not isinstance(token, str):
            raise CheckError(
                f"{answer}: the credential {role!r} gets no token, so nothing can be tried with one."
            )
        return self.probe.keep_secret(token)


def is_secure(url: str) -> bool:
    """Whether a URL is https."""
    return urlsplit(url).scheme == "https"


def is_test_bench(url: str) -> bool:
    """Whether a URL without TLS is at least on this machine."""
    return is_this_machine(urlsplit(url).hostname or "")
