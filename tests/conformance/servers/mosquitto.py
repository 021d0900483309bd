"""A real Mosquitto with TLS, names, passwords and rules, as a target; and ways to run it badly."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mimas.conformance.target import Credential, Target
from mimas.conformance.testing import target_of
from mimas.platform.mosquitto import PrivateMosquitto, hash_password
from mimas.platform.processes import wait_until

from .certificates import authority, write_pair
from .secured import closed_port, is_open

USERS = {"device": "device-a", "subscriber": "hall"}
PASSWORDS = {
    "device": "word-of-device-a",
    "subscriber": "word-of-the-hall",
    "disabled-device": "word-of-who-is-gone",
}
RULES = "user device-a\ntopic readwrite town/device-a/#\nuser hall\ntopic read town/#\n"


@contextmanager
def mosquitto(
    folder: Path,
    *,
    anonymous: bool = False,
    plain: bool = False,
    passwords: bool = True,
    rules: str | None = RULES,
    more_users: tuple[tuple[str, str], ...] = (),
) -> Iterator[Target]:
    """A broker in a folder; gives the target with its credentials."""
    folder.chmod(0o755)
    pair, port, plain_port = write_pair(folder), closed_port(), closed_port()
    known = [(USERS[role], PASSWORDS[role]) for role in USERS] + list(more_users)
    (folder / "users").write_text("".join(f"{name}:{hash_password(word)}\n" for name, word in known))
    lines = ["user root", "per_listener_settings false", f"allow_anonymous {str(anonymous).lower()}"]
    lines += [f"password_file {folder}/users"] if passwords else []
    lines += [f"acl_file {folder}/rules"] if rules else []
    lines += [f"listener {port} 127.0.0.1", f"certfile {pair}", f"keyfile {pair}"]
    lines += [f"listener {plain_port} 127.0.0.1"] if plain else []
    (folder / "rules").write_text(rules or "")
    (folder / "mosquitto.conf").write_text("\n".join(lines) + "\n")
    for each in ("users", "rules"):
        (folder / each).chmod(0o600)
    programs = PrivateMosquitto(folder).programs
    with (
        subprocess.Popen(
            [programs.command("mosquitto"), "-c", folder / "mosquitto.conf"],
            env=programs.full_environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process,
        pytest.MonkeyPatch.context() as patch,
    ):
        try:
            assert (
                wait_until(lambda: is_open(port) or process.poll() is not None, 10) and process.poll() is None
            )
            credentials = {}
            for role, word in PASSWORDS.items():
                variable = f"RIGHT_MQTT_{role.upper().replace('-', '_')}"
                patch.setenv(variable, word)
                credentials[role] = Credential(variable, scheme="basic", user=USERS.get(role, "gone"))
            target = target_of(
                "mqtt",
                f"mqtts://127.0.0.1:{port}",
                writes="anything",
                ca_file=authority().write(folder / "ca.pem"),
                credentials=credentials,
                interface={
                    "options": {
                        "topic": "town/device-a/value",
                        "foreign-topic": "town/device-b/value",
                        "plain-port": plain_port,
                    }
                },
            )
            yield target
        finally:
            process.terminate()
