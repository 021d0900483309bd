from __future__ import annotations

import re
import time
from datetime import UTC, datetime

import httpx
import pytest

from mimas.ngsi_ld.store.database import Database
from mimas.ngsi_ld.store.harvest_runs import RunStore
from mimas.ngsi_ld.store.quarantine import QuarantineStore, Rejected
from mimas.ngsi_ld.store.source_states import SourceStates

HISTORY = "/history/urn:ngsi-ld:ACMeasurement:hall-electricity?attribute=totalActiveEnergyImport"


async def page(pages: httpx.AsyncClient, path: str, status: int = 200) -> str:
    answer = await pages.get(path)
    assert answer.status_code == status, answer.text
    return answer.text.replace("\u00a0", " ").replace("\u202f", " ")


async def test_an_empty_platform_says_how_to_begin(pages: httpx.AsyncClient) -> None:
    """Nobody looks at an empty page and wonders."""
    text = await page(pages, "/")

    assert "here is how to send the first reading" in text
    assert "curl http://127.0.0.1:8080/ngsi-ld/v1/entities" in text


async def test_the_overview_shows_buildings_with_their_latest_values(
    town: Database, pages: httpx.AsyncClient
) -> None:
    """Building, meter and reading find each other through two relationships."""
    text = await page(pages, "/")

    assert "10 kWh" in text
    assert "29 Dec 2019, 23:00 UTC" in text
    assert '<svg class="map"' in text


async def test_simulated_data_is_announced_on_every_page_about_it(
    town: Database, pages: httpx.AsyncClient
) -> None:
    """Nobody may take made-up values for measured ones."""
    for path in ("/", "/things/urn:ngsi-ld:Building:hall", "/things?type=Building"):
        assert "Simulated data." in await page(pages, path)


async def test_stored_text_never_becomes_markup(town: Database, pages: httpx.AsyncClient) -> None:
    """Names come from devices and strangers: they are shown, not run."""
    for path in ("/", "/things/urn:ngsi-ld:Building:hall", "/things?type=Building"):
        assert "<script" not in await page(pages, path)


async def test_no_page_may_load_or_run_anything_foreign(town: Database, pages: httpx.AsyncClient) -> None:
    """The policy forbids scripts and other hosts, and no page needs either."""
    for path in ("/", "/things", "/quarantine", "/about", HISTORY):
        answer = await pages.get(path)
        links = re.findall(r'(?:src|<link[^>]* href)="([^"]+)"', answer.text)

        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "script-src" not in answer.headers["content-security-policy"]
        assert all(each.startswith("/") for each in links)
        assert " style=" not in answer.text


async def test_the_history_by_hour_shows_the_last_week(town: Database, pages: httpx.AsyncClient) -> None:
    """168 hours, each with its bar and its row in the table."""
    text = await page(pages, HISTORY)

    assert text.count("<tr>") - 1 == 168
    assert "1 680 kWh" in text


async def test_the_history_by_day_adds_up_and_counts_what_is_missing(
    town: Database, pages: httpx.AsyncClient
) -> None:
    """Ten days of 240 kWh; the second has an hour without a reading, so one reading less and 10 kWh less."""
    text = await page(pages, HISTORY + "&per=day")

    assert "2 390 kWh" in text
    row = r'<td>Sat 21 Dec 2019</td><td class="number">230 kWh</td><td class="number">23</td>'
    assert re.search(row, text)


async def test_earlier_windows_can_be_reached(town: Database, pages: httpx.AsyncClient) -> None:
    """The link `Earlier` leads to the week before."""
    link = re.search(r'href="([^"]+)" rel="prev"', await page(pages, HISTORY))
    assert link is not None
    text = await page(pages, link[1].replace("&amp;", "&"))

    assert text.count("<tr>") - 1 == 3 * 24 - 1
    assert 'rel="next"' in text


@pytest.mark.parametrize(
    "path",
    ["/things/urn:ngsi-ld:Building:none", "/history/urn:x:none?attribute=a", HISTORY + "x", "/things/%00"],
)
async def test_what_is_not_there_is_a_page_as_well(
    town: Database, pages: httpx.AsyncClient, path: str
) -> None:
    """A wrong address answers 404 with a way back."""
    assert "Back to the overview" in await page(pages, path, 404)


async def test_sources_and_quarantine_are_told(database: Database, pages: httpx.AsyncClient) -> None:
    """State, counts and reasons; never the content of a message."""
    now = datetime.now(UTC)
    status = {"state": "running", "received": 4123, "accepted": 4100, "skipped": 20, "rejected": 3}
    await SourceStates(database).save("gas-meters", {"status": status}, now)
    rejected = Rejected("", "gas-meters", "value", "$.kwh", "is not a number", b"secret", now)
    await QuarantineStore(database).add([rejected])
    number = await database.fetchval("SELECT id FROM quarantine")
    start, quarantine = await page(pages, "/"), await page(pages, "/quarantine")

    assert "gas-meters" in start
    assert "4 123" in start
    assert "1 message could not be understood</a> and waits in quarantine" in start
    assert "is not a number" in quarantine
    assert f'data-label="Number">{number}<' in quarantine
    assert "secret" not in quarantine


async def test_last_run_of_a_harvest_is_told(database: Database, pages: httpx.AsyncClient) -> None:
    """What it came to, and when it runs next or why it does not."""
    now = datetime.now(UTC)
    status = {"state": "refused", "detail": "412 of 1000 entities would be deleted"}
    await SourceStates(database).save("parking", {"status": status}, now)
    number = await RunStore(database).begin("", "parking", "schedule", now)
    await RunStore(database).finish(("", "parking", number), "refused", {"created": 7}, {}, "much", now)
    start = await page(pages, "/")

    assert "412 of 1000 entities would be deleted" in start
    assert "last run refused" in start
    assert "7 created" in start


async def test_a_source_that_fell_silent_is_not_called_running(
    database: Database, pages: httpx.AsyncClient
) -> None:
    """The last word of a killed process is not the truth."""
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)
    await SourceStates(database).save("gas-meters", {"status": {"state": "running"}}, long_ago)

    assert "not running" in await page(pages, "/")


async def test_a_year_of_readings_is_drawn_at_once(town: Database, pages: httpx.AsyncClient) -> None:
    """100 000 readings of one meter: the database aggregates, the page stays well under a second."""
    await _fill_history(town, 100_000)
    await page(pages, HISTORY + "&per=day")
    start = time.perf_counter()
    await page(pages, HISTORY + "&per=day")

    assert time.perf_counter() - start < 1.0


async def test_a_database_that_is_away_is_told(pages: httpx.AsyncClient, database: Database) -> None:
    """503 with a page for people, not an error of ours."""
    await database.pool.close()

    assert "cannot be reached" in await page(pages, "/", 503)


async def test_the_style_sheet_may_be_kept(pages: httpx.AsyncClient) -> None:
    """Its address changes with its content."""
    path = re.search(r'rel="stylesheet" href="([^"]+)"', (await pages.get("/")).text)
    assert path is not None
    answer = await pages.get(path[1])

    assert answer.headers["content-type"].startswith("text/css")
    assert "immutable" in answer.headers["cache-control"]


async def _fill_history(database: Database, count: int) -> None:
    """Copies of one stored row, a minute apart: what a busy meter leaves in ten weeks."""
    await database.execute(
        """
        INSERT INTO attr_history (tenant, entity_id, attribute_id, dataset_id, at, observed_at, created_at,
            modified_at, instance_id, number, instance)
        SELECT tenant, entity_id, attribute_id, dataset_id, moment, moment, created_at, modified_at,
            gen_random_uuid(), number, instance
        FROM (SELECT * FROM attr_history WHERE number = 10 LIMIT 1) AS one
            CROSS JOIN LATERAL (SELECT one.at + interval '1 minute' * (n % 14000 + 1) AS moment
                FROM generate_series(1, $1) AS n) AS moments
        """,
        count,
    )


async def test_the_conformance_page_before_the_first_run(pages: httpx.AsyncClient) -> None:
    """It offers to check; there is no report yet."""
    text = await page(pages, "/conformance")

    assert "Not checked yet" in text
    assert "Check this platform" in text
    assert "There is no report yet" in await page(pages, "/conformance/report", 404)


async def test_another_site_cannot_begin_a_check(pages: httpx.AsyncClient) -> None:
    """A form of another site is refused."""
    answer = await pages.post("/conformance", headers={"Origin": "http://evil.example"})

    assert answer.status_code == 403
