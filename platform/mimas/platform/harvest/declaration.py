"""What a mapping file declares about its harvest, with the defaults."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from hashlib import blake2b
from importlib.metadata import version
from typing import Any

import orjson

from mimas.adapters.mapping import MappingFile

SHARE = 0.2
_UNITS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400}
# What may change without every record having to be mapped again.
_APART = frozenset({"enabled", "description", "tests", "schedule", "delete", "rejects", "download"})


@dataclass(frozen=True, slots=True)
class DownloadLimits:
    """How a source may burden another server, and what it takes from it."""

    rate: float = 5.0
    concurrency: int = 2
    seconds: float = 900.0
    stall: float = 30.0
    attempts: int = 5
    max_bytes: int = 2 * 1024**3
    user_agent: str = f"Mimas/{version('mimas')} (local data platform; harvests by schedule)"


@dataclass(frozen=True, slots=True)
class HarvestPlan:
    """How one source is harvested. `fingerprint` changes with everything that decides what records become."""

    name: str
    tenant: str
    deletes: bool
    delete_share: float
    reject_limit: float
    download: DownloadLimits
    fingerprint: bytes


def plan_harvest(file: MappingFile) -> HarvestPlan:
    """The plan that a mapping file declares."""
    declared = file.declaration
    delete = declared.get("delete", False)
    return HarvestPlan(
        file.name,
        declared.get("tenant", ""),
        deletes=delete is not False,
        delete_share=delete.get("share", SHARE) if isinstance(delete, dict) else SHARE,
        reject_limit=declared.get("rejects", {}).get("limit", SHARE),
        download=DownloadLimits(**declared.get("download", {})),
        fingerprint=_fingerprint(file),
    )


def parse_duration(text: str) -> timedelta:
    """The time in `15min`, `30 s`, `6h` or `1d`."""
    digits = text.rstrip("abcdefghijklmnopqrstuvwxyz ")
    return timedelta(seconds=int(digits) * _UNITS[text[len(digits) :].strip()])


def _fingerprint(file: MappingFile) -> bytes:
    digest = blake2b(digest_size=16)
    kept: dict[str, Any] = {key: each for key, each in file.declaration.items() if key not in _APART}
    digest.update(orjson.dumps(kept, option=orjson.OPT_SORT_KEYS))
    for each in kept.get("lookups", {}).values():
        if "file" in each:
            digest.update((file.folder / each["file"]).read_bytes())
    return digest.digest()
