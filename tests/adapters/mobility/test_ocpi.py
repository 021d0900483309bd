"""OCPI 2.2.1 Locations: an operator with Link headers, X-Total-Count and date_from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest
from tests.adapters.conftest import HarvestText
from tests.adapters.provider import Asked, Provider, Reply

from mimas.adapters.mapping import shipped_mappings
from mimas.adapters.mobility.ocpi import summarise
from mimas.adapters.source import SourceError

PATH = "/ocpi/cpo/2.2.1/locations"
MAPPING = "use: ocpi\nsource: {{ocpi: {{url: '{url}', token: {{file: token.txt}}{more}}}}}\n"
SAMPLE: dict[str, Any] = orjson.loads(
    (shipped_mappings()["ocpi"].parent / "samples/ocpi-location.json").read_bytes()
)
RAW = {name: value for name, value in SAMPLE.items() if name not in ("key", "summary")}


def location(name: str, updated: str, **more: Any) -> dict[str, Any]:
    return {**RAW, "id": name, "last_updated": updated, **more}


class Operator:
    """A charging point operator that gives two locations a page, whatever is asked for."""

    def __init__(self, provider: Provider, *locations: dict[str, Any]) -> None:
        self.provider = provider
        self.locations = list(locations)
        self.url = provider.put(PATH, self)

    def __call__(self, asked: Asked) -> Reply:
        if asked.headers.get("authorization") != "Token dG9r":
            return Reply({"status_code": 2001, "status_message": "Invalid token"}, status=401)
        since = asked.query.get("date_from", "")
        found = [each for each in self.locations if str(each["last_updated"]) >= since]
        offset = int(asked.query.get("offset", "0"))
        headers = {"X-Total-Count": str(len(found)), "X-Limit": "2"}
        if offset + 2 < len(found):
            more = f"&date_from={since}" if since else ""
            headers["Link"] = f'<{self.provider.url(PATH)}?offset={offset + 2}&limit=2{more}>; rel="next"'
        body = {"data": found[offset : offset + 2], "status_code": 1000, "timestamp": "2026-01-15T10:30:00Z"}
        return Reply(body, headers=headers)


@pytest.fixture
def operator(provider: Provider, tmp_path: Path) -> Operator:
    (tmp_path / "token.txt").write_text("tok")
    times = [f"2026-01-{day:02}T00:00:00Z" for day in range(1, 6)]
    return Operator(provider, *(location(f"LOC{number}", at) for number, at in enumerate(times, 1)))


async def test_all_pages_of_locations(operator: Operator, harvest: HarvestText) -> None:
    """The token goes as OCPI 2.2.1 wants it: in base64, with the word Token."""
    done = await harvest(MAPPING.format(url=operator.url, more=""))
    station = done.documents["urn:ngsi-ld:EVChargingStation:BE%2ABEC%2ALOC5"]

    assert (len(done.records), done.run.total, done.rejections) == (5, 5, [])
    assert (station["capacity"]["value"], station["availableCapacity"]["value"]) == (2, 1)
    assert station["status"]["value"] == "working"


async def test_the_sample_of_the_mapping_is_what_the_source_makes(
    operator: Operator, harvest: HarvestText
) -> None:
    """So the tests inside the mapping see what runs see."""
    operator.locations = [RAW]
    done = await harvest(MAPPING.format(url=operator.url, more=""))

    assert done.records[0].fields == SAMPLE


async def test_the_next_run_asks_for_updates_alone(operator: Operator, harvest: HarvestText) -> None:
    """From the newest update on, also on its further pages."""
    text = MAPPING.format(url=operator.url, more="")
    first = await harvest(text)
    operator.locations += [location(f"NEW{n}", "2026-02-01T00:00:00Z") for n in range(2)]
    operator.provider.asked.clear()
    second = await harvest(text, first.kept)

    assert second.keys == ["BE*BEC*LOC5", "BE*BEC*NEW0", "BE*BEC*NEW1"]
    assert second.run.is_partial
    assert [each.query["date_from"] for each in operator.provider.asked] == ["2026-01-05T00:00:00Z"] * 2


async def test_a_location_whose_points_were_all_removed_is_gone(
    operator: Operator, harvest: HarvestText
) -> None:
    """That is how OCPI says that a location is no more."""
    operator.locations = [location("LOC1", "2026-01-01T00:00:00Z", evses=[{"uid": "1", "status": "REMOVED"}])]
    done = await harvest(MAPPING.format(url=operator.url, more=""))

    assert (done.records, done.run.deleted) == ([], ["BE*BEC*LOC1"])


async def test_hidden_and_broken_locations(operator: Operator, harvest: HarvestText) -> None:
    """publish: false makes no entity; a location without an id is refused alone."""
    hidden = location("HOME", "2026-01-01T00:00:00Z", publish=False)
    nameless = {**RAW, "id": None}
    operator.locations = [hidden, nameless]
    done = await harvest(MAPPING.format(url=operator.url, more=""))

    assert (done.keys, done.documents) == (["BE*BEC*HOME"], {})
    assert [each.reason for each in done.rejections] == ["the location has no id"]


async def test_a_wrong_token_ends_the_run(operator: Operator, harvest: HarvestText, tmp_path: Path) -> None:
    """With the status, and without the token in the message."""
    (tmp_path / "token.txt").write_text("wrong-s3cret")

    with pytest.raises(SourceError, match="401") as caught:
        await harvest(MAPPING.format(url=operator.url, more=""))
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            {"status_code": 2000, "status_message": "Generic client error"},
            "status 2000: Generic client error",
        ),
        ({"status_code": 1000, "data": {}}, "no list of locations"),
        ({"locations": []}, "is no OCPI answer"),
    ],
)
async def test_an_answer_that_is_none_says_so(
    operator: Operator, harvest: HarvestText, body: Any, message: str
) -> None:
    """OCPI has errors of its own inside of a 200."""
    operator.provider.put(PATH, Reply(body))

    with pytest.raises(SourceError, match=message):
        await harvest(MAPPING.format(url=operator.url, more=""))


@pytest.mark.parametrize(
    ("statuses", "status", "available"),
    [
        (["AVAILABLE", "AVAILABLE"], "empty", 2),
        (["AVAILABLE", "CHARGING"], "working", 1),
        (["CHARGING", "RESERVED"], "full", 0),
        (["OUTOFORDER", "AVAILABLE"], "withIncidence", 1),
        (["OUTOFORDER", "INOPERATIVE"], "outOfService", 0),
        (["AVAILABLE", "REMOVED", "PLANNED"], "empty", 1),
    ],
)
def test_states_of_stations(statuses: list[str], status: str, available: int) -> None:
    """In the words of the model; what was removed or is only planned does not count."""
    summary = summarise({"evses": [{"status": each, "connectors": []} for each in statuses]})

    assert (summary["status"], summary["available"]) == (status, available)
