"""Harvests on a real database, without a schedule: each test runs them itself."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from tests.faulty_server import FaultyServer, faulty_server

from mimas.adapters.mapping import load_mapping
from mimas.adapters.registry import create_source, is_harvested
from mimas.adapters.source import ForgetfulState, Surroundings
from mimas.ngsi_ld.store.database import Database
from mimas.ngsi_ld.store.harvest_runs import Run, RunStore
from mimas.ngsi_ld.store.harvests import HarvestStore
from mimas.ngsi_ld.store.source_states import SourceStates
from mimas.ngsi_ld.store.writer import Writer
from mimas.platform.harvest.harvester import Harvester, Surrounding, Wish
from mimas.platform.harvest.outcome import RunReport
from mimas.platform.ingest_metrics import IngestMetrics
from mimas.platform.ingest_patience import once
from mimas.platform.ingest_stored import StoredDocuments
from mimas.platform.outbound import OutboundGuard


class Town:
    """A folder of sources and a database they flow into."""

    def __init__(self, folder: Path, database: Database, writer: Writer) -> None:
        self.folder = folder
        self.database = database
        self._around = Surrounding(
            lambda tenant, source: HarvestStore(database, tenant, source),
            RunStore(database),
            SourceStates(database),
            StoredDocuments(database),
            writer,
            OutboundGuard(("127.0.0.1",)),
        )

    def configure(self, text: str, name: str = "s") -> None:
        (self.folder / f"{name}.yaml").write_text(text)

    def harvester(self, name: str = "s") -> Harvester:
        file = load_mapping(self.folder / f"{name}.yaml")
        source = create_source(file, Surroundings("", ForgetfulState()))
        assert is_harvested(source)
        return Harvester(source, self._around, IngestMetrics(name), once)

    async def run(self, name: str = "s", **wish: Any) -> RunReport:
        report = await self.harvester(name).run(Wish(**wish))
        assert report is not None
        return report

    async def entities(self, kind: str = "") -> dict[str, dict[str, Any]]:
        rows = await self.database.fetch("SELECT id, doc FROM entity ORDER BY id")
        found = {row["id"].rpartition(":")[2]: orjson.loads(row["doc"]) for row in rows}
        return {key: each for key, each in found.items() if each["type"] != "Dataset" or kind == "Dataset"}

    async def versions(self) -> list[tuple[str, int]]:
        return [tuple(row) for row in await self.database.fetch("SELECT id, version FROM entity ORDER BY id")]

    async def quarantine(self) -> list[tuple[str, str, str]]:
        rows = await self.database.fetch("SELECT stage, place, topic FROM quarantine ORDER BY id")
        return [tuple(row) for row in rows]

    async def latest(self) -> Run:
        return (await RunStore(self.database).latest())[0]


@pytest.fixture
async def town(database_url: str) -> AsyncIterator[Town]:
    """A fresh town."""
    database = await Database.open(database_url, max_size=4)
    with tempfile.TemporaryDirectory() as folder:
        async with Writer(database) as writer:
            yield Town(Path(folder), database, writer)
    await database.close()


@pytest.fixture(scope="module")
def _server() -> Iterator[FaultyServer]:
    with faulty_server() as server:
        yield server


@pytest.fixture
def server(_server: FaultyServer) -> FaultyServer:
    """A server whose requests are those of this test."""
    _server.requests.clear()
    return _server
