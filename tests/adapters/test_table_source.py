"""Tables as records, with the faults that real exports have."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from tests.adapters.harvesting import LocalHarvest, harvested
from tests.adapters.workbooks import write_ods, write_xlsx

from mimas.adapters.harvest import Record, Unchanged
from mimas.adapters.mapping import MappingFile
from mimas.adapters.mapping.payloads import JSON
from mimas.adapters.messages import Message, MessageRejected
from mimas.adapters.source import ForgetfulState, SourceError, Surroundings
from mimas.adapters.table_source import TableSource

Load = Callable[[str], MappingFile]
DATA = Path(__file__).parents[1] / "data" / "tables"
MAPPING = """\
source: {{table: {{path: "{path}"{key}}}}}
payload: {{{payload}}}
observedAt: {{column: Datum, format: ["%d.%m.%Y %H:%M", iso], zone: Europe/Prague{clock}}}
let: {{meter: {{column: Meridlo}}}}
entities: {{e: {{type: T, id: "urn:x:{{meter}}", attributes: {{v: {{column: Stav, type: number}}}}}}}}
"""
HEAD = "Meridlo;Datum;Stav\n"


@pytest.fixture
def table(load: Load, tmp_path: Path) -> Callable[..., TableSource]:
    """A source on a file with the given bytes."""

    def make(
        content: bytes | str | Path, payload: str = 'decimal: ","', key: str = "", clock: str = ""
    ) -> TableSource:
        path = content if isinstance(content, Path) else tmp_path / "t.csv"
        if not isinstance(content, Path):
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        text = MAPPING.format(path=path, payload=payload, key=f", key: {key}" if key else "", clock=clock)
        return TableSource(load(text), Surroundings("", ForgetfulState()))

    return make


async def records(source: TableSource, folder: Path, **kept: Any) -> list[Any]:
    """The fields of records, and the places of refusals."""
    found = await harvested(source, LocalHarvest(folder, kept))
    return [each.fields if isinstance(each, Record) else each.place for each in found]


async def values(source: TableSource, folder: Path) -> list[tuple[str, Any]]:
    """Id and value of each entity, or the stage and reason of each refusal."""
    received = datetime(2100, 1, 1, tzinfo=UTC)
    found: list[tuple[str, Any]] = []
    for each in await harvested(source, LocalHarvest(folder)):
        if isinstance(each, MessageRejected):
            found.append((each.stage, each.reason))
            continue
        mapped = source.to_entities(
            Message("t", each.place, orjson.dumps(each.fields), received, JSON, each.fields)
        )
        found += [(x.stage, x.reason) for x in mapped.rejections]
        found += [
            (doc["v"]["observedAt"], doc["v"]["value"]) for one in mapped.records for doc in one.documents
        ]
    return found


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1250", "utf-16", "utf-16-le"])
async def test_encoding_and_delimiter_are_found_out(load: Load, tmp_path: Path, encoding: str) -> None:
    """A mark, UTF-8, UTF-16 without a mark, or Czech in cp1250: nothing need be declared."""
    text = "Měřidlo\tPoznámka\n" + "E1\tPříliš žluťoučký kůň\n" * 20
    (tmp_path / "t.tsv").write_bytes(text.encode(encoding))
    file = load(
        f"source: {{table: {{path: '{tmp_path}/t.tsv'}}}}\n"
        "entities: {e: {type: T, id: 'urn:x:1', attributes: {v: {column: Poznámka}}}}\n"
    )
    found = await records(TableSource(file, Surroundings("", ForgetfulState())), tmp_path)

    assert found[0] == {"Měřidlo": "E1", "Poznámka": "Příliš žluťoučký kůň"}


async def test_numbers_and_dates_as_exports_write_them(table: Any, tmp_path: Path) -> None:
    """Blanks and dots between thousands, a decimal comma, words for nothing, a day that never was."""
    source = table(
        HEAD + "E1;01.01.2026 00:15;1 234 567,5\nE1;02.01.2026 24:00;1.234,25\nE1;03.01.2026 00:00;#N/A\n"
        "E1;31.02.2026 00:00;5\n",
        'decimal: ",", missing: ["", "#N/A"]',
    )
    found = await values(source, tmp_path)

    assert found[:2] == [("2025-12-31T23:15:00Z", 1234567.5), ("2026-01-02T23:00:00Z", 1234.25)]
    assert [each[0] for each in found[2:]] == ["time"]


async def test_commas_between_thousands_are_declared(table: Any, tmp_path: Path) -> None:
    """Undeclared they could be decimal commas, a thousand times too much: then the row is refused."""
    content = 'Meridlo,Datum,Stav\nE1,2026-01-01T00:00:00Z,"1,234.5"\n'

    assert await values(table(content, 'decimal: ".", thousands: ","'), tmp_path) == [
        ("2026-01-01T00:00:00Z", 1234.5)
    ]
    assert (await values(table(content, 'decimal: "."'), tmp_path))[0][0] == "value"


async def test_hour_that_happened_twice(table: Any, tmp_path: Path) -> None:
    """On the last Sunday of October 02:15 is two instants: refused, or as declared."""
    content = HEAD + "E1;25.10.2026 02:15;1\n"
    refused = await values(table(content), tmp_path)

    assert (refused[0][0], "twice" in refused[0][1]) == ("time", True)
    assert await values(table(content, clock=", ambiguous: earlier"), tmp_path) == [
        ("2026-10-25T00:15:00Z", 1)
    ]
    assert await values(table(content, clock=", ambiguous: later"), tmp_path) == [("2026-10-25T01:15:00Z", 1)]


async def test_row_with_more_cells_than_the_header_is_refused(table: Any, tmp_path: Path) -> None:
    """Its neighbours are read; what stands too much is shown."""
    found = await values(table(HEAD + "E1;01.01.2026 00:15;1;2\nE2;01.01.2026 00:15;3\n"), tmp_path)

    assert [each[0] for each in found] == ["payload", "2025-12-31T23:15:00Z"]
    assert "more cells than the header: 2" in found[0][1]


async def test_bytes_of_another_encoding_refuse_their_row(table: Any, tmp_path: Path) -> None:
    """One row in cp1250 within UTF-8, as appended by another program."""
    content = HEAD.encode() + "Ě1;01.01.2026 00:15;1\n".encode() + b"\xcc1;01.01.2026 00:15;1\n"

    assert await records(table(content, "encoding: utf-8"), tmp_path) == [
        {"Meridlo": "Ě1", "Datum": "01.01.2026 00:15", "Stav": "1"},
        "t.csv:3",
    ]


async def test_keys_are_columns(table: Any, tmp_path: Path) -> None:
    """One or several; a row without its key is refused, as nobody could recognise it."""
    source = table(HEAD + "E1;a;1\n;a;2\n", key="[Meridlo, Datum]")
    found = await harvested(source, LocalHarvest(tmp_path))

    assert [each.key if isinstance(each, Record) else each.stage for each in found] == ["E1\x1fa", "key"]


async def test_columns_without_names_of_their_own_get_one(table: Any, tmp_path: Path) -> None:
    """No cell is lost because two headings are the same, or none is there."""
    found = await records(table("kWh;;kWh\n1;2;3\n"), tmp_path)

    assert found == [{"kWh": "1", "column 2": "2", "kWh (2)": "3"}]


WIDE = "Datum;00:15;00:30;24:00\n01.01.2026;1,5;;3\n"


async def test_column_for_every_quarter_of_an_hour(load: Load, tmp_path: Path) -> None:
    """Each cell is a record with its day and its time; an empty cell is none."""
    (tmp_path / "t.csv").write_text(WIDE)
    file = load(
        f"source: {{table: {{path: '{tmp_path}/t.csv', key: [Datum, time]}}}}\n"
        "payload: {decimal: ',', unpivot: {keep: [Datum], name: time, value: Stav}}\n"
        "let: {day: Datum, time: time}\n"
        "observedAt: {text: '{day} {time}', format: '%d.%m.%Y %H:%M', zone: Europe/Prague}\n"
        "entities: {e: {type: T, id: 'urn:x:1', attributes: {v: {column: Stav, type: number}}}}\n"
    )
    found = await values(TableSource(file, Surroundings("", ForgetfulState())), tmp_path)

    assert found == [("2025-12-31T23:15:00Z", 1.5), ("2026-01-01T23:00:00Z", 3)]


async def test_column_for_every_meter_in_a_workbook_with_merged_headings(table: Any, tmp_path: Path) -> None:
    """A heading over two columns belongs to both."""
    path = tmp_path / "w.xlsx"
    write_xlsx(
        path,
        [["Datum", "Skola", None, "Radnice"], [None, "E1", "E2", "E1"], ["2026-01-01", 1, 2.5, None]],
        ["B1:C1"],
    )
    source = table(path, "header_rows: 2, unpivot: {keep: [Datum], name: Meridlo, value: Stav}")

    assert await records(source, tmp_path) == [
        {"Datum": "2026-01-01", "Meridlo": "Skola / E1", "Stav": 1},
        {"Datum": "2026-01-01", "Meridlo": "Skola / E2", "Stav": 2.5},
    ]


async def test_workbooks_of_every_kind(table: Any, tmp_path: Path) -> None:
    """XLSX, ODS and XLS are recognised by their contents; times are times."""
    rows: list[list[str | int | float | None]] = [["Meridlo", "Datum", "Stav"], ["E1", "2026-01-01", 7]]
    write_xlsx(tmp_path / "a.xlsx", rows)
    write_ods(tmp_path / "a.ods", rows)
    found = [await records(table(tmp_path / f"a.{kind}"), tmp_path) for kind in ("xlsx", "ods")]
    old = await records(table(DATA / "readings.xls"), tmp_path)

    assert found == [[{"Meridlo": "E1", "Datum": "2026-01-01", "Stav": 7}]] * 2
    assert old[0] == {"Měřidlo": "E1", "Datum": "2026-01-01T00:15:00", "Stav (kWh)": 1200.5}


async def test_unchanged_file_is_not_read(table: Any, tmp_path: Path) -> None:
    """The same bytes under a new date are the same table."""
    source = table(HEAD + "E1;01.01.2026 00:15;1\n")
    run = LocalHarvest(tmp_path)
    await harvested(source, run)
    (tmp_path / "t.csv").touch()
    with pytest.raises(Unchanged):
        await harvested(source, LocalHarvest(tmp_path, run.kept))


async def test_broken_workbook_is_a_failed_run(table: Any, tmp_path: Path) -> None:
    """Half a workbook says nothing about what is gone."""
    (tmp_path / "half.xlsx").write_bytes(b"PK\x03\x04 and then nothing")
    with pytest.raises(SourceError, match="no workbook"):
        await harvested(table(tmp_path / "half.xlsx"), LocalHarvest(tmp_path))


async def test_folder_of_tables(load: Load, tmp_path: Path) -> None:
    """Every table of a folder once nothing writes to it any more; the names are variables."""
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("hall-1.csv", "school-2.csv", "readme.md"):
        (folder / name).write_text("a\n1\n")
        os.utime(folder / name, (0, 0))
    file = load(
        "source: {table: {path: in, name: '{building}-*.csv'}}\n"
        "entities: {e: {type: T, id: 'urn:x:{building}', attributes: {v: a}}}\n"
    )
    source = TableSource(file, Surroundings("", ForgetfulState()))
    found = [each for each in await harvested(source, LocalHarvest(tmp_path)) if isinstance(each, Record)]
    message = Message("t", found[0].place, b"", datetime(2026, 1, 1, tzinfo=UTC), JSON, found[0].fields)

    assert [each.place for each in found] == ["hall-1.csv:2", "school-2.csv:2"]
    assert source.to_entities(message).records[0].documents[0]["id"] == "urn:x:hall"
