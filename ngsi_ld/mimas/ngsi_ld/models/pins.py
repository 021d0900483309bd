"""The pinned set of published model files: which commit, which file, which checksum."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

_PAGES = "https://smart-data-models.github.io"
_RAW = "https://raw.githubusercontent.com"
_WEB = "https://github.com"


@dataclass(frozen=True, slots=True)
class Pin:
    """One published file, as it was at one commit."""

    repository: str
    commit: str
    path: str
    sha256: str
    size: int

    @property
    def address(self) -> str:
        """Where this very version can be had."""
        return f"{_RAW}/{self.repository}/{self.commit}/{self.path}"

    @property
    def local_path(self) -> str:
        """Where it lies under the cache directory."""
        return f"{self.subject}/{self.path}"

    @property
    def subject(self) -> str:
        """The name of its repository, such as dataModel.Energy."""
        return self.repository.rsplit("/", 1)[1]

    @property
    def reference_addresses(self) -> tuple[str, str, str]:
        """The addresses by which the published schemas refer to each other."""
        return (
            f"{_PAGES}/{self.subject}/{self.path}",
            f"{_RAW}/{self.repository}/master/{self.path}",
            f"{_WEB}/{self.repository}/raw/master/{self.path}",
        )


@cache
def pins() -> tuple[Pin, ...]:
    """Every pinned file, commons first."""
    content = json.loads(files(__package__).joinpath("pins.json").read_bytes())
    return tuple(
        Pin(each["repository"], each["commit"], path, sha256, size)
        for each in content["sets"]
        for path, (sha256, size) in each["files"].items()
    )
