"""`mimas tenant`."""

from __future__ import annotations

import click

from mimas.ngsi_ld.store.database import Database
from mimas.ngsi_ld.store.tenants import TenantStore

from ..processes import Refused
from .database import say, with_database


@click.group()
def tenant() -> None:
    """List or purge tenants; the first write to a tenant makes it."""


@tenant.command("list")
def list_tenants() -> None:
    """List every tenant with the time it was made."""

    async def work(database: Database) -> list[tuple[str, object]]:
        return list(await TenantStore(database).list_all())

    tenants = with_database(work)
    for name, created_at in tenants:
        click.echo(f"{name:40} {created_at:%Y-%m-%d %H:%M}")
    if not tenants:
        say("There is no tenant but the default one.")


@tenant.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
def purge(name: str, yes: bool) -> None:
    """Delete a tenant with its entities, history, subscriptions and notifications.

    NAME '' is the default tenant: its data is deleted, it stays. Nothing brings the data back.

    \b
    Example:
      mimas tenant purge trial-2025
    """
    shown = name or "the default tenant"
    with_database(lambda database: _require_tenant(database, name))
    if not yes:
        click.confirm(f"Delete everything of {shown} for good?", abort=True)

    def progress(table: str, rows: int) -> None:
        say(f"  {table}: {rows} rows deleted ...")

    async def work(database: Database) -> int:
        return await TenantStore(database).purge(name, progress)

    click.echo(f"{with_database(work)} rows of {shown} are deleted.")


async def _require_tenant(database: Database, name: str) -> None:
    if not await TenantStore(database).exists(name):
        raise Refused(f"There is no tenant {name!r}; see `mimas tenant list`.")
