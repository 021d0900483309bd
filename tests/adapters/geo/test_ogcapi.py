"""OGC API Features against a real pygeoapi: links, pages, boxes, times, and what is newer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from mimas.adapters.source import SourceError

from .conftest import Read
from .services import running_pygeoapi, write_tinydb


def _feature(number: int, longitude: float, month: int, **properties: Any) -> dict[str, Any]:
    name = {"externalId": f"p{number}", "updated": f"2026-{month:02}-01T00:00:00Z"}
    return {
        "id": f"p{number}",
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [longitude, 50.0]},
        "properties": {**name, "spaces": number, **properties},
    }


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Twenty-five car parks from west to east, one a month; and two bicycle racks."""
    folder = tmp_path_factory.mktemp("pygeoapi")
    parks = [_feature(n, 14 + n / 100, 1 + n % 12, tags=["a", {"b": n}]) for n in range(25)]
    racks = [_feature(n, 15.0, 1) for n in range(2)]
    collections = {
        "parking": write_tinydb(folder / "parking.json", parks),
        "racks": write_tinydb(folder / "racks.json", racks),
    }
    with running_pygeoapi(folder, collections, "updated") as url:
        yield url


@pytest.mark.parametrize("path", ["", "/collections", "/collections/parking", "/collections/parking/items"])
async def test_items_are_found_from_any_page_of_the_service(service: str, read: Read, path: str) -> None:
    """The landing page, the collections, one collection, its items; pages follow their links."""
    found, run = await read("ogcapi_features", url=service + path, collection="parking", page=10)

    assert sorted(each.key for each in found) == sorted(f"p{n}" for n in range(25))
    assert found[0].place == "parking/items:p0"
    assert found[0].fields["geometry"] == {"type": "Point", "coordinates": [14.0, 50.0]}
    assert found[3].fields["tags"] == ["a", {"b": 3}]
    assert run.total == 25
    assert len([url for url in run.urls if "limit=10" in url]) == 3


async def test_a_box_and_a_time(service: str, read: Read) -> None:
    """Both are the service's work."""
    boxed, _ = await read("ogcapi_features", url=service, collection="parking", bbox=[14.095, 49, 14.145, 51])
    timed, _ = await read(
        "ogcapi_features", url=service, collection="parking", datetime="2026-12-01T00:00:00Z/.."
    )

    assert [each.key for each in boxed] == ["p10", "p11", "p12", "p13", "p14"]
    assert [each.key for each in timed] == ["p11", "p23"]


async def test_several_collections_in_one_source(service: str, read: Read) -> None:
    """Their records stand one after the other, each under its collection."""
    found, run = await read("ogcapi_features", url=service, collection=["racks", "parking"])

    assert [each.place.split("/")[0] for each in found] == ["racks"] * 2 + ["parking"] * 25
    assert run.total == 27


async def test_later_runs_ask_for_what_is_newer(service: str, read: Read) -> None:
    """With `modified` a run asks for the time since the newest item of the last one."""
    options = {"url": service, "collection": "parking", "modified": "updated"}
    _, first = await read("ogcapi_features", **options)
    newer, second = await read("ogcapi_features", first.kept, **options)
    whole, third = await read("ogcapi_features", first.kept, full=True, **options)

    assert first.kept == {"modified:parking": "2026-12-01T00:00:00Z"}
    assert ([each.key for each in newer], second.is_partial) == (["p11", "p23"], True)
    assert (len(whole), third.is_partial) == (25, False)


async def test_what_is_missing_is_said(service: str, read: Read) -> None:
    """Which collections there are, and an address that is another service."""
    with pytest.raises(SourceError, match="no collection 'huts': set collection to one of: parking, racks"):
        await read("ogcapi_features", url=service, collection="huts")
    with pytest.raises(SourceError, match="several collections"):
        await read("ogcapi_features", url=service)
    with pytest.raises(SourceError, match="has no link 'data' to JSON: is it OGC API Features"):
        await read("ogcapi_features", url=f"{service}/conformance", collection="a")
    with pytest.raises(SourceError, match="modified and datetime exclude each other"):
        await read("ogcapi_features", url=service, modified="a", datetime="2026-01-01")
