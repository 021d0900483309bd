"""The files a harvested source reads: named by `path` (a file or a folder with `name`), or behind `url`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from .archives import link_into
from .harvest import Harvest
from .mapping import MappingFile
from .source import SourceError, beside


def require_one_input(file: MappingFile, options: Mapping[str, Any]) -> None:
    """SourceError unless the options name either a path or a URL."""
    if ("path" in options) == ("url" in options):
        raise SourceError(f"{file.name}: give either path or url")


async def input_files(file: MappingFile, options: Mapping[str, Any], run: Harvest) -> list[Path]:
    """The files there are; Unchanged when the one behind the URL is as it was."""
    if "url" in options:
        return [await fetch(run, options["url"], conditional=True)]
    path = beside(file, options["path"])
    if path.is_dir():
        return sorted(each for each in path.glob(options.get("name", "*")) if each.is_file())
    if not path.is_file():
        raise SourceError(f"{path} does not exist: see path of the source")
    return [path]


async def fetch(run: Harvest, url: str, *, conditional: bool = False) -> Path:
    """The file behind a URL, under its own name."""
    download = await run.download(url, conditional=conditional)
    name = unquote(PurePosixPath(urlsplit(url).path).name) or "download"
    return link_into(run.folder, download.path, name)
