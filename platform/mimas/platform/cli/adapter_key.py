"""`mimas adapters key`: the keys with which others push into a source."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from mimas.adapters.source import source_kind
from mimas.ngsi_ld.store.database import Database
from mimas.ngsi_ld.store.tokens import StoredToken, TokenStore

from ..access import hash_token, new_token
from ..ingest_places import find_mapping, sources_folder
from ..processes import Refused
from ..push import role_of
from ..settings import load_settings
from .database import say, with_database
from .sources_option import folder_option


@click.command()
@click.argument("name")
@click.option("--revoke", is_flag=True, help="Make every key of the source worthless instead.")
@folder_option
def key(name: str, revoke: bool, sources: Path | None) -> None:
    """Make a key for what is pushed to the source NAME, and print it.

    It is shown this once: only its hash is kept. The key opens POST /ingest/NAME and nothing else. Make
    another to replace one without a gap, then revoke the old one by its name in `mimas token list`.

    \b
    Examples:
      mimas adapters key town-lora
      mimas adapters key town-lora --revoke
    """
    if revoke:
        count = with_database(lambda database: _revoke(database, name))
        click.echo(f"Keys of {name} that are worthless now: {count}.")
        return
    _require_pushed(name, sources)
    secret = new_token()
    stored = with_database(lambda database: _add(database, name, secret))
    click.echo(secret)
    say(f"It is listed as {stored}. Send it to POST /ingest/{name} as  Authorization: Bearer {secret[:9]}...")


def _require_pushed(name: str, sources: Path | None) -> None:
    file = find_mapping(name, sources or sources_folder(load_settings()))
    if source_kind(file) != "http":
        raise Refused(f"{name} is fetched, not pushed: a key is for sources with `source: {{http: {{}}}}`.")


async def _add(database: Database, name: str, secret: str) -> str:
    """Keep the key under the first free name."""
    store = TokenStore(database)
    taken = {token.name for token in await store.list_all()}
    names = (
        f"ingest-{name}" if number == 1 else f"ingest-{name}-{number}" for number in range(1, len(taken) + 2)
    )
    chosen = next(each for each in names if each not in taken)
    await store.add(StoredToken(hash_token(secret), chosen, (role_of(name),), None, datetime.now(UTC)))
    return chosen


async def _revoke(database: Database, name: str) -> int:
    store = TokenStore(database)
    keys = [t.name for t in await store.list_all() if role_of(name) in t.roles and t.revoked_at is None]
    for each in keys:
        await store.revoke(each, datetime.now(UTC))
    return len(keys)
