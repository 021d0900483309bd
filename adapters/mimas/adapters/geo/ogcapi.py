"""`ogcapi_features`: collections of a service that speaks OGC API - Features, page by page.

OGC API - Features - Part 1: Core (OGC 17-069r4): links lead from the landing page to the collections, to
their items and from page to page; coordinates are longitude and latitude (CRS84).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any
from urllib.parse import urljoin

import orjson
import shapely

from ..harvest import Download, Harvest
from ..mapping import MappingFile
from ..source import SourceError, Surroundings
from .addresses import with_parameters
from .feature_source import FeatureSource, Found
from .latest import Latest
from .projection import make_projection
from .shapes import read_shapes

PAGE = 1000
MAX_PAGES = 100_000
_JSON = {"Accept": "application/geo+json, application/json;q=0.9"}
_GEO_TYPES = ("application/geo+json", "application/json", None)


class OgcApiSource(FeatureSource):
    """The items of one or several collections; a record is the properties, `id` and `geometry`."""

    def __init__(self, file: MappingFile, surroundings: Surroundings) -> None:
        super().__init__(file, surroundings)
        if "modified" in self.options and "datetime" in self.options:
            raise SourceError(f"{file.name}: modified and datetime exclude each other: keep one of them")
        self._degrees = make_projection(self.plan.crs or "EPSG:4326", self.plan.axes)

    async def records(self, run: Harvest) -> AsyncIterator[Found]:
        """Every item, or with `modified` those that changed since the last run."""
        total: int | None = 0
        for name, url in await self._items_links(run):
            latest = Latest(self.options.get("modified"), run, name)
            async for page in self._pages(run, self._first(url, latest)):
                if "previous" not in page:
                    total = _sum(total, page.get("numberMatched"))
                    if total is not None:
                        run.expect(total)
                for found in await asyncio.to_thread(self._records_of, page, name):
                    latest.note(found)
                    yield found
            latest.keep()

    async def _items_links(self, run: Harvest) -> list[tuple[str, str]]:
        """Names of the collections, and where their items are."""
        url = self.options["url"]
        if url.partition("?")[0].rstrip("/").endswith("/items"):
            return [(url.partition("?")[0].rstrip("/").split("/")[-2], url)]
        document, at = await self._fetch(run, url)
        if _link(document, at, "items"):
            return [(str(document.get("id", "items")), _require_link(document, at, "items", url))]
        if "collections" not in document:
            document, at = await self._fetch(run, _require_link(document, at, "data", url))
        return self._chosen(document, at)

    def _chosen(self, document: dict[str, Any], at: str) -> list[tuple[str, str]]:
        known = {str(each.get("id")): each for each in document.get("collections", [])}
        wanted = self.options.get("collection")
        names = [wanted] if isinstance(wanted, str) else wanted
        missing = [name for name in names or [""] if name not in known]
        if missing:
            listed = ", ".join(list(known)[:30]) or "none"
            what = f"no collection {missing[0]!r}" if names else "several collections"
            raise SourceError(f"{at} has {what}: set collection to one of: {listed}")
        return [(name, _require_link(known[name], at, "items", name)) for name in names or ()]

    def _first(self, url: str, latest: Latest) -> str:
        bbox = self.options.get("bbox")
        condition = self.options.get("filter")
        return with_parameters(
            url,
            {
                "limit": self.options.get("page", PAGE),
                "bbox": ",".join(f"{each:g}" for each in bbox) if bbox else None,
                "datetime": f"{latest.since}/.." if latest.since else self.options.get("datetime"),
                "filter": condition,
                "filter-lang": "cql2-text" if condition else None,
                **self.options.get("parameters", {}),
            },
        )

    async def _pages(self, run: Harvest, url: str) -> AsyncIterator[dict[str, Any]]:
        """Feature collections along their `next` links."""
        seen: set[str] = set()
        following: str | None = url
        while following is not None:
            if following in seen or len(seen) >= MAX_PAGES:
                raise SourceError(f"{following}: the links to the next page run in a circle")
            document, at = await self._fetch(run, following)
            if not isinstance(document.get("features"), list):
                raise SourceError(f"{at} answers no feature collection")
            if seen:
                document["previous"] = True
            yield document
            seen.add(following)
            following = _link(document, at, "next")

    async def _fetch(self, run: Harvest, url: str) -> tuple[dict[str, Any], str]:
        download = await run.download(url, headers=_JSON)
        return await asyncio.to_thread(_parse, download), download.url

    def _records_of(self, page: dict[str, Any], name: str) -> list[Found]:
        features = [each for each in page["features"] if isinstance(each, dict)]
        rows = [{"id": each.get("id"), **(each.get("properties") or {})} for each in features]
        geometries = _geometries(features)
        return list(self.records_of(rows, geometries, self._degrees, f"{name}/items"))

    def key_of(self, row: dict[str, Any]) -> str | None:
        """The declared key, otherwise the id of the feature."""
        declared = super().key_of(row)
        return str(row["id"]) if declared is None and row.get("id") is not None else declared


def _geometries(features: Sequence[dict[str, Any]]) -> list[Any]:
    texts = [orjson.dumps(each["geometry"]) if each.get("geometry") else None for each in features]
    return read_shapes(texts, shapely.from_geojson)


def _sum(total: int | None, matched: Any) -> int | None:
    return total + matched if total is not None and isinstance(matched, int) else None


def _parse(download: Download) -> dict[str, Any]:
    try:
        document = orjson.loads(download.read())
    except orjson.JSONDecodeError as error:
        raise SourceError(f"{download.url} answers no JSON: {error.msg}") from error
    if not isinstance(document, dict):
        raise SourceError(f"{download.url} answers no JSON object")
    return document


def _link(document: dict[str, Any], at: str, relation: str) -> str | None:
    links = [each for each in document.get("links") or () if isinstance(each, dict) and each.get("href")]
    found = [
        each
        for each in links
        if each.get("rel") in (relation, f"http://www.opengis.net/def/rel/ogc/1.0/{relation}")
    ]
    for kind in _GEO_TYPES:
        for each in found:
            if each.get("type") == kind:
                return urljoin(at, str(each["href"]))
    return None


def _require_link(document: dict[str, Any], at: str, relation: str, what: str) -> str:
    link = _link(document, at, relation)
    if link is None:
        raise SourceError(f"{what} has no link {relation!r} to JSON: is it OGC API Features?")
    return link
