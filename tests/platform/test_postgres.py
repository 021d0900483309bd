"""The private PostgreSQL: who gets in, and what it survives."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from mimas.platform.packages import find_postgres
from mimas.platform.postgres import PrivatePostgres
from mimas.platform.processes import free_port, is_alive, wait_until

pytestmark = pytest.mark.skipif(find_postgres() is None, reason="no PostgreSQL of the distribution")


@pytest.fixture(scope="module")
def cluster() -> Iterator[PrivatePostgres]:
    """A cluster with durability, shared by the tests of this module."""
    directory = Path(tempfile.mkdtemp(prefix="mimas-pg-"))
    directory.chmod(0o711)
    cluster = PrivatePostgres(directory)
    cluster.start()
    cluster.ensure_database()
    yield cluster
    cluster.stop(immediately=True)
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(autouse=True)
def running(cluster: PrivatePostgres) -> None:
    """Every test finds it running."""
    cluster.start()


def pid_of(cluster: PrivatePostgres) -> int:
    status = cluster.status()
    assert status is not None
    return status.pid


async def test_it_has_postgis(cluster: PrivatePostgres) -> None:
    """The platform's database can have the extension."""
    connection = await asyncpg.connect(cluster.url)
    await connection.execute("CREATE EXTENSION IF NOT EXISTS postgis")
    point = await connection.fetchval("SELECT ST_AsText(ST_MakePoint(14.1, 50.1))")
    await connection.close()

    assert point == "POINT(14.1 50.1)"


async def test_settings_of_the_server(cluster: PrivatePostgres) -> None:
    """Commits wait for the disk, pages have checksums, text is UTF-8 in the order of bytes."""
    connection = await asyncpg.connect(cluster.url)
    names = ("synchronous_commit", "fsync", "data_checksums", "server_encoding", "listen_addresses")
    values = [await connection.fetchval("SELECT current_setting($1)", name) for name in names]
    await connection.close()

    assert values == ["on", "on", "on", "UTF8", "127.0.0.1"]


def test_only_the_owner_enters_the_socket_directory(cluster: PrivatePostgres) -> None:
    """Whoever reaches the socket is trusted, so nobody else may."""
    status = (cluster.directory / "socket").stat()

    assert stat.S_IMODE(status.st_mode) == 0o700


def test_the_password_is_in_a_private_file(cluster: PrivatePostgres) -> None:
    """Nobody else reads the password."""
    assert stat.S_IMODE((cluster.directory / "password").stat().st_mode) == 0o600


async def test_tcp_asks_for_the_password(cluster: PrivatePostgres) -> None:
    """Every user of the machine reaches the port."""
    url = cluster.tcp_url()
    connection = await asyncpg.connect(url)
    await connection.close()
    password = (cluster.directory / "password").read_text().strip()
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(url.replace(password, "guess"))


@pytest.mark.fault
async def test_what_was_committed_survives_kill_9(cluster: PrivatePostgres) -> None:
    """After kill -9 the server starts again, with everything that was committed."""
    connection = await asyncpg.connect(cluster.url)
    await connection.execute("CREATE TABLE kept (n int)")
    await connection.execute("INSERT INTO kept SELECT generate_series(1, 1000)")
    pid = pid_of(cluster)
    os.kill(pid, signal.SIGKILL)
    assert wait_until(lambda: not is_alive(pid), 5)
    connection.terminate()
    cluster.start()
    connection = await asyncpg.connect(cluster.url)
    count = await connection.fetchval("SELECT count(*) FROM kept")
    await connection.close()

    assert count == 1000


@pytest.mark.fault
def test_a_stale_pid_that_belongs_to_another_program_is_no_obstacle(cluster: PrivatePostgres) -> None:
    """After a reboot the number in postmaster.pid may be anybody's."""
    cluster.stop()
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    pid_file = cluster.cluster / "postmaster.pid"
    pid_file.write_text(f"{other.pid}\n{cluster.cluster}\n")
    try:
        assert cluster.status() is None
        cluster.start()
    finally:
        other.kill()
        other.wait()

    assert cluster.is_ready()


def test_starting_twice_is_starting_once(cluster: PrivatePostgres) -> None:
    """A second start finds the server that runs."""
    pid = pid_of(cluster)
    PrivatePostgres(cluster.directory.parent).start()

    assert pid_of(cluster) == pid


def test_another_instance_keeps_the_port_when_it_is_free(cluster: PrivatePostgres) -> None:
    """Programs that know the port find it again."""
    before = cluster.url
    cluster.stop()
    again = PrivatePostgres(cluster.directory.parent)
    again.start()

    assert again.url == before


def test_a_deep_data_directory_gets_a_socket_elsewhere(data_dir: Path) -> None:
    """A socket's path has at most 107 bytes."""
    server = PrivatePostgres(data_dir / ("d" * 100))

    assert len(str(server._socket_directory)) < 90


def test_a_taken_port_is_not_chosen() -> None:
    """Another program that listens keeps its port."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]

        assert free_port(taken) != taken
