"""`mimas adapters new`, `enable` and `disable`: what writes into the folder of sources."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import yaml

from mimas.adapters.drafts import draft_mapping
from mimas.adapters.mapping import MappingError, load_mapping, shipped_mappings
from mimas.adapters.messages import MessageRejected
from mimas.adapters.sampling import Sample, take_sample
from mimas.adapters.source import SourceError

from ..outbound_fetch import fetch_bytes
from ..processes import Refused
from ..settings import Settings, load_settings
from .sources_option import chosen_folder, folder_option

SAMPLE_BYTES = 64 * 1024 * 1024
_ENABLED = re.compile(r"^enabled:[ \t]*(true|false)\b", re.MULTILINE)

DRAFT = """\
# {name}: built on the shipped mapping {use}. Everything it says can be said differently here;
# `mimas adapters show {use}` shows it, docs/reference/mapping.md explains every key.
# Try it before you trust it:
#   mimas adapters run {name} --dry{trial}
description: {name}
use: {use}
enabled: false
source:
{source}{lookups}tests: []
"""
LOOKUPS = """
# lookups:
#   {lookup}:
#     file: {name}.csv        # beside this file; the first column is the key
#     missing: reject
"""
# What a shipped mapping cannot know and has no example of: where yours is.
PLACES: dict[str, dict[str, Any]] = {
    "geodata": {"path": "/srv/data/buildings.gpkg"},
    "modbus": {"meters": [{"name": "town-hall", "host": "192.168.1.50", "unit": 1}]},
    "opcua": {"url": "opc.tcp://192.168.1.60:4840"},
}


@click.command()
@click.argument("name")
@click.option("--use", type=click.Choice(sorted(shipped_mappings())), help="Build on a shipped mapping.")
@click.option("--from", "sample", metavar="FILE|URL", help="Draft a mapping from a table (CSV or workbook).")
@click.option("--type", "kind", help="With --from: the type of the entities.")
@click.option("--zone", help="With --from: the time zone of its times (default: MIMAS_TIME_ZONE).")
@click.option("--encoding", help="With --from: where it is detected wrongly.")
@click.option("--delimiter", help="With --from: where it is detected wrongly.")
@click.option("--decimal", type=click.Choice([".", ","]), help="With --from: where it is detected wrongly.")
@click.option("--skip", type=int, default=0, help="With --from: lines before the header.")
@click.option("--header-rows", type=int, default=1, help="With --from: rows of the header.")
@click.option("--sheet", help="With --from: the sheet of a workbook.")
@folder_option
def new(
    name: str,
    use: str | None,
    sample: str | None,
    kind: str | None,
    zone: str | None,
    sources: Path | None,
    **written: str | int | None,
) -> None:
    """Write a source of your own, from a sample of its table or on a shipped mapping; not enabled yet.

    \b
    Examples:
      mimas adapters new parking --from parking.csv
      mimas adapters new meters --from export.xlsx --zone Europe/Prague
      mimas adapters new lora --use chirpstack-v4
    """
    if (use is None) == (sample is None):
        raise Refused("Say either --from (a sample of a table) or --use (a shipped mapping).")
    settings = load_settings()
    folder = chosen_folder(sources)
    path = folder / f"{name}.yaml"
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,100}", name):
        raise Refused(f"{name!r} cannot be the name of a source: letters, digits, dots, dashes.")
    if path.exists():
        raise Refused(f"{path} is there already.")
    folder.mkdir(parents=True, exist_ok=True)
    if use is not None:
        path.write_text(_draft_on(name, use), encoding="utf-8")
        click.echo(f"Wrote {path}. Edit it: it says what it needs, and how to try it. Then")
        click.echo(f"`mimas adapters enable {name}`.")
        return
    assert sample is not None
    declared = {key: value for key, value in written.items() if value not in (None, 0)}
    with _local(sample, settings) as (file, place):
        taken = _sample(file, declared)
        draft = draft_mapping(name, taken, zone or settings.time_zone, place, kind)
    text = draft.text
    path.write_text(text, encoding="utf-8")
    _show_sample(sample, taken)
    click.echo(f"\nWrote {path}. Before you trust it:")
    for note in draft.notes:
        click.echo(f"  - {note}")
    try:
        load_mapping(path)
    except MappingError as error:
        click.echo(f"\nIt needs your hand first:\n{error}", err=True)
        return
    click.echo(f"\nLook at what comes of it: mimas adapters run {name} --dry")


@click.command()
@click.argument("name")
@folder_option
def enable(name: str, sources: Path | None) -> None:
    """Enable a source: it runs from the next start of Mimas on. Comments in its file stay."""
    _set_enabled(name, sources, value=True)


@click.command()
@click.argument("name")
@folder_option
def disable(name: str, sources: Path | None) -> None:
    """Disable a source: it does not run from the next start of Mimas on. Comments in its file stay."""
    _set_enabled(name, sources, value=False)


def _draft_on(name: str, use: str) -> str:
    base = load_mapping(shipped_mappings()[use]).declaration
    kind, options = next(iter(base["source"].items()))
    source = yaml.safe_dump({kind: _own_options(kind, options)}, sort_keys=False, allow_unicode=True)
    lookup = next(iter(base.get("lookups", {})), None)
    return DRAFT.format(
        name=name,
        use=use,
        source="".join(f"  {line}\n" for line in source.splitlines()),
        lookups=LOOKUPS.format(lookup=lookup, name=name) if lookup else "",
        trial=_trial(kind, options),
    )


def _own_options(kind: str, options: dict[str, Any]) -> dict[str, Any]:
    """What a person fills in or changes: not the tables, such as registers, which `use` brings anyway."""
    own = {key: value for key, value in options.items() if not _is_table(value)}
    return own | PLACES.get(kind, {})


def _is_table(value: Any) -> bool:
    return isinstance(value, dict) and any(isinstance(each, dict) for each in value.values())


def _trial(kind: str, options: dict[str, Any]) -> str:
    """How a source is tried: with a message in a file where messages arrive, else by reading it."""
    if kind == "mqtt":
        topics = options.get("topic", "")
        return f" --message sample.json --topic '{topics if isinstance(topics, str) else topics[0]}'"
    return " --message FILE --topic NAME" if kind in ("file", "http") else ""


@contextmanager
def _local(sample: str, settings: Settings) -> Iterator[tuple[Path, dict[str, str]]]:
    """The sample as a file, and how its mapping names it."""
    if not sample.startswith(("http://", "https://")):
        file = Path(sample)
        if not file.is_file():
            raise Refused(f"There is no file {sample}.")
        yield file, {"path": str(file.resolve())}
        return
    try:
        body = fetch_bytes(sample, allow=settings.outbound_allow, max_bytes=SAMPLE_BYTES)
    except OSError as error:
        raise Refused(str(error)) from error
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / (sample.partition("?")[0].rstrip("/").rpartition("/")[2] or "table")
        file.write_bytes(body)
        yield file, {"url": sample}


def _sample(file: Path, declared: Mapping[str, str | int]) -> Sample:
    try:
        taken = take_sample(file, declared)
    except (SourceError, MessageRejected, OSError, LookupError, UnicodeError) as error:
        raise Refused(f"{file.name} cannot be read as a table: {error}") from error
    if not taken.rows:
        raise Refused(f"{file.name} has no rows below its header; see --skip and --header-rows.")
    return taken


def _show_sample(name: str, sample: Sample) -> None:
    more = [f"decimal {'comma' if sample.decimal == ',' else 'point'}"]
    if sample.thousands:
        more.append("commas between thousands")
    if sample.absent:
        more.append(f"no value: {' '.join(sample.absent)}")
    click.echo(f"{name}: {sample.written}, {', '.join(more)}\n")
    for column in sample.columns:
        kind = f"{column.kind} {column.format}" if column.format else column.kind
        click.echo(f"  {column.name:32.32} {kind:22} {' | '.join(column.examples)[:60]}")


def _set_enabled(name: str, sources: Path | None, *, value: bool) -> None:
    folder = chosen_folder(sources)
    path = next((each for each in (folder / f"{name}.yaml", folder / f"{name}.yml") if each.is_file()), None)
    if path is None:
        raise Refused(f"There is no source {name!r} in {folder}; see `mimas adapters list`.")
    before = path.read_text(encoding="utf-8")
    word = "true" if value else "false"
    path.write_text(_with_enabled(before, word), encoding="utf-8")
    try:
        file = load_mapping(path)
        problem = None if file.declaration.get("enabled", True) is value else "its YAML has an unusual shape"
    except MappingError as error:
        problem = str(error)
    if problem is not None:
        path.write_text(before, encoding="utf-8")
        raise Refused(f"{name} is left as it was: {problem}")
    state = "enabled" if value else "not enabled"
    click.echo(f"{name} is {state}. A running Mimas sees it after a restart.")


def _with_enabled(text: str, word: str) -> str:
    """The text with the top-level key set, everything else to the letter as it was."""
    if _ENABLED.search(text):
        return _ENABLED.sub(f"enabled: {word}", text, count=1)
    lines = text.splitlines(keepends=True)
    first = next(
        (
            index
            for index, line in enumerate(lines)
            if line.strip() and not line.startswith(("#", "---", "\ufeff#"))
        ),
        0,
    )
    return "".join([*lines[:first], f"enabled: {word}\n", *lines[first:]])
