"""The whole platform as one foreground program: private services, migrations, then the parts."""

from __future__ import annotations

import errno
import logging
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from .data_lock import DataLock
from .ingest_places import DEMO_SOURCES, sources_folder
from .mosquitto import PrivateMosquitto, is_loopback
from .parts import NO_TOKEN, SIMULATED, MosquittoPart, Part, PostgresPart, ProgramPart, part_environment
from .postgres import PrivatePostgres
from .processes import Refused, own_directory
from .schema_revision import newest_revision
from .settings import Settings
from .supervisor import Supervisor

logger = logging.getLogger(__name__)

SERVICE_SECONDS = 120.0  # a recovery after kill -9 replays the log first
PART_SECONDS = 60.0
TOWN = "town"


class Stack:
    """What `mimas up` and `mimas serve` run; `say` gets lines for a person."""

    def __init__(self, settings: Settings, say: Callable[[str], None]) -> None:
        self._settings = settings
        self._say = say
        self._metrics = settings.data_dir.resolve() / "metrics"
        self._environment = dict(os.environ)
        self._started = time.monotonic()

    def run(self, *, api_only: bool = False, demo: str | None = None, demo_data: Path | None = None) -> None:
        """Run until somebody stops it."""
        settings = self._settings
        with DataLock(settings.data_dir) as lock, Supervisor() as supervisor:
            listener = bind(settings.host, settings.port)
            url = self._url(listener)
            lock.write(url)
            self._prepare_environment()
            if demo == TOWN:
                self._prepare_town()
                self._environment[SIMULATED] = "yes"
            if api_only and settings.database_url is None:
                raise Refused("`mimas serve` needs a database: set MIMAS_DATABASE_URL, or use `mimas up`.")
            postgres = None if api_only else self._start_services(supervisor)
            if postgres is None or not self._is_set_up(postgres):
                self._set_up_database(supervisor)
            parts = self._workers(listener, self._source_folders(demo))
            if not api_only:
                parts += self._others(demo, demo_data)
            supervisor.start(parts, PART_SECONDS)
            self._greet(url)
            supervisor.wait()
            self._say("Stopping ...")

    def _start_services(self, supervisor: Supervisor) -> PrivatePostgres | None:
        settings = self._settings
        parts: list[Part] = []
        postgres = mosquitto = None
        if settings.database_url is None:
            postgres = PrivatePostgres(settings.data_dir, progress=self._say)
            parts.append(PostgresPart(postgres))
        if settings.mqtt_url is None:
            mosquitto = PrivateMosquitto(
                settings.data_dir, host=settings.mqtt_host, port=settings.mqtt_port, progress=self._say
            )
            parts.append(MosquittoPart(mosquitto))
        supervisor.start(parts, SERVICE_SECONDS)
        if postgres is not None:
            postgres.ensure_database()
            self._environment["MIMAS_DATABASE_URL"] = postgres.url
        if mosquitto is not None:
            self._environment["MIMAS_MQTT_URL"] = mosquitto.url
        return postgres

    def _is_set_up(self, postgres: PrivatePostgres) -> bool:
        """Whether nothing is to be done: most starts find the schema as they want it."""
        if not is_loopback(self._settings.host):
            return False
        if postgres.query("SELECT to_regclass('alembic_version') IS NOT NULL") != "t":
            return False
        return postgres.query("SELECT version_num FROM alembic_version") == newest_revision()

    def _set_up_database(self, supervisor: Supervisor) -> None:
        if self._settings.database_url is not None:
            self._environment["MIMAS_DATABASE_URL"] = self._settings.database_url.get_secret_value()
        arguments = [] if is_loopback(self._settings.host) else ["--require-token"]
        setup = subprocess.Popen(  # noqa: S603
            [sys.executable, "-P", "-m", "mimas.platform.database_setup", *arguments],
            env={**self._environment, **part_environment("setup")},
            start_new_session=True,
        )
        try:
            while setup.poll() is None:
                supervisor.pause(0.2)
        finally:
            if setup.poll() is None:  # somebody stops us; a migration is one transaction
                setup.kill()
                setup.wait()
        if setup.returncode == NO_TOKEN:
            raise Refused(
                f"Mimas listens on {self._settings.host} only when it knows whom to let in. Make a token "
                "first: mimas token create NAME --role admin. Or listen on loopback: --host 127.0.0.1"
            )
        if setup.returncode:
            raise Refused("The database could not be set up; the reason is above.")

    def _workers(self, listener: socket.socket, sources: list[Path]) -> list[Part]:
        folders = tuple(map(str, sources))
        return [
            self._program(f"api-{number}", "worker", folders, listener=listener.fileno())
            for number in range(1, self._settings.worker_count + 1)
        ]

    def _others(self, demo: str | None, demo_data: Path | None) -> list[Part]:
        parts = [self._program("dispatcher", "dispatcher_part")]
        if folders := self._source_folders(demo):
            allowed = " ".join((*self._settings.outbound_allow, "127.0.0.1"))
            more = {"MIMAS_OUTBOUND_ALLOW": allowed} if demo == TOWN else {}  # its servers are on loopback
            parts.append(self._program("adapters", "adapters_part", tuple(map(str, folders)), more=more))
        if demo:
            arguments: tuple[str, ...] = (
                "--position",
                str(self._settings.data_dir.resolve() / "demo.position"),
            )
            if demo_data is not None:
                arguments += ("--data", str(demo_data.resolve()))
            if demo == TOWN:
                arguments += ("--simulated",)
                parts.insert(0, self._program("town", "demo_town", (str(self._town),)))
            parts.append(self._program("demo", "demo", arguments))
        return parts

    def _source_folders(self, demo: str | None) -> list[Path]:
        """The folder of the user's sources, when there is one, and that of the demonstration."""
        own = sources_folder(self._settings).resolve()
        folders = [own] if self._settings.adapters is not None or own.is_dir() else []
        if demo == TOWN:
            folders.append(self._town / "sources")
        return [*folders, DEMO_SOURCES] if demo else folders

    @property
    def _town(self) -> Path:
        """The files of the made-up town."""
        return self._settings.data_dir.resolve() / "demo-town"

    def _prepare_town(self) -> None:
        """Write the town's files and sources in a process of its own: its libraries would stay in memory."""
        command = [sys.executable, "-P", "-m", "mimas.platform.demo_town", "--prepare", str(self._town)]
        done = subprocess.run(command, env={**self._environment, **part_environment("setup")}, check=False)  # noqa: S603
        if done.returncode:
            raise Refused(
                'The town cannot be made; the reason is above. It needs pip install "mimas[records,modbus]".'
            )

    def _program(
        self,
        name: str,
        module: str,
        arguments: tuple[str, ...] = (),
        listener: int | None = None,
        more: Mapping[str, str] | None = None,
    ) -> Part:
        return ProgramPart(
            name,
            f"mimas.platform.{module}",
            lambda: {**self._environment, **(more or {})},
            arguments=arguments,
            listener=listener,
            announces=name.startswith(("api-", "adapters", "dispatcher", "town")),
        )

    def _prepare_environment(self) -> None:
        """The parts share their counters in files of this run; allocator arenas for threads cost memory."""
        shutil.rmtree(self._metrics, ignore_errors=True)
        own_directory(self._metrics, None)
        self._environment |= {
            "PROMETHEUS_MULTIPROC_DIR": str(self._metrics),
            "MALLOC_ARENA_MAX": "2",
            "MIMAS_DATA_DIR": str(self._settings.data_dir.resolve()),
        }

    def _url(self, listener: socket.socket) -> str:
        if self._settings.public_url:
            return self._settings.public_url
        host, port = listener.getsockname()[:2]
        name = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104
        return f"http://{f'[{name}]' if ':' in name else name}:{port}"

    def _greet(self, url: str) -> None:
        seconds = time.monotonic() - self._started
        self._say(f"\nMimas is ready after {seconds:.1f} s. Ctrl-C stops it.")
        self._say(f"  Pages       {url}/")
        self._say(f"  NGSI-LD     {url}/ngsi-ld/v1    described at {url}/docs")
        if "MIMAS_MQTT_URL" in self._environment and self._settings.mqtt_url is None:
            address = self._environment["MIMAS_MQTT_URL"].rpartition("@")[2].removeprefix("mqtt://")
            self._say(f"  MQTT        mqtt://{address}")
        self._say(f"  Data        {self._settings.data_dir.resolve()}\n")


def bind(host: str, port: int, seconds: float = 3.0) -> socket.socket:
    """A socket for all API processes; waits a moment for those of a killed platform to let go of the port."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    deadline = time.monotonic() + seconds
    while True:
        listener = socket.socket(family, socket.SOCK_STREAM)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((host, port))
            return listener
        except OSError as error:
            listener.close()
            if error.errno == errno.EADDRINUSE and time.monotonic() < deadline:
                time.sleep(0.1)
                continue
            why = "somebody listens there already" if error.errno == errno.EADDRINUSE else error.strerror
            raise Refused(
                f"Cannot listen on {host} port {port}: {why}. Choose another with --port."
            ) from error
