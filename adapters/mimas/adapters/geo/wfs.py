"""`wfs`: the features of a Web Feature Service 2.0, page by page, as GeoJSON or through GDAL as GML."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, AsyncIterator, Generator
from contextlib import aclosing
from functools import partial
from pathlib import Path
from typing import Any

from ..archives import link_into
from ..background import in_background
from ..harvest import Download, Harvest, Record
from ..mapping import MappingFile
from ..source import SourceError, Surroundings
from .addresses import with_parameters
from .feature_source import FeatureSource, Found
from .formats import GeoFile, recognise
from .latest import Latest
from .layers import Selection, layer_names
from .wfs_capabilities import Capabilities, read_capabilities, refuse_exception_in
from .wfs_query import bbox_parameter, filter_parameter

PAGE = 1000
_MATCHED = re.compile(rb'numberMatched"?\s*[=:]\s*"?(\d+)')


class WfsSource(FeatureSource):
    """The features of one type; a record is the attributes and `geometry`."""

    def __init__(self, file: MappingFile, surroundings: Surroundings) -> None:
        super().__init__(file, surroundings)
        if "cql" in self.options and {"filter", "bbox", "modified"} & set(self.options):
            raise SourceError(f"{file.name}: cql excludes filter, bbox and modified: say all in cql")

    async def records(self, run: Harvest) -> AsyncIterator[Found]:
        """Every feature, or with `modified` those that changed since the last run."""
        url = self.options["url"]
        answer = await run.download(self.request("GetCapabilities", acceptVersions="2.0.0"))
        service = read_capabilities(answer.read(), url)
        name = service.find_type(self.options.get("type"), url)
        latest = Latest(self.options.get("modified"), run, name)
        pages = _Pages(self, run, service, name)
        async with aclosing(pages.records(self._query(service, name, latest))) as records:
            async for found in records:
                latest.note(found)
                yield found
        latest.keep()

    def _query(self, service: Capabilities, name: str, latest: Latest) -> dict[str, Any]:
        bbox = self.options.get("bbox")
        box = tuple(bbox) if bbox else None
        condition = filter_parameter(
            self.options.get("filter"),
            box,
            self.options.get("modified"),
            latest.since,
        )
        return {
            "typeNames": name,
            "outputFormat": self.options.get("format", service.json_format),
            "srsName": self.options.get("srs"),
            "bbox": bbox_parameter(box) if box and condition is None else None,
            "filter": condition,
            "cql_filter": self.options.get("cql"),
            "sortBy": self.options.get("sort"),
        }

    def request(self, request: str, **parameters: Any) -> str:
        """The URL of a request."""
        own = self.options.get("parameters", {})
        fixed = {"service": "WFS", "version": "2.0.0", "request": request}
        return with_parameters(self.options["url"], {**fixed, **parameters, **own})


class _Pages:
    """Reads GetFeature until the service has no more."""

    def __init__(self, source: WfsSource, run: Harvest, service: Capabilities, name: str) -> None:
        self._source = source
        self._run = run
        self._service = service
        self._name = name
        self._schema: Download | None = None
        self._first: Any = None

    async def records(self, query: dict[str, Any]) -> AsyncGenerator[Found, None]:
        """Features of all pages."""
        page = self._source.options.get("page", PAGE) if self._service.paging else 0
        start = 0
        while True:
            paging = {"count": page, "startIndex": start} if page else {}
            file, matched = await self._fetch({**query, **paging}, start)
            if matched is not None:
                self._run.expect(matched)
            number = 0
            async with aclosing(in_background(partial(self._read, file))) as batches:
                async for found in (each async for batch in batches for each in batch):
                    if number == 0:
                        self._require_progress(found)
                    number += 1
                    yield found
            start += number
            if not page or number == 0 or start == matched:
                return

    def _read(self, file: GeoFile) -> Generator[list[Found]]:
        if layer_names(file):  # an empty collection has none
            yield from self._source.records_in(file, Selection(), self._name)

    async def _fetch(self, query: dict[str, Any], start: int) -> tuple[GeoFile, int | None]:
        download = await self._run.download(self._source.request("GetFeature", **query))
        refuse_exception_in(download.path, self._source.options["url"])
        kind = recognise(download.path)
        if kind not in ("GML", "GeoJSON"):
            raise SourceError(f"{self._source.options['url']} answers neither GML nor GeoJSON: set format")
        name = f"page-{start}"
        path = link_into(self._run.folder, download.path, f"{name}.{kind.lower()}")
        if kind == "GML":
            link_into(self._run.folder, (await self._types()).path, f"{name}.xsd")
        return GeoFile(path, kind, self._name), _matched(download.path)

    async def _types(self) -> Download:
        """The schema of the type: a house number `0012` is no number, and so on every page alike."""
        if self._schema is None:
            request = self._source.request("DescribeFeatureType", typeNames=self._name)
            self._schema = await self._run.download(request)
        return self._schema

    def _require_progress(self, found: Any) -> None:
        """A service that overlooks startIndex would answer its first page for ever."""
        fields = found.fields if isinstance(found, Record) else str(found)
        if fields == self._first:
            raise SourceError(f"{self._source.options['url']} answers the same page again: set page to 0")
        self._first = fields


def _matched(path: Path) -> int | None:
    """How many features there are in all, where the answer begins with that."""
    with path.open("rb") as file:
        found = _MATCHED.search(file.read(4096))
    return int(found[1]) if found else None
