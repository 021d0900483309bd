"""A harvest run without a platform: a real HTTP client, watermarks in memory."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

from mimas.adapters.harvest import Download, Record, RecordSource
from mimas.adapters.messages import MessageRejected
from mimas.adapters.source import SourceError


class LocalHarvest:
    """One run; `kept` is what the run before left."""

    def __init__(self, folder: Path, kept: Mapping[str, Any] | None = None, *, full: bool = False) -> None:
        self.folder = folder
        self.full = full
        self.kept = dict(kept or {})
        self.is_partial = False
        self.total: int | None = None
        self.deleted: list[str] = []
        self.urls: list[str] = []

    async def download(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        body: bytes | None = None,
        conditional: bool = False,
    ) -> Download:
        async with httpx.AsyncClient(follow_redirects=True, trust_env=False) as client:
            method = "POST" if body is not None else "GET"
            answer = await client.request(method, url, headers=headers, params=params, content=body)
        self.urls.append(str(answer.url))
        if answer.status_code != 200:
            raise SourceError(f"{url} answers {answer.status_code}")
        path = self.folder / f"download-{len(self.urls)}"
        path.write_bytes(answer.content)
        media_type = answer.headers.get("content-type", "").partition(";")[0].strip()
        digest = hashlib.sha256(answer.content).hexdigest()
        return Download(str(answer.url), path, media_type, answer.charset_encoding, answer.headers, digest)

    def watermark(self, name: str) -> Any:
        return None if self.full else self.kept.get(name)

    def advance(self, name: str, value: Any) -> None:
        self.kept[name] = value

    def partial(self) -> None:
        self.is_partial = True

    def gone(self, key: str) -> None:
        self.deleted.append(key)

    def expect(self, total: int) -> None:
        self.total = total


async def harvested(source: RecordSource, run: LocalHarvest) -> list[Record | MessageRejected]:
    """Everything one run of `source` yields."""
    return [each async for each in source.records(run)]
