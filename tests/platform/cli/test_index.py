"""`mimas index` on a real database."""

from __future__ import annotations

import re

import pytest
from click.testing import CliRunner, Result

from mimas.platform.cli import main


@pytest.fixture
def run(database_url: str, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    """Run `mimas index` in this process on a fresh database."""
    monkeypatch.setenv("MIMAS_DATABASE_URL", database_url)
    monkeypatch.delenv("MIMAS_TEST_DATABASE_URL", raising=False)

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(main, ["index", *arguments])

    return run


def test_made_listed_and_dropped(run) -> None:  # type: ignore[no-untyped-def]
    """The list says in the words of `create` what an index is for; a dropped one is suggested again."""
    name = run("create", "Device", "address[city]", "--kind", "text").stdout.strip()
    listed = run("list").stdout
    dropped = run("drop", name)
    later = run("list").stdout

    assert re.fullmatch(r"entity_q_[0-9a-f]{16}_text", name)
    assert "ready" in listed and "address[city] of Device (text)" in listed
    assert "is dropped" in dropped.stdout
    assert "mimas index create 'Device' 'address[city]' --kind text" in later


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("create", "Device", "a>1"), "give the path of an attribute"),
        (("create", "Device", "a["), "at position"),
        (("create", "Device", "id"), "give the path of an attribute"),
        (("drop", "entity_pkey"), "There is no attribute index"),
    ],
)
def test_mistakes_are_told(run, arguments: tuple[str, ...], said: str) -> None:  # type: ignore[no-untyped-def]
    """In one line that says what to do."""
    done = run(*arguments)

    assert done.exit_code != 0 and said in done.output
