"""Bring a database to the newest schema: Alembic, run from the program, one starter at a time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from .partitions import PARTITION_PREFIX
from .tables import metadata

Progress = Callable[[str], None]
T = TypeVar("T")

_log = logging.getLogger(__name__)
_LOCK = 0x4D494D4153  # "MIMAS": one starter migrates, the others wait and find nothing to do


def upgrade(url: str, progress: Progress = _log.info) -> None:
    """Migrate the database at `url` to the newest schema; several starters may call it at once.

    Everything happens in one transaction: a failed migration leaves the schema as it was. Runs an event
    loop of its own: from a coroutine call it through `asyncio.to_thread`.
    """
    asyncio.run(_run(url, lambda connection: _upgrade(connection, progress)))


def current(url: str) -> str | None:
    """The revision of the schema at `url`, None when it was never migrated."""
    return asyncio.run(_run(url, _current))


def newest() -> str:
    """The revision this program was written for."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None
    return head


def is_ours(name: str | None, kind: str, _parents: Any) -> bool:
    """Say whether a database object belongs to the metadata: not PostGIS's own, not a partition."""
    if kind != "table" or name is None:
        return True
    return name in metadata.tables and not name.startswith(PARTITION_PREFIX)


async def _run(url: str, work: Callable[[Connection], T]) -> T:
    async def connect() -> Any:
        return await asyncpg.connect(url)

    engine = create_async_engine("postgresql+asyncpg://", async_creator=connect, poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            return await connection.run_sync(work)
    finally:
        await engine.dispose()


def _upgrade(connection: Connection, progress: Progress) -> None:
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    before, goal = _current(connection), newest()
    if before == goal:
        progress(f"The schema is at revision {goal} already.")
        return
    progress(f"Migrating the schema from {before or 'nothing'} to revision {goal} ...")
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    progress(f"The schema is at revision {goal}.")


def _current(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
