"""`mimas index`."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from mimas.ngsi_ld.core.errors import BadRequestData
from mimas.ngsi_ld.core.query.q import parse_query
from mimas.ngsi_ld.core.query.q_tree import Exists, Path
from mimas.ngsi_ld.store.attribute_index import AttributeIndex
from mimas.ngsi_ld.store.database import Database
from mimas.ngsi_ld.store.indexes import ExistingIndex, IndexStore, IndexUse

from .database import say, with_database

_SUGGESTIONS = 20


@click.group()
def index() -> None:
    """List and make the indexes that queries want; each serves one attribute of one type in `q`."""


@index.command("list")
def list_indexes() -> None:
    """List the indexes that are there, and those that queries would have used."""

    async def work(database: Database) -> tuple[list[ExistingIndex], list[IndexUse]]:
        store = IndexStore(database)
        return await store.list_all(), await store.uses(datetime.now(UTC))

    present, uses = with_database(work)
    known = {use.index.name: use.index for use in uses}
    for each in present:
        what = _shown(known[each.name]) if each.name in known else each.definition.partition(" WHERE ")[2]
        state = "ready" if each.valid else "broken"
        click.echo(f"{each.name:44} {state:7} {each.size / 1024 / 1024:8.1f} MB {each.scans:9} uses  {what}")
    if not present:
        say("There is no attribute index.")
    names = {each.name for each in present}
    missing = [use for use in uses if use.index.name not in names][:_SUGGESTIONS]
    if missing:
        say("Queries would have used, the hottest first:")
    for use in missing:
        click.echo(f"{use.uses:9} times  mimas index create {_arguments(use.index)}")


@index.command()
@click.argument("type_name", metavar="TYPE")
@click.argument("path")
@click.option(
    "--kind", type=click.Choice(["number", "text", "DateTime"]), default="number", help="What is compared."
)
def create(type_name: str, path: str, kind: str) -> None:
    """Make the index for PATH (as in q) of entities of a TYPE, while reads and writes go on.

    Names are those of the default context; others are full IRIs, in PATH between < and >.

    \b
    Examples:
      mimas index create Device temperature
      mimas index create Device 'address[city]' --kind text
    """
    wanted = AttributeIndex(type_name, _path(path), kind)  # type: ignore[arg-type]

    async def work(database: Database) -> bool:
        store = IndexStore(database)
        made = await store.create(wanted)
        if made:
            await store.note([(wanted, 0)], datetime.now(UTC))
        return made

    if not with_database(work):
        raise click.ClickException("Another process makes an index now; try again when it is done.")
    click.echo(wanted.name)


@index.command()
@click.argument("name")
def drop(name: str) -> None:
    """Remove an index by its NAME, while reads and writes go on."""

    async def work(database: Database) -> bool:
        store = IndexStore(database)
        if name not in {each.name for each in await store.list_all()}:
            return False
        await store.drop(name)
        return True

    if not with_database(work):
        raise click.ClickException(f"There is no attribute index {name!r}; see `mimas index list`.")
    click.echo(f"{name} is dropped.")


def _path(text: str) -> Path:
    try:
        term = parse_query(text, str)
    except BadRequestData as error:
        raise click.BadParameter(error.detail, param_hint="PATH") from error
    if not isinstance(term, Exists) or not term.path.instances:
        raise click.BadParameter("give the path of an attribute, such as address[city]", param_hint="PATH")
    return term.path


def _shown(index: AttributeIndex) -> str:
    return f"{index.path} of {index.type} ({index.kind})"


def _arguments(index: AttributeIndex) -> str:
    kind = "" if index.kind == "number" else f" --kind {index.kind}"
    return f"'{index.type}' '{index.path}'{kind}"
