"""`mimas adapters` and `mimas quarantine` as a person uses them."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest
from click.testing import CliRunner, Result

from mimas.adapters.mapping import load_mapping, shipped_mappings
from mimas.ngsi_ld.store.database import Database
from mimas.ngsi_ld.store.quarantine import QuarantineStore, Rejected
from mimas.platform.cli import main

SOURCE = """\
use: json-meter
lookups: {meter_row: {find: {variable: meter}, table: {e1: {name: Main}}, missing: reject}}
"""
TOPIC = "meters/b58/e1"
MESSAGE = b'{"time": "2026-01-15T10:30:00Z", "energy": 5}'


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one source, which the settings name."""
    (tmp_path / "town.yaml").write_text(SOURCE)
    monkeypatch.setenv("MIMAS_ADAPTERS", str(tmp_path))
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def test_list_shows_sources_and_mistakes(folder: Path) -> None:
    """Configured sources, wrong ones with their first mistake, and the shipped mappings."""
    (folder / "wrong.yaml").write_text("entitys: {}\n")
    lines = run("adapters", "list").output

    assert all(text in lines for text in ("town", "WRONG: line 1", "did you mean", "chirpstack-v4")), lines


def test_newcomer_is_told_where_sources_go(folder: Path) -> None:
    """An empty folder says how the first source comes; an unknown name, where was looked for it."""
    (folder / "town.yaml").unlink()
    listed, unknown = run("adapters", "list").output, run("adapters", "show", "lora").output

    assert "none yet; `mimas adapters new`" in listed
    assert f"In {folder} (MIMAS_ADAPTERS or --sources names another folder) there is no source" in unknown


def test_new_source_passes_its_checks(folder: Path) -> None:
    """What `new` writes can be loaded, shown and tested as it is."""
    codes = [
        run("adapters", *arguments).exit_code
        for arguments in (["new", "lora", "--use", "chirpstack-v4"], ["show", "lora"], ["test", "lora"])
    ]

    assert codes == [0, 0, 0]


@pytest.mark.parametrize("use", sorted(shipped_mappings()))
def test_every_shipped_mapping_makes_a_source(folder: Path, use: str) -> None:
    """What `new --use` writes loads, and its trial gives messages only to what takes messages."""
    run("adapters", "new", "mine", "--use", use)
    kind = next(iter(load_mapping(folder / "mine.yaml").declaration["source"]))
    text = (folder / "mine.yaml").read_text()

    assert ("--dry --message" in text) == (kind in ("mqtt", "file", "http")), text
    assert "registers" not in text and len(text.splitlines()) < 40


def test_new_modbus_source_says_where_meters_go(folder: Path) -> None:
    """The host of a meter is the one thing that nobody but the person knows."""
    run("adapters", "new", "mine", "--use", "modbus-eastron-sdm630")

    assert load_mapping(folder / "mine.yaml").declaration["source"]["modbus"]["meters"][0]["host"]


def test_new_never_overwrites(folder: Path) -> None:
    """A source that is there is left alone."""
    result = run("adapters", "new", "town", "--use", "json-meter")

    assert (result.exit_code, (folder / "town.yaml").read_text()) == (1, SOURCE)


def test_failing_test_fails_the_command(folder: Path) -> None:
    """A test inside a mapping that does not come out as it says is shown with the difference."""
    test = "tests: [{name: one, topic: meters/b/e1, payload: {time: '2026-01-01T00:00:00Z', energy: 5}"
    test += ", expect: []}]\n"
    (folder / "town.yaml").write_text(SOURCE + test)
    result = run("adapters", "test")

    assert (result.exit_code, "FAIL town: one" in result.output, "too many" in result.output) == (
        1,
        True,
        True,
    )


def test_dry_run_shows_entities_and_refusals(folder: Path) -> None:
    """A message from a file becomes entities on the screen; a bad one its refusal with the mend."""
    (folder / "good.json").write_bytes(MESSAGE)
    (folder / "bad.json").write_bytes(b"{")
    good = run("adapters", "run", "town", "--dry", "--message", str(folder / "good.json"), "--topic", TOPIC)
    bad = run("adapters", "run", "town", "--dry", "--message", str(folder / "bad.json"), "--topic", TOPIC)

    assert ('"value": 5' in good.output, "REJECTED at payload" in bad.output) == (True, True)


def fill(url: str) -> None:
    """Two messages of the source `town`: one whose meter the table knows by now, one that stays unknown."""

    async def add() -> None:
        database = await Database.open(url)
        received = datetime(2026, 1, 15, 11, tzinfo=UTC)
        await QuarantineStore(database).add(
            [
                Rejected(
                    "", "town", "lookup", "meter_row", "'e1' is not in the table", MESSAGE, received, TOPIC
                ),
                Rejected("", "town", "lookup", "meter_row", "not there", MESSAGE, received, "meters/b58/e9"),
            ]
        )
        await database.close()

    asyncio.run(add())


def count_history(url: str) -> int:
    async def count() -> int:
        connection = await asyncpg.connect(url)
        try:
            found: int = await connection.fetchval("SELECT count(*) FROM attr_history WHERE number = 5")
            return found
        finally:
            await connection.close()

    return asyncio.run(count())


def test_replay_takes_what_can_be_taken_now(
    database_url: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the mapping takes now is stored and leaves the list; what it refuses again stays."""
    monkeypatch.setenv("MIMAS_DATABASE_URL", database_url)
    fill(database_url)
    replay = run("quarantine", "replay", "--source", "town")
    waiting = run("quarantine", "list").output

    assert (replay.exit_code, "1 taken, 1 refused again" in replay.output, "town 1" in waiting) == (
        1,
        True,
        True,
    )
    assert count_history(database_url) == 1


def test_show_has_the_message_as_it_came(
    database_url: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everything about a message, or its bytes alone."""
    monkeypatch.setenv("MIMAS_DATABASE_URL", database_url)
    fill(database_url)
    shown = run("quarantine", "show", "1")

    assert all(text in shown.output for text in (TOPIC, "lookup", '"energy": 5'))
    assert run("quarantine", "show", "1", "--raw").stdout_bytes == MESSAGE


def test_unknown_number(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A number that is not there is a clear refusal."""
    monkeypatch.setenv("MIMAS_DATABASE_URL", database_url)

    assert "no message 99" in run("quarantine", "show", "99").output
