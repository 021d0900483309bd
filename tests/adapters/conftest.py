"""Mappings made from text, and messages for them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from mimas.adapters.mapping import MappingFile, load_mapping
from mimas.adapters.messages import Mapped, Message

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
