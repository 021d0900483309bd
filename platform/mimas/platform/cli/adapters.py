"""`mimas adapters`: see, test and try sources and their mappings; nothing here writes to the database."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import orjson
import yaml

from mimas.adapters.mapping import MappingError, MappingFile, load_mapping, run_cases, shipped_mappings
from mimas.adapters.messages import Mapped, Message
from mimas.adapters.registry import create_source, load_sources, source_kinds
from mimas.adapters.source import SourceError, Surroundings
from mimas.ngsi_ld.models import check

from ..ingest_places import find_mapping, mqtt_url, sources_folder
from ..processes import Refused
from ..settings import load_settings

_folder_option = click.option(
    "--sources",
    type=click.Path(path_type=Path),
    help="The folder of configured sources (default: MIMAS_ADAPTERS, else `sources` in the data directory).",
)

DRAFT = """\
# {name}: built on the shipped mapping {use}. Everything it says can be said differently here;
# `mimas adapters show {use}` shows it, docs/reference/mapping.md explains every key.
# Try it before you trust it:
#   mimas adapters run {name} --dry --message sample.json --topic '{topic}'
description: {name}
use: {use}
enabled: false
source:
{source}
# lookups:
#   {lookup}:
#     file: {name}.csv        # beside this file; the first column is the key
#     missing: reject
tests: []
"""


@click.group()
def adapters() -> None:
    """Test and list sources and their mappings."""


@adapters.command("list")
@_folder_option
def list_sources(sources: Path | None) -> None:
    """List the configured sources, the shipped mappings and the kinds of sources."""
    folder = sources or sources_folder(load_settings())
    click.echo(f"Sources in {folder}:")
    for each in load_sources(folder):
        click.echo(f"  {_summary(each)}")
    click.echo("\nShipped mappings, to build on with `use:`:")
    for name, path in shipped_mappings().items():
        click.echo(f"  {name:20} {load_mapping(path).declaration.get('description', '')}")
    click.echo(f"\nKinds of sources: {', '.join(source_kinds())}")


@adapters.command()
@click.argument("name")
@_folder_option
def show(name: str, sources: Path | None) -> None:
    """Show a mapping as it is used, with everything it builds on."""
    file = find_mapping(name, _folder(sources))
    click.echo(yaml.safe_dump(file.declaration, sort_keys=False, allow_unicode=True, width=100), nl=False)


@adapters.command()
@click.argument("names", nargs=-1)
@_folder_option
def test(names: tuple[str, ...], sources: Path | None) -> None:
    """Run the tests inside mappings: those named (files or sources), else every configured source."""
    folder = _folder(sources)
    files = [find_mapping(name, folder) for name in names] if names else _configured(folder)
    failed = total = 0
    for file in files:
        for result in run_cases(file):
            total += 1
            failed += bool(result.differences)
            click.echo(f"{'FAIL' if result.differences else 'ok  '} {file.name}: {result.name}")
            for difference in result.differences:
                click.echo(f"       {difference}")
    click.echo(f"{total} tests, {failed} failed")
    if failed:
        sys.exit(1)


@adapters.command()
@click.argument("name")
@click.option(
    "--use", type=click.Choice(sorted(shipped_mappings())), required=True, help="The shipped mapping."
)
@_folder_option
def new(name: str, use: str, sources: Path | None) -> None:
    """Write a source of your own that builds on a shipped mapping; it is not enabled yet."""
    folder = _folder(sources)
    path = folder / f"{name}.yaml"
    if path.exists():
        raise Refused(f"{path} is there already.")
    folder.mkdir(parents=True, exist_ok=True)
    base = load_mapping(shipped_mappings()[use]).declaration
    source = yaml.safe_dump(base["source"], sort_keys=False, allow_unicode=True)
    text = DRAFT.format(
        name=name,
        use=use,
        source="".join(f"  {line}\n" for line in source.splitlines()),
        lookup=next(iter(base.get("lookups", {})), "table"),
        topic=base["source"].get("mqtt", {}).get("topic", "file.csv"),
    )
    path.write_text(text, encoding="utf-8")
    click.echo(f"Wrote {path}. Edit it, test it with `mimas adapters test {name}`, then set enabled: true.")


@adapters.command()
@click.argument("name")
@click.option("--dry", is_flag=True, help="Show what would come of it and write nothing.")
@click.option("--message", type=click.File("rb"), help="A message in a file (- for standard input).")
@click.option("--topic", default="", help="The topic (or file name) of --message.")
@click.option("--limit", default=10, show_default=True, help="Stop after so many messages.")
@click.option("--seconds", default=30.0, show_default=True, help="Stop listening after so many seconds.")
@_folder_option
def run(
    name: str, dry: bool, message: Any, topic: str, limit: int, seconds: float, sources: Path | None
) -> None:
    """Try a source: print the entities and the refusals its messages would become."""
    if not dry:
        raise Refused("Sources run within `mimas up`, once they are enabled. To try one, add --dry.")
    file = find_mapping(name, _folder(sources))
    if message is not None:
        given = Message(file.name, topic or Path(message.name).name, message.read(), datetime.now(UTC))
        _print_mapped(given, file.mapping.map(given), file)
        return
    try:
        asyncio.run(_listen(file, limit, seconds))
    except SourceError as error:
        raise Refused(str(error)) from error


def _folder(sources: Path | None) -> Path:
    return sources or sources_folder(load_settings())


def _configured(folder: Path) -> Iterator[MappingFile]:
    for each in load_sources(folder):
        if isinstance(each, MappingError):
            raise Refused(str(each))
        yield each


def _summary(each: MappingFile | MappingError) -> str:
    if isinstance(each, MappingError):
        return f"{each.name:20} WRONG: {each.problems[0]}"
    kind = next(iter(each.declaration.get("source", {})), "no source")
    state = "enabled" if each.declaration.get("enabled", True) else "not enabled"
    return f"{each.name:20} {kind:6} {state:12} {each.declaration.get('description', '')}"


class _Forgetful:
    """A dry run keeps no watermark."""

    async def load(self, source: str) -> dict[str, Any]:
        """Nothing is kept."""
        return {}

    async def save(self, source: str, values: dict[str, Any], now: datetime) -> None:
        """Nothing is kept."""


async def _listen(file: MappingFile, limit: int, seconds: float) -> None:
    """Read from the source without acknowledging; under another client id than the platform's."""
    file = _as_listener(file)
    source = create_source(file, Surroundings(mqtt_url(load_settings()), _Forgetful()))
    messages = source.messages()
    seen = 0
    try:
        async with asyncio.timeout(seconds):
            async for message in messages:
                _print_mapped(message, source.to_entities(message), file)
                message.acknowledge()
                seen += 1
                if seen >= limit:
                    break
    except TimeoutError:
        click.echo(f"{seen} messages within {seconds:g} seconds.")
    finally:
        await messages.aclose()  # type: ignore[attr-defined]  # sources are generators


def _as_listener(file: MappingFile) -> MappingFile:
    """The same source with a session of its own, which the broker forgets at once."""
    source: dict[str, Any] = file.declaration.get("source", {})
    if "mqtt" not in source:
        return file
    listener = {
        **source["mqtt"],
        "client": f"mimas-dry-{datetime.now(UTC):%H%M%S%f}",
        "session_days": 0,
        "qos": 0,
    }
    return MappingFile(file.name, file.path, {**file.declaration, "source": {"mqtt": listener}}, file.mapping)


def _print_mapped(message: Message, mapped: Mapped, file: MappingFile) -> None:
    click.echo(f"--- {message.place}")
    for line in _lines(mapped, file):
        click.echo(line)


def _lines(mapped: Mapped, file: MappingFile) -> Iterable[str]:
    for record in mapped.records:
        for document in (*record.documents, *record.static):
            yield orjson.dumps(document, option=orjson.OPT_INDENT_2).decode()
            for finding in check(document, file.declaration.get("models", "warn"), complete=False):
                yield f"  model, {finding.severity}: {finding}"
    for rejection in mapped.rejections:
        yield f"REJECTED at {rejection.stage}, {rejection.place or 'the message'}: {rejection.reason}"
        if rejection.mend:
            yield f"  {rejection.mend}"
    if mapped.skipped:
        yield f"{mapped.skipped} passed over by accept, when or lookups"
