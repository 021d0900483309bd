"""One run as its source sees it: downloads, watermarks, and what it says about itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from mimas.adapters.harvest import Download, Unchanged

from .downloads import Downloader


@dataclass(slots=True)
class Kept:
    """What the runs before left. `validators` are of the last whole run, none when the last was not whole."""

    fingerprint: str = ""
    validators: dict[str, dict[str, str]] = field(default_factory=dict)
    watermarks: dict[str, Any] = field(default_factory=dict)


class HarvestRun:
    """The `Harvest` that the platform hands to a source."""

    def __init__(self, folder: Path, downloader: Downloader, kept: Kept, *, full: bool) -> None:
        self.folder = folder
        self.full = full
        self.kept = kept
        self.validators: dict[str, dict[str, str]] = {}
        self.advanced: dict[str, Any] = {}
        self.is_partial = False
        self.gone_keys: list[str] = []
        self.total: int | None = None
        self._downloader = downloader

    async def download(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        body: bytes | None = None,
        conditional: bool = False,
    ) -> Download:
        """Fetch a URL; Unchanged when it is `conditional` and as it was in the last whole run."""
        asked = {name.lower(): value for name, value in (headers or {}).items()}
        place = f"{url}?{urlencode(params)}" if params else url
        known = {} if self.full or not conditional else self.kept.validators.get(place, {})
        if "etag" in known:
            asked["if-none-match"] = known["etag"]
        if "last-modified" in known:
            asked["if-modified-since"] = known["last-modified"]
        download = await self._downloader.fetch(url, asked, params, body)
        if download is None:
            self.validators[place] = known
            raise Unchanged
        if conditional:
            self.validators[place] = _validators(download)
        if known and known.get("sha256") == download.sha256:
            raise Unchanged
        return download

    def watermark(self, name: str) -> Any:
        """What `advance` kept; None in a full run."""
        return None if self.full else self.kept.watermarks.get(name)

    def advance(self, name: str, value: Any) -> None:
        """Keep a value for the next run."""
        self.advanced[name] = value

    def partial(self) -> None:
        """What this run does not name is not gone."""
        self.is_partial = True

    def gone(self, key: str) -> None:
        """The thing with this key is not there any more."""
        self.gone_keys.append(key)

    def expect(self, total: int) -> None:
        """How many records there will be."""
        self.total = total

    def take_advanced(self) -> dict[str, Any]:
        """What was advanced since the last call."""
        taken, self.advanced = self.advanced, {}
        return taken


def _validators(download: Download) -> dict[str, str]:
    names = ("etag", "last-modified")
    return {"sha256": download.sha256} | {
        name: download.headers[name] for name in names if name in download.headers
    }
