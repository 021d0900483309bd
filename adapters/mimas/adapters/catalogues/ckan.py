"""CKAN catalogues by the action API (version 3): packages as datasets, their resources as distributions.

Pages are asked for in the order of their change, so that what changes meanwhile comes last. When packages
vanish or change during a run, pages shift and one may be missed: then the watermark stays where it was.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any, ClassVar

import orjson

from ..feeds.feed import Feed, read_json
from ..feeds.paging import Request, follow_offset, read_pages
from ..harvest import Download, Harvest, Record
from ..messages import MessageRejected
from ..source import SourceError

ROWS = 100
SORT = "metadata_modified asc, id asc"
_GEOMETRIES = ("Point", "LineString", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon")


class CkanCatalogue(Feed):
    """The packages of one CKAN, or of a part of it."""

    token_form: ClassVar[Mapping[str, str]] = {"scheme": ""}

    async def records(self, run: Harvest) -> AsyncIterator[Record | MessageRejected]:
        """Every package and resource; after the first run those of packages that changed."""
        since = run.watermark("metadata_modified")
        if since is not None:
            run.partial()
        walk = _Walk(newest=since)
        follow = follow_offset("start", lambda content: content["count"])
        pages = read_pages(self, run, self._request(since), follow, read=self._read, count=_count)
        async for page in pages:
            if page.number == 0 and since is None:
                run.expect(page.content["count"])
            walk.look(page.content)
            for index, package in enumerate(page.content["results"]):
                for record in read_package(package, f"{page.request.params['start']}+{index}"):
                    yield record
                if isinstance(package, dict) and package.get("state", "active") != "active":
                    _forget(run, package)
        if walk.steady and walk.newest is not None:
            run.advance("metadata_modified", walk.newest)

    def _request(self, since: str | None) -> Request:
        params = {
            "q": self.options.get("query", "*:*"),
            "sort": SORT,
            "rows": str(self.options.get("rows", ROWS)),
            "start": "0",
        }
        filters = [self.options["filter"]] if "filter" in self.options else []
        if since is not None:
            filters.append(f"metadata_modified:[{since} TO *]")
        if filters:
            params["fq"] = " AND ".join(f"({each})" for each in filters) if filters[1:] else filters[0]
        return Request(f"{self.url.rstrip('/')}/api/3/action/package_search", params)

    async def _read(self, download: Download) -> dict[str, Any]:
        content = read_json(download)
        result = content.get("result") if isinstance(content, dict) else None
        if not isinstance(result, dict) or content.get("success") is not True:
            error = content.get("error") if isinstance(content, dict) else None
            told = error.get("message", "") if isinstance(error, dict) else ""
            raise SourceError(
                f"{self.name}: {download.url} is no answer of CKAN's action API {str(told)[:200]}; "
                "url is the address of the portal, in front of /api/3/action"
            )
        if not isinstance(result.get("results"), list) or not isinstance(result.get("count"), int):
            raise SourceError(f"{self.name}: {download.url} has neither results nor their count")
        return result


class _Walk:
    """What the pages so far say about the order they came in."""

    def __init__(self, newest: str | None) -> None:
        self.newest = newest
        self.steady = True
        self._count = 0
        self._ids: set[str] = set()

    def look(self, content: dict[str, Any]) -> None:
        """Take a page in: the newest change, and whether packages moved while pages were read."""
        if content["count"] < self._count:
            self.steady = False
        self._count = content["count"]
        for package in content["results"]:
            if not isinstance(package, dict):
                continue
            name = str(package.get("id"))
            if name in self._ids:
                self.steady = False
            self._ids.add(name)
            stamp = utc(package.get("metadata_modified"))
            if stamp is not None and (self.newest is None or stamp > self.newest):
                self.newest = stamp


def utc(stamp: Any) -> str | None:
    """CKAN's times are UTC and say nothing of it; Solr wants the Z."""
    if not isinstance(stamp, str) or len(stamp) < 19:
        return None
    return stamp if stamp.endswith("Z") or "+" in stamp[19:] else f"{stamp}Z"


def _count(content: dict[str, Any]) -> int:
    return len(content["results"])


def _forget(run: Harvest, package: dict[str, Any]) -> None:
    run.gone(f"dataset:{package['id']}")
    for resource in package.get("resources") or []:
        if isinstance(resource, dict) and "id" in resource:
            run.gone(f"distribution:{resource['id']}")


def read_package(package: Any, place: str) -> Iterator[Record | MessageRejected]:
    """The record of a package, then those of its resources; nothing of one that was deleted."""
    if not isinstance(package, dict) or not isinstance(package.get("id"), str):
        yield MessageRejected("payload", f"package {place}", "has no id", "tell the keeper of the catalogue")
        return
    if package.get("state", "active") != "active":
        return
    resources = [each for each in package.get("resources") or [] if isinstance(each, dict)]
    name = package.get("name") or package["id"]
    known = [each for each in resources if isinstance(each.get("id"), str)]
    yield Record(f"dataset/{name}", _dataset(package, known), f"dataset:{package['id']}")
    for resource in known:
        place = f"dataset/{name}/resource/{resource['id']}"
        yield Record(place, _distribution(package, resource), f"distribution:{resource['id']}")
    for _ in resources[len(known) :]:
        yield MessageRejected("payload", f"dataset/{name}", "has a resource without an id")


def _dataset(package: dict[str, Any], resources: list[dict[str, Any]]) -> dict[str, Any]:
    """A package as the mapping sees it: extras by name, tags as words, times in UTC, resources apart."""
    extras = _extras(package)
    organization = package.get("organization")
    return {
        **{name: value for name, value in package.items() if name not in ("resources", "extras", "tags")},
        "kind": "dataset",
        "extras": extras,
        "keywords": _names(package.get("tags")),
        "themes": _names(package.get("groups")),
        "publisher": organization.get("title") if isinstance(organization, dict) else None,
        "distributions": [each["id"] for each in resources],
        "geometry": _geometry(package.get("spatial") or extras.get("spatial")),
        "issued": utc(package.get("metadata_created")),
        "modified": utc(package.get("metadata_modified")),
    }


def _distribution(package: dict[str, Any], resource: dict[str, Any]) -> dict[str, Any]:
    return {
        **resource,
        "kind": "distribution",
        "dataset": package["id"],
        "license": package.get("license_url") or package.get("license_id"),
        "issued": utc(resource.get("created")),
        "modified": utc(resource.get("last_modified") or resource.get("metadata_modified")),
    }


def _names(items: Any) -> list[Any]:
    listed = items if isinstance(items, list) else []
    return [each["name"] for each in listed if isinstance(each, dict) and "name" in each]


def _extras(package: dict[str, Any]) -> dict[str, Any]:
    """The list of key and value as an object."""
    extras = package.get("extras")
    return {
        str(each["key"]): each.get("value")
        for each in (extras if isinstance(extras, list) else [])
        if isinstance(each, dict) and "key" in each
    }


def _geometry(spatial: Any) -> Any:
    """The GeoJSON that ckanext-spatial keeps as text; None when it is something else."""
    if isinstance(spatial, str) and spatial.lstrip().startswith("{"):
        try:
            spatial = orjson.loads(spatial)
        except orjson.JSONDecodeError:
            return None
    return spatial if isinstance(spatial, dict) and spatial.get("type") in _GEOMETRIES else None
