"""Harvest runs: only what changed is written, nothing goes unless it may, all of it exactly once."""

from __future__ import annotations

from mimas.ngsi_ld.store.harvests import HarvestStore
from mimas.platform.harvest.harvester import Wish

from .conftest import Town

PARKING = """
source: {{table: {{path: parking.csv, key: id}}}}
payload: {{decimal: ","}}
{more}
provenance: {{provider: Town of Kladno, licence: https://creativecommons.org/licenses/by/4.0/}}
let: {{id: id}}
entities:
  parking:
    type: OffStreetParking
    id: urn:ngsi-ld:OffStreetParking:{{id}}
    attributes:
      name: name
      totalSpotNumber: {{path: spots, type: integer}}
"""
HEAD = "id;name;spots\n"
ROWS = ["a;Namesti;10\n", "b;Nadrazi;20\n", "c;Sokolovna;30\n", "d;Zamek;40\n", "e;Stadion;50\n"]


def put(town: Town, rows: list[str], more: str = "") -> None:
    town.configure(PARKING.format(more=more))
    (town.folder / "parking.csv").write_text(HEAD + "".join(rows))


async def test_first_run_creates_and_says_whose_data_it_is(town: Town) -> None:
    """Entities with provenance, a Dataset of the source, a run that can be queried."""
    put(town, ROWS)
    report = await town.run()
    entity = (await town.entities())["a"]
    dataset = (await town.entities("Dataset"))["s"]
    run = await town.latest()

    assert (report.state, report.tally.read, report.tally.created) == ("finished", 5, 5)
    assert entity["totalSpotNumber"]["value"] == 10
    assert entity["dataProvider"]["value"] == "Town of Kladno"
    assert entity["license"]["value"] == "https://creativecommons.org/licenses/by/4.0/"
    assert "dateModified" in entity
    assert dataset["publisher"]["value"] == "Town of Kladno"
    assert (run.state, run.counts["created"], len(run.changes["created"])) == ("finished", 5, 5)
    assert run.finished_at is not None


async def test_unchanged_file_writes_nothing(town: Town) -> None:
    """Neither an entity nor a record is touched; the run is noted as unchanged."""
    put(town, ROWS)
    await town.run()
    before = await town.versions()
    report = await town.run()

    assert (report.state, report.tally.read, await town.versions()) == ("unchanged", 0, before)


async def test_only_what_changed_is_written(town: Town) -> None:
    """One row of five differs: four are passed over, one entity has a new version."""
    put(town, ROWS)
    await town.run()
    before = dict(await town.versions())
    put(town, [*ROWS[:4], "e;Stadion;55\n"])
    report = await town.run()
    after = dict(await town.versions())

    assert (report.tally.unchanged, report.tally.changed, report.tally.created) == (4, 1, 0)
    assert [key for key in after if after[key] != before[key]] == [
        "urn:ngsi-ld:Dataset:s",
        "urn:ngsi-ld:OffStreetParking:e",
    ]


async def test_changed_mapping_maps_all_again(town: Town) -> None:
    """What does not come out differently is not written."""
    put(town, ROWS)
    await town.run()
    before = await town.versions()
    put(town, ROWS, "models: warn")
    report = await town.run()

    assert (report.state, report.tally.taken, report.tally.changed) == ("finished", 5, 0)
    assert await town.versions() == before


async def test_nothing_is_deleted_unless_declared(town: Town) -> None:
    """A row that is gone leaves its entity alone."""
    put(town, ROWS)
    await town.run()
    put(town, ROWS[:4])
    report = await town.run()

    assert (report.tally.deleted, sorted(await town.entities())) == (0, ["a", "b", "c", "d", "e"])


async def test_declared_deletion_takes_what_is_gone(town: Town) -> None:
    """One of five is a fifth: as much as may go."""
    put(town, ROWS, "delete: true")
    await town.run()
    put(town, ROWS[:4], "delete: true")
    report = await town.run()

    assert (report.state, report.tally.deleted, sorted(await town.entities())) == (
        "finished",
        1,
        ["a", "b", "c", "d"],
    )


async def test_deletion_above_its_share_is_refused_until_a_person_says_so(town: Town) -> None:
    """Two of five: nothing goes, the run says how to go on, and the next one tries again."""
    put(town, ROWS, "delete: true")
    await town.run()
    put(town, [*ROWS[:2], "c;Sokolovna;31\n"], "delete: true")
    refused = await town.run()
    again = await town.run()
    kept = sorted(await town.entities())
    wished = await town.run(delete_all=True)

    assert (refused.state, again.state, kept) == ("refused", "refused", ["a", "b", "c", "d", "e"])
    assert "2 of 5 entities (40%)" in str(refused.detail)
    assert (wished.tally.deleted, sorted(await town.entities())) == (2, ["a", "b", "c"])


async def test_refused_rows_are_quarantined_once(town: Town) -> None:
    """A bad row waits in quarantine; a later run over the same row does not add it again."""
    put(town, [*ROWS, "f;Hala;mnoho\n"])
    first = await town.run()
    put(town, [*ROWS, "f;Hala;mnoho\n", "g;Bazen;5\n"])
    second = await town.run()

    assert (first.tally.rejected, second.tally.rejected, second.tally.still_rejected) == (1, 0, 1)
    assert await town.quarantine() == [("value", "spots", "parking.csv:7")]


async def test_too_many_refusals_stop_the_source(town: Town) -> None:
    """Above the limit the run is refused and says where to look; what is gone stays."""
    put(town, ROWS, "delete: {share: 1}")
    await town.run()
    put(town, ["a;Namesti;x\n", "b;Nadrazi;y\n", "c;Sokolovna;30\n"], "delete: {share: 1}")
    report = await town.run()

    assert report.state == "refused"
    assert "2 of 3 records were refused (67%)" in str(report.detail)
    assert sorted(await town.entities()) == ["a", "b", "c", "d", "e"]


async def test_doubled_key_is_refused_once(town: Town) -> None:
    """The first row counts, one with other contents is quarantined, an equal one is passed over."""
    put(town, [*ROWS, "a;Jine;99\n", ROWS[1]])
    first = await town.run()
    put(town, [*ROWS, "a;Jine;99\n", ROWS[1], "z;Nove;1\n"])
    second = await town.run()

    assert (first.tally.rejected, first.tally.repeated) == (1, 1)
    assert (second.tally.rejected, second.tally.still_rejected) == (0, 1)
    assert [each[0] for each in await town.quarantine()] == ["key"]
    assert (await town.entities())["a"]["totalSpotNumber"]["value"] == 10


async def test_missing_file_fails_and_deletes_nothing(town: Town) -> None:
    """A source that cannot be read is a failed run that says why."""
    put(town, ROWS, "delete: {share: 1}")
    await town.run()
    (town.folder / "parking.csv").unlink()
    report = await town.run()

    assert (report.state, len(await town.entities())) == ("failed", 5)
    assert "is not there" in str(report.detail)


METERS = """
source: {table: {path: meters.csv, key: [meter, time]}}
observedAt: time
delete: {share: 1}
let: {meter: meter}
entities:
  meter:
    type: ACMeasurement
    id: urn:ngsi-ld:ACMeasurement:{meter}
    attributes: {totalActiveEnergyImport: {path: energy, unit: KWH, monotonic: {restart_below: 10}}}
  device:
    type: Device
    id: urn:ngsi-ld:Device:d-{meter}
    static: true
    attributes: {name: meter}
"""


async def readings(town: Town, rows: list[str]) -> list[tuple[str, float]]:
    """Harvest a table of readings; gives the history."""
    town.configure(METERS)
    (town.folder / "meters.csv").write_text("meter,time,energy\n" + "\n".join(rows) + "\n")
    await town.run()
    found = await town.database.fetch(
        "SELECT at, number FROM attr_history h JOIN attribute_name n ON n.id = h.attribute_id"
        " WHERE n.name = 'totalActiveEnergyImport' AND deleted_at IS NULL ORDER BY at"
    )
    return [(f"{row['at']:%d %H}", row["number"]) for row in found]


async def test_meter_replaced_in_the_middle(town: Town) -> None:
    """A counter that begins again is taken where it may, and refused where it only falls."""
    rows = [f"m,2026-01-0{day}T00:00:00Z,{energy}" for day, energy in enumerate([900, 950, 3, 40, 20, 60], 1)]

    assert await readings(town, rows) == [
        ("01 00", 900),
        ("02 00", 950),
        ("03 00", 3),
        ("04 00", 40),
        ("06 00", 60),
    ]
    assert [each[0] for each in await town.quarantine()] == ["monotonic"]


async def test_rolling_window_of_readings_deletes_no_meter(town: Town) -> None:
    """Rows that left the window are forgotten; the meter goes when no row names it any more."""
    await readings(town, ["m,2026-01-01T00:00:00Z,1", "m,2026-01-02T00:00:00Z,2", "o,2026-01-01T00:00:00Z,1"])
    history = await readings(town, ["m,2026-01-02T00:00:00Z,2", "m,2026-01-03T00:00:00Z,3"])
    known = await town.database.fetchval("SELECT count(*) FROM harvest_record")

    assert (sorted(await town.entities()), known) == (["d-m", "m"], 2)
    assert [number for _, number in history if number == 3] == [3]


async def test_entity_of_two_sources_stays_while_one_names_it(town: Town) -> None:
    """What another source makes as well is not deleted."""
    put(town, ROWS, "delete: {share: 1}")
    town.configure((town.folder / "s.yaml").read_text(), "other")
    await town.run("other")
    await town.run()
    put(town, ROWS[1:], "delete: {share: 1}")
    report = await town.run()

    assert (report.tally.deleted, "a" in await town.entities()) == (0, True)


async def test_only_one_process_harvests_a_source(town: Town) -> None:
    """A second run of the same source is not made while the first goes on."""
    put(town, ROWS)
    harvester = town.harvester()
    async with HarvestStore(town.database, "", "s").alone() as alone:
        second = await harvester.run(Wish())

    assert (alone, second) == (True, None)
