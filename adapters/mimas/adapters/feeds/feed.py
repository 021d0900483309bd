"""What every source that is read over HTTP(S) has: options, credentials, and how a body is fetched."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

import orjson

from ..harvest import Download, Harvest
from ..mapping import MappingFile
from ..mapping.paths import compile_path
from ..mapping.payloads import JSON
from ..mapping.problems import MappingProblem
from ..mapping.scope import MISSING, Getter, Scope
from ..messages import Mapped, Message
from ..source import SourceError, Surroundings, source_kind, source_options
from .credentials import read_headers, same_origin

MEGABYTE = 1 << 20
MAX_BODY = 64 * MEGABYTE


class Feed:
    """A source with a `url`; `records` is what its kind adds."""

    media = JSON
    token_form: ClassVar[Mapping[str, str]] = {}  # how the token is sent unless declared otherwise

    def __init__(self, file: MappingFile, surroundings: Surroundings) -> None:
        self.name = file.name
        self.file = file
        self.options = source_options(file)
        self.url: str = self.options.get("url", "")
        self.headers = read_headers(file, self.options, self.token_form)
        self.max_body: int = self.options.get("max_bytes", MAX_BODY)

    def to_entities(self, message: Message) -> Mapped:
        """What a record becomes by the mapping."""
        return self.file.mapping.map(message)

    def path(self, option: str, text: str) -> Getter:
        """A getter for the path that an option gives; SourceError when it is no path."""
        try:
            return compile_path(text, ("source", source_kind(self.file), option))
        except MappingProblem as error:
            raise SourceError(f"{self.name}: {error.problem}") from error

    async def fetch(
        self,
        run: Harvest,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        accept: str = "application/json",
        conditional: bool = False,
    ) -> Download:
        """One body within the source's limit; credentials go to the origin of the source's URL alone."""
        headers = {"Accept": accept} | (self.headers if same_origin(url, self.url) else {})
        download = await run.download(with_params(url, params), headers=headers, conditional=conditional)
        size = download.path.stat().st_size
        if size > self.max_body:
            raise SourceError(
                f"{self.name}: {download.url} gave {size} bytes, more than the {self.max_body} of max_bytes; "
                "ask for smaller pages, or raise max_bytes"
            )
        return download

    async def fetch_json(self, run: Harvest, url: str, *, params: Mapping[str, str] | None = None) -> Any:
        """The JSON value behind a URL."""
        return read_json(await self.fetch(run, url, params=params))


def with_params(url: str, params: Mapping[str, str] | None) -> str:
    """The URL with parameters more; those of the same name in its query are replaced."""
    if not params:
        return url
    parts = urlsplit(url)
    kept = [(name, value) for name, value in parse_qsl(parts.query, True) if name not in params]
    query = urlencode([*kept, *params.items()], quote_via=quote, safe="$*:,()'/")
    return urlunsplit(parts._replace(query=query))


def read_json(download: Download) -> Any:
    """The JSON value of a body; SourceError says what came instead."""
    try:
        return orjson.loads(download.read())
    except orjson.JSONDecodeError as error:
        raise SourceError(
            f"{download.url} is not JSON (line {error.lineno}, column {error.colno}: {error.msg}); "
            f"it came as {download.media_type or 'nothing declared'}: {_guess(download)}"
        ) from error


def _guess(download: Download) -> str:
    """Why a body that should be JSON is none, for a person."""
    if "html" in download.media_type:
        return "a web page, perhaps of a login or an error; check the URL and the token"
    return "perhaps cut off; the next run asks again"


def found(get: Getter, content: Any) -> Any:
    """What a path gives in `content`; None when there is nothing."""
    value = get(Scope(content, content))
    return None if value is MISSING else value
