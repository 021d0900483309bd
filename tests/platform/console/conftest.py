"""A small town in a real database, and its pages without a network."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from mimas.ngsi_ld.core.operations import CreateEntity, RecordReading
from mimas.ngsi_ld.store.database import Database
from mimas.ngsi_ld.store.entities import EntityStore
from mimas.ngsi_ld.store.tokens import TokenStore
from mimas.ngsi_ld.store.writer import Writer
from mimas.platform.console import Look, console_routes
from mimas.platform.console.stored import StoredSight
from mimas.platform.self_check import SelfCheck

FIRST = datetime(2019, 12, 20, tzinfo=UTC)
HOURS = 10 * 24


def prop(value: Any, **members: Any) -> dict[str, Any]:
    return {"type": "Property", "value": value} | members


def point(longitude: float, latitude: float) -> dict[str, Any]:
    return {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [longitude, latitude]}}


def text_of(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


BUILDING = {
    "id": "urn:ngsi-ld:Building:hall",
    "type": "Building",
    "name": prop('Hall <script>alert("x")</script>'),
    "description": prop("Simulated: this building does not exist."),
    "address": prop({"streetAddress": "1 Square", "addressLocality": "Town"}),
    "category": prop(["civic"]),
    "location": point(14.1, 50.1),
}
DEVICE = {
    "id": "urn:ngsi-ld:Device:hall-electricity",
    "type": "Device",
    "name": prop("Main meter"),
    "controlledAsset": {"type": "Relationship", "object": ["urn:ngsi-ld:Building:hall"]},
}
METER = {
    "id": "urn:ngsi-ld:ACMeasurement:hall-electricity",
    "type": "ACMeasurement",
    "name": prop("Electricity of the hall"),
    "refDevice": {"type": "Relationship", "object": "urn:ngsi-ld:Device:hall-electricity"},
}


def reading(hour: int) -> RecordReading:
    """Ten kilowatt hours an hour, with a gap on the second day."""
    moment = text_of(FIRST + timedelta(hours=hour))
    energy = prop(10.0, unitCode="KWH", observedAt=moment)
    return RecordReading(entity_id=METER["id"], document=METER | {"totalActiveEnergyImport": energy})  # type: ignore[arg-type]


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = await Database.open(database_url)
    yield database
    await database.close()


@pytest.fixture
async def town(database: Database) -> Database:
    """One building, one meter with ten days of readings, one of them missing."""
    async with Writer(database) as writer:
        creations = [CreateEntity(entity_id=str(each["id"]), document=each) for each in (BUILDING, DEVICE)]
        outcomes = await writer.write("", creations)
        outcomes += await writer.write("", [reading(hour) for hour in range(HOURS) if hour != 30])
    assert not [each for each in outcomes if isinstance(each, Exception)]
    return database


@pytest.fixture
async def pages(database: Database, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the pages over the database of this test."""
    entities = EntityStore(database)
    checking = SelfCheck(tmp_path / "conformance", "1.2.3", TokenStore(database))
    routes = console_routes(StoredSight.over(database, entities), Look(), checking, version="1.2.3")
    transport = httpx.ASGITransport(app=Starlette(routes=routes))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as client:
        yield client
    await entities.close()
