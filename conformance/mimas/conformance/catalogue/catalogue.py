"""Loads the requirement files that ship with the package."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any, Literal

import yaml

# The C parser reads the same files ten times as fast; not every platform has it.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Level = Literal["MUST", "SHOULD", "MAY"]
Method = Literal["api_probe", "data_sample", "document_check", "config_check", "manual_attestation"]


@dataclass(frozen=True, slots=True)
class Requirement:
    """One requirement. `id` never changes meaning; `editions` says what number it has where.

    `confidence` is "official" when a MIM text asks for it, "derived" when it or its depth is ours.
    `must_catch` names broken behaviour that a check of this requirement has been seen to fail on.
    """

    id: str
    mim: str
    title: str
    level: Level
    reference: str
    methods: tuple[Method, ...]
    mechanisms: tuple[str, ...]
    test: str
    evidence: str
    confidence: Literal["official", "derived"]
    sources: tuple[str, ...]
    editions: dict[str, str] = field(default_factory=dict)
    capability: str | None = None
    keyword: str | None = None
    applies_when: str | None = None
    standard: str | None = None
    lordimas: str | None = None
    must_catch: tuple[str, ...] = ()
    note: str | None = None

    @property
    def automatic(self) -> bool:
        """Whether a machine can judge some of it."""
        return any(method != "manual_attestation" for method in self.methods)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All requirements with the words that hold for all of them. `sha256` names its exact content."""

    version: str
    edition: str
    editions: dict[str, str]
    levels: dict[str, str]
    methods: dict[str, str]
    profiles: dict[str, tuple[str, ...]]
    numbering_conflicts: tuple[str, ...]
    sources: dict[str, str]
    requirements: tuple[Requirement, ...]
    sha256: str

    def get(self, requirement_id: str) -> Requirement:
        """The requirement of this id; KeyError when there is none."""
        for requirement in self.requirements:
            if requirement.id == requirement_id:
                return requirement
        raise KeyError(requirement_id)

    def of_profile(self, profile: str) -> tuple[Requirement, ...]:
        """The requirements of a profile's MIMs, in catalogue order; KeyError for an unknown profile."""
        mims = self.profiles[profile]
        return tuple(each for each in self.requirements if each.mim in mims)


@cache
def load_catalogue() -> Catalogue:
    """The catalogue that ships with this version of Mimas."""
    folder = resources.files(__package__) / "data"
    files = sorted((each for each in folder.iterdir() if each.name.endswith(".yaml")), key=lambda f: f.name)
    texts = {each.name: each.read_bytes() for each in files}
    digest = hashlib.sha256(b"\0".join(name.encode() + b"\0" + text for name, text in texts.items()))
    head = _parse(texts.pop("catalogue.yaml"))
    requirements = tuple(
        _requirement(mim["mim"], entry)
        for mim in sorted((_parse(text) for text in texts.values()), key=_reading_order)
        for entry in mim["requirements"]
    )
    return Catalogue(
        version=head["version"],
        edition=head["edition"],
        editions=head["editions"],
        levels=head["levels"],
        methods=head["methods"],
        profiles={name: tuple(mims) for name, mims in head["profiles"].items()},
        numbering_conflicts=tuple(head["numbering_conflicts"]),
        sources=head["sources"],
        requirements=requirements,
        sha256=digest.hexdigest(),
    )


def _parse(text: bytes) -> dict[str, Any]:
    parsed: dict[str, Any] = yaml.load(text, _LOADER)  # noqa: S506  # a safe loader
    return parsed


def _reading_order(mim: dict[str, Any]) -> tuple[bool, bool, str]:
    """Current MIMs by number first, then the older texts, procurement clauses last."""
    name = mim["mim"]
    return (name == "PLUS", name.endswith("-2022"), name)


def _requirement(mim: str, entry: dict[str, Any]) -> Requirement:
    lists = ("methods", "mechanisms", "sources", "must_catch")
    members: dict[str, Any] = {
        name: tuple(value) if name in lists else value for name, value in entry.items()
    }
    return Requirement(mim=mim, **members)
