"""What every test may ask for: fresh databases, a real Mosquitto, the whole platform as a program."""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings

# A busy machine is no reason to fail: properties are judged by what they find, not by how long it takes.
settings.register_profile("mimas", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("mimas")

T = TypeVar("T")
SERVICES = pytest.StashKey[Path]()
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("MIMAS_")}


def pytest_configure(config: pytest.Config) -> None:
    """One directory for the services of a run; the workers of xdist get the controller's."""
    worker = getattr(config, "workerinput", None)
    if worker is not None:
        config.stash[SERVICES] = Path(worker["mimas_services"])
        return
    if os.environ.get("MIMAS_TEST_INSTALL"):
        _install_tools()
    directory = Path(tempfile.mkdtemp(prefix="mimas-tests-"))
    directory.chmod(0o755)
    config.stash[SERVICES] = directory


def _install_tools() -> None:
    """What `make test` needs: PostGIS and Mosquitto, and as root a browser and MapServer."""
    from mimas.platform.packages import provide_mosquitto, provide_postgres

    def say(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    provide_postgres(say)
    provide_mosquitto(say)
    wanted = {"chromium": "chromium", "mapserv": "mapserver-bin"}
    missing = [package for program, package in wanted.items() if shutil.which(program) is None]
    if missing and os.geteuid() == 0 and shutil.which("apt-get"):
        say(f"Installing {' and '.join(missing)}, to look at the pages and to check a WFS ...")
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (["update"], ["install", "--yes", "--no-install-recommends", *missing]):
            subprocess.run(
                ["apt-get", "--quiet=2", *command], env=quiet, stdout=subprocess.DEVNULL, check=True
            )


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of xdist where the services are."""
    node.workerinput["mimas_services"] = str(node.config.stash[SERVICES])


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop what the run started."""
    if hasattr(config, "workerinput") or SERVICES not in config.stash:
        return
    directory = config.stash[SERVICES]
    if (directory / "postgres").exists():
        from mimas.platform.postgres import PrivatePostgres

        PrivatePostgres(directory).stop(immediately=True)
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="session")
def services(pytestconfig: pytest.Config) -> Path:
    """The directory of the services of this run."""
    return pytestconfig.stash[SERVICES]


@pytest.fixture(scope="session")
def server_url(services: Path) -> Iterator[str]:
    """A PostgreSQL server with PostGIS, as a superuser who may make databases."""
    url = os.environ.get("MIMAS_TEST_DATABASE_URL") or _private_server(services)
    if url is not None:
        yield url
        return
    with _container() as url:
        yield url


@pytest.fixture(scope="session")
def administrator(server_url: str) -> Iterator[Administrator]:
    """Makes and drops databases."""
    administrator = Administrator(server_url)
    yield administrator
    administrator.close()


@pytest.fixture(scope="session")
def template(administrator: Administrator) -> str:
    """The name of a migrated database that is cloned; made once for each state of the migrations."""
    return administrator.ensure_template(f"mimas_template_{_schema_hash()}")


@pytest.fixture
def database_url(administrator: Administrator, template: str) -> Iterator[str]:
    """A fresh database with the newest schema, dropped after the test."""
    name = f"mimas_test_{uuid4().hex}"
    administrator.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    yield administrator.url_of(name)
    administrator.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def empty_database_url(administrator: Administrator) -> Iterator[str]:
    """A fresh database without a schema, dropped after the test."""
    name = f"mimas_test_{uuid4().hex}"
    administrator.execute(f'CREATE DATABASE "{name}"')
    yield administrator.url_of(name)
    administrator.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(scope="session")
def mqtt_url(services: Path) -> Iterator[str]:
    """A private Mosquitto of this session, as `mimas up` runs it."""
    from mimas.platform.mosquitto import PrivateMosquitto

    directory = Path(tempfile.mkdtemp(prefix="mqtt-", dir=services))
    directory.chmod(0o755)
    broker = PrivateMosquitto(directory, port=None)
    try:
        broker.start()
    except Exception as error:
        _missing(f"no Mosquitto: {error}")
    yield broker.url
    broker.stop()


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A directory that the users of the services may pass, as pytest's own is not."""
    directory = _data_directory()
    yield directory
    shutil.rmtree(directory, ignore_errors=True)


@dataclass
class Platform:
    """A running `mimas up` and its output."""

    process: subprocess.Popen[bytes]
    data_dir: Path
    port: int
    environment: dict[str, str]

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    def is_ready(self) -> bool:
        """Say whether the API and its database answer."""
        import httpx

        try:
            return httpx.get(f"{self.url}/health/ready", timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    def log(self) -> str:
        """What it and its parts have said so far."""
        return Path(f"{self.data_dir}.log").read_text()

    def children(self) -> dict[int, str]:
        """Every process below it, with its command line."""
        return dict(descendants(self.process.pid))

    def pid_of(self, text: str) -> int:
        """The first process whose command line holds `text`."""
        return next(pid for pid, command in sorted(self.children().items()) if text in command)


def descendants(pid: int) -> Iterator[tuple[int, str]]:
    """The processes below `pid`."""
    parents: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if fields[0] != "Z":
            parents.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    waiting = list(parents.get(pid, []))
    while waiting:
        child = waiting.pop()
        waiting += parents.get(child, [])
        try:
            command = Path(f"/proc/{child}/cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        yield child, command


def start_platform(data_dir: Path, port: int, *arguments: str, **environment: str) -> Platform:
    """Start `mimas up` and wait until it is ready; its output goes to `<data_dir>.log`."""
    from mimas.platform.processes import free_port, wait_until

    chosen = port or free_port()
    settings = {"MIMAS_DATA_DIR": str(data_dir), "MIMAS_MQTT_PORT": "0"} | environment
    with Path(f"{data_dir}.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "mimas.platform.cli", "up", "--port", str(chosen), *arguments],
            env=ENVIRONMENT | settings,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    platform = Platform(process, data_dir, chosen, ENVIRONMENT | settings)
    is_ready = wait_until(lambda: "is ready after" in platform.log() or process.poll() is not None, 60)
    if not is_ready or process.poll() is not None:
        stop_platform(platform)
        pytest.fail(f"mimas up did not start:\n{platform.log()}", pytrace=False)
    return platform


def stop_platform(platform: Platform) -> None:
    """Ctrl-C, and an end by force after a while."""
    if platform.process.poll() is None:
        platform.process.send_signal(signal.SIGINT)
    try:
        platform.process.wait(30)
    except subprocess.TimeoutExpired:
        for pid in platform.children():
            os.kill(pid, signal.SIGKILL)
        platform.process.kill()
        platform.process.wait(5)


Start = Callable[..., Platform]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts platforms on data directories of their own, or on a given one, and stops them after the test."""
    with _starting() as start:
        yield start


@pytest.fixture(scope="module")
def module_start() -> Iterator[Start]:
    """As `start`, for platforms that the tests of a module share."""
    with _starting() as start:
        yield start


@contextmanager
def _starting() -> Iterator[Start]:
    started: list[Platform] = []

    def start_one(
        *arguments: str, data_dir: Path | None = None, port: int = 0, **environment: str
    ) -> Platform:
        platform = start_platform(data_dir or _data_directory(), port, *arguments, **environment)
        started.append(platform)
        return platform

    yield start_one
    for platform in reversed(started):
        stop_platform(platform)
    for platform in started:
        _remove(platform)


@pytest.fixture(scope="module")
def up() -> Iterator[Platform]:
    """A platform that is ready, shared by the tests of a module."""
    platform = start_platform(_data_directory(), 0)
    yield platform
    stop_platform(platform)
    _remove(platform)


def _data_directory() -> Path:
    """One that the users of the services may pass, as pytest's own is not."""
    directory = Path(tempfile.mkdtemp(prefix="mimas-data-"))
    directory.chmod(0o711)
    return directory


def _remove(platform: Platform) -> None:
    shutil.rmtree(platform.data_dir, ignore_errors=True)
    Path(f"{platform.data_dir}.log").unlink(missing_ok=True)


class Administrator:
    """A superuser's connection, kept open in a loop of its own, and the databases made through it."""

    def __init__(self, server_url: str) -> None:
        import asyncpg

        self._url = server_url
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._connection = self._run(asyncpg.connect(server_url, timeout=20))

    def url_of(self, database: str) -> str:
        """The URL of another database of this server."""
        return urlunsplit(urlsplit(self._url)._replace(path=f"/{database}"))

    def execute(self, sql: str) -> None:
        """Run one statement."""
        self._run(self._connection.execute(sql))

    def ensure_template(self, name: str) -> str:
        """Make the template unless it is there; other runs on this server wait for the one that makes it."""
        self.execute("SELECT pg_advisory_lock(hashtext('mimas test template'))")
        try:
            sql = "SELECT 1 FROM pg_database WHERE datname = $1"
            if self._run(self._connection.fetchval(sql, name)) is None:
                self._make_template(name)
        finally:
            self.execute("SELECT pg_advisory_unlock(hashtext('mimas test template'))")
        return name

    def close(self) -> None:
        """Close the connection and end the loop."""
        self._run(self._connection.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _make_template(self, name: str) -> None:
        from mimas.ngsi_ld.store.migrate import upgrade

        building = f"{name}_new"
        self.execute(f'DROP DATABASE IF EXISTS "{building}" WITH (FORCE)')
        self.execute(f'CREATE DATABASE "{building}"')
        failures: list[BaseException] = []

        def migrate() -> None:
            try:
                upgrade(self.url_of(building))
            except BaseException as error:
                failures.append(error)

        thread = threading.Thread(target=migrate)  # `upgrade` runs a loop of its own
        thread.start()
        thread.join()
        if failures:
            raise failures[0]
        self.execute(f'ALTER DATABASE "{building}" RENAME TO "{name}"')

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)


def _schema_hash() -> str:
    """Changes with whatever makes the schema, and with the month: partitions are made ahead of time."""
    spec = importlib.util.find_spec("mimas.ngsi_ld.store")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    root = Path(spec.submodule_search_locations[0])
    digest = hashlib.sha256(f"{datetime.now(UTC):%Y-%m}".encode())
    files = [root / "tables.py", root / "partitions.py", *sorted((root / "migrations").rglob("*.py"))]
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def _private_server(services: Path) -> str | None:
    """Start a private cluster, or find the one another worker of this run started."""
    from mimas.platform.postgres import PrivatePostgres
    from mimas.platform.processes import Refused

    cluster = PrivatePostgres(services, options={"fsync": "off", "full_page_writes": "off"})
    with (services / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            cluster.start()
        except Refused as error:
            if shutil.which("docker") is None:
                _missing(f"no PostgreSQL: {error}")
            return None
    return cluster.url_of("postgres")


@contextmanager
def _container() -> Iterator[str]:
    from testcontainers.postgres import PostgresContainer

    image = PostgresContainer("postgis/postgis:16-3.4", username="postgres", password=uuid4().hex)
    with image as container:
        yield container.get_connection_url(driver=None)


def _missing(what: str) -> None:
    """Skip loudly; in CI a missing service is a failure."""
    if os.environ.get("CI"):
        pytest.fail(what, pytrace=False)
    pytest.skip(what)
