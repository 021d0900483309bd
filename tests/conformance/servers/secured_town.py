"""A provider and an API behind it, both over TLS of an authority of the tests, as a target."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from mimas.conformance.target import Credential, Interface, Target
from mimas.conformance.testing import target_of

from .certificates import authority, write_pair
from .provider import BACK, CLIENTS, Guard, Provider
from .rest_data import BASE
from .rest_service import RestService
from .secured import secured, server_context

OPTIONS = {"public-client": "web", "redirect-uri": BACK, "revocation-seconds": 1}


@contextmanager
def town(folder: Path, *, provider: tuple[str, ...] = (), guard: tuple[str, ...] = ()) -> Iterator[Target]:
    """The target; `provider` and `guard` name what these do wrong."""
    context = server_context(write_pair(folder))
    login, other = Provider(*provider), Provider()
    with secured(login, context) as issuer, pytest.MonkeyPatch.context() as patch:
        login.issuer = issuer
        schemes = {
            "oidc": {
                "type": "openIdConnect",
                "openIdConnectUrl": f"{issuer}/.well-known/openid-configuration",
            }
        }
        service = RestService(Guard(login, *guard), schemes)
        with secured(service, context) as url, secured(other, context) as wallet:
            other.issuer = wallet
            secrets = {
                "client": CLIENTS["app"],
                "other-client": CLIENTS["other"],
                "disabled-client": "secret-of-who-is-gone",
                "id-token": login.issue("JWT", aud="app"),
                "expired": login.issue("at+jwt", aud="https://api.town.example", exp=int(time.time()) - 3600),
                "token": login.issue("at+jwt", aud="https://api.town.example", client_id="app"),
            }
            users = {"client": "app", "other-client": "other", "disabled-client": "gone"}
            credentials = {}
            for role, secret in secrets.items():
                variable = f"RIGHT_TOWN_{role.upper().replace('-', '_')}"
                patch.setenv(variable, secret)
                scheme = "oauth2" if role in users else "bearer"
                credentials[role] = Credential(variable, scheme=scheme, user=users.get(role))  # type: ignore[arg-type]
            target = target_of(
                "oidc",
                issuer,
                ca_file=authority().write(folder / "ca.pem"),
                credentials=credentials,
                interface={"options": {**OPTIONS, "identity-providers": [issuer, wallet]}},
            )
            interfaces = {**target.interfaces, "openapi-rest": Interface("openapi-rest", f"{url}{BASE}")}
            yield replace(target, interfaces=interfaces)
