"""The backup of docs/how-to/backup-and-restore.md, made and restored."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path

import pytest

from mimas.ngsi_ld.core.operations import CreateEntity
from mimas.ngsi_ld.store.database import Database
from mimas.ngsi_ld.store.writer import Writer
from mimas.platform.packages import Programs, find_postgres

LOCATION = {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [14.1, 50.1]}}
CONTENT = """
    SELECT (SELECT array_agg(id || doc::text || version ORDER BY id) FROM entity) AS entities,
           (SELECT count(*) FROM entity WHERE ST_X(location::geometry) > 14) AS places,
           (SELECT count(*) FROM attr_history) AS instances,
           (SELECT version_num FROM alembic_version) AS revision
"""


@pytest.fixture
def programs() -> Programs:
    """PostgreSQL's own."""
    programs = find_postgres()
    if programs is None:
        pytest.skip("pg_dump and pg_restore are not on this machine")
    return programs


async def content(url: str) -> dict[str, object]:
    """What a database holds."""
    database = await Database.open(url, max_size=1)
    try:
        return dict((await database.fetch(CONTENT))[0])
    finally:
        await database.close()


async def test_what_was_dumped_is_restored(
    database_url: str, empty_database_url: str, programs: Programs, tmp_path: Path
) -> None:
    """Entities, places, history and the schema's revision, into a database that has nothing."""
    file = str(tmp_path / "mimas.dump")
    database = await Database.open(database_url, max_size=1)
    async with Writer(database) as writer:
        ids = [f"urn:ngsi-ld:Thing:{number}" for number in range(5)]
        documents = [{"id": each, "type": "Thing", "location": LOCATION} for each in ids]
        await writer.write("", [CreateEntity(entity_id=each["id"], document=each) for each in documents])
    await database.close()
    for command in (
        [programs.command("pg_dump"), "-Fc", "-f", file, database_url],
        [programs.command("pg_restore"), "--exit-on-error", "--no-owner", "-d", empty_database_url, file],
    ):
        await asyncio.to_thread(
            subprocess.run, command, check=True, env=programs.full_environment(), timeout=60
        )
    restored = await content(empty_database_url)

    assert restored == await content(database_url)
    assert restored["places"] == 5
