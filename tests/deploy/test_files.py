"""What deploy/ and docker-compose.yml say, against the schema, the settings and the repository they name."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from jsonschema import Draft7Validator

from mimas.platform.mosquitto import PrivateMosquitto
from mimas.platform.settings import Settings, load_settings

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
DEPLOYED = sorted(path for path in (ROOT / "deploy").iterdir() if path.is_file())
SECRETS = {"POSTGRES_PASSWORD": "0a1b", "MQTT_PASSWORD": "2c3d"}


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions, continued lines joined."""
    text = re.sub(r"^#.*\n", "", (ROOT / "deploy/Dockerfile").read_text(), flags=re.MULTILINE)
    lines = text.replace("\\\n", " ").splitlines()
    return [(line.split()[0], line.partition(" ")[2].strip()) for line in lines if line.strip()]


def substitute(value: Any, environment: dict[str, str]) -> Any:
    """What Compose makes of ${NAME:?message} and ${NAME:-default}."""
    if not isinstance(value, str):
        return value
    pattern = r"\$\{(\w+):(\?|-)([^}]*)\}"
    return re.sub(pattern, lambda m: environment.get(m[1], m[3] if m[2] == "-" else ""), value)


def test_compose_file_follows_the_specification() -> None:
    """As the Compose specification's own schema has it."""
    schema = files("check_jsonschema").joinpath("builtin_schemas/vendor/compose-spec.json")
    errors = Draft7Validator(json.loads(schema.read_text())).iter_errors(COMPOSE)

    assert [f"{error.json_path}: {error.message}" for error in errors] == []


@pytest.mark.parametrize("path", [ROOT / "docker-compose.yml", *DEPLOYED], ids=lambda path: path.name)
def test_only_settings_that_exist_are_named(path: Path) -> None:
    """A renamed setting must be renamed here too."""
    named = set(re.findall(r"\bMIMAS_[A-Z_]+", path.read_text()))

    assert {name.removeprefix("MIMAS_").lower() for name in named} <= set(Settings.model_fields)


def test_the_settings_of_the_compose_file_are_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the two secrets and nothing else set, the platform understands what it is given."""
    for name in [name for name in os.environ if name.startswith("MIMAS_")]:
        monkeypatch.delenv(name)
    for name, value in COMPOSE["services"]["mimas"]["environment"].items():
        monkeypatch.setenv(name, substitute(value, SECRETS))
    settings = load_settings()
    assert settings.database_url is not None
    url = urlsplit(settings.database_url.get_secret_value())

    assert (url.password, url.hostname, url.path) == (SECRETS["POSTGRES_PASSWORD"], "postgres", "/mimas")


def test_no_secret_has_a_default() -> None:
    """Without them Compose stops and says what to set."""
    text = (ROOT / "docker-compose.yml").read_text()
    uses = re.findall(r"\$\{(\w*PASSWORD)([^}]*)\}", text)

    assert uses
    assert all(rest.startswith(":?set ") for _, rest in uses)


def test_paths_exist() -> None:
    """Every file of the repository that the compose file mounts or builds from is there."""
    services = COMPOSE["services"].values()
    mounted = [volume.split(":")[0] for service in services for volume in service.get("volumes", [])]
    named = [path for path in mounted if path.startswith("./")]
    named += [service["build"]["dockerfile"] for service in services if "build" in service]

    assert [path for path in named if not (ROOT / path).exists()] == []
    assert {path for path in mounted if not path.startswith("./")} <= set(COMPOSE["volumes"])


def test_the_dockerfile_copies_what_is_there() -> None:
    """And the image's context has it: .dockerignore lets it through."""
    copied = [
        source
        for name, rest in instructions()
        if name == "COPY" and "--from" not in rest
        for source in [word for word in rest.split() if not word.startswith("--")][:-1]
    ]
    let_through = {line[1:] for line in (ROOT / ".dockerignore").read_text().split() if line.startswith("!")}

    assert [source for source in copied if not (ROOT / source).exists()] == []
    assert {source.split("/")[0] for source in copied} <= let_through


def test_everything_installed_comes_from_the_lock_file() -> None:
    """With its hashes; what is installed afterwards comes from those files alone."""
    installs = [
        step for _, rest in instructions() for step in rest.split("&&") if re.search(r"\bpip\b", step)
    ]

    assert installs
    assert "--require-hashes -r requirements.lock" in installs[0]
    assert all("--no-deps ." in step or "--no-index" in step for step in installs[1:])


def test_the_image_runs_unprivileged_and_says_how_it_is() -> None:
    """A user of its own, the command of the platform, and the health check that waits for the database."""
    last = dict(instructions())

    assert last["USER"] == "mimas"
    assert json.loads(last["ENTRYPOINT"]) + json.loads(last["CMD"]) == ["mimas", "up"]
    assert "/health/ready" in last["HEALTHCHECK"]


def test_mosquitto_keeps_what_it_acknowledged(tmp_path: Path) -> None:
    """The container's broker has the same limits as the private one."""

    def limits(text: str) -> dict[str, str]:
        pairs = (line.split(maxsplit=1) for line in text.splitlines() if line and not line.startswith("#"))
        ours = ("persistence", "autosave_interval", "max_", "set_tcp_nodelay", "log_type")
        return {
            name: value
            for name, value in pairs
            if name.startswith(ours) and name not in ("persistence_location",)
        }

    private = PrivateMosquitto(tmp_path, port=None)

    assert limits((ROOT / "deploy/mosquitto.conf").read_text()) == limits(private._settings())


def test_the_service_starts_the_platform() -> None:
    """The unit runs `mimas up` as a user of its own, and gives PostgreSQL time to stop."""
    unit = (ROOT / "deploy/mimas.service").read_text()

    assert re.search(r"^ExecStart=\S*/mimas up$", unit, re.MULTILINE)
    assert re.search(r"^User=mimas$", unit, re.MULTILINE)
    assert re.search(r"^KillMode=mixed$", unit, re.MULTILINE)


def first_token(database_url: str, file: Path) -> subprocess.CompletedProcess[str]:
    """Run what the container runs before the platform starts."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MIMAS_")}
    path = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    return subprocess.run(
        shlex.split(f"sh {ROOT / 'deploy/first-token.sh'} {file}"),
        env=environment | {"MIMAS_DATABASE_URL": database_url, "PATH": path},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_first_start_makes_one_token(empty_database_url: str, tmp_path: Path) -> None:
    """On an empty database; it is readable by its owner alone, and told nowhere else."""
    file = tmp_path / "admin-token"
    done = first_token(empty_database_url, file)
    token = file.read_text().strip()

    assert re.fullmatch(r"mimas_[\w-]{43}", token), done.stderr
    assert file.stat().st_mode & 0o777 == 0o600
    assert token not in done.stdout + done.stderr


def test_further_starts_make_none(database_url: str, tmp_path: Path) -> None:
    """Also when the operator has removed the file."""
    file = tmp_path / "admin-token"
    first_token(database_url, file)
    file.unlink()
    again = first_token(database_url, file)

    assert (again.returncode, file.exists()) == (0, False)
