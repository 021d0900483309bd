"""`mimas adapters` with harvested sources, as a person uses it."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner, Result

from mimas.platform.cli import main

TABLE = "Kód;Název;Kapacita (míst);Zem. šířka\np1;Náměstí;1 200;50,1\np2;Nádraží;80;50,2\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database_url: str) -> Path:
    """A folder with a sample as a portal exports it, and a database."""
    (tmp_path / "parking.csv").write_bytes(TABLE.encode("cp1250"))
    monkeypatch.setenv("MIMAS_ADAPTERS", str(tmp_path / "sources"))
    monkeypatch.setenv("MIMAS_DATABASE_URL", database_url)
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ("adapters", *arguments))


def draft(folder: Path) -> Path:
    run("new", "parking", "--from", str(folder / "parking.csv"))
    return folder / "sources" / "parking.yaml"


def test_new_from_a_sample_shows_what_it_found(folder: Path) -> None:
    """How the file is written, its columns, and a mapping that works as it is."""
    said = run("new", "parking", "--from", str(folder / "parking.csv")).output
    tried = run("run", "parking", "--dry").output

    assert "CSV, cp1250, columns separated by ;, decimal comma" in said
    assert "kapacitaMist             1200" in tried
    assert "2 entities, 0 refusals" in tried


def test_dry_run_as_json_writes_nothing(folder: Path) -> None:
    """Entities with their places; the database stays empty."""
    draft(folder)
    found = orjson.loads(run("run", "parking", "--dry", "--json").output)
    runs = run("runs").output

    assert [each["place"] for each in found["entities"]] == ["parking.csv:2", "parking.csv:3"]
    assert "parking" not in runs


def test_diff_says_what_a_run_would_do_and_the_run_does_it(folder: Path) -> None:
    """Created, changed and deleted, before and after."""
    path = draft(folder)
    path.write_text(path.read_text() + "delete: {share: 0.5}\n")
    before = run("diff", "parking").output
    done = run("run", "parking").output
    (folder / "parking.csv").write_bytes(
        TABLE.replace("1 200", "1 300").encode("cp1250")[: -len("p2;Nádraží;80;50,2\n")]
    )
    after = run("diff", "parking").output
    again = run("run", "parking")

    assert "2 would be created, 0 changed, 0 deleted" in before
    assert "2 created" in done
    assert "~ urn:ngsi-ld:OffStreetParking:p1  kapacitaMist\n" in after
    assert "- urn:ngsi-ld:OffStreetParking:p2" in after
    assert (again.exit_code, "1 changed, 1 deleted" in again.output) == (0, True)
    assert run("runs", "parking").output.count("finished") == 2


def test_failed_run_fails_the_command(folder: Path) -> None:
    """The exit code and the reason are there for a script."""
    draft(folder)
    (folder / "parking.csv").unlink()
    result = run("run", "parking")

    assert (result.exit_code, "is not there" in result.output) == (1, True)


def test_enable_and_disable_leave_comments_alone(folder: Path) -> None:
    """Only one word of the file changes."""
    path = draft(folder)
    before = path.read_text()
    run("enable", "parking")
    enabled = path.read_text()
    run("disable", "parking")

    assert enabled == before.replace("enabled: false", "enabled: true")
    assert path.read_text() == before


def test_enable_writes_the_key_where_there_is_none(folder: Path) -> None:
    """Behind the comments at the head of the file."""
    path = draft(folder)
    text = path.read_text().replace("enabled: false\n", "")
    path.write_text(text)
    run("disable", "parking")

    assert path.read_text().splitlines()[4] == "enabled: false"
    assert path.read_text().replace("enabled: false\n", "") == text


def test_missing_extra_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A source whose library is not installed says what to install; others work."""
    import sys

    monkeypatch.setitem(sys.modules, "python_calamine", None)
    draft(folder)
    path = folder / "sources" / "parking.yaml"
    path.write_text(path.read_text().replace("format: csv", "format: xlsx"))
    result = run("run", "parking")

    assert "pip install 'mimas[records]'" in result.output
