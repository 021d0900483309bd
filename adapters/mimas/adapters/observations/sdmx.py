"""SDMX over HTTP: data in JSON, CSV or XML, as the server answers or as declared."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

from ..feeds.feed import MEGABYTE, Feed, read_json
from ..feeds.threads import read_ahead
from ..harvest import Download, Harvest, Record
from ..messages import MessageRejected
from ..source import SourceError
from .sdmx_csv import read_rows
from .sdmx_json import read_message
from .sdmx_xml import read_data, read_labels

MAX_STREAMED = 1024 * MEGABYTE
MAX_JSON = 256 * MEGABYTE
# SDMX REST 2.1, data queries: each format and version is a media type of its own.
ACCEPT = {
    "json": "application/vnd.sdmx.data+json;version=1.0.0, "
    "application/vnd.sdmx.data+json;version=2.0.0;q=0.9",
    "csv": "application/vnd.sdmx.data+csv;version=1.0.0;labels=both, text/csv;q=0.5",
    "xml": "application/vnd.sdmx.structurespecificdata+xml;version=2.1, "
    "application/vnd.sdmx.genericdata+xml;version=2.1;q=0.9, application/xml;q=0.5",
}
STRUCTURE = "application/vnd.sdmx.structure+xml;version=2.1, application/xml;q=0.5"


class SdmxFeed(Feed):
    """The observations of one data query."""

    async def records(self, run: Harvest) -> AsyncIterator[Record | MessageRejected]:
        """Every observation; CSV and XML are streamed."""
        self.max_body = self.options.get("max_bytes", MAX_STREAMED)
        declared = self.options.get("format")
        accept = ACCEPT[declared] if declared else ", ".join(ACCEPT.values())
        params = {str(name): str(value) for name, value in self.options.get("params", {}).items()}
        download = await self.fetch(run, self.url, params=params or None, accept=accept, conditional=True)
        notation = declared or _notation(download)
        async for record in read_ahead(await self._reading(run, download, notation)):
            yield record

    async def _reading(
        self, run: Harvest, download: Download, notation: str
    ) -> Iterator[Record | MessageRejected]:
        url, language = download.url, self.options.get("language")
        if notation == "csv":
            return read_rows(download.path, url)
        if notation == "json":
            if download.path.stat().st_size > MAX_JSON:
                raise SourceError(f"{self.name}: {url} is too large for JSON; set format to csv")
            return read_message(await asyncio.to_thread(read_json, download), url, language)
        if "structure" not in self.options:
            return read_data(download.path, url, {}, frozenset())
        structure = await self.fetch(run, self.options["structure"], accept=STRUCTURE)
        labels, dimensions = await asyncio.to_thread(read_labels, structure.path, structure.url, language)
        return read_data(download.path, url, labels, dimensions)


def _notation(download: Download) -> str:
    """The format of an answer by its media type."""
    for word in ("json", "csv", "xml"):
        if word in download.media_type:
            return word
    raise SourceError(
        f"{download.url} came as {download.media_type or 'nothing declared'}; set format to json, csv or xml"
    )
