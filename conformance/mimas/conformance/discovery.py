"""Finds out what a bare base URL offers, and writes it down as a first target.yaml."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import yaml

from .evidence import Evidence
from .identity import described, identify, openapi_document
from .probe import REDIRECTS, Probe
from .session import Session
from .target import Credential, Interface, Limits, Target, TargetError, target_of_url
from .verdicts import NoAnswer, Outcome

TOKEN_VARIABLE = "CHECK_TOKEN"  # noqa: S105  # the name of a variable
CA_VARIABLE = "CHECK_CA_FILE"
_OIDC = "/.well-known/openid-configuration"
_NGSI_LD = re.compile(r"/ngsi-ld(/v1)?(/.*)?$")
# Where each mechanism is looked for below the base URL; the first that speaks it is taken.
_PLACES: Mapping[str, tuple[str, ...]] = {
    "ngsi-ld": ("",),
    "ogcapi-features": ("", "/ogc/features", "/ogcapi"),
    "ogcapi-processes": ("", "/ogc/processes", "/ogcapi"),
    "algorithm-register": ("/algorithms", "/algorithm-register", ""),
    "openapi-rest": ("",),
    "sensorthings": ("", "/v1.1", "/v1.0", "/FROST-Server/v1.1"),
    "wfs": ("", "/wfs", "/ows"),
    "dcat-ap": ("", "/catalog", "/catalog.ttl", "/catalogue", "/dcat"),
    "oidc": ("",),
    "linked-data": ("", "/id", "/void.ttl"),
    "odrl": ("/policies", "/policy", "/odrl"),
    "dataspace-protocol": (),
    "asyncapi": ("/asyncapi.json", "/asyncapi.yaml", "/asyncapi"),
}
# Links of the landing page that may lead to a catalogue, by their words or by the type they state.
_LINKED = re.compile(r"""<(?:a|link)\b[^>]*?href\s*=\s*["']([^"'#]+)["'][^>]*>""", re.IGNORECASE)
_CATALOGUE_WORDS = ("text/turtle", "ld+json", "rdf+xml", "catalog", "dcat", "open-data", "opendata")
_PATIENCE = Limits(timeout=5.0, requests_per_second=50.0, max_bytes=5_000_000, check_seconds=60.0)


class NothingFound(TargetError):
    """Nothing answers at the URL, or it sends on to somebody else's."""


def discover(url: str, *, environment: Mapping[str, str] = os.environ) -> Target:
    """A target with every interface found at a base URL; NothingFound when nothing answers there at all.

    Where something answers but speaks no known mechanism, the target claims a REST interface, so that the run
    says what is wrong with it. The variable CHECK_TOKEN, when set, holds the bearer token;
    CHECK_CA_FILE names the authority (PEM) that signed the certificate, where no public one did.
    """
    claimed = replace(target_of_url(url), ca_file=_ca_file(environment))
    if environment.get(TOKEN_VARIABLE):
        claimed = replace(claimed, credentials={"token": Credential(TOKEN_VARIABLE)})
    session = Session(replace(claimed, limits=_PATIENCE), environment=environment)
    try:
        base, elsewhere = _real_base(session, url.rstrip("/"))
        found = dict(_found(session, base))
    finally:
        session.close()
    if elsewhere and not found:
        raise NothingFound(f"{url} sends on to {elsewhere}; name that URL if you mean it.")
    unknown = not found.keys() - {"tls"}
    return replace(claimed, interfaces={**(claimed.interfaces if unknown else {}), **found})


def _ca_file(environment: Mapping[str, str]) -> str | None:
    path = environment.get(CA_VARIABLE)
    if path and not Path(path).is_file():
        raise TargetError(f"{CA_VARIABLE} names {path}, which is no file.")
    return str(Path(path).resolve()) if path else None


def first_draft(target: Target) -> str:
    """A target.yaml with what was found, and what a person must add."""
    document: dict[str, Any] = {
        "product": {"name": target.name, "version": "?"},
        "interfaces": {name: {"url": each.url} for name, each in target.interfaces.items()},
    }
    if target.credentials:
        document["credentials"] = {role: {"env": each.env} for role, each in target.credentials.items()}
    if target.ca_file:
        document["ca_file"] = target.ca_file
    return _HEAD + yaml.safe_dump(document, sort_keys=False, allow_unicode=True) + _TAIL


def _real_base(session: Session, base: str) -> tuple[str, str | None]:
    """The base with https where http only sends on to it, and the other host to which it sends on."""
    probe = Probe(session, "openapi-rest", "discovery", Evidence(session.secrets))
    try:
        answer = probe.read("")
    except NoAnswer as error:
        raise NothingFound(f"Nothing can be found out: {error}") from error
    onward = urljoin(base, answer.headers.get("location", "")) if answer.status in REDIRECTS else base
    if urlsplit(onward).hostname != urlsplit(base).hostname:
        return base, onward
    secure = urlsplit(onward).scheme == "https"
    return (f"https://{urlsplit(onward).netloc}{urlsplit(base).path}" if secure else base), None


def _found(session: Session, base: str) -> Iterator[tuple[str, Interface]]:
    for mechanism, places in _PLACES.items():
        start = _NGSI_LD.sub("", base) if mechanism == "ngsi-ld" else base
        further = _further_places(session, base, mechanism)
        for interface in (
            Interface(mechanism, place) for place in [*(start + each for each in places), *further]
        ):
            if _speaks(session, interface):
                yield mechanism, interface
                break
    yield from _login_of(session, base)
    parts = urlsplit(base)
    if parts.scheme == "https":
        yield "tls", Interface("tls", f"https://{parts.netloc}")


def _further_places(session: Session, base: str, mechanism: str) -> list[str]:
    """Where the host itself says that a catalogue or a connector is."""
    if mechanism == "dcat-ap":
        return _linked_from(session, base)
    return _of_versions(session, base) if mechanism == "dataspace-protocol" else []


def _of_versions(session: Session, base: str) -> list[str]:
    """The paths in the version document of a connector, newest last."""
    session.target = replace(
        session.target, interfaces={"dataspace-protocol": Interface("dataspace-protocol", base)}
    )
    probe = Probe(session, "dataspace-protocol", "discovery", Evidence(session.secrets))
    try:
        listed = probe.read(".well-known/dspace-version", Accept="application/json").json_object()
    except Outcome:
        return []
    versions = listed.get("protocolVersions")
    paths = (
        [each.get("path") for each in versions if isinstance(each, dict)]
        if isinstance(versions, list)
        else []
    )
    return [base + "/" + str(each).strip("/") for each in paths if each][:3]


def _linked_from(session: Session, base: str) -> list[str]:
    """Where the landing page may link a catalogue on its own host."""
    session.target = replace(session.target, interfaces={"dcat-ap": Interface("dcat-ap", base)})
    probe = Probe(session, "dcat-ap", "discovery", Evidence(session.secrets))
    try:
        text = probe.read("", Accept="text/html").text[:200_000]
    except NoAnswer:
        return []
    found = (
        urljoin(f"{base}/", each[1])
        for each in _LINKED.finditer(text)
        if any(word in each[0].lower() for word in _CATALOGUE_WORDS)
    )
    own = urlsplit(base).netloc
    return [each for each in dict.fromkeys(found) if urlsplit(each).netloc == own][:5]


def _login_of(session: Session, base: str) -> Iterator[tuple[str, Interface]]:
    """The provider that the API names: in its description, or as a protected resource (RFC 9728)."""
    session.target = replace(session.target, interfaces={"openapi-rest": Interface("openapi-rest", base)})
    probe = Probe(session, "openapi-rest", "discovery", Evidence(session.secrets))
    for issuer in dict.fromkeys([*_issuers_described(probe), *_issuers_of_resource(probe)]):
        interface = Interface("oidc", issuer)
        if _speaks(session, interface):
            yield "oidc", interface
            return


def _issuers_described(probe: Probe) -> list[str]:
    try:
        document = described(openapi_document(probe))
        schemes = document["components"]["securitySchemes"].values()
        places = [str(each.get("openIdConnectUrl", "")) for each in schemes]
    except (Outcome, KeyError, TypeError, AttributeError, RecursionError):
        return []
    return [place.removesuffix(_OIDC) for place in places if place.endswith(_OIDC)]


def _issuers_of_resource(probe: Probe) -> list[str]:
    parts = urlsplit(probe.interface.url)
    try:
        place = f"{parts.scheme}://{parts.netloc}/.well-known/oauth-protected-resource{parts.path}"
        found = (
            probe.read(place, Accept="application/json").expect(200).json_object()["authorization_servers"]
        )
        return [str(each).rstrip("/") for each in found]
    except (Outcome, KeyError, TypeError):
        return []


def _speaks(session: Session, interface: Interface) -> bool:
    """Whether the mechanism is spoken there; shapes nobody thought of are no reason to stop."""
    session.target = replace(session.target, interfaces={interface.mechanism: interface})
    probe = Probe(session, interface.mechanism, "discovery", Evidence(session.secrets))
    try:
        identify(probe)
    except (Outcome, KeyError, TypeError, AttributeError, RecursionError):
        return False
    return True


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
