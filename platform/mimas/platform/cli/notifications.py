"""`mimas notifications`: those that were given up, and sending them after all."""

from __future__ import annotations

import click

from mimas.ngsi_ld.core.tenant_names import headers_of
from mimas.ngsi_ld.store.database import Database
from mimas.ngsi_ld.store.outbox import Claimed, Outbox

from ..processes import Refused
from .database import with_database


@click.group()
def notifications() -> None:
    """See and replay notifications that were given up."""


@notifications.command("list")
@click.option("--after", default=0, help="Only those with a greater number.")
@click.option("--limit", default=50, show_default=True, help="At most so many.")
def list_dead(after: int, limit: int) -> None:
    """List dead letters: number, time given up, tries, subscription, entity and reason."""

    async def read(database: Database) -> tuple[list[Claimed], tuple[int, int]]:
        outbox = Outbox(database)
        return await outbox.dead_letters(after=after, limit=limit), await outbox.waiting()

    letters, (due, dead) = with_database(read)
    for each in letters:
        click.echo(
            f"{each.id:>8}  {each.dead_at:%Y-%m-%d %H:%M:%S}  {each.attempts:>3}  "
            f"{_of_tenant(each.tenant)}{each.subscription_id}  {each.entity_id}  {each.last_error or '-'}"
        )
    click.echo(f"{dead} given up, {due} to be delivered")


@notifications.command()
@click.argument("numbers", nargs=-1, type=int)
@click.option("--all", "everything", is_flag=True, help="All that were given up.")
def replay(numbers: tuple[int, ...], everything: bool) -> None:
    """Deliver dead letters again: those numbered, or all of them. The dispatcher sends them at once.

    \b
    Example:
      mimas notifications replay 4711 4712
    """
    if bool(numbers) == everything:
        raise Refused("Say which notifications: their numbers, or --all.")
    count = with_database(lambda database: Outbox(database).replay(None if everything else numbers))
    if numbers and count < len(set(numbers)):
        raise Refused(f"{count} brought back; the others are not among those given up.")
    click.echo(f"{count} brought back")


def _of_tenant(tenant: str) -> str:
    """Whose it is, where it is not the default tenant's."""
    named = ", ".join(headers_of(tenant).values())
    return f"[{named}] " if named else ""
