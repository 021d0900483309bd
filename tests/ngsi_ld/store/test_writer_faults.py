"""PostgreSQL is killed in the middle of writing: what was acknowledged is there, once."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from mimas.ngsi_ld.core.state import Applied, Change
from mimas.ngsi_ld.store import migrate
from mimas.ngsi_ld.store.database import Database
from mimas.ngsi_ld.store.outbox import OutboxRow
from mimas.ngsi_ld.store.writer import Writer
from mimas.platform.postgres import PrivatePostgres
from mimas.platform.processes import Refused

pytestmark = pytest.mark.fault


@pytest.fixture
def cluster() -> Iterator[PrivatePostgres]:
    """A durable cluster of its own."""
    directory = Path(tempfile.mkdtemp(prefix="mimas-fault-"))
    directory.chmod(0o755)
    cluster = PrivatePostgres(directory)
    cluster.start()
    yield cluster
    cluster.stop(immediately=True)
    shutil.rmtree(directory, ignore_errors=True)


def kill(cluster: PrivatePostgres) -> None:
    """`kill -9` of the postmaster and, as the kernel would, of nothing else: the others notice."""
    status = cluster.status()
    assert status is not None
    os.kill(status.pid, signal.SIGKILL)
    with suppress(ChildProcessError):
        os.waitpid(status.pid, 0)  # a zombie would still hold the lock files


async def restart(cluster: PrivatePostgres) -> None:
    """Start it again as soon as the last of its orphaned processes has gone."""
    for _ in range(20):
        try:
            await asyncio.to_thread(cluster.start)
            return
        except Refused as error:
            refused = error
            await asyncio.sleep(0.5)
    raise refused


async def test_acknowledged_writes_survive_a_kill(
    cluster: PrivatePostgres, make_create: Any, make_listener: Any
) -> None:
    """Every 2xx is there afterwards, with its history and its notification exactly once."""
    url = cluster.url_of("postgres")
    await asyncio.to_thread(migrate.upgrade, url)
    database = await Database.open(url)

    def rows(_tenant: str, change: Change) -> list[OutboxRow]:
        return [OutboxRow("urn:sub", change.entity_id, b"{}")]

    acknowledged: list[str] = []
    numbers = iter(range(100_000))
    stop = asyncio.Event()

    async def write(writer: Writer) -> None:
        while not stop.is_set():
            create = make_create(next(numbers))
            [outcome] = await writer.write("", [create])
            if isinstance(outcome, Applied):
                acknowledged.append(create.entity_id)
            else:
                await asyncio.sleep(0.05)

    async with Writer(database, listener=make_listener(rows), patience=20.0) as writer:
        tasks = [asyncio.create_task(write(writer)) for _ in range(32)]
        for _ in range(2):
            before = len(acknowledged)
            while len(acknowledged) < before + 500:
                await asyncio.sleep(0.01)
            kill(cluster)
            await restart(cluster)
        after = len(acknowledged)
        while len(acknowledged) < after + 200:
            await asyncio.sleep(0.01)
        stop.set()
        await asyncio.gather(*tasks)
    entities = {row["id"] for row in await database.fetch("SELECT id FROM entity")}
    doubles = await database.fetch("SELECT entity_id FROM outbox GROUP BY 1 HAVING count(*) <> 1")
    histories = await database.fetch("SELECT entity_id FROM attr_history GROUP BY 1 HAVING count(*) <> 1")
    outbox = {row["entity_id"] for row in await database.fetch("SELECT entity_id FROM outbox")}
    await database.close()

    assert (set(acknowledged) - entities, doubles, histories, entities ^ outbox) == (set(), [], [], set())
