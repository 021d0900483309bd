"""CKAN's action API, as https://docs.ckan.org/en/2.11/api/ describes package_search."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from tests.adapters.conftest import HarvestText
from tests.adapters.provider import Asked, Provider, Reply

from mimas.adapters.source import SourceError

MAPPING = "use: ckan\nsource: {{ckan: {{url: '{url}', rows: 2{more}}}}}\n"
SEARCH = "/portal/api/3/action/package_search"


def package(name: str, modified: str, **more: Any) -> dict[str, Any]:
    return {
        "id": f"id-{name}",
        "name": name,
        "title": name.title(),
        "notes": f"About {name}",
        "state": "active",
        "metadata_created": "2024-01-01T08:00:00.000000",
        "metadata_modified": modified,
        "organization": {"name": "town", "title": "Town"},
        "tags": [{"name": "open", "state": "active"}],
        "groups": [],
        "extras": [{"key": "spatial", "value": '{"type": "Point", "coordinates": [17.25, 49.59]}'}],
        "resources": [
            {"id": f"r-{name}", "name": "CSV", "url": f"https://example.org/{name}.csv", "format": "CSV"}
        ],
    } | more


class Ckan:
    """A CKAN whose Solr sorts, filters and pages."""

    def __init__(self, *packages: dict[str, Any]) -> None:
        self.packages = list(packages)

    def __call__(self, asked: Asked) -> Reply:
        assert asked.query["sort"] == "metadata_modified asc, id asc"
        since = re.search(r"metadata_modified:\[(\S+)Z TO \*\]", asked.query.get("fq", ""))
        found = sorted(
            (each for each in self.packages if not since or each["metadata_modified"] >= since[1]),
            key=lambda each: (each["metadata_modified"], each["id"]),
        )
        start, rows = int(asked.query["start"]), int(asked.query["rows"])
        result = {"count": len(found), "results": found[start : start + rows]}
        return Reply({"help": "...", "success": True, "result": result})


def portal(provider: Provider, ckan: Any, more: str = "") -> str:
    provider.put(SEARCH, ckan)
    return MAPPING.format(url=provider.url("/portal/"), more=more)


PACKAGES = [package(name, f"2026-01-0{day}T10:00:00.123456") for day, name in enumerate("abcde", 1)]


async def test_packages_and_resources_become_datasets_and_distributions(
    provider: Provider, harvest: HarvestText
) -> None:
    """Five packages on three pages, each with a resource that points back at it."""
    done = await harvest(portal(provider, Ckan(*PACKAGES)))
    dataset = done.documents["urn:ngsi-ld:Dataset:id-a"]
    distribution = done.documents["urn:ngsi-ld:Distribution:r-a"]

    assert (len(done.records), done.run.total, done.rejections) == (10, 5, [])
    assert dataset["title"]["value"] == ["A"]
    assert dataset["location"]["value"]["coordinates"] == [17.25, 49.59]
    assert dataset["modified"]["value"] == "2026-01-01T10:00:00.123456Z"
    assert distribution["belongsToDataset"]["object"] == "urn:ngsi-ld:Dataset:id-a"


async def test_the_next_run_asks_for_changes_alone(provider: Provider, harvest: HarvestText) -> None:
    """From the newest change on; a filter of one's own stays."""
    text = portal(provider, Ckan(*PACKAGES), ", filter: 'organization:town'")
    first = await harvest(text)
    provider.asked.clear()
    second = await harvest(text, first.kept)

    assert second.keys == ["dataset:id-e", "distribution:r-e"]
    assert second.run.is_partial
    assert provider.asked[0].query["fq"] == (
        "(organization:town) AND (metadata_modified:[2026-01-05T10:00:00.123456Z TO *])"
    )


async def test_a_deleted_package_is_said_to_be_gone(provider: Provider, harvest: HarvestText) -> None:
    """With its resources."""
    done = await harvest(
        portal(provider, Ckan(*PACKAGES, package("z", "2026-02-01T00:00:00", state="deleted")))
    )

    assert done.run.deleted == ["dataset:id-z", "distribution:r-z"]
    assert "dataset:id-z" not in done.keys


async def test_the_watermark_stays_when_packages_vanish_meanwhile(
    provider: Provider, harvest: HarvestText
) -> None:
    """A package that goes between two pages moves the next one into a page that was read already."""
    ckan = Ckan(*PACKAGES)

    def shrinking(asked: Asked) -> Reply:
        reply = ckan(asked)
        if asked.query["start"] == "0":
            ckan.packages.pop(0)
        return reply

    done = await harvest(portal(provider, shrinking))

    assert "dataset:id-c" not in done.keys
    assert done.kept == {}


async def test_packages_without_an_id_are_refused_alone(provider: Provider, harvest: HarvestText) -> None:
    """And so are resources without one."""
    broken = package("x", "2026-01-09T00:00:00", resources=[{"url": "https://example.org"}])
    nameless = package("y", "2026-01-08T00:00:00") | {"id": ""}
    nameless["id"] = None

    def answer(_asked: Asked) -> Reply:
        return Reply({"success": True, "result": {"count": 2, "results": [broken, nameless]}})

    done = await harvest(portal(provider, answer))

    assert done.keys == ["dataset:id-x"]
    assert [each.reason for each in done.rejections] == ["has a resource without an id", "has no id"]


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (Reply({"success": False, "error": {"message": "Access denied"}}), "Access denied"),
        (Reply({"success": True, "result": {"results": []}}), "neither results nor their count"),
        (Reply(b"<html>", "text/html"), "a web page"),
        (Reply({}, status=403), "403"),
    ],
)
async def test_an_answer_that_is_not_ckan_says_so(
    provider: Provider, harvest: HarvestText, reply: Reply, message: str
) -> None:
    """With what the portal said."""
    with pytest.raises(SourceError, match=message):
        await harvest(portal(provider, reply))


async def test_the_api_token_goes_without_a_scheme(
    provider: Provider, harvest: HarvestText, tmp_path: Path
) -> None:
    """CKAN takes the token itself as Authorization."""
    (tmp_path / "token").write_text("eyJ0")
    await harvest(portal(provider, Ckan(*PACKAGES), ", token: {file: token}"))

    assert provider.asked[0].headers["authorization"] == "eyJ0"
