"""What a measurement gets: fresh databases on one private PostgreSQL, server processes, progress lines."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg

from mimas.ngsi_ld.store.migrate import upgrade
from mimas.platform.parts import ProgramPart, Running
from mimas.platform.postgres import PrivatePostgres
from mimas.platform.processes import wait_until

ROOT = Path(__file__).parents[2]
TEMPLATE = "mimas_bench_template"


@dataclass
class Process:
    """A process of ours, and the port it listens on (0: none)."""

    part: ProgramPart
    running: Running
    port: int = 0

    @property
    def worked(self) -> float:
        """Seconds of processor time until now; other load on the machine hardly changes them."""
        fields = Path(f"/proc/{self.running.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self) -> None:
        """SIGTERM, and wait."""
        os.kill(self.running.pid, self.part.stop_signal)
        wait_until(lambda: self.running.poll() is not None, self.part.stop_seconds)


@dataclass
class Bench:
    """The surroundings of all measurements of a run."""

    server_url: str
    directory: Path
    quick: bool = False
    rounds: int = 3
    sizes: Sequence[int] = ()
    _processes: list[Process] = field(default_factory=list)
    _databases: list[str] = field(default_factory=list)

    def say(self, line: str) -> None:
        """Tell the person who waits."""
        print(f"  {line}", flush=True)

    def scale(self, full: int, quick: int) -> int:
        """How much to do in this run."""
        return quick if self.quick else full

    def database(self) -> str:
        """The URL of a fresh database with the newest schema."""
        name = f"mimas_bench_{uuid4().hex[:12]}"
        self.execute(f'CREATE DATABASE "{name}" TEMPLATE "{TEMPLATE}"')
        self._databases.append(name)
        return self.url_of(name)

    def kept_database(self, name: str) -> str:
        """The URL of a database that stays on the server, made when it is not there."""
        if not self.value(self.server_url, "SELECT count(*) FROM pg_database WHERE datname = $1", name):
            self.execute(f'CREATE DATABASE "{name}" TEMPLATE "{TEMPLATE}"')
        return self.url_of(name)

    def url_of(self, database: str) -> str:
        """Another database of the server."""
        return urlunsplit(urlsplit(self.server_url)._replace(path=f"/{database}"))

    def execute(self, *statements: str, url: str | None = None) -> None:
        """Run statements one by one."""

        async def run(connection: Any) -> None:
            for statement in statements:
                await connection.execute(statement)

        self.connected(run, url)

    def value(self, url: str, sql: str, *arguments: Any) -> Any:
        """The answer to a question."""
        return self.connected(lambda connection: connection.fetchval(sql, *arguments), url)

    def connected(self, work: Callable[[Any], Any], url: str | None = None) -> Any:
        """Do something with a connection of its own."""

        async def run() -> Any:
            connection = await asyncpg.connect(url or self.server_url)
            try:
                return await work(connection)
            finally:
                await connection.close()

        return asyncio.run(run())

    def checkpoint(self) -> None:
        """Begin a timed run with nothing left to write from the one before."""
        self.execute("CHECKPOINT")

    def broker(self, database_url: str, *variant: str, **settings: str) -> Process:
        """One API worker as `mimas up` runs it, or one with a `variant` of `tests.bench.servers`."""
        return self.workers(1, database_url, *variant, **settings)[0]

    def workers(self, number: int, database_url: str, *variant: str, **settings: str) -> list[Process]:
        """So many of them on one port, as `mimas up` runs them."""
        module = "tests.bench.servers" if variant else "mimas.platform.worker"
        with socket.create_server(("127.0.0.1", 0)) as listener:
            return [
                self.start(
                    f"api-{each + 1}", module, variant, listener, MIMAS_DATABASE_URL=database_url, **settings
                )
                for each in range(number)
            ]

    def bare_server(self, variant: str, **settings: str) -> Process:
        """A server of `tests.bench.servers` that needs no database."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            return self.start("bare", "tests.bench.servers", [variant], listener, **settings)

    def start(
        self,
        name: str,
        module: str,
        arguments: Sequence[str] = (),
        listener: socket.socket | None = None,
        **settings: str,
    ) -> Process:
        """Start a module, on `listener` when it serves, and wait until it says that it is ready."""
        part = ProgramPart(
            name,
            module,
            lambda: self._environment(settings),
            arguments=tuple(arguments),
            listener=listener.fileno() if listener else None,
        )
        process = Process(part, part.launch(), listener.getsockname()[1] if listener else 0)
        self._processes.append(process)
        if not wait_until(lambda: part.is_ready() or process.running.poll() is not None, 60):
            raise RuntimeError(f"{module} is not ready in time")
        if process.running.poll() is not None:
            raise RuntimeError(f"{module} ended at its start; it said why above")
        return process

    def tidy_processes(self) -> None:
        """Stop the processes of a measurement."""
        while self._processes:
            process = self._processes.pop()
            if process.running.poll() is None:
                process.stop()

    def tidy(self) -> None:
        """Stop the processes and drop the databases of a measurement."""
        self.tidy_processes()
        while self._databases:
            self.execute(f'DROP DATABASE "{self._databases.pop()}" WITH (FORCE)')

    def _environment(self, settings: dict[str, str]) -> dict[str, str]:
        metrics = Path(tempfile.mkdtemp(dir=self.directory, prefix="metrics-"))
        kept = {name: value for name, value in os.environ.items() if not name.startswith("MIMAS_")}
        return (
            kept
            | {
                "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, [kept.get("PYTHONPATH")])]),
                "PROMETHEUS_MULTIPROC_DIR": str(metrics),
                "MALLOC_ARENA_MAX": "2",
                "MIMAS_DATA_DIR": str(self.directory),
                "MIMAS_LOG_LEVEL": "warning",
            }
            | settings
        )


@contextmanager
def open_bench(server_url: str | None = None, *, quick: bool, rounds: int) -> Iterator[Bench]:
    """A bench on the server of this URL, else on a private one with the product's settings."""
    directory = Path(tempfile.mkdtemp(prefix="mimas-bench-"))
    directory.chmod(0o711)
    server = None if server_url else PrivatePostgres(directory, progress=lambda line: print(f"  {line}"))
    try:
        if server is not None:
            server.start()
        url = server.url_of("postgres") if server else server_url
        assert url is not None
        bench = Bench(url, directory, quick, rounds)
        _require_durability(bench)
        bench.execute(f"DROP DATABASE IF EXISTS {TEMPLATE}", f"CREATE DATABASE {TEMPLATE}")
        upgrade(bench.url_of(TEMPLATE))
        try:
            yield bench
        finally:
            bench.tidy()
            bench.execute(f"DROP DATABASE {TEMPLATE}")
    finally:
        if server is not None:
            server.stop()
        shutil.rmtree(directory, ignore_errors=True)


def _require_durability(bench: Bench) -> None:
    for setting in ("fsync", "synchronous_commit", "full_page_writes"):
        if bench.value(bench.server_url, f"SHOW {setting}") != "on":
            raise SystemExit(f"{setting} is not on: figures without durability say nothing")
