"""Migrations."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from mimas.ngsi_ld.store import migrate
from mimas.ngsi_ld.store.tables import metadata


def _differences(connection: Connection) -> list[Any]:
    options = {"include_name": migrate.is_ours, "compare_server_default": True}
    return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))


def test_migrations_end_in_the_schema_of_the_metadata(empty_database_url: str) -> None:
    """Alembic finds nothing to change after the migrations."""
    migrate.upgrade(empty_database_url)

    assert asyncio.run(migrate._run(empty_database_url, _differences)) == []


def test_an_unmigrated_database_has_no_revision(empty_database_url: str) -> None:
    """None tells an empty database from an old one."""
    assert migrate.current(empty_database_url) is None


def test_several_starters_migrate_once(empty_database_url: str) -> None:
    """The others wait for the first and find nothing to do."""
    lines: list[str] = []
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda _: migrate.upgrade(empty_database_url, lines.append), range(3)))

    assert sum("Migrating" in line for line in lines) == 1


def test_the_revision_is_the_newest_afterwards(database_url: str) -> None:
    """Every database of the tests is at the newest revision."""
    assert migrate.current(database_url) == migrate.newest()
