"""`mimas quarantine`: the messages that could not be taken, and taking them after all."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import click

from mimas.ngsi_ld.core.errors import Unavailable
from mimas.ngsi_ld.store.database import Database
from mimas.ngsi_ld.store.quarantine import Quarantined, QuarantineStore

from ..composition import ContextFetcher, subscribers_on
from ..ingest_places import database_url, find_mapping, sources_folder
from ..ingest_replay import replay as replay_messages
from ..outbound import OutboundGuard
from ..processes import Refused
from ..settings import Settings, load_settings
from .database import DENIALS, denied

Result = TypeVar("Result")
PAGE = 500


@click.group()
def quarantine() -> None:
    """See and replay messages that could not be taken."""


@quarantine.command("list")
@click.option("--source", help="Only those of one source.")
@click.option("--replayed", is_flag=True, help="Those that were replayed, instead of those that wait.")
@click.option("--after", default=0, help="Only those with a greater number.")
@click.option("--limit", default=50, show_default=True, help="At most so many.")
def list_messages(source: str | None, replayed: bool, after: int, limit: int) -> None:
    """List messages: number, time, source, stage, place and reason."""

    async def read(store: QuarantineStore) -> tuple[list[Quarantined], dict[str, int]]:
        page = await store.list_page(source=source, replayed=replayed, after=after, limit=limit)
        return page, await store.counts()

    messages, counts = _with_store(load_settings(), read)
    for each in messages:
        click.echo(
            f"{each.id:>8}  {each.received_at:%Y-%m-%d %H:%M:%S}  {each.source}  {each.stage}  "
            f"{each.place or '-'}  {each.reason}"
        )
    waiting = ", ".join(f"{name} {count}" for name, count in sorted(counts.items())) or "none"
    click.echo(f"Waiting: {waiting}")


@quarantine.command()
@click.argument("number", type=int)
@click.option("--raw", is_flag=True, help="Only the bytes of the message, as they came.")
def show(number: int, raw: bool) -> None:
    """Show one message with everything that is known about it."""
    message = _with_store(load_settings(), lambda store: store.get(number))
    if message is None:
        raise Refused(f"There is no message {number} in quarantine.")
    if raw:
        sys.stdout.buffer.write(message.raw)
        return
    click.echo(f"Number    {message.id}")
    click.echo(f"Source    {message.source}" + (f", tenant {message.tenant}" if message.tenant else ""))
    click.echo(f"Received  {message.received_at.isoformat()}")
    click.echo(f"From      {message.topic or '-'}")
    click.echo(f"Stage     {message.stage}")
    click.echo(f"Place     {message.place or '-'}")
    click.echo(f"Reason    {message.reason}")
    if message.replayed_at:
        click.echo(f"Replayed  {message.replayed_at.isoformat()}")
    click.echo(f"\n{_readable(message.raw)}")


@quarantine.command()
@click.argument("numbers", nargs=-1, type=int)
@click.option("--source", help="All messages of this source that wait.")
@click.option("--sources", type=click.Path(path_type=Path), help="The folder of configured sources.")
def replay(numbers: tuple[int, ...], source: str | None, sources: Path | None) -> None:
    """Take messages again with the mapping as it is now: those numbered, or all of one source."""
    if bool(numbers) == bool(source):
        raise Refused("Say which messages: their numbers, or --source NAME for all that wait.")
    settings = load_settings()
    folder = sources or sources_folder(settings)
    taken, refused = asyncio.run(_replay(settings, folder, numbers, source))
    click.echo(f"{taken} taken, {refused} refused again")
    if refused:
        sys.exit(1)


async def _replay(
    settings: Settings, folder: Path, numbers: tuple[int, ...], source: str | None
) -> tuple[int, int]:
    database = await Database.open(database_url(settings), max_size=4)
    contexts = ContextFetcher(OutboundGuard(settings.outbound_allow))
    listener = subscribers_on(database, contexts)
    taken = refused = 0
    try:
        store = QuarantineStore(database)
        after = 0
        while messages := await _choose(store, numbers, source, after):
            for name in dict.fromkeys(each.source for each in messages):
                chosen = [each for each in messages if each.source == name]
                file = find_mapping(name, folder)
                for result in await replay_messages(database, file, chosen, settings.model_check, listener):
                    taken += not result.refusals
                    refused += bool(result.refusals)
                    for refusal in result.refusals:
                        click.echo(f"{result.id}: {refusal.rejection}")
            after = messages[-1].id
            if numbers:
                break
    except Unavailable as error:
        raise Refused(error.detail) from error
    finally:
        await contexts.close()
        await database.close()
    return taken, refused


async def _choose(
    store: QuarantineStore, numbers: tuple[int, ...], source: str | None, after: int
) -> list[Quarantined]:
    if source:
        return await store.list_page(source=source, after=after, limit=PAGE)
    found = []
    for number in sorted(set(numbers)):
        message = await store.get(number)
        if message is None:
            raise Refused(f"There is no message {number} in quarantine.")
        found.append(message)
    return found


def _with_store(settings: Settings, action: Callable[[QuarantineStore], Awaitable[Result]]) -> Result:
    async def run() -> Result:
        database = await Database.open(database_url(settings), max_size=1)
        try:
            return await action(QuarantineStore(database))
        except Unavailable as error:
            raise Refused(error.detail) from error
        except DENIALS as error:
            raise denied(error) from error
        finally:
            await database.close()

    return asyncio.run(run())


def _readable(raw: bytes) -> str:
    """The message as text where it is text, else its bytes in hexadecimal."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.hex(" ")
    return text if all(sign.isprintable() or sign in "\r\n\t" for sign in text) else raw.hex(" ")
