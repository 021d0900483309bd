"""The database that a command works on, and how long work says that it goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import asyncpg
import click

from mimas.ngsi_ld.core.errors import NgsiLdError
from mimas.ngsi_ld.store.database import Database

from ..postgres import PrivatePostgres
from ..processes import Refused
from ..settings import Settings, load_settings

T = TypeVar("T")
DENIALS = (asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InvalidCatalogNameError)


def denied(error: Exception) -> Refused:
    """What a person reads when the database does not know the user, or there is no such database."""
    return Refused(f"The database refuses: {error}. Is MIMAS_DATABASE_URL right?")


def say(line: str) -> None:
    """Tell how work goes on, beside the result."""
    click.echo(line, err=True)


@contextmanager
def reachable_url(settings: Settings) -> Iterator[str]:
    """The URL of the configured or private database; a private one that sleeps runs for the command."""
    if settings.database_url is not None:
        yield settings.database_url.get_secret_value()
        return
    server = PrivatePostgres(settings.data_dir, progress=say)
    if server.is_ready():
        yield server.url
        return
    server.start()
    try:
        server.ensure_database()
        from ..database_setup import migrate

        migrate(server.url, lambda _line: None)
        yield server.url
    finally:
        server.stop()


def with_database(work: Callable[[Database], Awaitable[T]]) -> T:
    """Do something with the database of the settings; its failures are clear lines."""

    async def run(url: str) -> T:
        database = await Database.open(url, max_size=2, statement_timeout=3600)
        try:
            return await work(database)
        except NgsiLdError as error:
            raise Refused(error.detail) from error
        except asyncpg.UndefinedTableError as error:
            raise Refused("The database has not this version's schema yet: run `mimas migrate`.") from error
        except DENIALS as error:
            raise denied(error) from error
        finally:
            await database.close()

    with reachable_url(load_settings()) as url:
        return asyncio.run(run(url))
