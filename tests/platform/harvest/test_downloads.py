"""Downloads against a server that goes wrong in every way: polite, resumed, limited."""

from __future__ import annotations

import time

import pytest
from tests.faulty_server import Answer, FaultyServer, Hang, Stall, Truncate

from .conftest import Town

SOURCE = """
source: {{table: {{url: "{url}", key: id}}}}
download: {{rate: 100, stall: 0.5, {more}}}
let: {{id: id}}
entities:
  thing: {{type: Thing, id: "urn:ngsi-ld:Thing:{{id}}", attributes: {{name: name}}}}
"""
TABLE = "id,name\n" + "".join(f"{number},thing {number}\n" for number in range(200))


def configure(town: Town, url: str, more: str = "") -> None:
    town.configure(SOURCE.format(url=url, more=more))


async def test_etag_makes_an_unchanged_run_one_small_request(town: Town, server: FaultyServer) -> None:
    """The second run asks with the ETag, hears 304 and writes nothing."""
    configure(town, server.put("/a.csv", TABLE))
    first = await town.run()
    second = await town.run()

    assert (first.tally.created, second.state, second.tally.bytes) == (200, "unchanged", 0)
    assert server.requests[1].headers["if-none-match"].startswith('"')
    assert server.requests[0].headers["user-agent"].startswith("Mimas/")


async def test_last_modified_is_sent_back(town: Town, server: FaultyServer) -> None:
    """A server without ETags but with dates is asked by date."""
    when = "Sat, 28 Nov 2026 10:00:00 GMT"
    configure(town, server.put("/d.csv", TABLE, validators=False, Last_Modified=when))
    await town.run()
    await town.run()

    assert server.requests[1].headers["if-modified-since"] == when


async def test_same_bytes_without_validators_are_unchanged(town: Town, server: FaultyServer) -> None:
    """A server without validators is recognised by the hash of the body."""
    configure(town, server.put("/n.csv", TABLE, validators=False))
    await town.run()

    assert (await town.run()).state == "unchanged"


async def test_full_run_asks_without_validators(town: Town, server: FaultyServer) -> None:
    """Everything is read, and still only what changed is written."""
    configure(town, server.put("/f.csv", TABLE))
    await town.run()
    report = await town.run(full=True)

    assert "if-none-match" not in server.requests[1].headers
    assert (report.tally.unchanged, report.tally.changed) == (200, 0)


async def test_busy_server_is_asked_again_when_it_says(town: Town, server: FaultyServer) -> None:
    """429 and 503 are waited out, for as long as Retry-After says."""
    configure(town, server.put("/busy.csv", TABLE))
    server.plan("/busy.csv", Answer(429, {"retry-after": "1"}), Answer(503))
    began = time.monotonic()
    report = await town.run()

    assert (report.tally.created, len(server.requests), time.monotonic() - began > 1) == (200, 3, True)


async def test_broken_download_goes_on_where_it_broke(town: Town, server: FaultyServer) -> None:
    """A truncated body is fetched on by Range under its ETag; a stalled one as well."""
    configure(town, server.put("/t.csv", TABLE))
    server.plan("/t.csv", Truncate(1000), Stall(500))
    report = await town.run()
    ranges = [each.headers.get("range") for each in server.requests]

    assert (report.tally.created, ranges) == (200, [None, "bytes=1000-", "bytes=1500-"])


async def test_broken_download_without_validators_begins_again(town: Town, server: FaultyServer) -> None:
    """Without an ETag the parts could be of two bodies."""
    configure(town, server.put("/b.csv", TABLE, validators=False))
    server.plan("/b.csv", Truncate(1000), Hang())
    report = await town.run()

    assert (report.tally.created, [each.headers.get("range") for each in server.requests]) == (
        200,
        [None] * 3,
    )


async def test_body_that_changes_while_it_is_resumed_is_fetched_anew(
    town: Town, server: FaultyServer
) -> None:
    """If-Range keeps the beginning of one body from the end of another."""
    configure(town, server.put("/c.csv", TABLE))
    server.plan("/c.csv", Truncate(1000))

    def serve_another() -> None:
        server.put("/c.csv", TABLE.replace("thing", "object"))

    server.after("/c.csv", serve_another)
    await town.run()

    assert {each["name"]["value"].split()[0] for each in (await town.entities()).values()} == {"object"}


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ([Answer(404)], "404"),
        ([Answer(503, {"retry-after": "86400"})], "come back in 86400 s"),
        ([Hang(), Hang()], "cannot be had after 2 attempts"),
    ],
    ids=["not found", "away for long", "always broken"],
)
async def test_what_cannot_be_had_is_a_failed_run(
    town: Town, server: FaultyServer, fault: list[Answer | Hang], said: str
) -> None:
    """The run says why; nothing that was there is touched; the next run goes its way."""
    configure(town, server.put("/g.csv", TABLE), "attempts: 2")
    server.plan("/g.csv", *fault)
    failed = await town.run()
    again = await town.run()

    assert (failed.state, said in str(failed.detail), again.state) == ("failed", True, "finished")


async def test_too_large_a_body_is_refused(town: Town, server: FaultyServer) -> None:
    """Before it is read when it says its size, else as soon as it is too much."""
    configure(town, server.put("/l.csv", TABLE), "max_bytes: 1024")
    report = await town.run()

    assert (report.state, "larger than 1024 bytes" in str(report.detail)) == ("failed", True)


async def test_private_addresses_are_not_reached(town: Town) -> None:
    """The guard stands before every download; its answer says how to allow it."""
    configure(town, "http://127.0.0.2:1/secret.csv")
    report = await town.run()

    assert (report.state, "MIMAS_OUTBOUND_ALLOW" in str(report.detail)) == ("failed", True)


async def test_requests_keep_their_rate(town: Town, server: FaultyServer) -> None:
    """Attempts begin no faster than declared."""
    town.configure(SOURCE.format(url=server.put("/r.csv", TABLE), more="").replace("rate: 100", "rate: 4"))
    server.plan("/r.csv", *[Answer(503, {"retry-after": "0"})] * 3)
    began = time.monotonic()
    await town.run()

    assert time.monotonic() - began >= 0.75
