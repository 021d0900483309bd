"""A database and a writer for each test, and small entities."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from mimas.ngsi_ld.core.operations import CreateEntity
from mimas.ngsi_ld.core.state import Change
from mimas.ngsi_ld.store.database import Database
from mimas.ngsi_ld.store.outbox import OutboxRow
from mimas.ngsi_ld.store.writer import Writer


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = await Database.open(database_url)
    yield database
    await database.close()


@pytest.fixture
async def writer(database: Database) -> AsyncIterator[Writer]:
    async with Writer(database, patience=1.0) as writer:
        yield writer


def meter(number: int = 1, **attributes: Any) -> dict[str, Any]:
    """A document of one meter."""
    attributes = attributes or {"energy": number}
    members = {
        name: value if isinstance(value, dict | list) else {"type": "Property", "value": value}
        for name, value in attributes.items()
    }
    return {"id": f"urn:ngsi-ld:Meter:{number:04d}", "type": "Meter", **members}


def create(number: int = 1, **attributes: Any) -> CreateEntity:
    """The operation that creates it."""
    document = meter(number, **attributes)
    return CreateEntity(entity_id=document["id"], document=document)


class Listener:
    """Turns changes into outbox rows by a function, under whatever generation there is."""

    generation: int | None = None

    def __init__(self, rows: Callable[[str, Change], list[OutboxRow]]) -> None:
        self.rows = rows

    async def refresh(self) -> None:
        """Nothing to learn."""


@pytest.fixture
def make_listener() -> type[Listener]:
    return Listener


@pytest.fixture
def make_meter() -> Any:
    return meter


@pytest.fixture
def make_create() -> Any:
    return create
