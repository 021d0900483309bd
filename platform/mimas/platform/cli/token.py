"""`mimas token`."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from mimas.ngsi_ld.store.database import Database
from mimas.ngsi_ld.store.tokens import StoredToken, TokenStore

from ..access import Role, hash_token, new_token
from .database import say, with_database


@click.group()
def token() -> None:
    """Create, list or revoke access tokens.

    As soon as there is a token every request needs one, from this machine too.
    """


@token.command()
@click.argument("name")
@click.option(
    "--role",
    type=click.Choice(Role.names()),
    default="read",
    show_default=True,
    help="What it may do; each role includes those before it.",
)
@click.option(
    "--tenant",
    "tenants",
    multiple=True,
    help="Only for this tenant ('' is the default one); may be repeated.",
)
def create(name: str, role: str, tenants: tuple[str, ...]) -> None:
    """Make a token called NAME and print it. It is shown this once: only its hash is kept.

    \b
    Examples:
      mimas token create gateway --role write
      mimas token create dashboard --tenant kladno
    """
    secret = new_token()
    stored = StoredToken(hash_token(secret), name, (role,), tenants or None, datetime.now(UTC))

    async def work(database: Database) -> bool:
        return await TokenStore(database).add(stored)

    if not with_database(work):
        raise click.ClickException(f"There is a token {name!r} already, perhaps revoked: take another name.")
    click.echo(secret)
    say(f"Keep it now: it is not shown again. Send it as  Authorization: Bearer {secret[:9]}...")


@token.command("list")
def list_tokens() -> None:
    """List every token; the tokens themselves are nowhere kept."""

    async def work(database: Database) -> list[StoredToken]:
        return await TokenStore(database).list_all()

    tokens = with_database(work)
    for each in tokens:
        tenants = "all tenants" if each.tenants is None else ", ".join(t or "(default)" for t in each.tenants)
        state = f"revoked {each.revoked_at:%Y-%m-%d %H:%M}" if each.revoked_at else _last_use(each)
        click.echo(f"{each.name:24} {'/'.join(each.roles):8} {tenants:24} {state}")
    if not tokens:
        say("There is no token: the platform serves this machine alone.")


@token.command()
@click.argument("name")
def revoke(name: str) -> None:
    """Make the token NAME worthless, within seconds."""

    async def work(database: Database) -> bool:
        return await TokenStore(database).revoke(name, datetime.now(UTC))

    if not with_database(work):
        raise click.ClickException(f"There is no valid token {name!r}; see `mimas token list`.")
    click.echo(f"{name} is revoked.")


def _last_use(token: StoredToken) -> str:
    return f"last used {token.last_used_at:%Y-%m-%d %H:%M}" if token.last_used_at else "never used"
