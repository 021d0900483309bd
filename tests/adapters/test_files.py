"""Files: read on from where the last run stopped; a bad row does not stop the rest."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from mimas.adapters.files import FileSource
from mimas.adapters.mapping import MappingFile
from mimas.adapters.messages import Message
from mimas.adapters.source import Surroundings

Load = Callable[[str], MappingFile]

CSV = """\
source: {file: {path: data, name: "{meter}.csv"}}
payload: {format: csv, delimiter: ";", decimal: ",", encoding: utf-8}
observedAt: {column: time, format: "%d.%m.%Y %H:%M", zone: Europe/Prague}
entities: {e: {type: T, id: "urn:x:{meter}", attributes: {v: {column: kWh, type: number}}}}
"""


class Kept:
    """States kept in memory."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}

    async def load(self, source: str) -> dict[str, Any]:
        return dict(self.values)

    async def save(self, source: str, values: dict[str, Any], now: datetime) -> None:
        self.values.update(values)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The folder the source reads."""
    path = tmp_path / "data"
    path.mkdir()
    return path


async def read(file: MappingFile, kept: Kept, limit: int = 10**6) -> list[Message]:
    """Run the source and acknowledge what it gives, at most `limit` messages."""
    messages = FileSource(file, Surroundings("", kept)).messages()
    found = []
    async for message in messages:
        message.acknowledge()
        found.append(message)
        if len(found) >= limit:
            break
    await messages.aclose()  # type: ignore[attr-defined]
    return found


async def test_rows_become_entities(load: Load, data: Path) -> None:
    """A row knows its file and line; the file's name gives variables."""
    (data / "b58.csv").write_text("time;kWh\n15.01.2026 11:30;1 234,5\n")
    file = load(CSV)
    messages = await read(file, Kept())
    source = FileSource(file, Surroundings("", Kept()))
    document = source.to_entities(messages[0]).records[0].documents[0]

    assert (messages[0].place, messages[0].raw, document) == (
        "b58.csv:2",
        b'{"time":"15.01.2026 11:30","kWh":"1 234,5"}',
        {
            "id": "urn:x:b58",
            "type": "T",
            "v": {"type": "Property", "value": 1234.5, "observedAt": "2026-01-15T10:30:00Z"},
        },
    )


async def test_unchanged_file_is_not_read_again(load: Load, data: Path) -> None:
    """A second run over the same files gives nothing."""
    (data / "a.csv").write_text("time;kWh\n15.01.2026 11:30;1\n")
    file, kept = load(CSV), Kept()
    first = await read(file, kept)

    assert (len(first), await read(file, kept)) == (1, [])


async def test_rows_that_were_added(load: Load, data: Path) -> None:
    """A file that has grown is read from where it ended before."""
    path = data / "a.csv"
    path.write_text("time;kWh\n15.01.2026 11:30;1\n")
    file, kept = load(CSV), Kept()
    await read(file, kept)
    path.write_text(path.read_text() + "15.01.2026 11:45;2\n")

    assert [message.place for message in await read(file, kept)] == ["a.csv:3"]


async def test_file_with_another_beginning_is_read_whole(load: Load, data: Path) -> None:
    """A corrected export is read from its first row: what is the same is stored once anyway."""
    path = data / "a.csv"
    path.write_text("time;kWh\n15.01.2026 11:30;1\n")
    file, kept = load(CSV), Kept()
    await read(file, kept)
    path.write_text("time;kWh\n15.01.2026 11:30;9\n15.01.2026 11:45;2\n")

    assert len(await read(file, kept)) == 2


async def test_stopped_in_the_middle(load: Load, data: Path) -> None:
    """A run that was stopped goes on after the last chunk that was committed; nothing is left out."""
    (data / "a.csv").write_text("time;kWh\n" + "".join(f"15.01.2026 11:30;{n}\n" for n in range(1200)))
    file, kept = load(CSV), Kept()
    first = await read(file, kept, limit=700)
    second = await read(file, kept)
    seen = {message.place for message in (*first, *second)}

    assert (len(seen), len(second) <= 1200 - 500) == (1200, True)


async def test_row_in_another_encoding_rejects_itself(load: Load, data: Path) -> None:
    """Bytes that are not UTF-8 reject their row, with the bytes as they were; the others go on."""
    (data / "a.csv").write_bytes(b"time;kWh\n15.01.2026 11:30;1\n\xf8patn\xfd;2\n15.01.2026 11:45;3\n")
    file = load(CSV)
    source = FileSource(file, Surroundings("", Kept()))
    messages = await read(file, Kept())
    stages = [[each.stage for each in source.to_entities(message).rejections] for message in messages]

    assert (stages, messages[1].raw) == ([[], ["payload"], []], b"\xf8patn\xfd;2")


async def test_table_that_breaks_off(load: Load, data: Path) -> None:
    """What csv itself cannot read is one refusal with its place; the rows before it are taken."""
    (data / "a.csv").write_text('time;kWh\n15.01.2026 11:30;1\n"' + "x" * 200_000 + '";2\n')
    file = load(CSV)
    source = FileSource(file, Surroundings("", Kept()))
    mapped = [source.to_entities(message) for message in await read(file, Kept())]

    assert [[each.place for each in one.rejections] for one in mapped] == [[], ["after line 2"]]


async def test_workbook(load: Load, data: Path) -> None:
    """A sheet of a workbook is a table like any other."""
    pytest.importorskip("python_calamine")
    source = Path(__file__).parents[1] / "data" / "csv-meter" / "meters.xlsx"
    (data / "b58.xlsx").write_bytes(source.read_bytes())
    text = CSV.replace(".csv", ".xlsx").replace(
        'format: csv, delimiter: ";", decimal: ",", encoding: utf-8', "format: xlsx, sheet: Odečty, skip: 1"
    )
    file = load(text.replace('format: "%d.%m.%Y %H:%M"', "format: iso"))
    sources = FileSource(file, Surroundings("", Kept()))
    mapped = [sources.to_entities(message) for message in await read(file, Kept())]
    values = [record.documents[0]["v"] for one in mapped for record in one.records]

    assert [(each["value"], each["observedAt"]) for each in values] == [
        (1234.5, "2026-01-15T10:30:00Z"),
        (1235, "2026-01-15T10:45:00Z"),
    ]
