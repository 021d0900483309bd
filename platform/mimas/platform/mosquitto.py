"""A private Mosquitto that keeps what it acknowledged.

Its defaults drop all but 1 000 queued messages of an absent subscriber and save every half hour; here queues
are bounded by bytes alone and everything is saved every second.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import shutil
import signal
import socket
import subprocess
from functools import cached_property
from ipaddress import ip_address
from pathlib import Path

from .packages import Programs, Progress, provide_mosquitto
from .processes import (
    Refused,
    command_of,
    free_port,
    is_alive,
    make_data_directory,
    own_directory,
    service_user,
    start_service,
    stop_process,
    wait_until,
)

QUEUE_BYTES = 512 * 1024 * 1024
_HASH_ROUNDS = 101  # of mosquitto_passwd


class PrivateMosquitto:
    """The broker in `<data_dir>/mosquitto`.

    It listens on `host`, on `port` or, with None, on any free one. On loopback it asks nobody's name;
    elsewhere it asks for the user `mimas` and the password in the file `password`.
    """

    name = "Mosquitto"

    def __init__(
        self,
        data_dir: Path,
        *,
        host: str = "127.0.0.1",
        port: int | None = 1883,
        progress: Progress = lambda _line: None,
    ) -> None:
        self.directory = data_dir.resolve() / "mosquitto"
        self._host = host
        self._wanted_port = port
        self._port: int | None = None
        self._progress = progress

    @property
    def url(self) -> str:
        """The broker as this machine reaches it; holds the password when there is one."""
        host = "127.0.0.1" if self._host in ("", "0.0.0.0", "::") else self._host  # noqa: S104
        login = f"mimas:{self._password()}@" if self._asks_password else ""
        return f"mqtt://{login}{f'[{host}]' if ':' in host else host}:{self._known_port()}"

    def status(self) -> int | None:
        """The process id of this running broker, or None."""
        try:
            pid = int((self.directory / "mosquitto.pid").read_text())
        except (OSError, ValueError):
            return None
        return pid if is_alive(pid) and str(self._configuration) in command_of(pid) else None

    def prepare(self) -> None:
        """Find the program, choose a port and write the configuration."""
        _ = self.programs
        make_data_directory(self.directory.parent)
        own_directory(self.directory, self._user)
        if self._port is None:
            self._port = free_port(self._known_port() or self._wanted_port, self._host)
            self._write("port", str(self._port))
        if self._asks_password:
            if not (self.directory / "password").exists():
                self._write("password", secrets.token_urlsafe(24))
            self._write("users", f"mimas:{hash_password(self._password())}")
        self._write("mosquitto.conf", self._settings())

    def launch(self, *, end_with_parent: bool = False) -> subprocess.Popen[bytes]:
        """Start the broker without waiting for it. `prepare` comes first, and `status` must be None."""
        with (self.directory / "startup.log").open("wb") as output:
            return start_service(
                [self.programs.command("mosquitto"), "-c", str(self._configuration)],
                user=self._user,
                output=output,
                environment=self.programs.full_environment(),
                end_with_parent=signal.SIGTERM if end_with_parent else None,
            )

    def start(self, seconds: float = 20) -> None:
        """Have the broker running and listening; it stays when this process ends."""
        if self.status() is None:
            self.prepare()
            process = self.launch()
            wait_until(lambda: self.is_ready() or process.poll() is not None, seconds)
        if not self.is_ready():
            raise Refused(f"Mosquitto does not start.\n{self.last_words()}")

    def stop(self) -> bool:
        """Stop the broker, which saves its queues first. False when none ran."""
        pid = self.status()
        if pid is None:
            return False
        if not stop_process(pid, signal.SIGTERM, 20):
            stop_process(pid, signal.SIGKILL, 5)
        return True

    def is_ready(self) -> bool:
        """Say whether the broker runs and takes connections."""
        port = self._known_port()
        if self.status() is None or port is None:
            return False
        host = "127.0.0.1" if self._host in ("", "0.0.0.0") else self._host  # noqa: S104
        try:
            socket.create_connection((host, port), timeout=1).close()
        except OSError:
            return False
        return True

    def last_words(self) -> str:
        """The end of what the broker logged."""
        lines: list[str] = []
        for name in ("mosquitto.log", "startup.log"):
            path = self.directory / name
            if path.exists():
                lines += path.read_text(errors="replace").splitlines()[-6:]
        return "\n".join(lines)

    @cached_property
    def _user(self) -> str | None:
        _ = self.programs  # their installation makes the user
        return service_user(self.directory, "mosquitto")

    @cached_property
    def programs(self) -> Programs:
        """Where the program is."""
        return provide_mosquitto(self._progress)

    @property
    def _configuration(self) -> Path:
        return self.directory / "mosquitto.conf"

    @property
    def _asks_password(self) -> bool:
        return not is_loopback(self._host)

    def _password(self) -> str:
        return (self.directory / "password").read_text().strip()

    def _known_port(self) -> int | None:
        try:
            return int((self.directory / "port").read_text())
        except (OSError, ValueError):
            return None

    def _settings(self) -> str:
        lines = [
            "# Written by Mimas at each start.",
            f"listener {self._port} {self._host}",
            f"allow_anonymous {'false' if self._asks_password else 'true'}",
            *([f"password_file {self.directory / 'users'}"] if self._asks_password else []),
            f"pid_file {self.directory / 'mosquitto.pid'}",
            f"log_dest file {self.directory / 'mosquitto.log'}",
            "log_type error",
            "log_type warning",
            "log_type notice",
            "connection_messages false",
            "persistence true",
            f"persistence_location {self.directory}/",
            "persistence_file messages.db",
            "autosave_interval 1",
            "max_queued_messages 0",
            f"max_queued_bytes {QUEUE_BYTES}",
            "max_inflight_messages 1000",
            "max_packet_size 1048576",
            "set_tcp_nodelay true",
        ]
        return "\n".join(lines)

    def _write(self, name: str, text: str) -> None:
        path = self.directory / name
        path.touch(mode=0o600)
        path.write_text(text + "\n")
        if self._user is not None:
            shutil.chown(path, self._user)


def is_loopback(host: str) -> bool:
    """Say whether only this machine reaches what listens on `host`."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def hash_password(password: str) -> str:
    """The form of mosquitto_passwd (PBKDF2-SHA512), without the password on a command line."""
    salt = secrets.token_bytes(12)
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _HASH_ROUNDS)
    return f"$7${_HASH_ROUNDS}${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"
