"""The command line: help without the platform, tokens and tenants on a real database."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner, Result

from mimas.platform.cli import main

WITHOUT_PLATFORM = """
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"pydantic", "pydantic_settings", "asyncpg", "sqlalchemy", "starlette"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Missing())
from mimas.platform.cli import main
main(sys.argv[1:], prog_name="mimas")
"""


@pytest.fixture
def run(database_url: str, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    """Run `mimas` in this process on a fresh database."""
    monkeypatch.setenv("MIMAS_DATABASE_URL", database_url)
    monkeypatch.delenv("MIMAS_TEST_DATABASE_URL", raising=False)

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(main, arguments)

    return run


def without_platform(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", WITHOUT_PLATFORM, *arguments], capture_output=True, text=True, check=False
    )


def test_the_base_install_shows_help() -> None:
    """The checker alone brings no pydantic, no database driver and no web framework."""
    assert "mimas up" in without_platform("--help").stdout


def test_the_base_install_says_how_to_get_the_platform() -> None:
    """A platform command names the extra, in one line."""
    done = without_platform("up")

    assert done.returncode == 1
    assert 'pip install "mimas[platform]"' in done.stderr
    assert "Traceback" not in done.stderr


def test_help_imports_nothing_of_the_platform() -> None:
    """Help must not wait."""
    code = (
        "import sys; from mimas.platform.cli import main\ntry: main(['--help'])\nfinally: print(*sys.modules)"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False).stdout

    assert not {"pydantic", "asyncpg", "sqlalchemy", "starlette", "httpx"} & set(loaded.split())


def test_wrong_settings_end_with_2_and_a_line_for_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything starts."""
    for name in list(os.environ):
        if name.startswith("MIMAS_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("MIMAS_PORT", "x")
    monkeypatch.setenv("MIMAS_WORKERS", "0")
    done = CliRunner().invoke(main, ["up"])

    assert done.exit_code == 2
    assert "MIMAS_PORT" in done.output
    assert "MIMAS_WORKERS" in done.output


def test_a_token_is_shown_once(run) -> None:  # type: ignore[no-untyped-def]
    """It is printed by `create` and nowhere else."""
    token = run("token", "create", "gateway", "--role", "write", "--tenant", "kladno").stdout.strip()
    listed = run("token", "list").output

    assert re.fullmatch(r"mimas_[\w-]{43}", token)
    assert re.search(r"gateway +write +kladno +never used", listed)
    assert token not in listed


def test_a_name_belongs_to_one_token(run) -> None:  # type: ignore[no-untyped-def]
    """So that `revoke` knows which."""
    run("token", "create", "gateway")
    again = run("token", "create", "gateway")

    assert again.exit_code == 1
    assert "another name" in again.output


def test_a_token_is_revoked_once(run) -> None:  # type: ignore[no-untyped-def]
    """The second time there is nothing to revoke."""
    run("token", "create", "gateway")
    codes = [run("token", "revoke", "gateway").exit_code for _ in range(2)]

    assert codes == [0, 1]


def test_an_unknown_tenant_is_not_purged(run) -> None:  # type: ignore[no-untyped-def]
    """A mistyped name is told, before anybody is asked."""
    for more in ((), ("--yes",)):
        done = run("tenant", "purge", "kaldno", *more)

        assert done.exit_code == 1
        assert "There is no tenant 'kaldno'" in done.output
        assert "for good?" not in done.output


def test_purging_asks_first(run) -> None:  # type: ignore[no-untyped-def]
    """Nothing brings the data back."""
    assert "for good?" in run("tenant", "purge", "").output


def test_migrate_says_where_the_schema_is(run) -> None:  # type: ignore[no-untyped-def]
    """Also when there is nothing to do."""
    done = run("migrate")

    assert done.exit_code == 0
    assert "already" in done.output


def test_a_database_that_is_away_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """No trace for a person whose database does not run."""
    monkeypatch.delenv("MIMAS_TEST_DATABASE_URL", raising=False)
    monkeypatch.setenv("MIMAS_DATABASE_URL", "postgresql://127.0.0.1:9/none")
    start = time.monotonic()
    done = CliRunner().invoke(main, ["token", "list"])

    assert done.exit_code == 1
    assert "cannot be reached" in done.output
    assert time.monotonic() - start < 20


def test_a_key_is_for_one_source_that_is_pushed(run, tmp_path) -> None:  # type: ignore[no-untyped-def]
    """It is shown once, and revoked with all others of its source; a fetched source has none."""
    (tmp_path / "lora.yaml").write_text("use: chirpstack-v4\nsource: {http: {}}\n")
    (tmp_path / "fetched.yaml").write_text("use: json-meter\n")
    keys = [run("adapters", "key", "lora", "--sources", str(tmp_path)).stdout for _ in range(2)]
    listed = run("token", "list").stdout
    revoked = run("adapters", "key", "lora", "--revoke")
    fetched = run("adapters", "key", "fetched", "--sources", str(tmp_path))

    assert all(key.startswith("mimas_") for key in keys)
    assert "ingest-lora-2" in listed
    assert keys[0].strip() not in listed
    assert "worthless now: 2" in revoked.stdout
    assert (fetched.exit_code, "is fetched, not pushed" in fetched.stderr) == (1, True)


@pytest.mark.parametrize("command", ["tenant list", "token list", "quarantine list"])
def test_unknown_user_is_a_sentence(
    run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """A user whom the database does not know is told with the setting to mend, without a traceback."""
    there = urlsplit(os.environ["MIMAS_DATABASE_URL"])
    place = there.netloc.rpartition("@")[2]
    monkeypatch.setenv("MIMAS_DATABASE_URL", there._replace(netloc=f"no_such_user@{place}").geturl())
    done = run(*command.split())

    assert done.exit_code == 1
    assert re.search("refuses: .*no_such_user.*MIMAS_DATABASE_URL", done.output), done.output
