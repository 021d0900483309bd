"""A private PostgreSQL with PostGIS: a cluster of its own, on a private socket and a loopback port.

Whoever may enter the socket's directory (its owner, and root) is trusted; over TCP the password in the file
`password` is asked for.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

from .packages import Programs, Progress, provide_postgres
from .processes import (
    Refused,
    as_user,
    command_of,
    exists,
    free_port,
    is_alive,
    make_data_directory,
    own_directory,
    service_user,
    start_service,
    stop_process,
    wait_until,
    works_in,
)

DATABASE = "mimas"
_MEGABYTE = 1024 * 1024
_LONGEST_SOCKET_DIRECTORY = 85  # a socket's path has at most 107 bytes


@dataclass(frozen=True, slots=True)
class PostgresStatus:
    """What `postmaster.pid` says about a running server."""

    pid: int
    port: int
    is_ready: bool


class PrivatePostgres:
    """The cluster in `<data_dir>/postgres`; `options` are further settings of the server."""

    name = "PostgreSQL"

    def __init__(
        self,
        data_dir: Path,
        *,
        options: Mapping[str, str] | None = None,
        progress: Progress = lambda _line: None,
    ) -> None:
        self.directory = data_dir.resolve() / "postgres"
        self.cluster = self.directory / "cluster"
        self._options = dict(options or {})
        self._progress = progress
        self._port: int | None = None  # chosen once: clients keep its URL when the server is started again

    @property
    def url(self) -> str:
        """The platform's database, over the private socket."""
        return self.url_of(DATABASE)

    def url_of(self, database: str) -> str:
        """Any database of this cluster, over the private socket."""
        host = quote(str(self._socket_directory), safe="/")
        return f"postgresql://mimas@/{database}?host={host}&port={self._known_port() or 5432}"

    def tcp_url(self) -> str:
        """The platform's database for programs that want TCP; holds the password."""
        password = (self.directory / "password").read_text().strip()
        return f"postgresql://mimas:{password}@127.0.0.1:{self._known_port()}/{DATABASE}"

    def status(self) -> PostgresStatus | None:
        """The running server of this cluster, or None."""
        try:
            lines = (self.cluster / "postmaster.pid").read_text().splitlines()
            pid = int(lines[0])
        except (OSError, ValueError, IndexError):
            return None
        if not self._is_ours(pid):
            return None
        is_ready = len(lines) > 7 and lines[7].strip() == "ready"
        return PostgresStatus(pid, int(lines[3]) if len(lines) > 3 else 0, is_ready)

    def prepare(self) -> None:
        """Find the programs, make the cluster at the first start and write the settings of this one."""
        if not (self.cluster / "PG_VERSION").exists():
            self._initialise()
        if self._port is None:
            self._port = free_port(self._known_port())
        self._write_settings(self._port)
        self._forget_foreign_pid()

    def launch(self, *, end_with_parent: bool = False) -> subprocess.Popen[bytes]:
        """Start the server without waiting for it. `prepare` comes first, and `status` must be None."""
        with (self.directory / "startup.log").open("wb") as output:
            return start_service(
                [self.programs.command("postgres"), "-D", str(self.cluster)],
                user=self._user,
                output=output,
                environment=self.programs.full_environment(),
                end_with_parent=signal.SIGINT if end_with_parent else None,  # a fast, clean shutdown
            )

    def start(self, seconds: float = 60) -> None:
        """Have the server running and ready; it stays when this process ends.

        After a kill -9 its old backends may hold the shared memory for a moment: then once more.
        """
        deadline = time.monotonic() + seconds
        while (problem := self._start_once(deadline)) is not None:
            if "shared memory" not in problem or time.monotonic() > deadline:
                raise Refused(f"PostgreSQL does not start.\n{problem}")
            time.sleep(0.2)

    def ensure_database(self) -> None:
        """Make the platform's database unless it is there."""
        sql = (
            f"SELECT 'CREATE DATABASE {DATABASE}' WHERE NOT EXISTS"  # noqa: S608 - constants
            f" (SELECT FROM pg_database WHERE datname = '{DATABASE}') \\gexec"
        )
        self.query(sql, "postgres")

    def query(self, sql: str, database: str = DATABASE) -> str:
        """What a statement answers, through psql: no driver is needed for a question or two."""
        done = subprocess.run(  # noqa: S603
            [self.programs.command("psql"), self.url_of(database), "-XqAt", "-v", "ON_ERROR_STOP=1"],
            input=sql.encode(),
            capture_output=True,
            cwd="/",
            env=self.programs.full_environment(),
            check=False,
        )
        if done.returncode != 0:
            raise Refused(f"The database refuses: {done.stderr.decode(errors='replace').strip()}")
        return done.stdout.decode().strip()

    def stop(self, *, immediately: bool = False) -> bool:
        """Stop the server; `immediately` leaves recovery to the next start. False when none ran."""
        status = self.status()
        if status is None:
            return False
        how = signal.SIGQUIT if immediately else signal.SIGINT
        if not stop_process(status.pid, how, 60):
            stop_process(status.pid, signal.SIGQUIT, 10)
        return True

    def is_ready(self) -> bool:
        """Say whether the server takes connections."""
        status = self.status()
        return status is not None and status.is_ready

    def last_words(self) -> str:
        """The end of what the server logged, for a person who wonders."""
        logs = sorted((self.cluster / "log").glob("*.log"), key=lambda path: path.stat().st_mtime)
        lines: list[str] = []
        for path in (*logs[-1:], self.directory / "startup.log"):
            if path.exists():
                lines += path.read_text(errors="replace").splitlines()[-6:]
        return "\n".join(lines)

    @cached_property
    def _user(self) -> str | None:
        _ = self.programs  # their installation makes the user
        return service_user(self.directory, "postgres")

    @cached_property
    def programs(self) -> Programs:
        """The programs of the version that made the cluster, or of the newest there is."""
        marker = self.cluster / "PG_VERSION"
        return provide_postgres(self._progress, int(marker.read_text()) if marker.exists() else None)

    @cached_property
    def _socket_directory(self) -> Path:
        directory = self.directory / "socket"
        if len(str(directory)) <= _LONGEST_SOCKET_DIRECTORY:
            return directory
        digest = hashlib.sha256(str(directory).encode()).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"mimas-{os.geteuid()}-{digest}"

    def _start_once(self, deadline: float) -> str | None:
        """Start the server unless it runs; None when it is ready, else its last words."""
        process = None
        if self.status() is None:
            self.prepare()
            process = self.launch()
        wait_until(
            lambda: self.is_ready() or (process is not None and process.poll() is not None),
            deadline - time.monotonic(),
        )
        return None if self.is_ready() else self.last_words() or "It is not ready in time and says nothing."

    def _known_port(self) -> int | None:
        try:
            return int((self.directory / "port").read_text())
        except (OSError, ValueError):
            return None

    def _is_ours(self, pid: int) -> bool:
        """Whether this process is a server of this cluster, not another that got its number later."""
        command = command_of(pid)
        return is_alive(pid) and str(self.cluster) in command and "postgres" in Path(command[0]).name

    def _forget_foreign_pid(self) -> None:
        """Remove a pid file whose number is another program's now, or a zombie's: PostgreSQL would refuse.

        The file is also how PostgreSQL finds that old backends still run, so those must be gone first.
        """
        path = self.cluster / "postmaster.pid"
        try:
            pid = int(path.read_text().splitlines()[0])
        except (OSError, ValueError, IndexError):
            return
        if exists(pid) and not self._is_ours(pid):
            if not wait_until(lambda: not works_in(self.cluster), 10):
                raise Refused(f"Processes of a PostgreSQL that was killed still work in {self.cluster}.")
            path.unlink()

    def _initialise(self) -> None:
        """Make the cluster beside its place and move it there: an interrupted first start leaves nothing."""
        programs = self.programs
        make_data_directory(self.directory.parent)
        own_directory(self.directory, self._user, mode=0o700)
        self._progress(f"Making a PostgreSQL {programs.version} cluster in {self.cluster} ...")
        self._write_private("password", secrets.token_urlsafe(24))
        unfinished = self.directory / "unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        locale = ["--locale=C.UTF-8"]
        if programs.version >= 17:
            locale = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        done = subprocess.run(  # noqa: S603
            [
                programs.command("initdb"),
                *("-D", str(unfinished), "-U", "mimas", "-E", "UTF8", *locale, "--data-checksums"),
                *("--auth-local=trust", "--auth-host=scram-sha-256"),
                f"--pwfile={self.directory / 'password'}",
                *(["--no-sync"] if self._options.get("fsync") == "off" else []),
            ],
            capture_output=True,
            cwd="/",
            env=programs.full_environment(),
            check=False,
            **as_user(self._user),
        )
        if done.returncode != 0:
            raise Refused(f"initdb failed:\n{done.stderr.decode(errors='replace').strip()}")
        with (unfinished / "postgresql.conf").open("a") as settings:
            settings.write("\ninclude_if_exists = 'mimas.conf'  # written anew at each start\n")
        unfinished.rename(self.cluster)

    def _write_settings(self, port: int) -> None:
        own_directory(self._socket_directory, self._user, mode=0o700)
        self._write_private("port", str(port))
        lines = [f"{name} = '{value}'" for name, value in (self._settings(port) | self._options).items()]
        text = "# Written by Mimas at each start. Your own settings: ALTER SYSTEM, or postgresql.auto.conf.\n"
        (self.cluster / "mimas.conf").write_text(text + "\n".join(lines) + "\n")

    def _settings(self, port: int) -> dict[str, str]:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // _MEGABYTE
        return {
            "listen_addresses": "127.0.0.1",
            "port": str(port),
            "unix_socket_directories": str(self._socket_directory),
            "max_connections": "100",
            "shared_buffers": f"{min(max(memory // 8, 64), 4096)}MB",
            "effective_cache_size": f"{max(memory // 2, 128)}MB",
            "maintenance_work_mem": f"{min(max(memory // 32, 32), 512)}MB",
            "work_mem": "16MB",
            "synchronous_commit": "on",
            "wal_compression": "lz4" if self.programs.version >= 15 else "on",
            "default_toast_compression": "lz4",
            "max_wal_size": "4GB",
            "checkpoint_timeout": "15min",
            "random_page_cost": "1.1",
            "logging_collector": "on",
            "log_filename": "postgresql-%a.log",
            "log_rotation_age": "1d",
            "log_rotation_size": "0",
            "log_truncate_on_rotation": "on",
            "log_line_prefix": "%m [%p] ",
            "timezone": "UTC",
            "log_timezone": "UTC",
        }

    def _write_private(self, name: str, text: str) -> None:
        path = self.directory / name
        path.touch(mode=0o600)
        path.write_text(text + "\n")
        if self._user is not None:
            shutil.chown(path, self._user)
