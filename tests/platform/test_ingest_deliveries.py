"""Deliveries that come again, and a quarantine that fails in an unexpected way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import orjson
import pytest

from mimas.adapters.mapping import MappingFile, load_mapping
from mimas.adapters.messages import Mapped, Message
from mimas.ngsi_ld.store.database import Database
from mimas.ngsi_ld.store.deliveries import DeliveryStore
from mimas.ngsi_ld.store.quarantine import QuarantineStore, Rejected
from mimas.ngsi_ld.store.reaper import Reaper
from mimas.ngsi_ld.store.writer import Writer
from mimas.platform.ingest import IngestOptions, run_ingest
from mimas.platform.ingest_intake import Intake
from mimas.platform.ingest_metrics import IngestMetrics
from mimas.platform.ingest_pipeline import Pipeline
from mimas.platform.ingest_stored import StoredDocuments

FIRST = datetime(2026, 1, 15, 10, 30, tzinfo=UTC)
MAPPING = """
observedAt: {path: time, missing: received}
dedupe: "{delivery}"
let: {delivery: id}
entities: {e: {type: T, id: "urn:x:{delivery}", attributes: {level: {path: level, unit: CEL}}}}
"""


class Given:
    """A source with the messages a test gives it."""

    media = ""

    def __init__(self, file: MappingFile, *given: Message) -> None:
        self.name = file.name
        self.file = file
        self._given = given

    async def messages(self) -> AsyncIterator[Message]:
        for message in self._given:
            yield message

    def to_entities(self, message: Message) -> Mapped:
        return self.file.mapping.map(message)


@pytest.fixture
def file(tmp_path: Path) -> MappingFile:
    """A mapping of messages that may have no time of their own."""
    path = tmp_path / "level.yaml"
    path.write_text(MAPPING)
    return load_mapping(path)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """The database of the test."""
    database = await Database.open(database_url)
    yield database
    await database.close()


@pytest.fixture
async def writer(database: Database) -> AsyncIterator[Writer]:
    """A writer on it."""
    async with Writer(database) as writer:
        yield writer


async def once(action: Callable[[], Awaitable[Any]]) -> Any:
    return await action()


def message(delay: int, body: dict[str, Any]) -> Message:
    return Message("level", "t", orjson.dumps(body), FIRST + timedelta(seconds=delay))


class CutOff(DeliveryStore):
    """The process dies after the commit, before it could note that."""

    async def take(self, source: str, keys: Sequence[str], now: datetime) -> None:
        raise ConnectionAbortedError


def intake(file: MappingFile, database: Database, writer: Writer, deliveries: DeliveryStore) -> Intake:
    metrics = IngestMetrics(file.name)
    return Intake(Given(file), "", "off", writer, StoredDocuments(database), metrics, deliveries)


async def times(database: Database) -> list[datetime]:
    return [row["at"] for row in await database.fetch("SELECT at FROM attr_history ORDER BY at")]


async def test_message_without_a_time_is_stored_once_after_a_crash(
    file: MappingFile, database: Database, writer: Writer
) -> None:
    """What was committed before the crash is recognised, with the time of its first arrival."""
    with pytest.raises(ConnectionAbortedError):
        await intake(file, database, writer, CutOff(database)).take(
            [message(0, {"id": "a", "level": 7})], once
        )
    again = intake(file, database, writer, DeliveryStore(database))
    await again.take([message(90, {"id": "a", "level": 7}), message(91, {"id": "b", "level": 8})], once)

    assert await times(database) == [FIRST, FIRST + timedelta(seconds=91)]


async def test_taken_key_is_repeated_in_another_process(
    file: MappingFile, database: Database, writer: Writer
) -> None:
    """A key whose record is committed is passed over by whoever gets it next."""
    await intake(file, database, writer, DeliveryStore(database)).take(
        [message(0, {"id": "a", "level": 7})], once
    )
    other = intake(file, database, writer, DeliveryStore(database))
    await other.take([message(90, {"id": "a", "level": 7})], once)

    assert (other.metrics.repeated, await times(database)) == (1, [FIRST])


async def test_record_with_a_time_needs_no_key_in_the_database(
    file: MappingFile, database: Database, writer: Writer
) -> None:
    """The store recognises a reading that has its own time; no row is spent on it."""
    given = message(0, {"id": "a", "level": 7, "time": "2026-01-15T10:00:00Z"})
    await intake(file, database, writer, DeliveryStore(database)).take([given], once)

    assert await database.fetchval("SELECT count(*) FROM delivery") == 0


async def test_old_keys_are_forgotten(file: MappingFile, database: Database) -> None:
    """A key is kept for thirty days."""
    deliveries = DeliveryStore(database)
    await deliveries.claim("level", {"old": FIRST, "new": FIRST + timedelta(days=20)})
    await Reaper(database).tidy(FIRST + timedelta(days=31))

    assert [row["key"] for row in await database.fetch("SELECT key FROM delivery")] == ["new"]


class Failing(QuarantineStore):
    """Fails at first with something else than an absent database."""

    failures = 2

    async def add(self, messages: Sequence[Rejected]) -> None:
        if self.failures:
            self.failures -= 1
            raise asyncpg.InsufficientPrivilegeError("permission denied for table quarantine")
        await super().add(messages)


async def test_pipeline_outlives_a_failing_quarantine(
    file: MappingFile, database: Database, writer: Writer, caplog: pytest.LogCaptureFixture
) -> None:
    """A refusal that cannot be kept is tried again and said; nothing is acknowledged before it is kept."""
    acknowledged: list[int] = []
    bad = Message("level", "t", b"{", FIRST, acknowledge=lambda: acknowledged.append(1))
    taking = intake(file, database, writer, DeliveryStore(database))
    taking.source = Given(file, bad)
    await asyncio.wait_for(Pipeline(taking, Failing(database)).run(), 30)

    kept = await database.fetchval("SELECT count(*) FROM quarantine")
    assert (kept, acknowledged, "permission denied" in caplog.text) == (1, [1], True)


async def test_pipeline_that_fails_is_begun_again(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A fault on the way of a source is said, and the source goes on with what was not acknowledged."""
    folder = tmp_path / "sources"
    folder.mkdir()
    (folder / "level.yaml").write_text(
        f"{MAPPING}payload: {{format: csv}}\nsource: {{file: {{path: a.csv}}}}\n"
    )
    (folder / "a.csv").write_text("id,level\na,7\n")
    take, failures = Intake.take, [RuntimeError("once")]

    async def failing(self: Intake, messages: Sequence[Message], patience: Any) -> Any:
        if failures:
            raise failures.pop()
        return await take(self, messages, patience)

    monkeypatch.setattr(Intake, "take", failing)
    options = IngestOptions(folder, database_url, "mqtt://127.0.0.1:1", stay=False)
    await asyncio.wait_for(run_ingest(options, asyncio.Event()), 60)
    database = await Database.open(database_url)
    stored = await database.fetchval("SELECT count(*) FROM entity")
    await database.close()

    assert (stored, "source level failed" in caplog.text) == (1, True)
