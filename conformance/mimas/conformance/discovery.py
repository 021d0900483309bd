"""Finds out what a bare base URL offers, and writes it down as a first target.yaml."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import yaml

from .evidence import Evidence
from .identity import identify
from .probe import Probe
from .session import Session
from .target import Credential, Interface, Limits, Target, TargetError, target_of_url
from .verdicts import Failure, NoAnswer, Outcome

TOKEN_VARIABLE = "MIMAS_CHECK_TOKEN"  # noqa: S105  # the name of a variable
_NGSI_LD = re.compile(r"/ngsi-ld(/v1)?(/.*)?$")
# Where each mechanism is looked for below the base URL; the first that speaks it is taken.
_PLACES: Mapping[str, tuple[str, ...]] = {
    "ngsi-ld": ("",),
    "ogcapi-features": ("", "/ogc/features", "/ogcapi"),
    "openapi-rest": ("",),
    "sensorthings": ("", "/v1.1", "/v1.0", "/FROST-Server/v1.1"),
    "wfs": ("", "/wfs", "/ows"),
    "dcat-ap": ("", "/catalog", "/catalog.ttl", "/catalogue", "/dcat"),
    "oidc": ("",),
}
_PATIENCE = Limits(timeout=5.0, requests_per_second=50.0, max_bytes=5_000_000, check_seconds=60.0)


def discover(url: str, *, environment: Mapping[str, str] = os.environ) -> Target:
    """A target with every interface found at a base URL; TargetError when nothing answers there at all.

    Where something answers but speaks no known mechanism, the target claims a REST interface, so that the run
    says what is wrong with it. The variable MIMAS_CHECK_TOKEN, when set, holds the bearer token.
    """
    claimed = target_of_url(url)
    if environment.get(TOKEN_VARIABLE):
        claimed = replace(claimed, credentials={"token": Credential(TOKEN_VARIABLE)})
    session = Session(replace(claimed, limits=_PATIENCE), environment=environment)
    try:
        found = dict(_found(session, url.rstrip("/")))
    finally:
        session.close()
    return replace(claimed, interfaces=found) if found else claimed


def first_draft(target: Target) -> str:
    """A target.yaml with what was found, and what a person must add."""
    document: dict[str, Any] = {
        "product": {"name": target.name, "version": "?"},
        "interfaces": {name: {"url": each.url} for name, each in target.interfaces.items()},
    }
    if target.credentials:
        document["credentials"] = {role: {"env": each.env} for role, each in target.credentials.items()}
    return _HEAD + yaml.safe_dump(document, sort_keys=False, allow_unicode=True) + _TAIL


def _found(session: Session, base: str) -> Iterator[tuple[str, Interface]]:
    nothing: Exception | None = None
    for mechanism, places in _PLACES.items():
        start = _NGSI_LD.sub("", base) if mechanism == "ngsi-ld" else base
        for place in places:
            interface = Interface(mechanism, start + place)
            try:
                _identify(session, interface)
            except NoAnswer as error:
                nothing = error
                break
            except Outcome:
                continue
            yield mechanism, interface
            break
        else:
            nothing = None
        if nothing is not None and mechanism == "ngsi-ld":
            raise TargetError(f"Nothing can be found out: {nothing}")
    parts = urlsplit(base)
    if parts.scheme == "https":
        yield "tls", Interface("tls", f"https://{parts.netloc}")


def _identify(session: Session, interface: Interface) -> None:
    session.target = replace(session.target, interfaces={interface.mechanism: interface})
    probe = Probe(session, interface.mechanism, "discovery", Evidence(session.secrets))
    try:
        identify(probe)
    except (KeyError, TypeError, AttributeError, RecursionError) as error:  # shapes nobody thought of
        raise Failure(f"{interface.url} answers something strange: {error}") from error


_HEAD = """\
# What `mimas check` is told about the product. Written by `mimas target init`: correct and complete it.
# Every member is explained in docs/reference/target.md.
"""
_TAIL = """\
# Nothing is written unless you allow it: `none`, `test-tenant` (with `tenant:`) or `anything`.
writes: none
# tenant: conformance
# service_area: [14.05, 50.10, 14.20, 50.20]   # west, south, east, north
# credentials:
#   token: {env: MY_TOKEN}                      # the name of an environment variable, never the secret
# samples:
#   - {path: samples/meter.json, model: ACMeasurement}
# documents:
#   rulebook: docs/rulebook.pdf
# profiles: [starter_platform]
# conditions: []                                # of requirements that only hold for some products
# attestations:
#   - {requirement: MIM3-RC1.3, by: "Name, role", date: 2026-01-31, link: "https://...", expires: 2027-01-31}
# allow: []                                     # further private hosts or networks that may be called
"""
