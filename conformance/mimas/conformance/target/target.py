"""Reads a target.yaml, or makes a target of a bare base URL."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import yaml
from jsonschema import Draft202012Validator, FormatChecker

Writes = Literal["none", "test-tenant", "anything"]


class TargetError(Exception):
    """The target cannot be understood; the message lists everything that is wrong with it."""


@dataclass(frozen=True, slots=True)
class Interface:
    """One interface the product claims: its mechanism and where it is."""

    mechanism: str
    url: str
    description: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sample:
    """A data file offered for checking."""

    path: Path
    media_type: str | None = None
    model: str | None = None


@dataclass(frozen=True, slots=True)
class Credential:
    """A secret by reference: the environment variable `env` holds it; `scheme` says how it is sent.

    `bearer` sends it as a bearer token, `basic` with the name `user`, `header` as the header `header`;
    `oauth2` is a client's secret that buys a token (only OIDC checks use it).
    """

    env: str
    scheme: Literal["bearer", "basic", "header", "oauth2"] = "bearer"
    user: str | None = None
    header: str = "X-API-Key"


@dataclass(frozen=True, slots=True)
class Attestation:
    """A person's word for a requirement: who, when, where it can be read, until when it holds."""

    requirement: str
    by: str
    given_on: date
    link: str
    expires: date | None = None
    equivalent: bool = False
    text: str | None = None

    def holds_on(self, day: date) -> bool:
        """Whether it has not expired."""
        return self.expires is None or self.expires >= day


@dataclass(frozen=True, slots=True)
class Limits:
    """How polite and how patient the checker is: rate, concurrency, seconds and bytes of one answer.

    `check_seconds` is the longest that one check may go on.
    """

    requests_per_second: float = 50.0
    concurrency: int = 4
    timeout: float = 10.0
    max_bytes: int = 10_000_000
    check_seconds: float = 60.0


@dataclass(frozen=True, slots=True)
class Target:
    """A product under test. `credentials` maps a role to its secret; `token` is the usual role."""

    name: str
    interfaces: Mapping[str, Interface]
    version: str | None = None
    vendor: str | None = None
    credentials: Mapping[str, Credential] = field(default_factory=dict)
    writes: Writes = "none"
    tenant: str | None = None
    service_area: tuple[float, float, float, float] | None = None
    samples: tuple[Sample, ...] = ()
    documents: Mapping[str, str] = field(default_factory=dict)
    profiles: tuple[str, ...] = ()
    conditions: frozenset[str] = frozenset()
    attestations: tuple[Attestation, ...] = ()
    allow: tuple[str, ...] = ()
    ca_file: str | None = None
    limits: Limits = field(default_factory=Limits)

    @property
    def hosts(self) -> frozenset[str]:
        """The hosts the user named: they may be called even where they are private."""
        places = [place for each in self.interfaces.values() for place in (each.url, each.description)]
        named = (urlsplit(place).hostname for place in [*places, *self.documents.values()] if place)
        return frozenset(host for host in named if host)


@cache
def _validator() -> Draft202012Validator:
    text = (resources.files(__package__) / "schema.yaml").read_text()
    return Draft202012Validator(yaml.safe_load(text), format_checker=FormatChecker())


def load_target(path: Path) -> Target:
    """The target of a target.yaml; raises TargetError with every mistake at once."""
    try:
        document = yaml.safe_load(path.read_text())
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise TargetError(f"{path} cannot be read: {error}") from error
    document = _plain_dates(document)
    errors = sorted(_validator().iter_errors(document), key=lambda error: list(map(str, error.absolute_path)))
    if errors:
        raise TargetError(
            "\n".join(f"{path}: {'/'.join(map(str, e.absolute_path)) or 'file'}: {e.message}" for e in errors)
        )
    if document.get("writes") == "test-tenant" and not document.get("tenant"):
        raise TargetError(f'{path}: "writes: test-tenant" needs the name of the `tenant`.')
    return _target(document, path.parent)


def target_of_url(url: str) -> Target:
    """A target that claims nothing yet but a base URL: discovery finds out what it offers."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise TargetError(f"{url!r} is neither a file nor an http(s) URL.")
    return Target(name=parts.netloc, interfaces={"openapi-rest": Interface("openapi-rest", url.rstrip("/"))})


def _plain_dates(value: Any) -> Any:
    """YAML reads 2026-01-31 as a date; the schema knows text."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, dict):
        return {key: _plain_dates(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain_dates(each) for each in value]
    return value


def _target(document: dict[str, Any], folder: Path) -> Target:
    product = document["product"]
    area = document.get("service_area")
    return Target(
        name=product["name"],
        version=product.get("version"),
        vendor=product.get("vendor"),
        interfaces={
            mechanism: Interface(
                mechanism, _base(mechanism, each["url"]), each.get("description"), each.get("options", {})
            )
            for mechanism, each in document["interfaces"].items()
        },
        credentials={role: Credential(**each) for role, each in document.get("credentials", {}).items()},
        writes=document.get("writes", "none"),
        tenant=document.get("tenant"),
        service_area=(area[0], area[1], area[2], area[3]) if area else None,
        samples=tuple(
            Sample(folder / each["path"], each.get("media_type"), each.get("model"))
            for each in document.get("samples", ())
        ),
        documents={name: _document(each, folder) for name, each in document.get("documents", {}).items()},
        profiles=tuple(document.get("profiles", ())),
        conditions=frozenset(document.get("conditions", ())),
        attestations=tuple(_attestation(each) for each in document.get("attestations", ())),
        allow=tuple(document.get("allow", ())),
        ca_file=str((folder / document["ca_file"]).resolve()) if "ca_file" in document else None,
        limits=Limits(**document.get("limits", {})),
    )


def _base(mechanism: str, url: str) -> str:
    """The URL that paths are put below; that of NGSI-LD ends before /ngsi-ld/v1."""
    base = url.rstrip("/")
    return base.removesuffix("/ngsi-ld/v1") if mechanism == "ngsi-ld" else base


def _document(place: str, folder: Path) -> str:
    """A document's URL, or its path made absolute."""
    return place if urlsplit(place).scheme in ("http", "https") else str((folder / place).resolve())


def _attestation(entry: dict[str, Any]) -> Attestation:
    expires = entry.get("expires")
    return Attestation(
        requirement=entry["requirement"],
        by=entry["by"],
        given_on=date.fromisoformat(entry["date"]),
        link=entry["link"],
        expires=date.fromisoformat(expires) if expires else None,
        equivalent=entry.get("equivalent", False),
        text=entry.get("text"),
    )
