"""`mimas adapters`: see, test, try and harvest sources."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click
import yaml

from mimas.adapters.mapping import MappingError, MappingFile, load_mapping, run_cases, shipped_mappings
from mimas.adapters.registry import load_sources, source_kinds

from ..ingest_places import find_mapping, sources_folder
from ..processes import Refused
from ..settings import load_settings
from . import adapters_new, adapters_runs, adapters_try
from .adapter_key import key
from .discover import discover
from .sources_option import chosen_folder, folder_option


@click.group()
def adapters() -> None:
    """See, test, try and harvest sources."""


adapters.add_command(key)
adapters.add_command(discover)


@adapters.command("list")
@folder_option
def list_sources(sources: Path | None) -> None:
    """List the configured sources, the shipped mappings and the kinds of sources."""
    folder = sources or sources_folder(load_settings())
    click.echo(f"Sources in {folder}:")
    own = [_summary(each) for each in load_sources(folder)]
    for line in own or ["none yet; `mimas adapters new` writes one"]:
        click.echo(f"  {line}")
    click.echo("\nShipped mappings, to build on with `use:`:")
    for name, path in shipped_mappings().items():
        click.echo(f"  {name:24} {load_mapping(path).declaration.get('description', '')}")
    click.echo(f"\nKinds of sources: {', '.join(source_kinds())}")


@adapters.command()
@click.argument("name")
@folder_option
def show(name: str, sources: Path | None) -> None:
    """Show a mapping as it is used, with everything it builds on."""
    file = find_mapping(name, chosen_folder(sources))
    click.echo(yaml.safe_dump(file.declaration, sort_keys=False, allow_unicode=True, width=100), nl=False)


@adapters.command()
@click.argument("names", nargs=-1)
@folder_option
def test(names: tuple[str, ...], sources: Path | None) -> None:
    """Run the tests inside mappings: those named (files or sources), else every configured source."""
    folder = chosen_folder(sources)
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
    return f"{each.name:20} {kind:12} {state:12} {each.declaration.get('description', '')}"


adapters.add_command(adapters_new.new)
adapters.add_command(adapters_new.enable)
adapters.add_command(adapters_new.disable)
adapters.add_command(adapters_try.run)
adapters.add_command(adapters_runs.diff)
adapters.add_command(adapters_runs.runs)
