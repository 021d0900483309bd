"""Mappings made from text, and messages for them; sources harvested from a provider on loopback."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from tests.adapters.harvesting import LocalHarvest, harvested
from tests.adapters.provider import Provider, open_provider

from mimas.adapters.harvest import Record
from mimas.adapters.mapping import MappingFile, load_mapping
from mimas.adapters.messages import Mapped, Message, MessageRejected
from mimas.adapters.registry import create_source, is_harvested
from mimas.adapters.source import ForgetfulState, Surroundings

RECEIVED = datetime(2026, 6, 1, 12, tzinfo=UTC)

Load = Callable[[str], MappingFile]
Map = Callable[..., Mapped]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Load a mapping from its text."""

    def from_text(text: str) -> MappingFile:
        path = tmp_path / "mapping.yaml"
        path.write_text(text, encoding="utf-8")
        return load_mapping(path)

    return from_text


@pytest.fixture
def map_with(load: Load) -> Map:
    """Map one message with a mapping given as text."""

    def run(text: str, payload: Any, topic: str = "t") -> Mapped:
        raw = payload if isinstance(payload, bytes) else orjson.dumps(payload)
        return load(text).mapping.map(Message("test", topic, raw, RECEIVED))

    return run


@dataclass(frozen=True, slots=True)
class Harvested:
    """What one run of a source gave; `kept` is what the next run knows of it."""

    records: list[Record]
    rejections: list[MessageRejected]
    run: LocalHarvest
    documents: dict[str, dict[str, Any]]

    @property
    def kept(self) -> dict[str, Any]:
        return self.run.kept

    @property
    def keys(self) -> list[str | None]:
        return [each.key for each in self.records]


HarvestText = Callable[..., Awaitable[Harvested]]


@pytest.fixture(scope="session")
def _provider() -> Iterator[Provider]:
    with open_provider() as provider:
        yield provider


@pytest.fixture
def provider(_provider: Provider) -> Provider:
    """A provider that knows no path yet."""
    _provider.reset()
    return _provider


@pytest.fixture
def harvest(load: Load, tmp_path: Path) -> HarvestText:
    """Run the source that a mapping in text configures, once; its documents are by id."""

    async def from_text(text: str, kept: Mapping[str, Any] | None = None, *, full: bool = False) -> Harvested:
        source = create_source(load(text), Surroundings("", ForgetfulState()))
        assert is_harvested(source)
        folder = tmp_path / "run"
        folder.mkdir(exist_ok=True)
        run = LocalHarvest(folder, kept, full=full)
        found = await harvested(source, run)
        records = [each for each in found if isinstance(each, Record)]
        rejections = [each for each in found if isinstance(each, MessageRejected)]
        documents: dict[str, dict[str, Any]] = {}
        for each in records:
            now = datetime.now(UTC)
            mapped = source.to_entities(Message("s", each.place, b"", now, record=each.fields))
            rejections += mapped.rejections
            for made in mapped.records:
                documents |= {str(doc["id"]): doc for doc in (*made.documents, *made.static)}
        return Harvested(records, rejections, run, documents)

    return from_text
