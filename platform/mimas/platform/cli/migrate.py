"""`mimas migrate`."""

from __future__ import annotations

import click

from ..settings import load_settings
from .database import reachable_url


@click.command()
def migrate() -> None:
    """Bring the database to the newest schema.

    `mimas up` does this by itself. A migration runs in one transaction: when it fails nothing has changed.
    """
    from ..database_setup import migrate as bring_up_to_date

    with reachable_url(load_settings()) as url:
        bring_up_to_date(url, click.echo)
