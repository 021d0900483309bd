"""`mimas adapters run`: harvest a source once, or try any source without writing."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import orjson

from mimas.adapters.harvest import RecordSource
from mimas.adapters.mapping import MappingFile
from mimas.adapters.messages import Mapped, Message
from mimas.adapters.registry import AnySource, create_source, is_harvested, is_stream
from mimas.adapters.source import ForgetfulState, Source, SourceError, Surroundings, source_kind
from mimas.ngsi_ld.models import check

from ..harvest.harvester import Wish
from ..harvest.outcome import RunReport
from ..harvest.rehearsal import Rehearsed, rehearse
from ..ingest_places import find_mapping, mqtt_url
from ..outbound import OutboundGuard
from ..processes import Refused
from ..settings import Settings, load_settings
from .adapters_harvest import harvest_now
from .sources_option import chosen_folder, folder_option


@click.command()
@click.argument("name")
@click.option("--dry", is_flag=True, help="Show what would come of it and write nothing.")
@click.option("--json", "as_json", is_flag=True, help="With --dry: the entities and refusals as JSON.")
@click.option("--message", type=click.File("rb"), help="A message in a file (- for standard input).")
@click.option("--topic", default="", help="The topic (or file name) of --message.")
@click.option("--limit", default=10, show_default=True, help="With --dry: stop after so many messages.")
@click.option("--seconds", default=30.0, show_default=True, help="Stop listening after so many seconds.")
@click.option("--full", is_flag=True, help="Read everything, also what has not changed since the last run.")
@click.option("--delete-all", is_flag=True, help="Delete what is gone, also above the declared share.")
@folder_option
def run(
    name: str,
    dry: bool,
    as_json: bool,
    message: Any,
    topic: str,
    limit: int,
    seconds: float,
    full: bool,
    delete_all: bool,
    sources: Path | None,
) -> None:
    """Harvest a source once, now; or, with --dry, show what its messages or records would become.

    \b
    Examples:
      mimas adapters run parking --dry
      mimas adapters run parking
      mimas adapters run lora --dry --message uplink.json --topic application/1/device/2/event/up
    """
    settings = load_settings()
    file = find_mapping(name, chosen_folder(sources))
    if message is not None:
        if not dry:
            raise Refused("A message from a file can be tried only: add --dry.")
        given = Message(file.name, topic or Path(message.name).name, message.read(), datetime.now(UTC))
        _print_mapped(given, file.mapping.map(given), file)
        return
    try:
        source = make_source(file, settings)
        if is_harvested(source):
            _harvest(source, settings, Wish("person", full, delete_all), limit if dry else None, as_json)
        elif is_stream(source):
            if not dry:
                raise Refused(
                    "This source delivers by itself: it runs within `mimas up`, once it is enabled. "
                    "To try it, add --dry."
                )
            if source_kind(file) == "http":
                raise Refused(
                    f"Others push to POST /ingest/{file.name}; try it with a body: --dry --message FILE, "
                    "and parameters of the address as --topic 'site=mill'."
                )
            asyncio.run(_listen(file, source, limit, seconds))
    except SourceError as error:
        raise Refused(str(error)) from error


def make_source(file: MappingFile, settings: Settings) -> AnySource:
    """The source of a file, with a session of its own when it listens."""
    return create_source(_as_listener(file), Surroundings(mqtt_url(settings), ForgetfulState()))


def _harvest(source: RecordSource, settings: Settings, wish: Wish, limit: int | None, as_json: bool) -> None:
    if limit is None:
        _print_report(source.name, harvest_now(source, settings, wish))
        return
    guard = OutboundGuard(settings.outbound_allow)
    found = asyncio.run(rehearse(source, None, guard, settings.model_check, limit=limit))
    if as_json:
        click.echo(_as_json(found))
    else:
        for line in _table(found, limit):
            click.echo(line)
    if found.report is not None and found.report.state == "failed":
        raise Refused(str(found.report.detail))


def _print_report(name: str, report: RunReport | None) -> None:
    if report is None:
        raise Refused(f"{name} is being harvested by another process now; see `mimas adapters runs {name}`.")
    tally = report.tally
    click.echo(
        f"{name}: {report.state}. {tally.read} records read: {tally.unchanged} unchanged, "
        f"{tally.taken} taken, {tally.rejected} refused ({tally.still_rejected} still). "
        f"Entities: {tally.created} created, {tally.changed} changed, {tally.deleted} deleted."
    )
    if report.detail:
        click.echo(report.detail, err=True)
    if report.state in ("failed", "refused"):
        sys.exit(1)


def _as_json(found: Rehearsed) -> str:
    refusals = [
        {"place": each.topic, "stage": each.stage, "spot": each.place, "reason": each.reason}
        for each in found.refusals
    ]
    entities = [{"place": place, "entity": document} for place, document in found.documents]
    return orjson.dumps({"entities": entities, "refusals": refusals}, option=orjson.OPT_INDENT_2).decode()


def _table(found: Rehearsed, limit: int) -> Iterator[str]:
    """Entities and refusals, a line each."""
    for place, document in found.documents:
        yield f"{place:28.28} {document['type']!s:24.24} {document['id']}"
        for name, value in document.items():
            if name not in ("id", "type"):
                yield f"{'':28} {name:24} {_shown(value)}"
    for each in found.refusals:
        yield f"{each.topic or '':28.28} REFUSED at {each.stage}, {each.place or 'the record'}: {each.reason}"
    tally = found.report.tally if found.report else None
    if tally is not None:
        more = f" (the first {limit}; --limit for more)" if tally.read >= limit else ""
        yield (
            f"{tally.read} records read{more}: {len(found.documents)} entities, "
            f"{len(found.refusals)} refusals, {tally.skipped} passed over. Nothing was written."
        )


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return "; ".join(_shown(each) for each in value)
    found = value.get("value", value.get("object", value.get("languageMap", "")))
    text = found if isinstance(found, str) else orjson.dumps(found).decode()
    unit = f" {value['unitCode']}" if "unitCode" in value else ""
    at = f" at {value['observedAt']}" if "observedAt" in value else ""
    return f"{text[:100]}{unit}{at}"


async def _listen(file: MappingFile, source: Source, limit: int, seconds: float) -> None:
    """Read from the source without acknowledging; under another client id than the platform's."""
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
